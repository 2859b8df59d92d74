"""Describing an index."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from s3vl_lambda.operations.describe_index import run
from s3vl_lambda.protocol.errors import MalformedDataError
from s3vl_lambda.protocol.requests import DescribeIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

ARN = "arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index"
BARE = {
    "vectorBucketName": "my-bucket",
    "indexName": "my-index",
    "indexArn": ARN,
    "creationTime": 1795251600.9,
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


@pytest.fixture
def _far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the function be in another zone."""
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_east")
def test_the_time_is_utc_whatever_the_zone_of_the_function() -> None:
    """The service tells seconds since 1970."""
    assert describe(creationTime=1795251600)["created_at"] == "2026-11-21T09:00:00Z"


def test_an_index_without_dimension_breaks_the_contract() -> None:
    """A promised member that is missing is the service's fault, not ours."""
    with pytest.raises(MalformedDataError, match="has no 'dimension'"):
        run(
            DescribeIndex(budget_ms=1, index_arn=ARN),
            FakeGateway({name: value for name, value in BARE.items() if name != "dimension"}),
        )
