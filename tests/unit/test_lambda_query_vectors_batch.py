"""Batches: rows by query, side by side, and parts that end within and between queries."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from s3vl_lambda.operations.query_vectors_batch import run
from s3vl_lambda.protocol import responses
from s3vl_lambda.protocol.errors import AccessDeniedError, OutOfTimeError
from s3vl_lambda.protocol.requests import Place, QueryVectorsBatch
from s3vl_lambda.services.parallel import CONCURRENT_CALLS
from s3vl_lambda.services.s3_vectors import Page

REQUEST = QueryVectorsBatch(
    budget_ms=29_000,
    index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index",
    query_vectors=[[1.0], [2.0], [3.0]],
    top_k=4,
    return_metadata=False,
    metadata_filter={"a": 1},
    query_mode="ENHANCED",
)


class FakeGateway:
    """S3 Vectors whose pages have two hits; the pages that are listed as failures, by vector and token, fail."""

    def __init__(
        self, pages: int = 2, failures: dict[tuple[float, str | None], Exception] | None = None
    ) -> None:
        self.pages = pages
        self.failures = failures or {}
        self.asked: list[dict[str, Any]] = []
        self.stopped = False

    def query_vectors(self, _index_arn: str, **parameters: Any) -> Page:
        """Give the page of a token, which is its number."""
        self.asked.append(parameters)
        [number], token = parameters["query_vector"], parameters["next_token"]
        if (number, token) in self.failures:
            raise self.failures[number, token]
        page = int(token or 1)
        hits = [{"key": f"{number:g}-{page}-{hit}", "distance": page / 10} for hit in (1, 2)]
        return Page(hits, str(page + 1) if page < self.pages else None, "cosine")

    def stop(self) -> None:
        """Note that no more calls are wanted."""
        self.stopped = True


def rows(answer: responses.Answer) -> list[tuple[int, str]]:
    """Read query numbers and ids."""
    assert answer.rows is not None
    return [(row["query_number"], row["vector_id"]) for row in map(json.loads, answer.rows.encoded)]


def next_part(request: QueryVectorsBatch, answer: responses.Answer) -> QueryVectorsBatch:
    """Ask for what an answer left."""
    assert answer.continuation is not None
    place = Place(**answer.continuation.get("continuation", {}))
    return replace(request, query_number=answer.continuation["query_number"], place=place)


def all_parts(request: QueryVectorsBatch, gateway: FakeGateway) -> tuple[list[tuple[int, str]], int]:
    """Ask until there is no continuation; give the rows of all parts, and how many parts there were."""
    found: list[tuple[int, str]] = []
    parts = 0
    while True:
        answer = run(request, gateway)  # type: ignore[arg-type]
        found, parts = found + rows(answer), parts + 1
        if answer.continuation is None:
            return found, parts
        request = next_part(request, answer)


def expected(queries: int, pages: int = 2) -> list[tuple[int, str]]:
    """List all hits in order."""
    return [
        (number, f"{number}-{page}-{hit}")
        for number in range(1, queries + 1)
        for page in range(1, pages + 1)
        for hit in (1, 2)
    ]


def test_rows_stand_by_query_and_nearest_first() -> None:
    """Each query's pages are drained; its number comes first in each row; the pool is told to stop."""
    gateway = FakeGateway()

    answer = run(REQUEST, gateway)  # type: ignore[arg-type]

    assert rows(answer) == expected(3)
    assert answer.rows is not None
    assert answer.rows.encoded[0] == b'{"query_number":1,"vector_id":"1-1-1","distance":0.1}'
    assert (answer.members, answer.continuation) == ({"distance_metric": "cosine"}, None)
    assert gateway.stopped


def test_every_query_is_asked_with_the_same_parameters() -> None:
    """Only vector and token differ."""
    gateway = FakeGateway()

    run(REQUEST, gateway)  # type: ignore[arg-type]

    assert sorted(gateway.asked, key=lambda asked: (asked["query_vector"], asked["next_token"] or "")) == [
        {
            "query_vector": [number],
            "top_k": 4,
            "return_metadata": False,
            "metadata_filter": {"a": 1},
            "query_mode": "ENHANCED",
            "next_token": token,
        }
        for number in (1.0, 2.0, 3.0)
        for token in (None, "2")
    ]


@pytest.mark.parametrize(
    ("top_k", "return_metadata", "alone"),
    [(100, False, 0), (2, True, 0), (10, True, 1), (100, True, 1), (10_000, False, 1)],
)
def test_queries_run_at_the_same_time(top_k: int, return_metadata: bool, alone: int) -> None:
    """All threads meet: at once when no answers could be large, else once the first has shown its size."""
    together = threading.Barrier(CONCURRENT_CALLS)
    vectors = [[float(number)] for number in range(1, alone + CONCURRENT_CALLS + 1)]

    class Meeting(FakeGateway):
        """A service at which all threads must be at the same time."""

        def query_vectors(self, index_arn: str, **parameters: Any) -> Page:
            """Wait for the others."""
            if parameters["query_vector"] != [1.0] or not alone:
                together.wait(60)
            return super().query_vectors(index_arn, **parameters)

    request = replace(REQUEST, query_vectors=vectors, top_k=top_k, return_metadata=return_metadata)

    assert rows(run(request, Meeting(pages=1))) == expected(len(vectors), pages=1)  # type: ignore[arg-type]


ROW = len(b'{"query_number":1,"vector_id":"1-1-1","distance":0.1},')


@pytest.mark.parametrize(
    ("rows_that_fit", "parts"),
    [(12, 1), (11, 2), (8, 2), (7, 3), (4, 3), (3, 6), (2, 6)],
)
def test_parts_that_fill_up_add_up_to_the_whole(
    monkeypatch: pytest.MonkeyPatch, rows_that_fit: int, parts: int
) -> None:
    """Whether a part ends between queries or within one, no row is lost or comes twice."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", rows_that_fit * ROW)

    assert all_parts(REQUEST, FakeGateway()) == (expected(3), parts)


def test_few_queries_run_in_vain_when_answers_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """With many pages to a query, the first shows how many are likely to fit; of twenty, few are asked twice."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 9 * ROW)
    request = replace(REQUEST, query_vectors=[[float(number)] for number in range(1, 10)], top_k=10_000)
    gateway = FakeGateway()

    found, parts = all_parts(request, gateway)

    assert (found, parts) == (expected(9), 5)
    assert len(gateway.asked) <= 2 * 9 + 2 * parts


def test_what_was_found_in_time_is_answered() -> None:
    """A part ends before the query, or behind the page, at which the time ran out."""
    late = OutOfTimeError("late")
    between = run(REQUEST, FakeGateway(failures={(2.0, None): late}))  # type: ignore[arg-type]
    within = run(REQUEST, FakeGateway(failures={(2.0, "2"): late}))  # type: ignore[arg-type]

    assert (rows(between), between.continuation) == (expected(1), {"query_number": 2})
    assert rows(within) == [*expected(1), (2, "2-1-1"), (2, "2-1-2")]
    assert within.continuation == {"query_number": 2, "continuation": {"next_token": "2", "returned": 2}}
    for answer in (between, within):
        assert rows(answer) + rows(run(next_part(REQUEST, answer), FakeGateway())) == expected(3)  # type: ignore[arg-type]


def test_no_page_in_time_is_a_timeout() -> None:
    """Without a page of the first query there is no part to answer."""
    late = OutOfTimeError("late")

    with pytest.raises(OutOfTimeError):
        run(REQUEST, FakeGateway(failures={(1.0, None): late}))  # type: ignore[arg-type]


def test_a_query_that_fails_fails_the_batch() -> None:
    """There is no complete result without it, so there is none; the others are told to stop."""
    gateway = FakeGateway(failures={(2.0, None): AccessDeniedError("no")})

    with pytest.raises(AccessDeniedError):
        run(REQUEST, gateway)  # type: ignore[arg-type]
    assert gateway.stopped
