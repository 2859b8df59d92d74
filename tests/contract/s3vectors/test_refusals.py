"""Everything that S3 Vectors refuses: one table of requests, and exactly what is answered.

Texts and statuses are those of shared/facts/s3-vectors.md section 7; cases marked "assumed" have a text that
nobody has recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "refusals"
INDEX = "cosine-5d"
ARN = f"arn:aws:s3vectors:us-west-2:123456789012:bucket/{BUCKET}/index/{INDEX}"
BUCKET_ARN = ARN.partition("/index/")[0]

VECTOR = {"float32": [1.0, 2.0, 3.0, 4.0, 5.0]}
QUERY_VECTOR = "Query vector contains invalid values or is invalid for this index"
INDEX_ADDRESS = "Must specify either indexArn or both vectorBucketName and indexName"
BUCKET_ADDRESS = "Must specify either vectorBucketName or vectorBucketArn but not both"
NO_INDEX = "The specified index could not be found"
NO_BUCKET = "The specified vector bucket could not be found"


@pytest.fixture(scope="module", autouse=True)
def _stage(s3vectors: Any) -> None:
    """Create the bucket and the index that the requests are about; a refused request changes neither."""
    s3vectors.create_vector_bucket(vectorBucketName=BUCKET)
    s3vectors.create_index(
        vectorBucketName=BUCKET,
        indexName=INDEX,
        dataType="float32",
        dimension=5,
        distanceMetric="cosine",
        metadataConfiguration={"nonFilterableMetadataKeys": ["note"]},
    )
    s3vectors.put_vectors(indexArn=ARN, vectors=[{"key": "first", "data": VECTOR}])


@dataclass(frozen=True)
class Case:
    """A request and the error that it gets; `fields` are the paths and messages of its fieldList."""

    name: str
    operation: str
    request: dict[str, Any]
    message: str
    code: str = "ValidationException"
    status: int = 400
    fields: list[tuple[str, str]] = field(default_factory=list)


def generated(name: str, operation: str, request: dict[str, Any], path: str, constraint: str) -> Case:
    """Return a case whose message the service's framework generates from its model."""
    what, _, rest = constraint.rpartition("|")
    message = f"Value{what} at '{path}' failed to satisfy constraint: {rest}"
    return Case(name, operation, request, f"1 validation error detected. {message}", fields=[(path, message)])


def put(name: str, record: dict[str, Any], reason: str, member: str = "") -> Case:
    """Return a case of one record that PutVectors refuses."""
    record = {"key": "K", "data": VECTOR, **record}
    message = f"Invalid record for key '{record['key']}': {reason}"
    request = {"indexArn": ARN, "vectors": [record]}
    return Case(name, "put_vectors", request, message, fields=[(f"vectors[0]{member}", reason)])


def put_metadata(name: str, metadata: dict[str, Any], reason: str) -> Case:
    """Return a case of metadata that PutVectors refuses."""
    return put(name, {"metadata": metadata}, reason, ".metadata")


def query(name: str, request: dict[str, Any], message: str, fields: list[tuple[str, str]]) -> Case:
    """Return a case of a query that is refused."""
    request = {"indexArn": ARN, "queryVector": VECTOR, "topK": 1, **request}
    return Case(name, "query_vectors", request, message, fields=fields)


def query_vector(name: str, vector: list[float], reason: str) -> Case:
    """Return a case of a vector that QueryVectors refuses."""
    return query(
        name, {"queryVector": {"float32": vector}}, QUERY_VECTOR, [("vector", f"Invalid input: {reason}")]
    )


def not_found(operation: str, request: dict[str, Any], message: str) -> Case:
    """Return a case of something that does not exist."""
    name = f"{operation} of what is not there by {'/'.join(request)}"
    return Case(name, operation, request, message, "NotFoundException", 404)


def keys(count: int) -> list[str]:
    """Return distinct keys."""
    return [f"key-{number}" for number in range(count)]


def create_index(**changes: Any) -> dict[str, Any]:
    """Return a CreateIndex request that only the changes make wrong."""
    right = {
        "vectorBucketName": BUCKET,
        "indexName": "another",
        "dataType": "float32",
        "dimension": 2,
        "distanceMetric": "cosine",
    }
    return right | changes


def of_length(count: int) -> str:
    """Return the beginning of a generated message about a length."""
    return f" with length {count}|"


CASES = [
    # Addresses: names or an ARN, never both, never half.
    Case(
        "index by ARN and names",
        "get_index",
        {"indexArn": ARN, "vectorBucketName": BUCKET, "indexName": INDEX},
        INDEX_ADDRESS,
    ),
    Case("index by half its names", "get_index", {"vectorBucketName": BUCKET}, INDEX_ADDRESS),
    Case("index not named", "get_index", {}, INDEX_ADDRESS),
    Case(
        "index ARN with a bucket",
        "list_vectors",
        {"indexArn": ARN, "vectorBucketName": BUCKET},
        INDEX_ADDRESS,
    ),
    Case(
        "bucket by name and ARN",
        "get_vector_bucket",
        {"vectorBucketName": BUCKET, "vectorBucketArn": BUCKET_ARN},
        BUCKET_ADDRESS,
    ),
    Case("bucket not named", "get_vector_bucket", {}, BUCKET_ADDRESS),
    Case(
        "new index in no bucket", "create_index", {**create_index(vectorBucketArn=BUCKET_ARN)}, BUCKET_ADDRESS
    ),
    Case("policy of no bucket", "get_vector_bucket_policy", {}, BUCKET_ADDRESS),
    generated(
        "no ARN",
        "get_index",
        {"indexArn": "cosine-5d"},
        "/indexArn",
        "Member must satisfy regular expression pattern: arn:aws[-a-z0-9]*:s3vectors:[a-z0-9-]+:[0-9]{12}:"
        "bucket/[a-z0-9][a-z0-9-.]{1,61}[a-z0-9]/index/[a-z0-9][a-z0-9-.]{1,61}[a-z0-9]",
    ),
    # What is not there.
    not_found("get_index", {"indexArn": f"{BUCKET_ARN}/index/none"}, NO_INDEX),
    not_found("get_index", {"vectorBucketName": BUCKET, "indexName": "none"}, NO_INDEX),
    not_found("delete_index", {"vectorBucketName": "none", "indexName": INDEX}, NO_INDEX),
    not_found("list_vectors", {"indexArn": f"{BUCKET_ARN}/index/none"}, NO_INDEX),
    not_found("get_vectors", {"indexArn": f"{BUCKET_ARN}/index/none", "keys": ["a"]}, NO_INDEX),
    not_found("delete_vectors", {"indexArn": f"{BUCKET_ARN}/index/none", "keys": ["a"]}, NO_INDEX),
    not_found(
        "put_vectors",
        {"indexArn": f"{BUCKET_ARN}/index/none", "vectors": [{"key": "a", "data": VECTOR}]},
        NO_INDEX,
    ),
    not_found(
        "query_vectors", {"indexArn": f"{BUCKET_ARN}/index/none", "topK": 1, "queryVector": VECTOR}, NO_INDEX
    ),
    not_found("get_index", {"indexArn": ARN.replace("us-west-2", "eu-west-1")}, NO_INDEX),
    not_found("get_vector_bucket", {"vectorBucketName": "none"}, NO_BUCKET),
    not_found("get_vector_bucket", {"vectorBucketArn": BUCKET_ARN.replace(BUCKET, "none")}, NO_BUCKET),
    not_found("delete_vector_bucket", {"vectorBucketName": "none"}, NO_BUCKET),
    not_found("list_indexes", {"vectorBucketName": "none"}, NO_BUCKET),
    not_found("create_index", create_index(vectorBucketName="none"), NO_BUCKET),
    not_found("put_vector_bucket_policy", {"vectorBucketName": "none", "policy": "{}"}, NO_BUCKET),
    not_found(
        "get_vector_bucket_policy",
        {"vectorBucketName": BUCKET},
        "The specified vector bucket policy could not be found",
    ),
    not_found(
        "list_tags_for_resource",
        {"resourceArn": BUCKET_ARN.replace(BUCKET, "none")},
        "The specified resource could not be found",
    ),
    # Conflicts.
    Case(
        "bucket twice",
        "create_vector_bucket",
        {"vectorBucketName": BUCKET},
        "A vector bucket with the specified name already exists",
        "ConflictException",
        409,
    ),
    Case(
        "index twice",
        "create_index",
        create_index(indexName=INDEX),
        "An index with the specified name already exists",
        "ConflictException",
        409,
    ),
    Case(
        "bucket with an index",
        "delete_vector_bucket",
        {"vectorBucketName": BUCKET},
        "The specified vector bucket is not empty",
        "ConflictException",
        409,
    ),
    # Names and settings of buckets and indexes.
    *(
        Case(
            f"bucket {name}", "create_vector_bucket", {"vectorBucketName": name}, "Invalid vector bucket name"
        )
        for name in ("a_b", "a&b", "a.b", "Abc", "-abc", "abc-")
    ),
    generated(
        "bucket name of 64",
        "create_vector_bucket",
        {"vectorBucketName": "b" * 64},
        "/vectorBucketName",
        of_length(64) + "Member must have length between 3 and 63, inclusive",
    ),
    Case("index a_b (assumed)", "create_index", create_index(indexName="a_b"), "Invalid index name"),
    *(
        generated(
            f"dimension {dimension}",
            "create_index",
            create_index(dimension=dimension),
            "/dimension",
            "Member must be between 1 and 4096, inclusive",
        )
        for dimension in (4097, 9999)
    ),
    generated(
        "data type",
        "create_index",
        create_index(dataType="float64"),
        "/dataType",
        "Member must satisfy enum value set: [float32]",
    ),
    generated(
        "metric",
        "create_index",
        create_index(distanceMetric="dot"),
        "/distanceMetric",
        "Member must satisfy enum value set: [euclidean, cosine]",
    ),
    generated(
        "11 non-filterable keys",
        "create_index",
        create_index(metadataConfiguration={"nonFilterableMetadataKeys": keys(11)}),
        "/metadataConfiguration/nonFilterableMetadataKeys",
        of_length(11) + "Member must have length between 0 and 10, inclusive",
    ),
    generated(
        "non-filterable key of 64",
        "create_index",
        create_index(metadataConfiguration={"nonFilterableMetadataKeys": ["k" * 64]}),
        "/metadataConfiguration/nonFilterableMetadataKeys/0",
        of_length(64) + "Member must have length between 1 and 63, inclusive",
    ),
    Case(
        "text search on a key twice (assumed)",
        "create_index",
        create_index(
            metadataConfiguration={"textSearchConfigurations": [{"metadataKey": "t"}, {"metadataKey": "t"}]}
        ),
        "textSearchConfigurations must have at most one configuration per metadataKey",
    ),
    Case(
        "KMS key without aws:kms",
        "create_vector_bucket",
        {
            "vectorBucketName": "encrypted",
            "encryptionConfiguration": {
                "sseType": "AES256",
                "kmsKeyArn": "arn:aws:kms:us-west-2:123456789012:key/k",
            },
        },
        "kmsKeyArn must not be specified when sseType is AES256.",
    ),
    Case(
        "aws:kms without KMS key",
        "create_vector_bucket",
        {"vectorBucketName": "encrypted", "encryptionConfiguration": {"sseType": "aws:kms"}},
        "kmsKeyArn must be specified when sseType is set to aws:kms",
    ),
    Case(
        "51 tags",
        "create_vector_bucket",
        {"vectorBucketName": "tagged", "tags": dict.fromkeys(keys(51), "v")},
        "Too many tags specified",
    ),
    Case(
        "system tag",
        "tag_resource",
        {"resourceArn": ARN, "tags": {"aws:mine": "v"}},
        "System tags cannot be added/updated by requester",
    ),
    # Records.
    put(
        "vector too short",
        {"data": {"float32": [1.0]}},
        "vector must have length 5, but has length 1",
    ),
    put("vector empty", {"data": {"float32": []}}, "vector must have length 5, but has length 0"),
    put(
        "vector zero",
        {"data": {"float32": [0] * 5}},
        "cosine distance does not support vectors with zero norm",
    ),
    put(
        "vector that rounds to zero",
        {"data": {"float32": [1e-46] * 5}},
        "cosine distance does not support vectors with zero norm",
    ),
    put("vector with NaN", {"data": {"float32": [float("nan")] * 5}}, "vector contains NaNs or Infs"),
    put(
        "vector with infinity",
        {"data": {"float32": [1, 2, 3, 4, float("inf")]}},
        "vector contains NaNs or Infs",
    ),
    put(
        "vector that rounds to infinity", {"data": {"float32": [3.5e38] * 5}}, "vector contains NaNs or Infs"
    ),
    put_metadata("null", {"a": None}, "Metadata values must be strings, numbers, booleans, or arrays"),
    put_metadata("object", {"a": {"b": 1}}, "Metadata values must be strings, numbers, booleans, or arrays"),
    put_metadata(
        "object under a non-filterable key",
        {"note": {"b": 1}},
        "Metadata values must be strings, numbers, booleans, or arrays",
    ),
    put_metadata("empty array", {"a": []}, "Empty arrays are not allowed in metadata"),
    *(
        put_metadata(f"array {array}", {"a": array}, "Metadata array values must be strings or numbers")
        for array in ([True], ["x", 1], [None], [[1]], [{"b": 1}])
    ),
    put_metadata("51 keys", dict.fromkeys(keys(51), 1), "Metadata object must have at most 50 keys"),
    # {"a":"…"} is 8 bytes around the text, and 5 more are counted.
    put_metadata(
        "2,049 filterable bytes", {"a": "x" * 2036}, "Filterable metadata must have at most 2048 bytes"
    ),
    put_metadata(
        "2,049 bytes of two-byte characters",
        {"a": "é" * 1018},
        "Filterable metadata must have at most 2048 bytes",
    ),
    put_metadata("40,961 bytes", {"note": "x" * 40_945}, "Metadata object must have at most 40960 bytes"),
    generated(
        "501 records",
        "put_vectors",
        {"indexArn": ARN, "vectors": [{"key": key, "data": VECTOR} for key in keys(501)]},
        "/vectors",
        of_length(501) + "Member must have length between 1 and 500, inclusive",
    ),
    generated(
        "key of 1,025 characters",
        "put_vectors",
        {"indexArn": ARN, "vectors": [{"key": "k" * 1025, "data": VECTOR}]},
        "/vectors/0/key",
        of_length(1025) + "Member must have length between 1 and 1024, inclusive",
    ),
    Case(
        "key of 1,026 bytes",
        "put_vectors",
        {"indexArn": ARN, "vectors": [{"key": "é" * 513, "data": VECTOR}]},
        "Record key length exceeds the maximum allowed",
    ),
    Case(
        "key twice in PutVectors (assumed)",
        "put_vectors",
        {"indexArn": ARN, "vectors": [{"key": "k", "data": VECTOR}, {"key": "k", "data": VECTOR}]},
        "Request must not contain duplicate keys",
    ),
    Case(
        "key twice in DeleteVectors",
        "delete_vectors",
        {"indexArn": ARN, "keys": ["first", "first"]},
        "Request must not contain duplicate keys",
    ),
    generated(
        "501 keys to delete",
        "delete_vectors",
        {"indexArn": ARN, "keys": keys(501)},
        "/keys",
        of_length(501) + "Member must have length between 1 and 500, inclusive",
    ),
    generated(
        "101 keys to get",
        "get_vectors",
        {"indexArn": ARN, "keys": keys(101)},
        "/keys",
        of_length(101) + "Member must have length between 1 and 100, inclusive",
    ),
    generated(
        "key of 1,025 characters to get",
        "get_vectors",
        {"indexArn": ARN, "keys": ["k" * 1025]},
        "/keys/0",
        of_length(1025) + "Member must have length between 1 and 1024, inclusive",
    ),
    # Lists.
    generated(
        "1,001 vectors to list",
        "list_vectors",
        {"indexArn": ARN, "maxResults": 1001},
        "/maxResults",
        "Member must be between 1 and 1000, inclusive",
    ),
    generated(
        "17 segments",
        "list_vectors",
        {"indexArn": ARN, "segmentCount": 17, "segmentIndex": 0},
        "/segmentCount",
        "Member must be between 1 and 16, inclusive",
    ),
    Case(
        "segment without a count (assumed)",
        "list_vectors",
        {"indexArn": ARN, "segmentIndex": 0},
        "Must specify both segmentCount and segmentIndex or neither",
    ),
    Case(
        "segment 2 of 2 (assumed)",
        "list_vectors",
        {"indexArn": ARN, "segmentCount": 2, "segmentIndex": 2},
        "segmentIndex must be less than segmentCount",
    ),
    Case(
        "made-up list token (assumed)",
        "list_vectors",
        {"indexArn": ARN, "nextToken": "made-up"},
        "Invalid page token",
    ),
    Case(
        "made-up index list token (assumed)",
        "list_indexes",
        {"vectorBucketName": BUCKET, "nextToken": "made-up"},
        "Invalid page token",
    ),
    generated(
        "501 buckets to list",
        "list_vector_buckets",
        {"maxResults": 501},
        "/maxResults",
        "Member must be between 1 and 500, inclusive",
    ),
    # Queries.
    query_vector("query too short", [1.0, 2.0], "vector must have length 5, but has length 2"),
    query_vector("query empty", [], "vector must have length 5, but has length 0"),
    query_vector("query zero", [0.0] * 5, "cosine distance does not support vectors with zero norm"),
    query_vector("query with NaN", [float("nan")] * 5, "vector contains NaNs or Infs"),
    generated(
        "topK 10,001 (assumed)",
        "query_vectors",
        {"indexArn": ARN, "queryVector": VECTOR, "topK": 10_001},
        "/topK",
        "Member must be between 1 and 10000, inclusive",
    ),
    generated(
        "query mode",
        "query_vectors",
        {"indexArn": ARN, "queryVector": VECTOR, "topK": 1, "queryMode": "FAST"},
        "/queryMode",
        "Member must satisfy enum value set: [CLASSIC, ENHANCED]",
    ),
    query(
        "CLASSIC query of an ENHANCED index",
        {"queryMode": "CLASSIC"},
        "queryMode cannot be CLASSIC when indexMode is ENHANCED",
        [],
    ),
    query("made-up query token", {"nextToken": "bm90aGluZw=="}, "Invalid page token", []),
    Case(
        "query for nothing (assumed)",
        "query_vectors",
        {"indexArn": ARN, "topK": 1},
        "Must specify at least one of queryVector and queryTexts",
    ),
    query(
        "non-filterable key",
        {"filter": {"note": {"$exists": True}}},
        "Invalid use of non-filterable metadata in filter",
        [("filter", "Invalid use of non-filterable metadata in filter")],
    ),
    # What the local cloud cannot do yet is said aloud.
    query(
        "text query",
        {"queryTexts": [{"metadataKey": "title", "text": "shoes"}]},
        "The local cloud does not do full-text and hybrid search (queryTexts) yet; "
        "use Amazon S3 Vectors for it",
        [],
    ),
    Case(
        "index mode",
        "update_index_mode",
        {"indexArn": ARN, "indexMode": "ENHANCED"},
        "The local cloud does not do UpdateIndexMode yet; use Amazon S3 Vectors for it",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refused_request_gets_the_error_of_the_service(s3vectors: Any, case: Case) -> None:
    """Code, status, message and fieldList are the service's."""
    with pytest.raises(ClientError) as refused:
        getattr(s3vectors, case.operation)(**case.request)

    answer = refused.value.response
    assert {"Code": case.code, "Message": case.message} == answer["Error"]
    assert case.status == answer["ResponseMetadata"]["HTTPStatusCode"]
    assert case.fields == [(item["path"], item["message"]) for item in answer.get("fieldList", [])]


def test_two_broken_constraints_are_both_named(s3vectors: Any) -> None:
    """The generated message counts and lists every break."""
    with pytest.raises(ClientError) as refused:
        s3vectors.create_index(**create_index(dimension=5000, distanceMetric="dot"))

    assert refused.value.response["Error"]["Message"] == (
        "2 validation errors detected. "
        "Value at '/dimension' failed to satisfy constraint: Member must be between 1 and 4096, inclusive; "
        "Value at '/distanceMetric' failed to satisfy constraint: "
        "Member must satisfy enum value set: [euclidean, cosine]"
    )
