"""AWS::S3Vectors::VectorBucket, VectorBucketPolicy and Index, as their CloudFormation schemas describe them.

The resources keep no vectors, only the ARN of what they made: moto keeps every resource it ever created.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.cloudformation.exceptions import ValidationError as CloudFormationError
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException
from moto.s3vectors.exceptions import IndexNotFound, VectorBucketNotFound

from s3vl_local.s3vectors import constraints
from s3vl_local.s3vectors.models import s3vectors_backends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3vl_local.s3vectors.models import Index, S3VectorsBackend, VectorBucket

    # The properties that a resource may have, and for a nested one those that it may have.
    Schema = dict[str, "Schema | None"]

MAX_NAME_LENGTH = 63


def register() -> None:
    """Let moto look for resources again; it remembers those that it found before this file was imported."""
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


class _Resource:
    """What both resources do alike. They are models themselves: moto finds only direct subclasses."""

    resource_type: ClassVar[str]
    name_property: ClassVar[str]
    arn_attribute: ClassVar[str]
    schema: ClassVar[Schema]

    def __init__(self, arn: str, creation_time: float, request: dict[str, Any]) -> None:
        self.physical_resource_id = arn
        created = datetime.fromtimestamp(creation_time, UTC).isoformat(timespec="seconds")
        self.attributes = {self.arn_attribute: arn, "CreationTime": created}
        self.request = request

    @classmethod
    def create(cls, backend: S3VectorsBackend, request: dict[str, Any]) -> VectorBucket | Index:
        """Create the real thing from an API request."""
        raise NotImplementedError

    @classmethod
    def delete_by_arn(cls, backend: S3VectorsBackend, arn: str) -> None:
        """Delete the real thing."""
        raise NotImplementedError

    @classmethod
    def cloudformation_type(cls) -> str:
        """Return the resource type."""
        return cls.resource_type

    @classmethod
    def cloudformation_name_type(cls) -> str:
        """Return the property that names the resource."""
        return cls.name_property

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell whether Fn::GetAtt has this attribute."""
        return attr in (cls.arn_attribute, "CreationTime")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return the value of Fn::GetAtt."""
        if attribute_name not in self.attributes:
            raise UnformattedGetAttTemplateException
        return self.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> _Resource:
        """Create the resource; without a name in the template, by the name that moto made up."""
        request = _to_request(cloudformation_json["Properties"], cls.schema)
        member = _member(cls.name_property)
        with _refusals_fail_the_resource():
            made = cls.create(
                s3vectors_backends[account_id][region_name], {member: _valid_name(resource_name), **request}
            )
        return cls(made.arn, made.creation_time, request)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: _Resource,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> _Resource:
        """Change the tags, or replace the resource when anything else changed."""
        arn, old = original_resource.physical_resource_id, original_resource.request
        new = _to_request(cloudformation_json["Properties"], cls.schema)
        if old | {"tags": {}} == new | {"tags": {}}:
            backend = s3vectors_backends[account_id][region_name]
            with _refusals_fail_the_resource():
                backend.untag_resource(arn, list(old.get("tags", {})))
                backend.tag_resource(arn, new.get("tags", {}))
            original_resource.request = new
            return original_resource
        name = new.get(_member(cls.name_property))
        if name is not None and name == old.get(_member(cls.name_property)):
            raise CloudFormationError(
                message="CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {name} and update the stack again."
            )
        # CloudFormation creates first; this way round a bucket that still has indexes fails before any harm.
        cls.delete_from_cloudformation_json(arn, cloudformation_json, account_id, region_name)
        return cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str
    ) -> None:
        """Delete the resource; if somebody deleted it before, that is what was wanted."""
        del cloudformation_json
        with _refusals_fail_the_resource(), suppress(VectorBucketNotFound, IndexNotFound):
            cls.delete_by_arn(s3vectors_backends[account_id][region_name], resource_name)


class VectorBucketResource(_Resource, CloudFormationModel):
    """A vector bucket that belongs to a stack."""

    resource_type = "AWS::S3Vectors::VectorBucket"
    name_property = "VectorBucketName"
    arn_attribute = "VectorBucketArn"
    schema: ClassVar[Schema] = {
        "VectorBucketName": None,
        "EncryptionConfiguration": {"SseType": None, "KmsKeyArn": None},
        "Tags": None,
    }

    @classmethod
    def create(cls, backend: S3VectorsBackend, request: dict[str, Any]) -> VectorBucket:
        """Create the bucket."""
        constraints.check_request("CreateVectorBucket", request)
        return backend.create_vector_bucket(request)

    @classmethod
    def delete_by_arn(cls, backend: S3VectorsBackend, arn: str) -> None:
        """Delete the bucket."""
        backend.delete_vector_bucket(backend.get_vector_bucket(vector_bucket_arn=arn))


class VectorBucketPolicyResource(CloudFormationModel):
    """The policy of a vector bucket. It has no name of its own: the bucket's ARN stands for it."""

    schema: ClassVar[Schema] = {"VectorBucketName": None, "VectorBucketArn": None, "Policy": None}

    def __init__(self, bucket_arn: str) -> None:
        self.physical_resource_id = bucket_arn

    @classmethod
    def cloudformation_type(cls) -> str:
        """Return the resource type."""
        return "AWS::S3Vectors::VectorBucketPolicy"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell that Fn::GetAtt has nothing to get."""
        del attr
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> VectorBucketPolicyResource:
        """Put the policy; a template may write it as an object or as JSON."""
        del resource_name
        request = _to_request(cloudformation_json["Properties"], cls.schema)
        if isinstance(request.get("policy"), dict):
            request["policy"] = json.dumps(request["policy"])
        backend = s3vectors_backends[account_id][region_name]
        with _refusals_fail_the_resource():
            constraints.check_request("PutVectorBucketPolicy", request)
            bucket = backend.get_vector_bucket(
                request.get("vectorBucketName"), request.get("vectorBucketArn")
            )
            backend.put_vector_bucket_policy(None, bucket.arn, request["policy"])
        return cls(bucket.arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: VectorBucketPolicyResource,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> VectorBucketPolicyResource:
        """Put the changed policy; when it is of another bucket now, the old bucket loses it."""
        changed = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        before = original_resource.physical_resource_id
        if changed.physical_resource_id != before:
            cls.delete_from_cloudformation_json(before, cloudformation_json, account_id, region_name)
        return changed

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str
    ) -> None:
        """Delete the policy, if its bucket is still there."""
        del cloudformation_json
        with _refusals_fail_the_resource(), suppress(VectorBucketNotFound):
            s3vectors_backends[account_id][region_name].delete_vector_bucket_policy(None, resource_name)


class IndexResource(_Resource, CloudFormationModel):
    """A vector index that belongs to a stack."""

    resource_type = "AWS::S3Vectors::Index"
    name_property = "IndexName"
    arn_attribute = "IndexArn"
    # Text search is not in CloudFormation's schema (cfn-lint 1.58, November 2026).
    schema: ClassVar[Schema] = {
        "VectorBucketName": None,
        "VectorBucketArn": None,
        "IndexName": None,
        "DataType": None,
        "Dimension": None,
        "DistanceMetric": None,
        "EncryptionConfiguration": {"SseType": None, "KmsKeyArn": None},
        "MetadataConfiguration": {"NonFilterableMetadataKeys": None},
        "Tags": None,
    }

    @classmethod
    def create(cls, backend: S3VectorsBackend, request: dict[str, Any]) -> Index:
        """Create the index."""
        constraints.check_request("CreateIndex", request)
        bucket = backend.get_vector_bucket(request.get("vectorBucketName"), request.get("vectorBucketArn"))
        return backend.create_index(bucket, request)

    @classmethod
    def delete_by_arn(cls, backend: S3VectorsBackend, arn: str) -> None:
        """Delete the index."""
        backend.delete_index(backend.get_index(None, None, arn))


def _to_request(properties: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the members of an API request; properties that the schema does not have fail the stack."""
    if extraneous := sorted(properties.keys() - schema.keys()):
        raise CloudFormationError(
            message=f"Properties validation failed: extraneous key [{', '.join(extraneous)}] is not permitted"
        )
    return {_member(name): _to_member(name, value, schema[name]) for name, value in properties.items()}


def _to_member(name: str, value: Any, nested: Schema | None) -> Any:
    if nested is not None:
        return _to_request(value, nested)
    if name == "Tags":
        return {tag["Key"]: tag["Value"] for tag in value}
    if name == "Dimension" and isinstance(value, str) and value.isdecimal():
        return int(value)  # a template parameter may be a text
    return value


def _member(property_name: str) -> str:
    """Return the API's name of a property: DistanceMetric is distanceMetric."""
    return property_name[0].lower() + property_name[1:]


def _valid_name(name: str) -> str:
    """Make a generated name fit: lower case, and not longer than names may be, with its random end kept."""
    head, _, suffix = name.lower().rpartition("-")
    return f"{head[: MAX_NAME_LENGTH - len(suffix) - 1].rstrip('-')}-{suffix}"


@contextmanager
def _refusals_fail_the_resource() -> Iterator[None]:
    """Turn what S3 Vectors refuses into the error that CloudFormation shows."""
    try:
        yield
    except ServiceException as error:
        raise CloudFormationError(
            message=f"Resource handler returned message: {error.message!r} (Service: S3Vectors)"
        ) from error
