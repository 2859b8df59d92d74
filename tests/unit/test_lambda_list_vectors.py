"""Listing an index: one page that has vectors, and the way to the next."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from s3vl_lambda.operations.list_vectors import run
from s3vl_lambda.protocol import responses
from s3vl_lambda.protocol.errors import MalformedDataError, OutOfTimeError, ResponseTooLargeError
from s3vl_lambda.protocol.requests import ListVectors
from s3vl_lambda.services.s3_vectors import Page

REQUEST = ListVectors(
    budget_ms=29_000,
    index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index",
    max_results=100,
    return_data=False,
    return_metadata=False,
    segment_count=4,
    segment_index=3,
)


class FakeIndex:
    """An index whose tokens are positions; it gives an empty page before each position in `gaps`."""

    def __init__(self, size: int, gaps: dict[int, Any] | None = None) -> None:
        self.size = size
        self.gaps = gaps or {}
        self.asked: list[dict[str, Any]] = []

    def list_vectors(self, index_arn: str, **parameters: Any) -> Page:
        """Give one page."""
        self.asked.append({"index_arn": index_arn} | parameters)
        token = parameters["next_token"] or "0"
        if token in self.gaps:
            gap = self.gaps[token]
            if isinstance(gap, Exception):
                raise gap
            return Page([], gap)
        start = int(token)
        end = min(start + parameters["max_results"], self.size)
        vectors = [
            {"key": f"v{number}", "data": {"float32": [number]}, "metadata": {"n": number}}
            for number in range(start, end)
        ]
        return Page(vectors, str(end) if end < self.size else None)


def ids(answer: responses.Answer) -> list[str]:
    """Read the ids of the rows."""
    assert answer.rows is not None
    return [json.loads(row)["vector_id"] for row in answer.rows.encoded]


def test_a_page_comes_with_the_token_of_the_next() -> None:
    """The token of the service is passed through, and the last page has none."""
    first = run(REQUEST, FakeIndex(150))
    last = run(replace(REQUEST, next_token="100"), FakeIndex(150))

    assert (len(ids(first)), first.members) == (100, {"next_token": "100"})
    assert (len(ids(last)), last.members) == (50, {})
    assert first.continuation is None


def test_everything_asked_for_reaches_the_service() -> None:
    """Segments, flags and limits pass through unchanged."""
    index = FakeIndex(1)

    run(REQUEST, index)

    assert index.asked == [
        {
            "index_arn": REQUEST.index_arn,
            "max_results": 100,
            "next_token": None,
            "return_data": False,
            "return_metadata": False,
            "segment_count": 4,
            "segment_index": 3,
        }
    ]


@pytest.mark.parametrize(
    ("data", "metadata", "row"),
    [
        (True, True, b'{"vector_id":"v0","embedding":[0],"metadata":{"n":0}}'),
        (False, False, b'{"vector_id":"v0"}'),
    ],
)
def test_a_row_has_what_was_asked_for(data: bool, metadata: bool, row: bytes) -> None:
    """Numbers and metadata come only when they are wanted."""
    answer = run(replace(REQUEST, return_data=data, return_metadata=metadata), FakeIndex(1))

    assert answer.rows is not None
    assert answer.rows.encoded == [row]


def test_empty_pages_are_gone_past() -> None:
    """The answer has vectors whenever there are any left."""
    answer = run(REQUEST, FakeIndex(3, gaps={"0": "gap", "gap": "1"}))

    assert ids(answer) == ["v1", "v2"]


def test_no_vectors_and_no_token_are_the_end() -> None:
    """Only the end of the index has no rows."""
    answer = run(REQUEST, FakeIndex(0))

    assert (ids(answer), answer.members, answer.continuation) == ([], {}, None)


def test_time_that_runs_out_among_empty_pages_is_no_end() -> None:
    """A continuation goes on through the empty pages."""
    answer = run(REQUEST, FakeIndex(3, gaps={"0": "gap", "gap": OutOfTimeError("late")}))

    assert (ids(answer), answer.members, answer.continuation) == ([], {}, {"next_token": "gap"})


def test_no_page_in_time_is_a_timeout() -> None:
    """Without a page there is no part to answer."""
    with pytest.raises(OutOfTimeError):
        run(REQUEST, FakeIndex(3, gaps={"0": OutOfTimeError("late")}))


def test_a_token_that_comes_again_is_malformed() -> None:
    """Empty pages that lead round in a circle end with an error."""
    with pytest.raises(MalformedDataError, match="the same page token twice"):
        run(REQUEST, FakeIndex(3, gaps={"0": "a", "a": "b", "b": "a"}))


def test_a_page_that_does_not_fit_is_asked_for_again_as_far_as_it_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """max_results is an upper bound: following the tokens still reaches every vector once."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 500)
    request, found = REQUEST, []
    while True:
        answer = run(request, FakeIndex(150))
        found += ids(answer)
        if not answer.members:
            break
        request = replace(request, **answer.members)

    assert found == [f"v{number}" for number in range(150)]


def test_a_single_vector_that_does_not_fit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """One vector cannot be asked for in parts."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 5)

    with pytest.raises(ResponseTooLargeError, match='vector "v0" does not fit'):
        run(REQUEST, FakeIndex(2))
