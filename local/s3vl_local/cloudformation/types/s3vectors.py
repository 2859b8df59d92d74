"""AWS::S3Vectors: buckets, their policies, and indexes, as their CloudFormation schemas describe them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from moto.s3vectors.exceptions import IndexNotFound, VectorBucketNotEmpty, VectorBucketNotFound

from s3vl_local.cloudformation.resources import Place, Resource, ResourceType, Shape, policy_document
from s3vl_local.s3vectors import constraints
from s3vl_local.s3vectors.models import s3vectors_backends

if TYPE_CHECKING:
    from s3vl_local.s3vectors import index, models

ENCRYPTION: Shape = {"KmsKeyArn": None, "SseType": None}
_MOST_NAMES = 5
TAGS: Shape = {"Key": None, "Value": None}


class _Named(ResourceType):
    """What buckets and indexes do alike: only their tags change in place."""

    name_limit = 63
    gone = (IndexNotFound, VectorBucketNotFound)

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Change the tags."""
        backend, arn = _backend(place), resource.physical_resource_id
        backend.untag_resource(arn, [tag["Key"] for tag in resource.properties.get("Tags", [])])
        backend.tag_resource(arn, _request(properties).get("tags", {}))

    def generated_name(self, stack: str, logical_id: str) -> str:
        """Make up a name in lower case."""
        return super().generated_name(stack, logical_id).lower()


class VectorBucket(_Named):
    """A vector bucket."""

    name = "AWS::S3Vectors::VectorBucket"
    properties: ClassVar[Shape] = {
        "EncryptionConfiguration": ENCRYPTION,
        "Tags": TAGS,
        "VectorBucketName": None,
    }
    attributes = frozenset({"CreationTime", "VectorBucketArn"})
    replacing = frozenset({"EncryptionConfiguration", "VectorBucketName"})
    name_property = "VectorBucketName"

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the bucket."""
        request = {"vectorBucketName": name, **_request(properties)}
        constraints.check_request("CreateVectorBucket", request)
        bucket = _backend(place).create_vector_bucket(request)
        return bucket.arn, {"VectorBucketArn": bucket.arn, "CreationTime": _time(bucket)}

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the bucket, which must be empty."""
        backend = _backend(place)
        bucket = backend.get_vector_bucket(vector_bucket_arn=resource.physical_resource_id)
        try:
            backend.delete_vector_bucket(bucket)
        except VectorBucketNotEmpty as error:
            # AWS does not say what is in it.
            error.message += (
                f": it holds {_some_names(bucket)}. Delete what you have made there: aws s3vectors delete-index "
                f"--vector-bucket-name {bucket.name} --index-name NAME"
            )
            raise


class Index(_Named):
    """A vector index. Text search is not in CloudFormation's schema (cfn-lint 1.58, November 2026)."""

    name = "AWS::S3Vectors::Index"
    properties: ClassVar[Shape] = {
        "DataType": None,
        "Dimension": int,
        "DistanceMetric": None,
        "EncryptionConfiguration": ENCRYPTION,
        "IndexName": None,
        "MetadataConfiguration": {"NonFilterableMetadataKeys": None},
        "Tags": TAGS,
        "VectorBucketArn": None,
        "VectorBucketName": None,
    }
    attributes = frozenset({"CreationTime", "IndexArn"})
    replacing = frozenset(properties.keys() - {"Tags"})
    name_property = "IndexName"

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the index."""
        request = {"indexName": name, **_request(properties)}
        constraints.check_request("CreateIndex", request)
        backend = _backend(place)
        bucket = backend.get_vector_bucket(request.get("vectorBucketName"), request.get("vectorBucketArn"))
        index = backend.create_index(bucket, request)
        return index.arn, {"IndexArn": index.arn, "CreationTime": _time(index)}

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the index and its vectors."""
        backend = _backend(place)
        backend.delete_index(backend.get_index(None, None, resource.physical_resource_id))


class VectorBucketPolicy(ResourceType):
    """The policy of a vector bucket. It has no name of its own: the bucket's ARN stands for it."""

    name = "AWS::S3Vectors::VectorBucketPolicy"
    properties: ClassVar[Shape] = {"Policy": None, "VectorBucketArn": None, "VectorBucketName": None}
    replacing = frozenset({"VectorBucketArn", "VectorBucketName"})
    gone = (VectorBucketNotFound,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Put the policy."""
        del name
        request = _request(properties)
        request["policy"] = policy_document(request.get("policy"))
        constraints.check_request("PutVectorBucketPolicy", request)
        backend = _backend(place)
        bucket = backend.get_vector_bucket(request.get("vectorBucketName"), request.get("vectorBucketArn"))
        backend.put_vector_bucket_policy(None, bucket.arn, request["policy"])
        return bucket.arn, {}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Put the new policy."""
        del resource
        self.create(place, "", properties)

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the policy."""
        _backend(place).delete_vector_bucket_policy(None, resource.physical_resource_id)


def _request(properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties as the API has them: DistanceMetric is distanceMetric, and tags are an object."""
    request: dict[str, Any] = {
        name[0].lower() + name[1:]: _request(value) if isinstance(value, dict) and name != "Policy" else value
        for name, value in properties.items()
    }
    if "tags" in request:
        request["tags"] = {tag["Key"]: tag["Value"] for tag in request["tags"]}
    return request


def _some_names(bucket: models.VectorBucket) -> str:
    """Name the indexes of a bucket, or some, and how many more there are."""
    names = sorted(index.name for index in bucket.indexes.values())
    some, others = names[:_MOST_NAMES], names[_MOST_NAMES:]
    return ", ".join(some) + (f" and {len(others)} more" if others else "")


def _time(made: models.VectorBucket | index.Index) -> str:
    return datetime.fromtimestamp(made.creation_time, UTC).isoformat(timespec="seconds")


def _backend(place: Place) -> models.S3VectorsBackend:
    backend: models.S3VectorsBackend = s3vectors_backends[place.account][place.region]
    return backend
