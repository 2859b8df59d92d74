"""Searches by texts: what is asked, and scores that a hit has or has not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from s3vl_lambda.operations.query_hybrid import run
from s3vl_lambda.protocol.errors import MalformedDataError
from s3vl_lambda.protocol.requests import QueryHybrid
from s3vl_lambda.services.s3_vectors import Page

REQUEST = QueryHybrid(
    budget_ms=29_000,
    index_arn="arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index",
    query_texts={"title": "red shoes"},
    query_vector=[0.5],
    top_k=5,
    return_metadata=True,
)


class FakeGateway:
    """S3 Vectors with pages of hits, by token."""

    def __init__(self, **pages: Page) -> None:
        self.pages = pages
        self.asked: list[dict[str, Any]] = []

    def query_vectors(self, index_arn: str, **parameters: Any) -> Page:
        """Give the page of a token."""
        self.asked.append({"index_arn": index_arn} | parameters)
        return self.pages[parameters["next_token"] or "first"]


def found(scores: dict[str, Any], **request: Any) -> bytes:
    """Search, with one hit of these scores; give its row."""
    hit = {"key": "a", "metadata": {"title": "shoes"}, "scores": scores}
    answer = run(replace(REQUEST, **request), FakeGateway(first=Page([hit], None, "cosine")))  # type: ignore[arg-type]
    assert answer.rows is not None
    assert answer.members == {"distance_metric": "cosine"}
    return answer.rows.encoded[0]


@pytest.mark.parametrize(
    ("scores", "written"),
    [
        (
            {
                "fused": 0.03278688524590164,
                "bm25Scores": [
                    {"metadataKey": "title", "score": 1.2000000476837158},
                    {"metadataKey": "body", "score": 3},
                ],
                "vectorDistance": 0.10000000149011612,
            },
            b'"bm25_scores":{"title":1.2,"body":3.0},"fused_score":0.032786883,"distance":0.1',
        ),
        ({"fused": 0.5, "vectorDistance": 0.25}, b'"bm25_scores":{},"fused_score":0.5,"distance":0.25'),
        ({"bm25Scores": [{"metadataKey": "title", "score": 0.5}]}, b'"bm25_scores":{"title":0.5}'),
    ],
)
def test_a_row_has_the_scores_that_there_are(scores: dict[str, Any], written: bytes) -> None:
    """Numbers are float32, and what a hit did not match is left out."""
    assert found(scores) == b'{"vector_id":"a",' + written + b',"metadata":{"title":"shoes"}}'


def test_metadata_is_left_out_when_not_asked_for() -> None:
    """Without return_metadata a row has no such member."""
    assert found({}, return_metadata=False) == b'{"vector_id":"a","bm25_scores":{}}'


@pytest.mark.parametrize("query_vector", [[0.5], None])
def test_every_page_is_asked_for_with_the_same_parameters(query_vector: list[float] | None) -> None:
    """Texts, vector and the rest go with every token."""
    gateway = FakeGateway(first=Page([], "more", "cosine"), more=Page([], None, "cosine"))

    run(replace(REQUEST, query_vector=query_vector), gateway)  # type: ignore[arg-type]

    assert gateway.asked == [
        {
            "index_arn": REQUEST.index_arn,
            "query_texts": {"title": "red shoes"},
            "query_vector": query_vector,
            "top_k": 5,
            "return_metadata": True,
            "metadata_filter": None,
            "next_token": token,
        }
        for token in (None, "more")
    ]


@pytest.mark.parametrize(
    ("scores", "problem"),
    [
        ({"fused": float("nan")}, 'a score of vector "a" is not finite'),
        (
            {"bm25Scores": [{"metadataKey": "t", "score": float("inf")}]},
            'a score of vector "a" holds a number',
        ),
        ({"bm25Scores": [{"metadataKey": "\0", "score": 1.0}]}, r"holds U\+0000"),
        ({"bm25Scores": [{"score": 1.0}]}, "has no 'metadataKey'"),
    ],
)
def test_scores_that_break_the_contract_are_malformed(scores: dict[str, Any], problem: str) -> None:
    """The error says which vector has them."""
    with pytest.raises(MalformedDataError, match=problem):
        found(scores)
