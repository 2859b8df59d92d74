"""Ranking of vectors that the caller names: exact, in any number of parts, and nothing of it kept."""

from __future__ import annotations

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from s3vl_lambda.operations.rank_vectors import run
from s3vl_lambda.protocol import requests, responses
from s3vl_lambda.protocol.errors import (
    BrokenContractError,
    InvalidRequestError,
    MalformedDataError,
    OutOfTimeError,
    ResponseTooLargeError,
    S3vlError,
    ThrottledError,
)
from s3vl_lambda.protocol.members import Members
from s3vl_lambda.protocol.requests import RankVectors
from s3vl_lambda.services import parallel
from s3vl_lambda.services.s3_vectors import KEYS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REQUEST = RankVectors(
    budget_ms=29_000,
    index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index",
    query_vector=[3.0, 4.0],
    vector_ids=["a", "b", "c", "gone"],
    top_k=2,
    return_metadata=False,
)
STORED = {"a": [0.0, 1.0], "b": [3.0, 4.0], "c": [-3.0, -4.0]}


class FakeGateway:
    """S3 Vectors with some vectors, whose answers are in an order of its own, and which fails after some calls."""

    def __init__(
        self, stored: dict[str, Any], metric: str = "cosine", *, dimension: int = 2, seed: int = 0
    ) -> None:
        self.stored = dict(stored)
        self.index = {"distanceMetric": metric, "dimension": dimension}
        self.failure: S3vlError = OutOfTimeError("late")
        self.calls_in_time = 1_000_000
        self.asked: list[tuple[int, bool]] = []
        self.running, self.most_running = 0, 0
        self._random = random.Random(seed)  # noqa: S311 - repeatable
        self._lock = threading.Lock()

    def get_index(self, _index_arn: str) -> dict[str, Any]:
        """Tell how the index measures."""
        return self.index

    def get_vectors(
        self, _index_arn: str, keys: Sequence[str], *, return_data: bool, return_metadata: bool
    ) -> dict[str, dict[str, Any]]:
        """Give those that are stored."""
        with self._lock:
            if len(self.asked) == self.calls_in_time:
                raise self.failure
            self.asked.append((len(keys), return_metadata))
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            there = [key for key in keys if key in self.stored]
            self._random.shuffle(there)
        found: dict[str, dict[str, Any]] = {key: {"key": key} for key in there}
        for key, vector in found.items():
            if return_data:
                vector["data"] = {"float32": self.stored[key]}
            if return_metadata:
                vector["metadata"] = {"of": key}
        with self._lock:
            self.running -= 1
        return found


def rows(answer: responses.Answer) -> list[dict[str, Any]]:
    """Read the rows."""
    assert answer.rows is not None
    return [json.loads(row) for row in answer.rows.encoded]


def resumed(request: RankVectors, answer: responses.Answer) -> RankVectors:
    """Make the request for the next part, whose continuation went over the wire."""
    event = {
        "index_arn": request.index_arn,
        "query_vector": request.query_vector,
        "vector_ids": request.vector_ids,
        "top_k": request.top_k,
        "return_metadata": request.return_metadata,
        "continuation": json.loads(json.dumps(answer.continuation)),
    }
    return RankVectors.read(Members(event), request.budget_ms)


def nearest(stored: dict[str, list[float]], request: RankVectors, metric: str) -> list[tuple[float, str]]:
    """Rank with numpy, all at once and in float64."""
    keys = [key for key in request.vector_ids if key in stored]
    if not keys:
        return []
    matrix = np.array([stored[key] for key in keys], dtype=np.float64)
    query = np.array(request.query_vector)
    if metric == "cosine":
        lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(query)
        distances = np.clip(np.round(1 - matrix @ query / lengths, 12), 0, 2)
    else:
        distances = ((matrix - query) ** 2).sum(axis=1)
    return sorted(zip(distances.astype(np.float32).tolist(), keys, strict=True))[: request.top_k]


def test_the_nearest_come_first_with_their_distances() -> None:
    """A row has id and distance, with metadata only when asked for; ids without a vector are counted."""
    plain = run(REQUEST, FakeGateway(STORED))
    described = run(replace(REQUEST, return_metadata=True), FakeGateway(STORED))

    assert plain.rows is not None
    assert plain.rows.encoded == [b'{"vector_id":"b","distance":0.0}', b'{"vector_id":"a","distance":0.2}']
    assert (plain.members, plain.continuation) == ({"distance_metric": "cosine", "missing": 1}, None)
    assert rows(described)[0] == {"vector_id": "b", "distance": 0, "metadata": {"of": "b"}}
    assert described.members == plain.members


@pytest.mark.parametrize(
    ("metric", "distances"),
    [
        ("cosine", {"a": 0.2, "b": 0, "c": 2, "longer": 0, "huge": 0}),
        ("euclidean", {"a": 18, "b": 0, "c": 100, "longer": 25, "huge": pytest.approx(2.5e77)}),
    ],
)
def test_distances_are_those_of_the_service(metric: str, distances: dict[str, float]) -> None:
    """Cosine is 1 - cosine, 0 to 2; euclidean is the square, and may be beyond a float32; ties go by id."""
    stored = STORED | {"longer": [6.0, 8.0], "huge": [3e38, 4e38]}
    request = replace(REQUEST, vector_ids=sorted(stored), top_k=10)

    found = rows(run(request, FakeGateway(stored, metric)))

    assert {row["vector_id"]: row["distance"] for row in found} == distances
    assert [(row["distance"], row["vector_id"]) for row in found] == sorted(
        (row["distance"], row["vector_id"]) for row in found
    )


@pytest.fixture
def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let calls be made in the order of the ids: of calls at the same time, any may be the last in time."""
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(parallel, "_pool", pool)
        yield


@pytest.mark.usefixtures("one_after_the_other")
@pytest.mark.parametrize("seed", range(60))
def test_any_parts_are_what_brute_force_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of ids, wherever the time or the room ends, the parts are the answer of numpy."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    numbers = np.random.default_rng(seed)
    dimension = chance.choice([1, 2, 7, 64])
    metric = chance.choice(["cosine", "euclidean"])
    count = chance.choice([1, 5, 99, 100, 101, 450, 1_000])
    # Few different vectors, so that there are ties; and some ids without any.
    kinds = numbers.standard_normal((max(1, count // 3), dimension), dtype=np.float32).tolist()
    ids = [f"id-{number}" for number in range(count)]
    chance.shuffle(ids)
    stored = {key: chance.choice(kinds) for key in ids if chance.random() < 0.9}
    query = numbers.standard_normal(dimension, dtype=np.float32).tolist()
    request = RankVectors(
        budget_ms=1,
        index_arn=REQUEST.index_arn,
        query_vector=query,
        vector_ids=ids,
        top_k=chance.choice([1, 3, 10, 200, 10_000]),
        return_metadata=chance.random() < 0.5,
    )
    gateway = FakeGateway(stored, metric, dimension=dimension, seed=seed)
    if chance.random() < 0.7:
        monkeypatch.setattr(responses, "MAX_ROW_BYTES", 80_000 if count > 100 else 6_000)
    found, missing, part = [], 0, request

    while True:
        gateway.calls_in_time = len(gateway.asked) + chance.choice([1, 2, 5, 1_000])
        answer = run(part, gateway)
        found += rows(answer)
        missing += answer.members["missing"]
        if answer.continuation is None:
            break
        part = resumed(request, answer)

    expected = nearest(stored, request, metric)
    assert [row["distance"] for row in found] == pytest.approx([d for d, _ in expected], rel=1e-6, abs=1e-9)
    assert len({row["vector_id"] for row in found}) == len(found)
    told = {row["vector_id"]: row["distance"] for row in found}
    assert found == sorted(found, key=lambda row: (row["distance"], row["vector_id"]))
    # Those at the edge may be ties by a hair of rounding; all that are clearly nearer are there.
    assert {key for d, key in expected if d < expected[-1][0] - 1e-6} <= told.keys()
    assert missing == count - len(stored)
    assert all(("metadata" in row) == request.return_metadata for row in found)
    assert all(size <= KEYS_PER_CALL for size, _ in gateway.asked)


@pytest.mark.parametrize(("dimension", "at_a_time"), [(2, 32), (1_024, 9), (4_096, 2)])
def test_few_vectors_are_on_their_way_at_a_time(dimension: int, at_a_time: int) -> None:
    """The larger they are, the fewer, so that memory does not depend on the number of ids."""
    vector = [1.0] * dimension
    ids = [str(number) for number in range(3_200)]
    gateway = FakeGateway(dict.fromkeys(ids, vector), dimension=dimension)

    run(replace(REQUEST, query_vector=vector, vector_ids=ids), gateway)

    assert 1 <= gateway.most_running <= at_a_time
    assert len(gateway.asked) == 32


def test_metadata_is_got_for_the_nearest_only() -> None:
    """However many are ranked, and however large their metadata: of the others none is read."""
    ids = [str(number) for number in range(1_000)]
    gateway = FakeGateway({key: [1.0, float(key)] for key in ids})

    answer = run(replace(REQUEST, vector_ids=ids, top_k=3, return_metadata=True), gateway)

    assert len(rows(answer)) == 3
    assert [asked for asked in gateway.asked if asked[1]] == [(3, True)]


def test_one_that_is_gone_when_its_metadata_is_read_makes_room() -> None:
    """There are as many rows as vectors that still exist, up to top_k, and the others are counted."""

    class Vanishing(FakeGateway):
        def get_vectors(self, index_arn: str, keys: Sequence[str], **wanted: bool) -> Any:
            if wanted["return_metadata"]:
                self.stored.pop("b", None)
            return super().get_vectors(index_arn, keys, **wanted)  # type: ignore[arg-type]

    answer = run(replace(REQUEST, return_metadata=True), Vanishing(STORED))

    assert [row["vector_id"] for row in rows(answer)] == ["a", "c"]
    assert (answer.members["missing"], answer.continuation) == (2, None)


@pytest.mark.usefixtures("one_after_the_other")
@pytest.mark.parametrize("failure", [OutOfTimeError("late"), ThrottledError("slow down")])
def test_no_answer_looks_whole_that_is_not(failure: S3vlError) -> None:
    """The end of the time is a part that says where to go on, or an error when nothing was done; others are errors."""
    ids = [str(number) for number in range(250)]
    gateway = FakeGateway({key: [1.0, float(key)] for key in ids})
    gateway.failure, gateway.calls_in_time = failure, 0
    request = replace(REQUEST, vector_ids=ids)

    with pytest.raises(type(failure)):
        run(request, gateway)

    gateway.calls_in_time = 2
    if isinstance(failure, ThrottledError):
        with pytest.raises(ThrottledError):
            run(request, gateway)
    else:
        part = run(request, gateway)
        assert rows(part) == []
        assert part.continuation is not None
        assert part.continuation["position"] == 200
        assert len(part.continuation["ranked"]) == 2


def test_a_row_that_does_not_fit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was ranked is a part; the next is an error that says what to leave out."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 100)
    request = replace(REQUEST, return_metadata=True)
    ranked = run(request, FakeGateway(STORED))

    assert rows(ranked) == []
    with pytest.raises(ResponseTooLargeError, match=r'vector "b" does not fit .* return_metadata => false'):
        run(resumed(request, ranked), FakeGateway(STORED))


@pytest.mark.parametrize(
    ("metric", "vector", "error", "message"),
    [
        ("cosine", [0.0, 0.0], MalformedDataError, 'vector "a" is zero in every dimension'),
        ("cosine", [float("nan"), 1.0], MalformedDataError, "is not finite"),
        ("cosine", [float("inf"), 1.0], MalformedDataError, "is not finite"),
        ("euclidean", [float("nan"), 1.0], MalformedDataError, "is not finite"),
        ("euclidean", [10**400, 1], MalformedDataError, "is not finite"),
        ("euclidean", [1e300, 1.0], MalformedDataError, "is not finite"),
        ("euclidean", [1.0], BrokenContractError, 'returned 1 numbers for vector "a", where .* 2 dimensions'),
        ("euclidean", [1.0, "2"], BrokenContractError, 'has "2" in the data of vector "a"'),
        ("euclidean", [1.0, True], BrokenContractError, "has true in the data"),
        ("euclidean", [1.0, None], BrokenContractError, "has null in the data"),
        ("euclidean", [1.0, [2.0]], BrokenContractError, r"has \[2.0\] in the data"),
        ("euclidean", 1.0, BrokenContractError, "which must be an array"),
        ("dotproduct", [1.0, 2.0], BrokenContractError, 'an index of the metric "dotproduct"'),
    ],
)
def test_what_has_no_distance_is_an_error(
    metric: str, vector: Any, error: type[S3vlError], message: str
) -> None:
    """No vector is passed over in silence: it is named."""
    with pytest.raises(error, match=message):
        run(REQUEST, FakeGateway({"a": vector}, metric))


@pytest.mark.parametrize(
    ("query_vector", "message"),
    [
        ([1.0, 2.0, 3.0], "query_vector has 3 numbers; the index has 2 dimensions"),
        ([0.0, 0.0], "query_vector is zero in every dimension"),
    ],
)
def test_a_vector_that_is_none_of_the_index_is_refused(query_vector: list[float], message: str) -> None:
    """Even when none of the ids has a vector to compare with."""
    with pytest.raises(InvalidRequestError, match=message):
        run(replace(REQUEST, query_vector=query_vector), FakeGateway({}))


def test_numbers_are_rounded_as_the_service_rounds_them() -> None:
    """The query is compared as float32, and so is found at distance 0 what was stored from it."""
    event = json.dumps({"operation": "rank_vectors", "protocol": 2, "budget_ms": 1} | {
        "index_arn": REQUEST.index_arn, "query_vector": "[0.1,0.7]", "vector_ids": ["a"],
        "top_k": 1, "return_metadata": False,
    })  # fmt: skip
    request = requests.parse(json.loads(event))
    stored = np.array([0.1, 0.7], dtype=np.float32).astype(float).tolist()

    assert isinstance(request, RankVectors)
    assert rows(run(request, FakeGateway({"a": stored}, "euclidean")))[0]["distance"] == 0
