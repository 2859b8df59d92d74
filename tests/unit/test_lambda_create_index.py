"""Creating an index: what is asked for, and what a name that is taken means."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from s3vl_lambda.operations import create_index
from s3vl_lambda.operations.create_index import run
from s3vl_lambda.protocol.errors import ConflictError, NotFoundError, NoVectorBucketError
from s3vl_lambda.protocol.requests import CreateIndex
from s3vl_lambda.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ARN = "arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/docs"
PROPERTIES: dict[str, Any] = {
    "dimension": 5,
    "distance_metric": "cosine",
    "non_filterable_keys": ["body", "code"],
    "text_keys": {"title": "en", "body": None},
}
# As GetIndex has them.
INDEX: dict[str, Any] = {
    "vectorBucketName": "my-bucket",
    "indexName": "docs",
    "indexArn": ARN,
    "dimension": 5,
    "distanceMetric": "cosine",
    "metadataConfiguration": {
        "nonFilterableMetadataKeys": ["code", "body"],
        "textSearchConfigurations": [
            {"metadataKey": "title", "language": "en", "status": "BUILDING"},
            {"metadataKey": "body", "status": "ACTIVE"},
        ],
    },
}

# Deleted as soon as its name was found to be taken.
GONE: dict[str, Any] = {"gone": True}


class FakeGateway:
    """S3 Vectors with one index, or none; an answer of its may have been lost."""

    def __init__(self, index: dict[str, Any] | None = None, *, lost_an_answer: bool = False) -> None:
        self.index = index
        self.lost_an_answer = lost_an_answer
        self.created: list[Any] = []

    def create_index(self, region: str, **parameters: Any) -> str:
        """Create the index, unless it is there."""
        self.created.append((region, parameters))
        if self.index:
            raise ConflictError("An index with the specified name already exists")
        return ARN

    def get_index_named(self, region: str, bucket: str, name: str) -> dict[str, Any]:
        """Give the index that is there."""
        assert (region, bucket, name) == ("us-west-2", "my-bucket", "docs")
        assert self.index is not None
        if self.index == GONE:
            raise NotFoundError("The specified index could not be found")
        return self.index


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Give the function the environment of a stack with ManageIndexes."""
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "s3vl-vector-query")
    monkeypatch.setenv("VECTOR_BUCKET_NAME", "my-bucket")
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def create(gateway: FakeGateway, vector_bucket: str | None = None) -> dict[str, Any]:
    """Ask for the index."""
    request = CreateIndex(budget_ms=1, index_name="docs", vector_bucket=vector_bucket, **PROPERTIES)
    return run(request, gateway).members  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [None, "arn:key"])
@pytest.mark.parametrize("bucket", [None, "another-bucket"])
def test_an_index_is_created_as_asked_for(
    environment: pytest.MonkeyPatch, key: str | None, bucket: str | None
) -> None:
    """The bucket is that of the request, or of the environment, which also says what encrypts."""
    if key:
        environment.setenv("KMS_KEY_ARN", key)
    gateway = FakeGateway()

    assert create(gateway, bucket) == {"created": True, "index_arn": ARN}
    assert gateway.created == [
        ("us-west-2", PROPERTIES | {"bucket": bucket or "my-bucket", "name": "docs", "kms_key_arn": key})
    ]


def test_without_a_bucket_nothing_is_asked(environment: pytest.MonkeyPatch) -> None:
    """A stack without ManageIndexes names none, and then the request has to."""
    environment.delenv("VECTOR_BUCKET_NAME")
    gateway = FakeGateway()

    with pytest.raises(NoVectorBucketError):
        create(gateway)

    assert gateway.created == []


@pytest.mark.parametrize(
    ("changes", "is_as_requested"),
    [
        ({}, True),
        ({"dimension": 6}, False),
        ({"distanceMetric": "euclidean"}, False),
        ({"metadataConfiguration": {"nonFilterableMetadataKeys": ["code", "body"]}}, False),
        (
            {
                "metadataConfiguration": INDEX["metadataConfiguration"]
                | {"nonFilterableMetadataKeys": ["code"]}
            },
            False,
        ),
    ],
)
def test_an_index_that_is_there_is_described(changes: dict[str, Any], is_as_requested: bool) -> None:
    """Whoever asked is told what it is, and whether it is what was asked for; it was not created."""
    answer = create(FakeGateway(INDEX | {"creationTime": time.time()} | changes))

    assert (answer["created"], answer["index_arn"]) == (False, ARN)
    assert answer["is_as_requested"] is is_as_requested
    assert answer["index"]["dimension"] == changes.get("dimension", 5)


@pytest.mark.parametrize(
    ("age_seconds", "changes", "created"), [(0, {}, True), (60, {}, False), (0, {"dimension": 6}, False)]
)
def test_a_creation_whose_answer_was_lost_is_no_conflict(
    monkeypatch: pytest.MonkeyPatch, age_seconds: int, changes: dict[str, Any], created: bool
) -> None:
    """An index is this request's own when it is as asked for and younger than the request, and no other."""
    # The service leaves out the fraction of a second, so that a new index looks older than the request.
    monkeypatch.setattr(create_index, "time", SimpleNamespace(time=lambda: 1_000.9))
    moment = {"creationTime": 1_000 - age_seconds}

    assert create(FakeGateway(INDEX | moment | changes, lost_an_answer=True))["created"] is created
    assert create(FakeGateway(INDEX | moment | changes))["created"] is False


def test_an_index_that_goes_between_the_calls_is_a_conflict() -> None:
    """It is no missing bucket, which is what an unknown name means for a new index."""
    with pytest.raises(ConflictError, match="already exists"):
        create(FakeGateway(GONE))
