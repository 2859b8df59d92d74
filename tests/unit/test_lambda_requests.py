"""Requests: what is read from an event, and how a wrong event is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3vl_lambda.protocol import requests
from s3vl_lambda.protocol.errors import (
    InvalidRequestError,
    UnsupportedOperationError,
    UnsupportedProtocolError,
)
from s3vl_lambda.protocol.vectors import Vector

EVENTS = Path(__file__).parents[2] / "lambda" / "events"
GONE = object()


def event_of(operation: str, /, **changes: Any) -> dict[str, Any]:
    """Read the real event of an operation, with members changed or gone."""
    event = json.loads((EVENTS / f"{operation}.json").read_text()) | changes
    return {name: value for name, value in event.items() if value is not GONE}


def test_every_operation_has_a_real_event_that_is_read() -> None:
    """The events that document the protocol are requests of all the operations there are."""
    parsed = [requests.parse(json.loads(path.read_text())) for path in EVENTS.glob("*.json")]

    assert {request.operation for request in parsed} == set(requests.REQUESTS)


def test_a_query_is_read_member_by_member() -> None:
    """Nothing of a query is lost on the way, and a continuation brings token and count."""
    request = requests.parse(
        event_of(
            "query_vectors",
            query_mode="ENHANCED",
            metadata_filter={"a": 1, "b": 2},
            stop_after=200,
            continuation={"next_token": "t", "returned": 4},
        )
    )

    assert request == requests.QueryVectors(
        budget_ms=29000,
        index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/s3vl-vectors/index/test-index-5d",
        query_vector=Vector("[0.1,0.2,0.3,0.4,0.5]", 5),
        top_k=5,
        return_metadata=True,
        metadata_filter={"$and": [{"a": 1}, {"b": 2}]},
        query_mode="ENHANCED",
        place=requests.Place("t", 4),
        stop_after=200,
    )


@pytest.mark.parametrize(
    ("changes", "token", "segment"),
    [
        ({}, None, (None, None)),
        ({"next_token": "n"}, "n", (None, None)),
        ({"next_token": "n", "continuation": {"next_token": "c"}}, "c", (None, None)),
        ({"segment_count": 16, "segment_index": 15}, None, (16, 15)),
    ],
)
def test_a_listing_goes_on_where_the_request_says(changes: dict[str, Any], token: Any, segment: Any) -> None:
    """A continuation comes after the caller's own token; segments pass through."""
    request = requests.parse(event_of("list_vectors", **changes))

    assert isinstance(request, requests.ListVectors)
    assert (request.next_token, (request.segment_count, request.segment_index)) == (token, segment)


def test_a_get_goes_on_at_its_position() -> None:
    """The continuation of get_vectors counts the ids that are done."""
    request = requests.parse(event_of("get_vectors", continuation={"position": 2}))

    assert isinstance(request, requests.GetVectors)
    assert request.position == 2


@pytest.mark.parametrize(
    ("continuation", "query_number", "place"),
    [
        ({"query_number": 2}, 2, requests.BEGINNING),
        (
            {"query_number": 2, "continuation": {"next_token": "t", "returned": 3}},
            2,
            requests.Place("t", 3),
        ),
    ],
)
def test_a_batch_goes_on_between_or_within_queries(
    continuation: dict[str, Any], query_number: int, place: requests.Place
) -> None:
    """A continuation names the query, and where in it when it has begun."""
    request = requests.parse(event_of("query_vectors_batch", continuation=continuation))

    assert isinstance(request, requests.QueryVectorsBatch)
    assert (request.query_number, request.place) == (query_number, place)


@pytest.mark.parametrize("left_out", [False, True])
def test_a_new_index_is_read_member_by_member(left_out: bool) -> None:
    """Keys and bucket may be left out; a language may be null."""
    rest = ("non_filterable_keys", "text_keys")
    request = requests.parse(
        event_of("create_index", **dict.fromkeys(rest, GONE))
        if left_out
        else event_of("create_index", vector_bucket="another-bucket")
    )

    assert request == requests.CreateIndex(
        budget_ms=29000,
        index_name="docs",
        dimension=5,
        distance_metric="cosine",
        non_filterable_keys=[] if left_out else ["body"],
        text_keys={} if left_out else {"title": "en", "body": None},
        vector_bucket=None if left_out else "another-bucket",
    )


@pytest.mark.parametrize("vector", [{}, {"query_vector": GONE}])
def test_a_hybrid_search_needs_no_vector(vector: dict[str, Any]) -> None:
    """Texts alone are a search too; filter and continuation are those of every search."""
    changes = {"metadata_filter": {"a": 1}, "continuation": {"next_token": "t", "returned": 2}} | vector
    request = requests.parse(event_of("query_hybrid", **changes))

    assert request == requests.QueryHybrid(
        budget_ms=29000,
        index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/s3vl-vectors/index/test-index-5d",
        query_texts={"title": "red shoes"},
        query_vector=None if vector else Vector("[0.1,0.2,0.3,0.4,0.5]", 5),
        top_k=5,
        return_metadata=True,
        metadata_filter={"a": 1},
        place=requests.Place("t", 2),
    )


@pytest.mark.parametrize("operation", ["put_vectors", "put_metadata", "delete_vectors"])
@pytest.mark.parametrize(
    ("changes", "remaining"),
    [
        ({}, [range(2)]),
        ({"continuation": {"remaining": [[1, 1], [2, 2]]}}, [range(1), range(1, 2)]),
        ({"continuation": {"remaining": [[2, 2]]}}, [range(1, 2)]),
    ],
)
def test_a_write_goes_on_with_what_remains(
    operation: str, changes: dict[str, Any], remaining: list[range]
) -> None:
    """Without a continuation everything remains; its ranges count from 1 and include their ends."""
    assert requests.parse(event_of(operation, **changes)).remaining == remaining  # type: ignore[attr-defined]


@pytest.mark.parametrize("operation", ["put_vectors", "put_metadata", "delete_vectors"])
def test_a_write_may_have_a_deadline(operation: str) -> None:
    """It is a moment, and without one the time of the caller is all that counts."""
    request = requests.parse(event_of(operation, deadline=1_764_000_000_000))

    assert request.deadline == 1_764_000_000_000  # type: ignore[attr-defined]
    assert requests.parse(event_of(operation, deadline=GONE)).deadline is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc"])
def test_indexes_of_every_partition_are_accepted(partition: str) -> None:
    """No partition is preferred."""
    arn = f"arn:{partition}:s3vectors:cn-north-1:123456789012:bucket/my-bucket/index/my.index"

    assert requests.parse(event_of("describe_index", index_arn=arn)).index_arn == arn  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("operation", "changes", "path", "problem"),
    [
        ("describe_index", {"budget_ms": GONE}, "budget_ms", "is missing"),
        ("describe_index", {"budget_ms": 0}, "budget_ms", "must be at least 1, got 0"),
        ("describe_index", {"budget_ms": 1.5}, "budget_ms", "must be an integer, got 1.5"),
        ("describe_index", {"protocol": GONE}, "protocol", "is missing"),
        ("describe_index", {"operation": 7}, "operation", "must be a non-empty text, got 7"),
        ("describe_index", {"index_arn": GONE}, "index_arn", "is missing"),
        ("describe_index", {"index_arn": ""}, "index_arn", "must be a non-empty text"),
        ("describe_index", {"index_arn": "arn:aws:s3:::bucket"}, "index_arn", 'got "arn:aws:s3:::bucket"'),
        ("describe_index", {"extra": 1}, "extra", "is not a member of this request"),
        ("availability_check", {"index_arn": "x"}, "index_arn", "is not a member of this request"),
        ("create_index", {"index_name": "Docs"}, "index_name", "must have 3 to 63 lowercase letters"),
        ("create_index", {"index_name": "ab"}, "index_name", 'at both ends, got "ab"'),
        ("create_index", {"index_name": "abc\n"}, "index_name", "at both ends, got"),
        ("create_index", {"vector_bucket": "a_b"}, "vector_bucket", 'at both ends, got "a_b"'),
        ("create_index", {"dimension": 4_097}, "dimension", "must be between 1 and 4096, got 4097"),
        ("create_index", {"dimension": 0}, "dimension", "must be between 1 and 4096, got 0"),
        ("create_index", {"distance_metric": "l2"}, "distance_metric", "must be cosine or euclidean"),
        ("create_index", {"non_filterable_keys": []}, "non_filterable_keys", "must be a non-empty array"),
        (
            "create_index",
            {"non_filterable_keys": list("abcdefghijk")},
            "non_filterable_keys",
            "must have at most 10 keys, got 11",
        ),
        (
            "create_index",
            {"non_filterable_keys": ["a", ""]},
            "non_filterable_keys[2]",
            "of 1 to 63 characters",
        ),
        (
            "create_index",
            {"non_filterable_keys": ["k" * 64]},
            "non_filterable_keys[1]",
            "of 1 to 63 characters",
        ),
        ("create_index", {"non_filterable_keys": ["a", "a"]}, "non_filterable_keys[2]", "is there before"),
        ("create_index", {"text_keys": {}}, "text_keys", "must be an object of metadata keys"),
        ("create_index", {"text_keys": ["title"]}, "text_keys", "must be an object of metadata keys"),
        (
            "create_index",
            {"text_keys": {str(number): None for number in range(11)}},
            "text_keys",
            "must have at most 10 keys, got 11",
        ),
        ("create_index", {"text_keys": {"": "en"}}, "text_keys", "must have keys of 1 to 63 characters"),
        ("create_index", {"text_keys": {"title": 1}}, "text_keys.title", "must be a language or null, got 1"),
        ("create_index", {"index_arn": "x"}, "index_arn", "is not a member of this request"),
        ("delete_index", {"force": GONE}, "force", "is missing"),
        ("query_vectors", {"top_k": 0}, "top_k", "must be between 1 and 10000, got 0"),
        ("query_vectors", {"top_k": 10_001}, "top_k", "must be between 1 and 10000, got 10001"),
        ("query_vectors", {"top_k": True}, "top_k", "must be an integer, got true"),
        ("query_vectors", {"return_metadata": "yes"}, "return_metadata", 'must be true or false, got "yes"'),
        (
            "query_vectors",
            {"query_vector": []},
            "query_vector",
            "must be a non-empty array of numbers, got []",
        ),
        *(
            ("query_vectors", {"query_vector": text}, "query_vector", "must be a non-empty array of numbers")
            for text in (
                "",
                "[]",
                "1",
                "[[1]]",
                "[1][]",
                "1[]",
                "[1",
                "[nan]",
                '["1"]',
                '[1],"a":[2]',
                "[\ud800]",
            )
        ),
        (
            "query_vectors",
            {"query_vector": f"[{'1,' * 4096}1]"},
            "query_vector",
            "at most 4096 numbers, got 4097",
        ),
        (
            "query_vectors",
            {"query_vector": [1, None]},
            "query_vector[2]",
            "must be a float32 number, got null",
        ),
        ("query_vectors", {"query_vector": [True]}, "query_vector[1]", "must be a float32 number, got true"),
        (
            "query_vectors",
            {"query_vector": [[1.0]]},
            "query_vector[1]",
            "must be a float32 number, got [1.0]",
        ),
        ("query_vectors", {"query_vector": [float("nan")]}, "query_vector[1]", "got NaN"),
        ("query_vectors", {"query_vector": [1e39]}, "query_vector[1]", "got 1e+39"),
        ("query_vectors", {"query_vector": [0.5] * 4097}, "query_vector", "at most 4096 numbers, got 4097"),
        ("query_vectors", {"query_mode": "FAST"}, "query_mode", 'must be CLASSIC or ENHANCED, got "FAST"'),
        (
            "query_vectors",
            {"metadata_filter": {"a": {"$x": 1}}},
            "metadata_filter.a.$x",
            "is not an operator",
        ),
        ("query_vectors", {"stop_after": 0}, "stop_after", "must be between 1 and 10000, got 0"),
        ("query_vectors_batch", {"stop_after": 1}, "stop_after", "is not a member of this request"),
        ("query_vectors", {"continuation": "t"}, "continuation", "must be a JSON object"),
        ("query_vectors", {"continuation": {"returned": 1}}, "continuation.next_token", "is missing"),
        (
            "query_vectors",
            {"continuation": {"next_token": "t", "returned": 5}},
            "continuation.returned",
            "must be between 0 and 4, got 5",
        ),
        (
            "query_vectors",
            {"continuation": {"next_token": "t", "returned": 1, "skip": 1}},
            "continuation.skip",
            "is not a member",
        ),
        ("get_vectors", {"vector_ids": []}, "vector_ids", "must be a non-empty array, got []"),
        (
            "get_vectors",
            {"vector_ids": ["a", 1]},
            "vector_ids[2]",
            "must be a text of 1 to 1024 bytes, got 1",
        ),
        ("get_vectors", {"vector_ids": [""]}, "vector_ids[1]", "must be a text of 1 to 1024 bytes"),
        ("get_vectors", {"vector_ids": ["x" * 1025]}, "vector_ids[1]", "must be a text of 1 to 1024 bytes"),
        ("get_vectors", {"vector_ids": ["é" * 513]}, "vector_ids[1]", "must be a text of 1 to 1024 bytes"),
        (
            "get_vectors",
            {"vector_ids": ["a", "b", "a"]},
            "vector_ids",
            'must have distinct ids, got "a" 2 times',
        ),
        ("get_vectors", {"continuation": {"position": 3}}, "continuation.position", "between 0 and 2, got 3"),
        ("query_vectors_batch", {"query_vectors": []}, "query_vectors", "must be a non-empty array, got []"),
        (
            "query_vectors_batch",
            {"query_vectors": [[1]] * 1_001},
            "query_vectors",
            "at most 1000 vectors, got 1001",
        ),
        (
            "query_vectors_batch",
            {"query_vectors": [[1], [1, "x"]]},
            "query_vectors[2][2]",
            'must be a float32 number, got "x"',
        ),
        ("query_vectors_batch", {"query_vectors": [1, 2]}, "query_vectors[1]", "must be a non-empty array"),
        ("query_vectors_batch", {"continuation": {}}, "continuation.query_number", "is missing"),
        (
            "query_vectors_batch",
            {"continuation": {"query_number": 3}},
            "continuation.query_number",
            "must be between 1 and 2, got 3",
        ),
        (
            "query_vectors_batch",
            {"continuation": {"query_number": 1, "next_token": "t"}},
            "continuation.next_token",
            "is not a member",
        ),
        ("query_hybrid", {"query_texts": GONE}, "query_texts", "is missing"),
        (
            "query_hybrid",
            {"query_texts": "shoes"},
            "query_texts",
            "must be an object of 1 to 10 metadata keys",
        ),
        ("query_hybrid", {"query_texts": {}}, "query_texts", "must be an object of 1 to 10 metadata keys"),
        (
            "query_hybrid",
            {"query_texts": {str(number): "x" for number in range(11)}},
            "query_texts",
            "must be an object of 1 to 10 metadata keys",
        ),
        ("query_hybrid", {"query_texts": {"": "x"}}, "query_texts", "must have keys of 1 to 63 characters"),
        (
            "query_hybrid",
            {"query_texts": {"k" * 64: "x"}},
            "query_texts",
            "must have keys of 1 to 63 characters",
        ),
        (
            "query_hybrid",
            {"query_texts": {"t": ""}},
            "query_texts.t",
            "must be a text of 1 to 1024 characters",
        ),
        ("query_hybrid", {"query_texts": {"t": "x" * 1_025}}, "query_texts.t", "of 1 to 1024 characters"),
        ("query_hybrid", {"query_texts": {"t": 1}}, "query_texts.t", "of 1 to 1024 characters, got 1"),
        ("query_hybrid", {"query_mode": "ENHANCED"}, "query_mode", "is not a member of this request"),
        ("put_vectors", {"vectors": []}, "vectors", "must be a non-empty array, got []"),
        ("put_vectors", {"deadline": 0}, "deadline", "must be at least 1, got 0"),
        ("put_vectors", {"deadline": "soon"}, "deadline", "must be an integer"),
        ("query_vectors", {"deadline": 1}, "deadline", "is not a member of this request"),
        ("put_metadata", {"vectors": [{"vector_id": "a"}, {"vector_id": "a"}]}, "vectors", "distinct ids"),
        (
            "put_metadata",
            {"vectors": [{"vector_id": "a", "metadata": {"a": None}}]},
            "vectors[1].metadata.a",
            "must be text",
        ),
        (
            "put_metadata",
            {"vectors": [{"vector_id": "a", "embedding": "[1]"}]},
            "vectors[1].embedding",
            "is not a member",
        ),
        ("put_vectors", {"continuation": {}}, "continuation.remaining", "is missing"),
        ("put_vectors", {"continuation": {"remaining": [[1, 3]]}}, "continuation.remaining", "from 1 to 2"),
        ("put_vectors", {"continuation": {"remaining": [[0, 1]]}}, "continuation.remaining", "from 1 to 2"),
        ("put_vectors", {"continuation": {"remaining": [[2, 1]]}}, "continuation.remaining", "ascending"),
        (
            "put_vectors",
            {"continuation": {"remaining": [[2, 2], [1, 1]]}},
            "continuation.remaining",
            "ascending",
        ),
        (
            "put_vectors",
            {"continuation": {"remaining": [[1, True]]}},
            "continuation.remaining",
            "got [1, true]",
        ),
        ("put_vectors", {"continuation": {"remaining": [[1]]}}, "continuation.remaining", "got [1]"),
        ("delete_vectors", {"vector_ids": ["a", ""]}, "vector_ids[2]", "must be a text of 1 to 1024 bytes"),
        (
            "delete_vectors",
            {"vector_ids": ["a", "a"]},
            "vector_ids",
            'must have distinct ids, got "a" 2 times',
        ),
        ("list_vectors", {"max_results": 1001}, "max_results", "must be between 1 and 1000, got 1001"),
        ("list_vectors", {"segment_count": 2}, "segment_index", "is missing"),
        ("list_vectors", {"segment_index": 0}, "segment_count", "is missing"),
        ("list_vectors", {"segment_count": 2, "segment_index": 2}, "segment_index", "between 0 and 1, got 2"),
        (
            "list_vectors",
            {"segment_count": 17, "segment_index": 0},
            "segment_count",
            "between 1 and 16, got 17",
        ),
    ],
)
def test_a_wrong_member_is_named_with_its_value(
    operation: str, changes: dict[str, Any], path: str, problem: str
) -> None:
    """Each wrong member is refused by its name, what it must be, and what it is."""
    with pytest.raises(InvalidRequestError) as refused:
        requests.parse(event_of(operation, **changes))

    assert refused.value.fields[0]["path"] == path
    assert problem in refused.value.message


@pytest.mark.parametrize("event", [None, [], "query_vectors", 3])
def test_an_event_that_is_no_object_is_refused(event: Any) -> None:
    """Anything but a JSON object is an invalid request, of no operation."""
    with pytest.raises(InvalidRequestError, match="the request must be a JSON object"):
        requests.parse(event)
    assert requests.operation_of(event) == "unknown"


@pytest.mark.parametrize("protocol", [0, 3, "1", None, True])
def test_another_protocol_is_refused_before_anything_else(protocol: Any) -> None:
    """The protocol decides what the other members mean, so it is looked at first."""
    with pytest.raises(UnsupportedProtocolError, match="protocol must be 1 or 2, got"):
        requests.parse({"protocol": protocol})


@pytest.mark.parametrize("protocol", [1, 2])
def test_the_protocol_of_released_sql_is_understood(protocol: int) -> None:
    """The function is upgraded first: version 1, which sends vectors as arrays only, stays."""
    event = event_of("query_vectors", protocol=protocol, query_vector=[1, 2])

    assert requests.parse(event) == requests.parse(event_of("query_vectors", query_vector="[1,2]"))


def test_an_operation_of_a_later_version_is_refused_with_what_is_known() -> None:
    """The message tells the operations of this version and to upload the current package."""
    with pytest.raises(UnsupportedOperationError, match=r'"fly" is not known .* knows availability_check, '):
        requests.parse({"protocol": 2, "operation": "fly"})


@pytest.mark.parametrize(
    ("event", "operation"),
    [
        ({"operation": "get_vectors"}, "get_vectors"),
        ({"operation": "fly"}, "unknown"),
        ({"operation": ["get_vectors"]}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_only_known_operations_are_named(event: dict[str, Any], operation: str) -> None:
    """What a caller writes as operation becomes no metric of its own."""
    assert requests.operation_of(event) == operation


def test_a_long_value_is_cut_short_in_the_message() -> None:
    """A message shows the beginning of a value, not megabytes of it."""
    with pytest.raises(InvalidRequestError) as refused:
        requests.parse(event_of("query_vectors", return_metadata="x" * 10_000))

    assert len(refused.value.message) < 200
    assert refused.value.message.endswith("x…")
