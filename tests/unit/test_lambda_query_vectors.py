"""Queries: pages are drained, and a part ends where it can be resumed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from s3vl_lambda.operations.query_vectors import run
from s3vl_lambda.protocol import responses
from s3vl_lambda.protocol.errors import MalformedDataError, OutOfTimeError, ResponseTooLargeError
from s3vl_lambda.protocol.requests import Place, QueryVectors
from s3vl_lambda.services.s3_vectors import Page

REQUEST = QueryVectors(
    budget_ms=29_000,
    index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index",
    query_vector=[0.5, 1.5],
    top_k=5,
    return_metadata=True,
    metadata_filter={"a": 1},
    query_mode="ENHANCED",
)


class FakeGateway:
    """S3 Vectors with pages by the token that leads to them; an exception is raised in place of its page."""

    def __init__(self, pages: dict[str | None, Any]) -> None:
        self.pages = pages
        self.asked: list[dict[str, Any]] = []

    def query_vectors(self, index_arn: str, **parameters: Any) -> Page:
        """Give the page of a token."""
        self.asked.append({"index_arn": index_arn} | parameters)
        page = self.pages[parameters["next_token"]]
        if isinstance(page, Exception):
            raise page
        numbers, token = page
        return Page([hit(number) for number in numbers], token, "cosine")


def hit(number: int, **members: Any) -> dict[str, Any]:
    """Make a hit of a query."""
    return {"key": f"v{number}", "distance": number / 10, "metadata": {"n": number}} | members


def ids(answer: responses.Answer) -> list[str]:
    """Read the ids of the rows."""
    assert answer.rows is not None
    return [json.loads(row)["vector_id"] for row in answer.rows.encoded]


def test_rows_have_id_distance_and_metadata() -> None:
    """A hit is written in the protocol's names, the distance as a float32."""
    answer = run(REQUEST, FakeGateway({None: ([9], None)}))

    assert answer.members == {"distance_metric": "cosine"}
    assert answer.rows is not None
    assert answer.rows.encoded == [b'{"vector_id":"v9","distance":0.9,"metadata":{"n":9}}']


def test_metadata_is_left_out_when_not_asked_for() -> None:
    """Without return_metadata a row has no such member."""
    answer = run(replace(REQUEST, return_metadata=False), FakeGateway({None: ([1], None)}))

    assert answer.rows is not None
    assert answer.rows.encoded == [b'{"vector_id":"v1","distance":0.1}']


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ({None: ([1, 2], "a"), "a": ([3, 4], "b"), "b": ([5], None)}, 5),
        ({None: ([1, 2, 3, 4, 5], "more")}, 5),
        ({None: ([1, 2, 3, 4, 5, 6], None)}, 5),
        ({None: ([], "a"), "a": ([1], "b"), "b": ([], None)}, 1),
        ({None: ([], None)}, 0),
    ],
)
def test_pages_are_drained_up_to_top_k(pages: dict[str | None, Any], found: int) -> None:
    """Short and empty pages are gone past; the answer is complete and has at most top_k rows."""
    answer = run(REQUEST, FakeGateway(pages))

    assert ids(answer) == [f"v{number}" for number in range(1, found + 1)]
    assert answer.continuation is None


def test_every_page_is_asked_for_with_the_same_parameters() -> None:
    """Only the token changes from page to page."""
    gateway = FakeGateway({None: ([1], "a"), "a": ([2], "b"), "b": ([3], None)})

    run(REQUEST, gateway)

    assert gateway.asked == [
        {
            "index_arn": REQUEST.index_arn,
            "query_vector": [0.5, 1.5],
            "top_k": 5,
            "return_metadata": True,
            "metadata_filter": {"a": 1},
            "query_mode": "ENHANCED",
            "next_token": token,
        }
        for token in (None, "a", "b")
    ]


def test_a_page_that_does_not_fit_starts_the_next_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts, resumed by the token of the page that did not fit, are the whole answer, each vector once."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 150)
    gateway = FakeGateway({None: ([1, 2], "a"), "a": ([3, 4], "b"), "b": ([5, 6], None)})

    first = run(REQUEST, gateway)
    second = run(replace(REQUEST, place=Place(**first.continuation)), gateway)

    assert (ids(first), first.continuation) == (["v1", "v2"], {"next_token": "a", "returned": 2})
    assert (ids(second), second.continuation) == (["v3", "v4"], {"next_token": "b", "returned": 4})
    assert ids(run(replace(REQUEST, place=Place(**second.continuation)), gateway)) == ["v5"]


@pytest.mark.parametrize(
    ("stop_after", "parts"),
    [
        (1, [["v1", "v2"], ["v3", "v4"], ["v5"]]),
        (2, [["v1", "v2"], ["v3", "v4"], ["v5"]]),
        (3, [["v1", "v2", "v3", "v4"], ["v5"]]),
        (4, [["v1", "v2", "v3", "v4"], ["v5"]]),
        (5, [["v1", "v2", "v3", "v4", "v5"]]),
        (10_000, [["v1", "v2", "v3", "v4", "v5"]]),
    ],
)
def test_a_part_ends_with_the_page_after_which_the_caller_stops(
    stop_after: int, parts: list[list[str]]
) -> None:
    """No page is read beyond it, top_k stays that of the query, and the parts are the whole answer."""
    gateway = FakeGateway({None: ([1, 2], "a"), "a": ([], "b"), "b": ([3, 4], "c"), "c": ([5, 6], "d")})
    request, found, pages = replace(REQUEST, stop_after=stop_after), [], []

    while True:
        answer = run(request, gateway)
        found.append(ids(answer))
        pages.append(len(gateway.asked))
        if answer.continuation is None:
            break
        request = replace(request, place=Place(**answer.continuation))

    assert found == parts
    assert {one["top_k"] for one in gateway.asked} == {5}
    assert [one["next_token"] for one in gateway.asked] == [None, "a", "b", "c"]
    assert pages[0] == {1: 1, 2: 1, 3: 3, 4: 3}.get(stop_after, 4)


def test_a_first_page_that_does_not_fit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no smaller part than a page, and the message says how to ask for less."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 10)

    with pytest.raises(
        ResponseTooLargeError, match=r"one page of 2 vectors does not fit .* return_metadata => false"
    ):
        run(REQUEST, FakeGateway({None: ([1, 2], None)}))


def test_what_was_found_in_time_is_answered() -> None:
    """When the time runs out after a page, even an empty one, a continuation goes on from there."""
    late = OutOfTimeError("late")

    found = run(REQUEST, FakeGateway({None: ([1], "a"), "a": late}))
    nothing = run(REQUEST, FakeGateway({None: ([], "a"), "a": late}))

    assert (ids(found), found.continuation) == (["v1"], {"next_token": "a", "returned": 1})
    assert (ids(nothing), nothing.continuation) == ([], {"next_token": "a", "returned": 0})


def test_no_page_in_time_is_a_timeout() -> None:
    """Without a page there is no part to answer, in the first invocation and in a later one."""
    late = OutOfTimeError("late")

    with pytest.raises(OutOfTimeError):
        run(REQUEST, FakeGateway({None: late}))
    with pytest.raises(OutOfTimeError):
        run(replace(REQUEST, place=Place("a", 1)), FakeGateway({"a": late}))


@pytest.mark.parametrize(
    "pages", [{None: ([1], "a"), "a": ([2], "a")}, {None: ([], "a"), "a": ([], "b"), "b": ([], "a")}]
)
def test_a_token_that_comes_again_is_malformed(pages: dict[str | None, Any]) -> None:
    """Pages that lead round in a circle end with an error and not with the time."""
    with pytest.raises(MalformedDataError, match="the same page token twice"):
        run(REQUEST, FakeGateway(pages))


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"key": "a\0b"}, r'the id of vector "a\\u0000b" holds U\+0000.* metadata_filter'),
        ({"metadata": {"t": "\0"}}, r'the metadata of vector "v1" holds U\+0000.* without metadata'),
        ({"metadata": {"t": float("inf")}}, 'the metadata of vector "v1" holds a number that is not finite'),
        ({"distance": float("nan")}, 'the distance of vector "v1" is not finite'),
    ],
)
def test_a_hit_that_postgresql_cannot_store_is_named(members: dict[str, Any], problem: str) -> None:
    """The error names the vector, what is wrong with it, and how to read round it."""
    gateway = FakeGateway({None: ([1], None)})
    gateway.query_vectors = lambda *_, **__: Page([hit(1, **members)], None, "cosine")  # type: ignore[method-assign]

    with pytest.raises(MalformedDataError, match=problem):
        run(REQUEST, gateway)


def test_a_hit_without_distance_breaks_the_contract() -> None:
    """The distance is asked for, so the service has to give it."""
    gateway = FakeGateway({})
    gateway.query_vectors = lambda *_, **__: Page([{"key": "a"}], None, "cosine")  # type: ignore[method-assign]

    with pytest.raises(MalformedDataError, match="has no 'distance'"):
        run(REQUEST, gateway)


def test_metadata_that_the_service_leaves_out_is_empty() -> None:
    """A vector without metadata has an empty object, not null."""
    gateway = FakeGateway({})
    page = Page([{"key": "a", "distance": 1.0}], None, "cosine")
    gateway.query_vectors = lambda *_, **__: page  # type: ignore[method-assign]

    answer = run(REQUEST, gateway)

    assert answer.rows is not None
    assert answer.rows.encoded == [b'{"vector_id":"a","distance":1,"metadata":{}}']
