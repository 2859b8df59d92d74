"""Vector buckets and their indexes: all state of S3 Vectors, one backend per account and region."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

from boto3 import Session
from moto.core.base_backend import BackendDict
from moto.s3vectors.exceptions import (
    IndexNotFound,
    ResourceNotFound,
    VectorBucketAlreadyExists,
    VectorBucketInvalidChars,
    VectorBucketNotEmpty,
    VectorBucketNotFound,
)
from moto.s3vectors.models import S3VectorsBackend as MotoS3VectorsBackend
from moto.utilities.tagging_service import TaggingService

from s3vl_local.s3vectors.exceptions import (
    IndexAlreadyExistsError,
    KmsKeyNotFoundError,
    TextSearchExistsError,
    ValidationError,
)
from s3vl_local.s3vectors.index import Index, now
from s3vl_local.s3vectors.paging import Cursors, make_token, page_of_names, read_token
from s3vl_local.s3vectors.queries import Hits, search
from s3vl_local.s3vectors.records import Record, check_keys, read_records
from s3vl_local.s3vectors.storage import STORAGE
from s3vl_local.s3vectors.text_search import check_configurations

if TYPE_CHECKING:
    from s3vl_local.s3vectors.settings import Settings

QUERY_PAGE = 100
LIST_PAGE = 500
MAX_TAGS = 50
NO_ENCRYPTION_CHOSEN = {"sseType": "AES256"}

# The members that say which index is meant may differ from page to page, as long as the index does not.
ADDRESS = ("vectorBucketName", "indexName", "indexArn")


# moto's VectorBucket and Index are not subclassed: moto's BaseModel keeps every instance it ever made, so the
# vectors of a deleted index would stay in memory.
@dataclass
class VectorBucket:
    """A vector bucket and its indexes. Buckets made on or after 2026-09-30 have only ENHANCED indexes."""

    name: str
    arn: str
    encryption_configuration: dict[str, str]
    default_index_mode: str = "ENHANCED"
    creation_time: float = field(default_factory=now)
    policy: str | None = None
    # Whether it counts as older than that.
    supports_classic: bool = False
    # By ARN, as moto's tag operations look them up.
    indexes: dict[str, Index] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the indexes out of what is kept over a restart: each is kept for itself."""
        return self.__dict__ | {"indexes": {}}

    def index_arn(self, index_name: str) -> str:
        """Return the ARN that an index of this name has."""
        return f"{self.arn}/index/{index_name}"

    def summary(self) -> dict[str, Any]:
        """Return what ListVectorBuckets says about the bucket."""
        return {
            "vectorBucketName": self.name,
            "vectorBucketArn": self.arn,
            "creationTime": self.creation_time,
        }

    def description(self) -> dict[str, Any]:
        """Return what GetVectorBucket says about the bucket."""
        return {
            **self.summary(),
            "encryptionConfiguration": self.encryption_configuration,
            "defaultIndexMode": self.default_index_mode,
        }


class S3VectorsBackend(MotoS3VectorsBackend):
    """S3 Vectors of one account in one region. Policies and tags are moto's."""

    vector_buckets: dict[str, VectorBucket]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        # Guards buckets and indexes; the vectors of an index have a lock of their own.
        self.lock = RLock()
        self.cursors = Cursors()

    def create_vector_bucket(self, request: dict[str, Any]) -> VectorBucket:
        """Create a bucket from the members of a CreateVectorBucket request."""
        name, tags = request["vectorBucketName"], request.get("tags", {})
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*[a-z0-9]", name):
            raise VectorBucketInvalidChars
        _check_tags(tags)
        bucket = VectorBucket(name, self._bucket_arn(name), _encryption(request, NO_ENCRYPTION_CHOSEN))
        with self.lock:
            if bucket.arn in self.vector_buckets:
                raise VectorBucketAlreadyExists
            self.vector_buckets[bucket.arn] = bucket
            self.tag_resource(bucket.arn, tags)
        return bucket

    def put_default_index_mode(self, bucket: VectorBucket, mode: str) -> None:
        """Choose the mode of indexes to come; those that exist stay as they are."""
        if mode == "CLASSIC" and not bucket.supports_classic:
            raise ValidationError(
                "defaultIndexMode cannot be set to CLASSIC because this vector bucket does not support CLASSIC mode"
            )
        with self.lock:
            bucket.default_index_mode = mode
            self._keep(bucket.arn)

    def make_classic(self, bucket: VectorBucket) -> None:
        """Let a bucket count as made before 2026-09-30: CLASSIC is allowed, and what new indexes are."""
        with self.lock:
            bucket.supports_classic = True
            bucket.default_index_mode = "CLASSIC"
            self._keep(bucket.arn)

    def get_vector_bucket(
        self, vector_bucket_name: str | None = None, vector_bucket_arn: str | None = None
    ) -> VectorBucket:
        """Find a bucket by name or by ARN."""
        arn = vector_bucket_arn or self._bucket_arn(vector_bucket_name or "")
        if arn not in self.vector_buckets:
            raise VectorBucketNotFound
        return self.vector_buckets[arn]

    def delete_vector_bucket(self, bucket: VectorBucket) -> None:
        """Delete a bucket that has no indexes."""
        with self.lock:
            if bucket.indexes:
                raise VectorBucketNotEmpty
            self.vector_buckets.pop(bucket.arn, None)
            self.tagger.delete_all_tags_for_resource(bucket.arn)
            STORAGE.forget(bucket.arn)

    def list_vector_buckets(self, request: dict[str, Any]) -> tuple[list[VectorBucket], str | None]:
        """Return the buckets that a ListVectorBuckets request asks for, and the token for more."""
        named = {bucket.name: bucket for bucket in list(self.vector_buckets.values())}
        names, token = page_of_names(list(named), request)
        return [named[name] for name in names], token

    def create_index(self, bucket: VectorBucket, request: dict[str, Any]) -> Index:
        """Create an index from the members of a CreateIndex request; it takes its mode from the bucket."""
        name, tags = request["indexName"], request.get("tags", {})
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", name):
            raise ValidationError("Invalid index name")
        _check_tags(tags)
        configuration = request.get("metadataConfiguration", {})
        text_configurations = configuration.get("textSearchConfigurations") or []
        check_configurations([text["metadataKey"] for text in text_configurations])
        if text_configurations and bucket.default_index_mode != "ENHANCED":
            raise ValidationError("textSearchConfigurations cannot be used when indexMode is CLASSIC")
        index = Index(
            bucket_name=bucket.name,
            name=name,
            arn=bucket.index_arn(name),
            dimension=request["dimension"],
            distance_metric=request["distanceMetric"],
            encryption_configuration=_encryption(request, bucket.encryption_configuration),
            index_mode=bucket.default_index_mode,
            non_filterable_keys=configuration.get("nonFilterableMetadataKeys") or [],
        )
        self._check_kms_key(index.encryption_configuration)
        for text in text_configurations:
            index.add_text_search(text)
        with self.lock:
            self.get_vector_bucket(bucket.name)  # somebody may have deleted it meanwhile
            if index.arn in bucket.indexes:
                raise IndexAlreadyExistsError
            bucket.indexes[index.arn] = index
            self.tag_resource(index.arn, tags)
        return index

    def get_index(
        self, vector_bucket_name: str | None, index_name: str | None, index_arn: str | None
    ) -> Index:
        """Find an index by names or by ARN; an unknown bucket is an unknown index."""
        arn = index_arn or f"{self._bucket_arn(vector_bucket_name or '')}/index/{index_name}"
        bucket = self.vector_buckets.get(arn.partition("/index/")[0])
        if bucket is None or arn not in bucket.indexes:
            raise IndexNotFound
        return bucket.indexes[arn]

    def delete_index(self, index: Index) -> None:
        """Delete an index and its vectors."""
        with self.lock:
            bucket = self.get_vector_bucket(index.bucket_name)
            bucket.indexes.pop(index.arn, None)
            self.tagger.delete_all_tags_for_resource(index.arn)
            STORAGE.forget(index.arn, index.id)

    def update_index_mode(self, index: Index, mode: str) -> None:
        """Change how queries are answered; an index with text search stays ENHANCED (assumed)."""
        if mode == "CLASSIC" and not self.get_vector_bucket(index.bucket_name).supports_classic:
            raise ValidationError(
                "indexMode cannot be set to CLASSIC because the vector bucket does not support CLASSIC mode"
            )
        with self.lock:
            if mode == "CLASSIC" and index.text_searches:
                raise ValidationError(
                    "indexMode cannot be set to CLASSIC because the index has textSearchConfigurations"
                )
            index.index_mode = mode
            self._keep(index.arn)

    def update_metadata_configuration(self, index: Index, request: dict[str, Any]) -> None:
        """Add text search configurations, or delete them: all of the request, or nothing."""
        if ("add" in request) == ("delete" in request):
            raise ValidationError("Must specify either add or delete but not both")
        with self.lock:
            if index.index_mode != "ENHANCED":
                raise ValidationError(
                    "The metadata configuration can be updated only when indexMode is ENHANCED"
                )
            if "add" in request:
                self._add_text_searches(index, request["add"].get("textSearchConfigurations", []))
            else:
                deleted = request["delete"].get("textSearchConfigurations", [])
                self._delete_text_searches(index, [configuration["metadataKey"] for configuration in deleted])
            self._keep(index.arn)

    def _add_text_searches(self, index: Index, configurations: list[dict[str, str]]) -> None:
        added = [configuration["metadataKey"] for configuration in configurations]
        for key in added:
            if key in index.text_searches:
                raise TextSearchExistsError(key)
        check_configurations([*index.text_searches, *added])
        for configuration in configurations:
            index.add_text_search(configuration)

    def _delete_text_searches(self, index: Index, metadata_keys: list[str]) -> None:
        for key in metadata_keys:
            if key not in index.text_searches:
                raise ValidationError(f"Metadata key '{key}' is not configured for text search")
        with index.store.lock:
            for key in metadata_keys:
                index.text_searches.pop(key, None)

    def change_settings(self, index: Index, settings: Settings) -> None:
        """Let an index behave otherwise than all others."""
        with self.lock:
            index.change_settings(settings)
            self._keep(index.arn)

    def put_vector_bucket_policy(
        self, vector_bucket_name: str | None, vector_bucket_arn: str | None, policy: str
    ) -> None:
        """Keep a policy as it was put; it is not enforced."""
        bucket = self.get_vector_bucket(vector_bucket_name, vector_bucket_arn)
        _check_policy(policy)
        self._set_policy(bucket, policy)

    def delete_vector_bucket_policy(
        self, vector_bucket_name: str | None, vector_bucket_arn: str | None
    ) -> None:
        """Forget the policy, if there is one."""
        self._set_policy(self.get_vector_bucket(vector_bucket_name, vector_bucket_arn), None)

    def _set_policy(self, bucket: VectorBucket, policy: str | None) -> None:
        with self.lock:
            bucket.policy = policy
            self._keep(bucket.arn)

    def list_indexes(self, bucket: VectorBucket, request: dict[str, Any]) -> tuple[list[Index], str | None]:
        """Return the indexes that a ListIndexes request asks for, and the token for more."""
        named = {index.name: index for index in list(bucket.indexes.values())}
        names, token = page_of_names(list(named), request)
        return [named[name] for name in names], token

    def tag_resource(self, resource_arn: str, tags: dict[str, str]) -> None:
        """Add tags, or change their values."""
        with self.lock:
            self._verify_resource_exists(resource_arn)
            _check_tags(self.tagger.get_tag_dict_for_resource(resource_arn) | tags)
            self.tagger.tag_resource(resource_arn, TaggingService.convert_dict_to_tags_input(tags))
            self._keep(resource_arn)

    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> None:
        """Take tags away; one that is not there is no error."""
        with self.lock:
            super().untag_resource(resource_arn, tag_keys)
            self._keep(resource_arn)

    def _keep(self, resource_arn: str) -> None:
        """Keep a bucket or an index over a restart, as it is now, with its tags."""
        bucket = self.vector_buckets[resource_arn.partition("/index/")[0]]
        resource = bucket if resource_arn == bucket.arn else bucket.indexes[resource_arn]
        STORAGE.keep(resource_arn, (resource, self.tagger.get_tag_dict_for_resource(resource_arn)))

    def restore_bucket(self, bucket: VectorBucket, tags: dict[str, str]) -> None:
        """Bring back what `_keep` kept."""
        self.vector_buckets[bucket.arn] = bucket
        self.tagger.tag_resource(bucket.arn, TaggingService.convert_dict_to_tags_input(tags))

    def restore_index(self, index: Index, tags: dict[str, str]) -> None:
        """Bring back what `_keep` kept; its bucket is there already."""
        self.get_vector_bucket(index.bucket_name).indexes[index.arn] = index
        self.tagger.tag_resource(index.arn, TaggingService.convert_dict_to_tags_input(tags))

    def _verify_resource_exists(self, resource_arn: str) -> None:
        """Look a bucket or an index up; moto walks through all of them, while others come and go."""
        bucket = self.vector_buckets.get(resource_arn.partition("/index/")[0])
        if bucket is None or (resource_arn != bucket.arn and resource_arn not in bucket.indexes):
            raise ResourceNotFound

    def put_vectors(self, index: Index, vectors: list[dict[str, Any]]) -> None:
        """Store all vectors, or none if one is refused."""
        non_filterable = set(index.non_filterable_keys)
        index.put(read_records(vectors, index.dimension, index.distance_metric, non_filterable))

    def get_vectors(self, index: Index, keys: list[str]) -> list[Record]:
        """Return those vectors that exist."""
        return index.store.get(keys)

    def delete_vectors(self, index: Index, keys: list[str]) -> None:
        """Delete those vectors that exist."""
        check_keys(keys)
        index.delete(keys)

    def list_vectors(self, index: Index, request: dict[str, Any]) -> tuple[list[Record], str | None]:
        """Return the vectors that a ListVectors request asks for, and the token for more."""
        segment_count, segment_index = _segment(request)
        bound = {"index": index.id, "segments": [segment_count, segment_index]}
        after = read_token(request["nextToken"], bound) if "nextToken" in request else -1
        max_results = request.get("maxResults", LIST_PAGE)
        records, last = index.store.page(after, max_results, segment_count, segment_index)
        return records, None if last is None else make_token(last, bound)

    def query_vectors(self, index: Index, request: dict[str, Any]) -> tuple[Hits, slice, str | None]:
        """Return the nearest vectors, which of them are this page, and the token for more."""
        bound = {name: value for name, value in request.items() if name not in ("nextToken", *ADDRESS)}
        # Not the ARN: an index that is made again under its old name has other answers.
        bound["index"] = index.id
        if "nextToken" in request:
            cursor, start = read_token(request["nextToken"], bound)
            hits = self.cursors.get(cursor)
        else:
            cursor, start = None, 0
            hits = search(index, request)
        page = slice(start, start + QUERY_PAGE)
        if page.stop >= len(hits):
            return hits, page, None
        return hits, page, make_token([cursor or self.cursors.keep(hits), page.stop], bound)

    def _check_kms_key(self, encryption: dict[str, str]) -> None:
        """Look the key up in KMS, as the service does when it makes an index, though not for a bucket."""
        if "kmsKeyArn" not in encryption:
            return
        # Not before a key is asked for: without KMS the emulator starts earlier.
        from moto.kms.models import kms_backends  # noqa: PLC0415

        key_arn = encryption["kmsKeyArn"]
        kms = kms_backends[self.account_id][self.region_name]
        if key_arn not in {key.arn for key in kms.keys.values()}:
            raise KmsKeyNotFoundError(key_arn)

    def _bucket_arn(self, name: str) -> str:
        return f"arn:{self.partition}:s3vectors:{self.region_name}:{self.account_id}:bucket/{name}"


def _segment(request: dict[str, Any]) -> tuple[int, int]:
    """Return the number of segments and which of them is asked for; without segments, the only one of one."""
    if ("segmentCount" in request) != ("segmentIndex" in request):
        raise ValidationError("Must specify both segmentCount and segmentIndex or neither")
    count, number = request.get("segmentCount", 1), request.get("segmentIndex", 0)
    if number >= count:
        raise ValidationError("segmentIndex must be less than segmentCount")
    return count, number


def _encryption(request: dict[str, Any], inherited: dict[str, str]) -> dict[str, str]:
    chosen: dict[str, str] | None = request.get("encryptionConfiguration")
    if not chosen:
        return inherited
    chosen = NO_ENCRYPTION_CHOSEN | chosen
    if chosen["sseType"] == "AES256" and "kmsKeyArn" in chosen:
        raise ValidationError("kmsKeyArn must not be specified when sseType is AES256.")
    if chosen["sseType"] == "aws:kms" and "kmsKeyArn" not in chosen:
        raise ValidationError("kmsKeyArn must be specified when sseType is set to aws:kms")
    return chosen


def _check_policy(policy: str) -> None:
    try:
        document = json.loads(policy)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ValidationError("The policy must be a JSON object")


def _check_tags(tags: dict[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise ValidationError("Too many tags specified")
    if any(key.lower().startswith("aws:") for key in tags):
        raise ValidationError("System tags cannot be added/updated by requester")


def _regions() -> list[str]:
    """Return the regions of all partitions; those of EC2, since botocore lists none for S3 Vectors."""
    session = Session()
    partitions = session.get_available_partitions()
    return [name for part in partitions for name in session.get_available_regions("ec2", part)]


s3vectors_backends = BackendDict(
    S3VectorsBackend, "s3vectors", use_boto3_regions=False, additional_regions=_regions()
)
