"""_next_neighbours: neighbours read on, for query_filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

TOKEN = {"next_token": "t", "returned": 2}


def read_on(db: Database, changes: LiteralString = "", **parameters: Any) -> dict[str, Any]:
    """Read neighbours of a vector in the index "docs"."""
    [row] = db.rows(
        "select * from s3vl._next_neighbours(s3vl._sealed_caller(), '{1,2,3,4,5}', 'docs', null, 300, 100, true,"
        " '{\"a\": 1}', " + (changes or "null") + ", clock_timestamp())",
        **parameters,
    )
    return row


def test_one_row_has_the_neighbours_and_where_to_go_on(db: Database, registered: StubLambda) -> None:
    """Arrays keep the order of the answer; the continuation is that of the Lambda function."""
    vectors = [
        {"vector_id": "b", "distance": 0.25, "metadata": {"n": 1}},
        {"vector_id": "a", "distance": 0.5, "metadata": {}},
    ]
    registered.answers({"distance_metric": "cosine", "vectors": vectors}, continuation=TOKEN)

    assert read_on(db) == {
        "vector_ids": ["b", "a"],
        "distances": [0.25, 0.5],
        "similarity_scores": [0.75, 0.5],
        "metadata": [{"n": 1}, {}],
        "next_continuation": TOKEN,
    }
    [request] = registered.requests
    assert (request["top_k"], request["stop_after"], request["metadata_filter"]) == (300, 100, {"a": 1})
    assert "continuation" not in request


def test_the_next_call_goes_on_from_the_continuation(db: Database, registered: StubLambda) -> None:
    """One call is one request, and no continuation in its answer is the end, even without neighbours."""
    registered.answers({"distance_metric": "cosine", "vectors": []})

    found = read_on(db, "%(place)s::jsonb", place='{"next_token": "t", "returned": 2}')

    assert found == {
        "vector_ids": [],
        "distances": [],
        "similarity_scores": [],
        "metadata": [],
        "next_continuation": None,
    }
    assert registered.requests[0]["continuation"] == TOKEN


def test_a_caller_cannot_lengthen_its_time(db: Database, registered: StubLambda) -> None:
    """A start in the future counts as now: timeout_seconds bounds every call."""
    registered.answers({"distance_metric": "cosine", "vectors": []})

    db.rows(
        "select * from s3vl._next_neighbours(s3vl._sealed_caller(), '{1,2,3,4,5}', 'docs', null, 10, 10, false, null,"
        " null, clock_timestamp() + interval '1 hour')"
    )

    assert 0 < registered.requests[0]["budget_ms"] <= 29_000
