"""Vector buckets and indexes: what the emulator knows of time, regions and encryption keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "123456789012"


def test_a_bucket_knows_when_it_was_created(s3vectors: Any, bucket: str) -> None:
    """Its creation time is the time of the request."""
    described = s3vectors.get_vector_bucket(vectorBucketName=bucket)["vectorBucket"]

    assert described["creationTime"].timestamp() == pytest.approx(time.time(), abs=60)


def test_an_index_inherits_the_encryption_of_its_bucket(
    aws_client: Callable[..., Any], s3vectors: Any, bucket_names: Iterator[str]
) -> None:
    """With KMS on the bucket an index without encryption of its own has it too."""
    name = next(bucket_names)
    kms = {"sseType": "aws:kms", "kmsKeyArn": aws_client("kms").create_key()["KeyMetadata"]["Arn"]}
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
