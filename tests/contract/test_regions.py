"""Requests to a Region that AWS does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3vectors", "list_vector_buckets"),
        ("cloudformation", "describe_stacks"),
        ("ec2", "describe_subnets"),
        ("lambda", "list_functions"),
        ("s3", "list_buckets"),
        ("sqs", "list_queues"),
    ],
)
def test_a_region_that_aws_does_not_have_is_named(
    aws: Callable[..., Any], service: str, operation: str
) -> None:
    """Each service's own parser finds code and message in the answer."""
    with pytest.raises(ClientError, match=r"\(UnknownRegion\).* AWS has no Region us-west-99; choose one"):
        getattr(aws(service, "us-west-99"), operation)()


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_every_region_that_aws_has_is_served(aws: Callable[..., Any], region: str) -> None:
    """In all partitions; what is in one is not in another."""
    buckets = aws("s3vectors", region).list_vector_buckets()["vectorBuckets"]

    assert [bucket for bucket in buckets if f":s3vectors:{region}:" not in bucket["vectorBucketArn"]] == []
