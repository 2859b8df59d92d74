"""Putting and deleting: chunks, what is done when something fails, and what is left to the next part."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from s3vl_lambda import operations
from s3vl_lambda.operations import put_vectors
from s3vl_lambda.operations._writing import CONCURRENT_WRITES
from s3vl_lambda.protocol import errors, responses
from s3vl_lambda.protocol.records import MetadataRecord, Record
from s3vl_lambda.protocol.requests import DeleteVectors, PutMetadata, PutVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ARN = "arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index"
LATE = errors.OutOfTimeError("late")
THROTTLED = errors.ThrottledError("slow down", origin="TooManyRequestsException", attempts=8)
REFUSED = errors.AccessDeniedError("no", origin="AccessDeniedException", attempts=1)


class FakeGateway:
    """S3 Vectors that stores ids; chunks that begin with certain ids fail."""

    def __init__(self, failures: dict[str, errors.S3vlError] | None = None) -> None:
        self.failures = failures or {}
        self.calls: list[list[str]] = []

    def put_vectors(self, _index_arn: str, records: Sequence[Record], positions: Sequence[int]) -> None:
        """Store some vectors, which stand where their ids say."""
        assert [record.vector_id for record in records] == [f"v{position}" for position in positions]
        self.delete_vectors(_index_arn, [record.vector_id for record in records])

    def delete_vectors(self, _index_arn: str, keys: Sequence[str]) -> None:
        """Delete some vectors."""
        if keys[0] in self.failures:
            raise self.failures[keys[0]]
        self.calls.append(list(keys))

    @property
    def done(self) -> list[str]:
        """Give the ids of all calls, in the order of the request."""
        return sorted((key for call in self.calls for key in call), key=lambda key: int(key[1:]))


def put(count: int, request_bytes: int = 1) -> PutVectors:
    """Make a request that stores so many vectors."""
    vectors = [Record(f"v{position}", [1.0], None, request_bytes) for position in range(1, count + 1)]
    return PutVectors(budget_ms=1, index_arn=ARN, vectors=vectors, remaining=[range(count)])


def delete(count: int) -> DeleteVectors:
    """Make a request that deletes so many vectors."""
    vector_ids = [f"v{position}" for position in range(1, count + 1)]
    return DeleteVectors(budget_ms=1, index_arn=ARN, vector_ids=vector_ids, remaining=[range(count)])


BOTH = pytest.mark.parametrize(("request_of", "done_as"), [(put, "written"), (delete, "deleted")])


def run(request: Any, gateway: Any) -> responses.Answer:
    """Carry out a request in a function with ample time."""
    return operations.run(request, gateway, 900)


@BOTH
def test_vectors_go_in_calls_of_five_hundred(request_of: Callable[[int], Any], done_as: str) -> None:
    """Each vector is in one call, and the answer tells one range."""
    gateway = FakeGateway()

    answer = run(request_of(1_201), gateway)

    assert sorted(map(len, gateway.calls)) == [201, 500, 500]
    assert gateway.done == [f"v{position}" for position in range(1, 1_202)]
    assert answer == responses.Answer({done_as: [[1, 1_201]]}, written=1_201)


def test_calls_are_bounded_by_bytes_too() -> None:
    """No call is longer than 20 MiB, however few vectors that are; one vector alone always goes."""
    gateway = FakeGateway()

    answer = put_vectors.run(put(10, request_bytes=6_000_000), gateway)  # type: ignore[arg-type]

    assert sorted(map(len, gateway.calls)) == [1, 3, 3, 3]
    assert answer.members == {"written": [[1, 10]]}


def test_chunks_run_at_the_same_time() -> None:
    """Eight calls meet each other."""
    together = threading.Barrier(CONCURRENT_WRITES)
    gateway = FakeGateway()
    gateway.delete_vectors = lambda *_: together.wait(60)  # type: ignore[assignment,method-assign,misc]

    answer = run(delete(500 * CONCURRENT_WRITES), gateway)

    assert answer.written == 500 * CONCURRENT_WRITES


@BOTH
def test_a_failure_tells_what_was_done_before_it(request_of: Callable[[int], Any], done_as: str) -> None:
    """What ran beside the failed chunk is waited for and told; nothing is begun after it."""
    gateway = FakeGateway({"v501": REFUSED})

    with pytest.raises(errors.AccessDeniedError) as raised:
        run(request_of(500 * 30), gateway)

    done = raised.value.done[done_as]
    assert done[0] == [1, 500]
    assert done[1:] == [[1_001, 500 * len(gateway.calls) + 500]]
    assert len(gateway.calls) < 20


@BOTH
def test_a_failure_of_the_first_chunk_tells_that_nothing_was_done(
    request_of: Callable[[int], Any], done_as: str
) -> None:
    """The ranges are empty, not missing, whether the failure may pass or not."""
    for failure in (REFUSED, THROTTLED, LATE):
        with pytest.raises(type(failure)) as raised:
            run(request_of(2), FakeGateway({"v1": failure}))

        assert raised.value.done == {done_as: []}


@BOTH
@pytest.mark.parametrize("failure", [LATE, THROTTLED])
def test_what_may_pass_is_left_to_the_next_part(
    request_of: Callable[[int], Any], done_as: str, failure: errors.S3vlError
) -> None:
    """The continuation holds the ranges that are not done, and doing them completes the request."""
    gateway = FakeGateway({"v501": failure, "v1501": failure})
    request = request_of(2_100)

    first = run(request, gateway)
    gateway.failures.clear()
    rest = [range(start - 1, stop) for start, stop in first.continuation["remaining"]]  # type: ignore[index]
    second = run(replace(request, remaining=rest), gateway)

    assert first.members == {done_as: [[1, 500], [1_001, 1_500], [2_001, 2_100]]}
    assert first.continuation == {"remaining": [[501, 1_000], [1_501, 2_000]]}
    assert second == responses.Answer({done_as: [[501, 1_000], [1_501, 2_000]]}, written=1_000)
    assert gateway.done == [f"v{position}" for position in range(1, 2_101)]


def test_a_failure_that_lasts_comes_before_one_that_may_pass() -> None:
    """Trying again would be in vain, so it is no part but an error."""
    gateway = FakeGateway({"v501": THROTTLED, "v1001": REFUSED})

    with pytest.raises(errors.AccessDeniedError) as raised:
        run(delete(1_500), gateway)

    assert raised.value.done == {"deleted": [[1, 500]]}


def test_an_error_carries_the_ranges_on_the_wire() -> None:
    """They stand beside the code."""
    error = errors.AccessDeniedError("no")
    error.done = {"written": [[1, 1_500], [2_001, 2_500]]}

    document = json.loads(responses.failure(error, responses.Envelope(1, "r", {})))

    assert document["error"]["written"] == [[1, 1_500], [2_001, 2_500]]


class KeepingGateway:
    """S3 Vectors that has some vectors, and keeps what is put."""

    def __init__(self, stored: dict[str, list[float]]) -> None:
        self.stored = stored
        self.metadata: dict[str, Any] = {}

    def get_vectors(self, _index_arn: str, keys: Sequence[str], **what: bool) -> dict[str, dict[str, Any]]:
        """Give what is there."""
        assert what == {"return_data": True, "return_metadata": False}
        assert len(keys) <= 100
        return {
            key: {"key": key, "data": {"float32": self.stored[key]}} for key in keys if key in self.stored
        }

    def put_vectors(self, _index_arn: str, records: Sequence[Record], positions: Sequence[int]) -> None:
        """Store some vectors, which stand where their ids say."""
        assert [record.vector_id for record in records] == [f"v{position}" for position in positions]
        for record in records:
            self.stored[record.vector_id] = json.loads(record.embedding.json)
            self.metadata[record.vector_id] = record.metadata


def test_new_metadata_leaves_the_numbers_as_they_are() -> None:
    """Each vector that is there is put with the same float32 numbers; where there is none nothing is put."""
    stored = {f"v{position}": [position / 3, 0.1] for position in range(1, 251) if position % 100 != 7}
    gateway = KeepingGateway({key: list(numbers) for key, numbers in stored.items()})
    vectors = [MetadataRecord(f"v{position}", {"n": position}) for position in range(1, 251)]
    request = PutMetadata(budget_ms=1, index_arn=ARN, vectors=vectors, remaining=[range(1), range(2, 250)])

    answer = run(request, gateway)

    assert answer.members == {"written": [[1, 1], [3, 250]], "missing": [[7, 7], [107, 107], [207, 207]]}
    assert gateway.metadata == {key: {"n": int(key[1:])} for key in stored if key != "v2"}
    assert gateway.stored.keys() == stored.keys()
    for key, numbers in stored.items():
        assert gateway.stored[key] == pytest.approx(numbers, rel=1e-7)
