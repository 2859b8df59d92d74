"""Vector buckets, indexes and vectors: all state of S3 Vectors, one backend per account and region."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

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
    NotYetImplementedError,
    ValidationError,
)
from s3vl_local.s3vectors.filters import compile_filter
from s3vl_local.s3vectors.paging import Cursors, make_token, page_of_names, read_token
from s3vl_local.s3vectors.records import Record, check_keys, read_query_vector, read_records
from s3vl_local.s3vectors.search import Hits, nearest
from s3vl_local.s3vectors.store import VectorStore

QUERY_PAGE = 100
LIST_PAGE = 500
MAX_TAGS = 50
NO_ENCRYPTION_CHOSEN = {"sseType": "AES256"}

# The members that say which index is meant may differ from page to page, as long as the index does not.
ADDRESS = ("vectorBucketName", "indexName", "indexArn")


def now() -> float:
    """Return the time as the service writes it: seconds, to the millisecond."""
    return round(time.time(), 3)


# moto's VectorBucket and Index are not subclassed: moto's BaseModel keeps every instance it ever made, so the
# vectors of a deleted index would stay in memory.
@dataclass
class Index:
    """An index: its settings and its vectors."""

    bucket_name: str
    name: str
    arn: str
    dimension: int
    distance_metric: str
    encryption_configuration: dict[str, str]
    index_mode: str
    data_type: str = "float32"
    non_filterable_keys: list[str] = field(default_factory=list)
    text_search_configurations: list[dict[str, str]] = field(default_factory=list)
    creation_time: float = field(default_factory=now)

    def __post_init__(self) -> None:
        self.store = VectorStore(self.dimension)

    def summary(self) -> dict[str, Any]:
        """Return what ListIndexes says about the index."""
        return {
            "vectorBucketName": self.bucket_name,
            "indexName": self.name,
            "indexArn": self.arn,
            "creationTime": self.creation_time,
        }

    def description(self) -> dict[str, Any]:
        """Return what GetIndex says about the index."""
        described = {
            **self.summary(),
            "dataType": self.data_type,
            "dimension": self.dimension,
            "distanceMetric": self.distance_metric,
            "encryptionConfiguration": self.encryption_configuration,
            "indexMode": self.index_mode,
        }
        metadata_configuration: dict[str, Any] = {}
        if self.non_filterable_keys:
            metadata_configuration["nonFilterableMetadataKeys"] = self.non_filterable_keys
        if self.text_search_configurations:
            metadata_configuration["textSearchConfigurations"] = self.text_search_configurations
        if metadata_configuration:
            described["metadataConfiguration"] = metadata_configuration
        return described


@dataclass
class VectorBucket:
    """A vector bucket and its indexes. Buckets made after 2026-09-30 have only ENHANCED indexes."""

    name: str
    arn: str
    encryption_configuration: dict[str, str]
    default_index_mode: str = "ENHANCED"
    creation_time: float = field(default_factory=now)
    policy: str | None = None
    # By ARN, as moto's tag operations look them up.
    indexes: dict[str, Index] = field(default_factory=dict)

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
        index = Index(
            bucket_name=bucket.name,
            name=name,
            arn=bucket.index_arn(name),
            dimension=request["dimension"],
            distance_metric=request["distanceMetric"],
            encryption_configuration=_encryption(request, bucket.encryption_configuration),
            index_mode=bucket.default_index_mode,
            non_filterable_keys=configuration.get("nonFilterableMetadataKeys") or [],
            text_search_configurations=_text_search(configuration.get("textSearchConfigurations") or []),
        )
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

    def list_indexes(self, bucket: VectorBucket, request: dict[str, Any]) -> tuple[list[Index], str | None]:
        """Return the indexes that a ListIndexes request asks for, and the token for more."""
        named = {index.name: index for index in list(bucket.indexes.values())}
        names, token = page_of_names(list(named), request)
        return [named[name] for name in names], token

    def tag_resource(self, resource_arn: str, tags: dict[str, str]) -> None:
        """Add tags, or change their values."""
        self._verify_resource_exists(resource_arn)
        _check_tags(self.tagger.get_tag_dict_for_resource(resource_arn) | tags)
        self.tagger.tag_resource(resource_arn, TaggingService.convert_dict_to_tags_input(tags))

    def _verify_resource_exists(self, resource_arn: str) -> None:
        """Look a bucket or an index up; moto walks through all of them, while others come and go."""
        bucket = self.vector_buckets.get(resource_arn.partition("/index/")[0])
        if bucket is None or (resource_arn != bucket.arn and resource_arn not in bucket.indexes):
            raise ResourceNotFound

    def put_vectors(self, index: Index, vectors: list[dict[str, Any]]) -> None:
        """Store all vectors, or none if one is refused."""
        non_filterable = set(index.non_filterable_keys)
        index.store.put(read_records(vectors, index.dimension, index.distance_metric, non_filterable))

    def get_vectors(self, index: Index, keys: list[str]) -> list[Record]:
        """Return those vectors that exist."""
        return index.store.get(keys)

    def delete_vectors(self, index: Index, keys: list[str]) -> None:
        """Delete those vectors that exist."""
        check_keys(keys)
        index.store.delete(keys)

    def list_vectors(self, index: Index, request: dict[str, Any]) -> tuple[list[Record], str | None]:
        """Return the vectors that a ListVectors request asks for, and the token for more."""
        segment_count, segment_index = _segment(request)
        bound = {"index": index.arn, "segments": [segment_count, segment_index]}
        after = read_token(request["nextToken"], bound) if "nextToken" in request else -1
        max_results = request.get("maxResults", LIST_PAGE)
        records, last = index.store.page(after, max_results, segment_count, segment_index)
        return records, None if last is None else make_token(last, bound)

    def query_vectors(self, index: Index, request: dict[str, Any]) -> tuple[Hits, slice, str | None]:
        """Return the nearest vectors, which of them are this page, and the token for more."""
        bound = {name: value for name, value in request.items() if name not in ("nextToken", *ADDRESS)}
        bound["index"] = index.arn
        if "nextToken" in request:
            cursor, start = read_token(request["nextToken"], bound)
            hits = self.cursors.get(cursor)
        else:
            cursor, start = None, 0
            hits = _search(index, request)
        page = slice(start, start + QUERY_PAGE)
        if page.stop >= len(hits):
            return hits, page, None
        return hits, page, make_token([cursor or self.cursors.keep(hits), page.stop], bound)

    def _bucket_arn(self, name: str) -> str:
        return f"arn:{self.partition}:s3vectors:{self.region_name}:{self.account_id}:bucket/{name}"


def _search(index: Index, request: dict[str, Any]) -> Hits:
    if "queryTexts" in request:
        raise NotYetImplementedError("full-text and hybrid search (queryTexts)")
    if "queryVector" not in request:
        raise ValidationError("Must specify at least one of queryVector and queryTexts")
    if index.index_mode == "ENHANCED" and request.get("queryMode") == "CLASSIC":
        raise ValidationError("queryMode cannot be CLASSIC when indexMode is ENHANCED")
    query = read_query_vector(request["queryVector"], index.dimension, index.distance_metric)
    matches = None
    if "filter" in request:
        matches = compile_filter(request["filter"], set(index.non_filterable_keys))
    return nearest(index.store, query, index.distance_metric, request["topK"], matches)


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


def _text_search(configurations: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the configurations of a new index, which serves from the start: there is nothing to build."""
    keys = [configuration["metadataKey"] for configuration in configurations]
    if len(set(keys)) < len(keys):
        raise ValidationError("textSearchConfigurations must have at most one configuration per metadataKey")
    return [{**configuration, "status": "ACTIVE"} for configuration in configurations]


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
