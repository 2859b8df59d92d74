"""Vector buckets and indexes: what is created, described, listed and deleted; policies and tags."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "123456789012"


def test_a_new_bucket_is_enhanced_and_encrypted(s3vectors: Any, bucket: str) -> None:
    """Buckets of today have ENHANCED indexes and AES256, and are found by name and by ARN."""
    described = s3vectors.get_vector_bucket(vectorBucketName=bucket)["vectorBucket"]

    created = described.pop("creationTime").timestamp()
    assert created == pytest.approx(time.time(), abs=60)
    arn = f"arn:aws:s3vectors:us-west-2:{ACCOUNT}:bucket/{bucket}"
    assert described == {
        "vectorBucketName": bucket,
        "vectorBucketArn": arn,
        "encryptionConfiguration": {"sseType": "AES256"},
        "defaultIndexMode": "ENHANCED",
    }
    assert arn == s3vectors.get_vector_bucket(vectorBucketArn=arn)["vectorBucket"]["vectorBucketArn"]


def test_an_index_is_described_as_it_was_created(s3vectors: Any, bucket: str) -> None:
    """GetIndex returns every setting; text search serves at once; mode and encryption come from the bucket."""
    arn = s3vectors.create_index(
        vectorBucketName=bucket,
        indexName="my.index-1",
        dataType="float32",
        dimension=4096,
        distanceMetric="euclidean",
        metadataConfiguration={
            "nonFilterableMetadataKeys": ["body"],
            "textSearchConfigurations": [{"metadataKey": "body", "language": "en"}],
        },
    )["indexArn"]

    described = s3vectors.get_index(vectorBucketName=bucket, indexName="my.index-1")["index"]
    del described["creationTime"]
    assert described == {
        "vectorBucketName": bucket,
        "indexName": "my.index-1",
        "indexArn": arn,
        "dataType": "float32",
        "dimension": 4096,
        "distanceMetric": "euclidean",
        "encryptionConfiguration": {"sseType": "AES256"},
        "indexMode": "ENHANCED",
        "metadataConfiguration": {
            "nonFilterableMetadataKeys": ["body"],
            "textSearchConfigurations": [{"metadataKey": "body", "language": "en", "status": "ACTIVE"}],
        },
    }


def test_metadata_configuration_is_absent_when_none_was_given(
    s3vectors: Any, new_index: Callable[..., str]
) -> None:
    """GetIndex has no empty metadataConfiguration."""
    index = new_index()

    assert "metadataConfiguration" not in s3vectors.get_index(indexArn=index)["index"]


def test_an_index_inherits_the_encryption_of_its_bucket(s3vectors: Any, bucket_names: Iterator[str]) -> None:
    """With KMS on the bucket an index without encryption of its own has it too."""
    name = next(bucket_names)
    kms = {"sseType": "aws:kms", "kmsKeyArn": f"arn:aws:kms:us-west-2:{ACCOUNT}:key/k"}
    s3vectors.create_vector_bucket(vectorBucketName=name, encryptionConfiguration=kms)
    index = s3vectors.create_index(
        vectorBucketName=name, indexName="idx", dataType="float32", dimension=1, distanceMetric="cosine"
    )["indexArn"]

    assert kms == s3vectors.get_index(indexArn=index)["index"]["encryptionConfiguration"]


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_a_bucket_belongs_to_one_region(
    aws_client: Callable[..., Any], bucket_names: Iterator[str], region: str, partition: str
) -> None:
    """The same name is free in another region, and ARNs say region and partition."""
    name = next(bucket_names)
    aws_client("s3vectors").create_vector_bucket(vectorBucketName=name)

    elsewhere = aws_client("s3vectors", region)
    assert name not in [item["vectorBucketName"] for item in elsewhere.list_vector_buckets()["vectorBuckets"]]
    arn = elsewhere.create_vector_bucket(vectorBucketName=name)["vectorBucketArn"]
    assert arn == f"arn:{partition}:s3vectors:{region}:{ACCOUNT}:bucket/{name}"


def test_indexes_are_listed_in_pages_by_prefix(s3vectors: Any, bucket: str) -> None:
    """A paginator reaches every index of a prefix, in the order of names, and items hold only the summary."""
    names = [f"{kind}-{number:02}" for kind in ("red", "blue") for number in range(7)]
    for name in names:
        s3vectors.create_index(
            vectorBucketName=bucket, indexName=name, dataType="float32", dimension=1, distanceMetric="cosine"
        )

    pages = list(
        s3vectors.get_paginator("list_indexes").paginate(
            vectorBucketName=bucket, prefix="red-", PaginationConfig={"PageSize": 3}
        )
    )
    assert [len(page["indexes"]) for page in pages] == [3, 3, 1]
    listed = [item for page in pages for item in page["indexes"]]
    assert [item["indexName"] for item in listed] == [f"red-{number:02}" for number in range(7)]
    assert set(listed[0]) == {"vectorBucketName", "indexName", "indexArn", "creationTime"}


def test_buckets_are_listed_in_pages_by_prefix(s3vectors: Any) -> None:
    """A paginator reaches every bucket of a prefix."""
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        s3vectors.create_vector_bucket(vectorBucketName=name)

    result = (
        s3vectors.get_paginator("list_vector_buckets")
        .paginate(prefix="paged-", PaginationConfig={"PageSize": 2})
        .build_full_result()
    )
    assert names == [item["vectorBucketName"] for item in result["vectorBuckets"]]
    assert set(result["vectorBuckets"][0]) == {"vectorBucketName", "vectorBucketArn", "creationTime"}


def test_a_bucket_is_deleted_after_its_indexes(
    s3vectors: Any, bucket: str, new_index: Callable[..., str]
) -> None:
    """Deleted things are gone, and their names are free again, without the old vectors."""
    index = new_index(vectors={"a": ([1, 2], {})})

    s3vectors.delete_index(indexArn=index)
    s3vectors.delete_vector_bucket(vectorBucketName=bucket)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket(vectorBucketName=bucket)
    s3vectors.create_vector_bucket(vectorBucketName=bucket)
    s3vectors.create_index(
        vectorBucketName=bucket, indexName="index-1", dataType="float32", dimension=2, distanceMetric="cosine"
    )
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == []


def test_a_policy_can_be_put_read_and_deleted(s3vectors: Any, bucket: str) -> None:
    """Bucket policies are kept as they were put."""
    policy = '{"Version": "2012-10-17", "Statement": []}'
    s3vectors.put_vector_bucket_policy(vectorBucketName=bucket, policy=policy)

    assert policy == s3vectors.get_vector_bucket_policy(vectorBucketName=bucket)["policy"]
    s3vectors.delete_vector_bucket_policy(vectorBucketName=bucket)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket_policy(vectorBucketName=bucket)


def test_tags_are_given_changed_and_taken_away(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Tags given at creation and later are one set, addressed by an ARN in the path."""
    index = new_index(tags={"team": "search", "stage": "test"})
    s3vectors.tag_resource(resourceArn=index, tags={"stage": "live", "größe": "a b+c"})
    s3vectors.untag_resource(resourceArn=index, tagKeys=["team", "absent"])

    tags = s3vectors.list_tags_for_resource(resourceArn=index)["tags"]
    assert tags == {"stage": "live", "größe": "a b+c"}
