"""Vectors by id: order, what is missing, and parts."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from s3vl_lambda.operations.get_vectors import run
from s3vl_lambda.protocol import responses
from s3vl_lambda.protocol.errors import MalformedDataError, OutOfTimeError, ResponseTooLargeError
from s3vl_lambda.protocol.requests import GetVectors
from s3vl_lambda.services.parallel import CONCURRENT_CALLS

if TYPE_CHECKING:
    from collections.abc import Sequence

REQUEST = GetVectors(
    budget_ms=29_000,
    index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index",
    vector_ids=["b", "missing", "a"],
    include_vector_data=True,
    include_metadata=True,
)


class FakeGateway:
    """S3 Vectors with some vectors, which runs out of time after some calls."""

    def __init__(self, stored: dict[str, dict[str, Any]], calls_in_time: int = 1_000) -> None:
        self.stored = stored
        self.calls_in_time = calls_in_time
        self.asked: list[list[str]] = []

    def get_vectors(self, _index_arn: str, keys: Sequence[str], **_wanted: bool) -> dict[str, dict[str, Any]]:
        """Give those that are stored."""
        if len(self.asked) == self.calls_in_time:
            raise OutOfTimeError("late")
        self.asked.append(list(keys))
        return {key: self.stored[key] for key in sorted(keys) if key in self.stored}


def stored(*keys: str, **members: Any) -> dict[str, dict[str, Any]]:
    """Make stored vectors."""
    return {key: {"key": key, "data": {"float32": [0.5]}, "metadata": {"k": key}} | members for key in keys}


def ids(answer: responses.Answer) -> list[str]:
    """Read the ids of the rows."""
    assert answer.rows is not None
    return [json.loads(row)["vector_id"] for row in answer.rows.encoded]


def all_parts(request: GetVectors, gateway: FakeGateway) -> list[str]:
    """Ask again with each continuation, like the SQL functions."""
    found: list[str] = []
    while True:
        answer = run(request, gateway)
        found += ids(answer)
        if answer.continuation is None:
            return found
        request = replace(request, **answer.continuation)


@pytest.mark.parametrize(
    ("with_data", "with_metadata", "row"),
    [
        (True, True, b'{"vector_id":"a","embedding":[0.5],"metadata":{"k":"a"}}'),
        (True, False, b'{"vector_id":"a","embedding":[0.5]}'),
        (False, True, b'{"vector_id":"a","metadata":{"k":"a"}}'),
        (False, False, b'{"vector_id":"a"}'),
    ],
)
def test_a_row_has_what_was_asked_for(with_data: bool, with_metadata: bool, row: bytes) -> None:
    """Numbers and metadata come only when they are wanted."""
    request = replace(
        REQUEST, vector_ids=["a"], include_vector_data=with_data, include_metadata=with_metadata
    )

    answer = run(request, FakeGateway(stored("a")))

    assert answer.rows is not None
    assert answer.rows.encoded == [row]
    assert answer.continuation is None


def test_vectors_come_in_the_order_asked_and_missing_ones_not() -> None:
    """The service's own order does not matter, and what does not exist is left out."""
    assert ids(run(REQUEST, FakeGateway(stored("a", "b", "c")))) == ["b", "a"]


def test_no_vector_is_an_empty_answer() -> None:
    """Ids that do not exist are no error."""
    answer = run(REQUEST, FakeGateway({}))

    assert (ids(answer), answer.continuation) == ([], None)


def test_many_ids_are_asked_for_in_calls_of_a_hundred() -> None:
    """Each id is asked for once; the rows stand in order, whichever call is answered first."""
    keys = [f"v{number}" for number in range(1_050)]
    gateway = FakeGateway(stored(*keys))

    assert ids(run(replace(REQUEST, vector_ids=keys), gateway)) == keys
    assert sorted(map(len, gateway.asked)) == [50] + [100] * 10
    assert sorted(key for asked in gateway.asked for key in asked) == sorted(keys)


def test_after_the_first_call_as_many_run_as_can() -> None:
    """The first hundred show how large vectors are; then all threads have calls under way at the same time."""
    together = threading.Barrier(CONCURRENT_CALLS)
    keys = [f"v{number}" for number in range(100 + 100 * CONCURRENT_CALLS)]

    class Meeting(FakeGateway):
        """A service at which all calls but the first must be at the same time."""

        def get_vectors(
            self, index_arn: str, keys: Sequence[str], **wanted: bool
        ) -> dict[str, dict[str, Any]]:
            """Wait for the others."""
            if "v0" not in keys:
                together.wait(60)
            return super().get_vectors(index_arn, keys, **wanted)

    assert ids(run(replace(REQUEST, vector_ids=keys), Meeting(stored(*keys)))) == keys


def test_few_vectors_are_on_their_way_at_a_time_when_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is parsed takes much memory, so that the bytes that are under way decide, and not the number."""
    row = len(b'{"vector_id":"v100","embedding":[0.5],"metadata":{"k":"v100"}},')
    monkeypatch.setattr(responses, "MAX_BYTES_AT_A_TIME", 30 * row)
    keys = [f"v{number}" for number in range(100, 300)]
    gateway = FakeGateway(stored(*keys))

    run(replace(REQUEST, vector_ids=keys), gateway)

    assert [len(asked) for asked in gateway.asked] == [100, 30, 30, 30, 10]


def test_few_vectors_are_on_their_way_at_a_time_when_they_have_many_numbers() -> None:
    """A number of one digit is two bytes in the answer, and thirty when it is parsed."""
    keys = [f"v{number}" for number in range(588)]
    gateway = FakeGateway(stored(*keys, data={"float32": [1.0] * 4_096}, metadata={}))

    assert ids(run(replace(REQUEST, vector_ids=keys), gateway)) == keys
    # Waves of 100, and then of a million numbers, which 244 vectors have.
    assert sorted(map(len, gateway.asked)) == [44, 44, 100, 100, 100, 100, 100]


def test_no_call_is_made_for_the_last_corner_of_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is all but full is a part: what little still fits comes with the next one."""
    row = len(b'{"vector_id":"v100","embedding":[0.5],"metadata":{"k":"v100"}},')
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 104 * row)
    keys = [f"v{number}" for number in range(100, 300)]
    gateway = FakeGateway(stored(*keys))

    answer = run(replace(REQUEST, vector_ids=keys), gateway)

    assert (len(gateway.asked), answer.continuation) == (1, {"position": 100})


def test_parts_that_fill_up_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part ends at the vector that does not fit; none is lost or repeated, though some are missing."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 1_000)
    keys = [f"v{number}" for number in range(300)]
    existing = [key for key in keys if not key.endswith("3")]

    assert all_parts(replace(REQUEST, vector_ids=keys), FakeGateway(stored(*existing))) == existing


def test_a_single_vector_that_does_not_fit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the vector and how to ask for less of it."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 10)

    with pytest.raises(ResponseTooLargeError, match=r'vector "b" does not fit .* include_metadata => false'):
        run(REQUEST, FakeGateway(stored("a", "b")))


def test_what_was_got_in_time_is_answered() -> None:
    """When the time runs out after the first wave, a continuation goes on behind it."""
    keys = [f"v{number}" for number in range(150)]

    answer = run(replace(REQUEST, vector_ids=keys), FakeGateway(stored(*keys), calls_in_time=1))

    assert (ids(answer), answer.continuation) == (keys[:100], {"position": 100})


def test_nothing_in_time_is_a_timeout() -> None:
    """Without a wave there is no part to answer."""
    with pytest.raises(OutOfTimeError):
        run(replace(REQUEST, position=1), FakeGateway(stored("a"), calls_in_time=0))


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"data": {"float32": [0.5, float("inf")]}}, 'the data of vector "a" is not finite'),
        ({"data": {"float32": [float("nan")]}}, 'the data of vector "a" is not finite'),
        ({"data": {}}, "has no 'float32'"),
        ({"metadata": {"k": ["x", "\0"]}}, r'the metadata of vector "a" holds U\+0000'),
    ],
)
def test_a_vector_that_postgresql_cannot_store_is_named(members: dict[str, Any], problem: str) -> None:
    """The error names the vector and what is wrong with it."""
    with pytest.raises(MalformedDataError, match=problem):
        run(REQUEST, FakeGateway(stored("a", **members)))
