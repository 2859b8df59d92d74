"""Describing an index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from s3vl_lambda.operations.describe_index import run
from s3vl_lambda.protocol.errors import MalformedDataError
from s3vl_lambda.protocol.requests import DescribeIndex

ARN = "arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index"
BARE = {
    "vectorBucketName": "my-bucket",
    "indexName": "my-index",
    "indexArn": ARN,
    "creationTime": datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
    "dataType": "float32",
    "dimension": 5,
    "distanceMetric": "cosine",
}


class FakeGateway:
    """S3 Vectors with one index."""

    def __init__(self, index: dict[str, Any]) -> None:
        self.index = index

    def get_index(self, index_arn: str) -> dict[str, Any]:
        """Give the index."""
        assert index_arn == ARN
        return self.index


def describe(**members: Any) -> Any:
    """Describe the bare index with more members."""
    return run(DescribeIndex(budget_ms=1, index_arn=ARN), FakeGateway(BARE | members)).members["index"]


def test_an_index_is_described_in_the_names_of_the_protocol() -> None:
    """What the service leaves out is an empty list or not there."""
    assert describe() == {
        "index_arn": ARN,
        "index_name": "my-index",
        "vector_bucket_name": "my-bucket",
        "dimension": 5,
        "distance_metric": "cosine",
        "non_filterable_keys": [],
        "text_keys": [],
        "created_at": "2026-11-21T09:00:00Z",
    }


def test_mode_and_metadata_keys_are_described() -> None:
    """A text key has its language when there is one."""
    described = describe(
        indexMode="ENHANCED",
        metadataConfiguration={
            "nonFilterableMetadataKeys": ["body"],
            "textSearchConfigurations": [
                {"metadataKey": "title", "language": "en", "status": "ACTIVE"},
                {"metadataKey": "body", "status": "BUILDING"},
            ],
        },
    )

    assert described["index_mode"] == "ENHANCED"
    assert described["non_filterable_keys"] == ["body"]
    assert described["text_keys"] == [
        {"metadata_key": "title", "language": "en", "status": "ACTIVE"},
        {"metadata_key": "body", "status": "BUILDING"},
    ]


def test_the_time_is_utc_whatever_the_zone_of_the_function() -> None:
    """Botocore gives the creation time in the local zone."""
    here = timezone(timedelta(hours=2))

    assert (
        describe(creationTime=datetime(2026, 11, 21, 11, 0, tzinfo=here))["created_at"]
        == "2026-11-21T09:00:00Z"
    )


def test_an_index_without_dimension_breaks_the_contract() -> None:
    """A promised member that is missing is the service's fault, not ours."""
    with pytest.raises(MalformedDataError, match="has no 'dimension'"):
        run(
            DescribeIndex(budget_ms=1, index_arn=ARN),
            FakeGateway({name: value for name, value in BARE.items() if name != "dimension"}),
        )
