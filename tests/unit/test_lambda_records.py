"""Records of put_vectors: what the service would refuse is refused first, by id and place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from s3vl_lambda.protocol.errors import InvalidRequestError
from s3vl_lambda.protocol.members import Members
from s3vl_lambda.protocol.records import Record, read_records
from s3vl_lambda.protocol.vectors import Vector

GOOD = {"vector_id": "a", "embedding": [0.5, 1]}


def read(*records: Any) -> list[Record]:
    """Read records as a request has them."""
    return read_records(Members({"vectors": list(records)}))


def document_of(size: int) -> dict[str, str]:
    """Make metadata that the service counts as so many bytes."""
    frame = len(json.dumps({"t": ""}, separators=(",", ":"))) + 5
    return {"t": "é" * ((size - frame) // 2) + "x" * ((size - frame) % 2)}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"text": "", "zero": 0, "negative": -1.5, "flag": False},
        {"texts": ["a", "a", ""], "numbers": [1, 2.5]},
        {"$dollar.dot": 1, "": 2, "k" * 100: 3},
        {str(number): number for number in range(50)},
        document_of(40_960),
    ],
    ids=["empty", "scalars", "arrays", "keys", "50 keys", "40960 bytes"],
)
def test_metadata_that_the_service_takes_is_read(metadata: dict[str, Any]) -> None:
    """Limits are inclusive, and no key is too odd."""
    [record] = read(GOOD | {"metadata": metadata})

    assert (record.vector_id, record.embedding, record.metadata) == ("a", Vector("[0.5,1]", 2), metadata)


def test_metadata_may_be_left_out() -> None:
    """A record without metadata is sent without."""
    assert read(GOOD)[0].metadata is None


def test_an_embedding_may_be_written_already() -> None:
    """A text that is an array of numbers is sent on as it is."""
    [record] = read(GOOD | {"embedding": "[0.1234567,-1e-45]"})

    assert record.embedding == Vector("[0.1234567,-1e-45]", 2)


_VALUE = "must be text, a finite number, a boolean, or a non-empty array"


@pytest.mark.parametrize(
    ("changes", "path", "problem"),
    [
        ({"embedding": "1,2"}, "embedding", "must be a non-empty array of numbers"),
        ({"embedding": []}, "embedding", "must be a non-empty array of numbers"),
        ({"embedding": [1] * 4_097}, "embedding", "must have at most 4096 numbers, got 4097"),
        ({"embedding": [1, 2, 3]}, "embedding", "has 3 numbers, and vectors[1].embedding 2"),
        ({"embedding": "[1,2,3]"}, "embedding", "has 3 numbers, and vectors[1].embedding 2"),
        ({"embedding": [1, None]}, "embedding[2]", "must be a float32 number, got null"),
        ({"embedding": [1, True]}, "embedding[2]", "must be a float32 number, got true"),
        ({"embedding": ["1", 2]}, "embedding[1]", 'must be a float32 number, got "1"'),
        ({"embedding": [1, 1e39]}, "embedding[2]", "must be a float32 number, got 1e+39"),
        ({"embedding": [float("nan"), 1]}, "embedding[1]", "must be a float32 number, got NaN"),
        ({"embedding": [1, 10**400]}, "embedding[2]", "must be a float32 number, got 1000"),
        ({"metadata": None}, "metadata", "must be a JSON object, got null"),
        ({"metadata": {"tags": None}}, "metadata.tags", f"{_VALUE}"),
        ({"metadata": {"tags": {}}}, "metadata.tags", "got {}"),
        ({"metadata": {"tags": []}}, "metadata.tags", "got []"),
        ({"metadata": {"tags": ["a", 1]}}, "metadata.tags", 'got ["a", 1]'),
        ({"metadata": {"tags": [1, True]}}, "metadata.tags", "got [1, true]"),
        ({"metadata": {"tags": [["a"]]}}, "metadata.tags", 'got [["a"]]'),
        ({"metadata": {"price": float("inf")}}, "metadata.price", "got Infinity"),
        ({"metadata": {str(number): 1 for number in range(51)}}, "metadata", "has 51 keys"),
        ({"metadata": document_of(40_961)}, "metadata", "has 40961 bytes; S3 Vectors allows at most 40960"),
        ({"extra": 1}, "extra", "is not a member of this request"),
    ],
)
def test_a_wrong_record_is_named(changes: dict[str, Any], path: str, problem: str) -> None:
    """Position, field, what is wrong and the id stand in the message."""
    with pytest.raises(InvalidRequestError) as refused:
        read(GOOD, GOOD | {"vector_id": "b"} | changes)

    assert refused.value.fields[0]["path"] == f"vectors[2].{path}"
    assert problem in refused.value.message
    assert refused.value.message.endswith(' (vector "b")')


@pytest.mark.parametrize(
    ("record", "path", "problem"),
    [
        ("a", "vectors[2]", "must be a JSON object"),
        ({"embedding": [1, 2]}, "vectors[2].vector_id", "is missing"),
        ({"vector_id": 1, "embedding": [1, 2]}, "vectors[2].vector_id", "must be a text of 1 to 1024 bytes"),
        (
            {"vector_id": "é" * 513, "embedding": [1, 2]},
            "vectors[2].vector_id",
            "must be a text of 1 to 1024 bytes",
        ),
        ({"vector_id": "a", "embedding": [1, 2]}, "vectors", 'must have distinct ids, got "a" 2 times'),
    ],
)
def test_a_record_with_a_wrong_id_is_named_by_position(record: Any, path: str, problem: str) -> None:
    """What has no id of its own is found by where it stands."""
    with pytest.raises(InvalidRequestError) as refused:
        read(GOOD, record)

    assert refused.value.fields[0]["path"] == path
    assert problem in refused.value.message


@pytest.mark.parametrize(
    "record",
    [
        {"vector_id": "é🙂", "embedding": [-2.2250738585072014e-308, 1e15, 1]},
        {
            "vector_id": "a",
            "embedding": [0.1] * 3,
            "metadata": {"é": ["é", "日"], "🙂": "🙂" * 100, "n": [1, 2]},
        },
        {"vector_id": "\x7f\n", "embedding": [1], "metadata": {"\n": "\x01\\"}},
    ],
)
def test_no_record_takes_more_than_was_reckoned(record: dict[str, Any]) -> None:
    """What is written, ASCII only, is no longer than request_bytes."""
    [read_record] = read(record)
    sent = {"key": record["vector_id"], "data": {"float32": record["embedding"]}} | (
        {"metadata": record["metadata"]} if "metadata" in record else {}
    )

    assert len(json.dumps(sent, separators=(",", ":")) + ",") <= read_record.request_bytes
