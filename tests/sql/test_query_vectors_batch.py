"""query_vectors_batch: many vectors, one call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/query_vectors_batch.json").read_text())
TWO: LiteralString = "array[array[0.1, 0.2, 0.3, 0.4, 0.5], array[0.5, 0.4, 0.3, 0.2, 0.1]]"
NONE: dict[str, Any] = {"distance_metric": "cosine", "vectors": []}


def hit(number: Any, vector_id: str, distance: float) -> dict[str, Any]:
    """Return a vector of an answer."""
    return {"query_number": number, "vector_id": vector_id, "distance": distance}


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """The request is the one in lambda/events/."""
    registered.answers(NONE)

    db.rows(
        "select * from s3vl.query_vectors_batch(" + TWO + ", 'docs', top_k => 5,"
        """ metadata_filter => '{"category": "test"}')"""
    )

    [request] = registered.requests
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


def test_returns_rows_of_all_parts_with_the_number_of_their_query(
    db: Database, registered: StubLambda
) -> None:
    """Rows keep the order of the answer; a query without hits has no row."""
    registered.answers(
        {"distance_metric": "euclidean", "vectors": [hit(1, "b", 0), hit(1, "a", 3)]}, continuation={"q": 3}
    )
    registered.answers({"distance_metric": "euclidean", "vectors": [hit(3, "a", 1)]})

    rows = db.rows(
        "select * from s3vl.query_vectors_batch(array[array[1,2,3,4,5], array[1,2,3,4,5], array[1,2,3,4,5]],"
        " 'docs')"
    )

    assert [tuple(row.values()) for row in rows] == [
        (1, "b", 0.0, 1.0, None),
        (1, "a", 3.0, 0.25, None),
        (3, "a", 1.0, 0.5, None),
    ]


def test_vectors_of_a_table_are_gathered_with_array_agg(db: Database, registered: StubLambda) -> None:
    """array_agg makes the two-dimensional array, also of real[]."""
    registered.answers(NONE)

    db.rows(
        "select * from s3vl.query_vectors_batch("
        "(select array_agg(array[1, 2, 3, 4, i]::real[]) from generate_series(1, 3) as i), 'docs')"
    )

    assert registered.requests[0]["query_vectors"] == [f"[1,2,3,4,{number}]" for number in (1, 2, 3)]


def test_what_is_too_much_for_a_request_is_sent_in_several(db: Database, registered: StubLambda) -> None:
    """A thousand vectors of 2,000 dimensions pass 6 MiB; the numbers of the queries go on."""
    db.rows("update s3vl.index_registry set dimension = 2000")
    for _ in range(6):
        registered.answers({"distance_metric": "cosine", "vectors": [hit(1, "a", 0)]})

    rows = db.rows(
        "select query_number from s3vl.query_vectors_batch("
        "(select array_agg(array_fill(0.12345678, array[2000])) from generate_series(1, 1000)), 'docs')"
    )

    sizes = [len(request["query_vectors"]) for request in registered.requests]
    assert sum(sizes) == 1000
    assert len(sizes) == 6
    assert [row["query_number"] for row in rows] == [1 + sum(sizes[:part]) for part in range(6)]


BAD = [
    ("null", "query_vectors is null"),
    ("array[1, 2, 3, 4, 5]", "query_vectors must be two-dimensional, got [1:5]"),
    ("array[array[1, 2], array[3, 4]]",
        'query_vectors has 2 numbers a vector, index "docs" has 5 dimensions'),
    ("array[array[1, 2, 3, 4, 5], array[1, 2, null, 4, 5]]", "query_vectors[2][3] is null"),
    ("array[array[1, 2, 3, 4, 5], array['NaN', 2, 3, 4, 5]]", "query_vectors[2][1] is NaN"),
    ("array[array[1, 2, 3, 4, 1e39], array[1, 2, 3, 4, 5]]", "query_vectors[1][5] is 1e+39"),
    ("array[array[1, 2, 3, 4, 5], array[0, 0, 0, 1e-50, 0]]",
        "query_vectors[2] is zero in every dimension"),
    ("array_fill(1::float8, array[1001, 5])", "query_vectors must hold at most 1000 vectors, got 1001"),
]  # fmt: skip


@pytest.mark.parametrize(("vectors", "message"), BAD, ids=[case[1] for case in BAD])
def test_bad_vectors_are_refused_by_number(
    db: Database, registered: StubLambda, vectors: LiteralString, message: str
) -> None:
    """The error says which vector, and which number of it."""
    error = db.error("select * from s3vl.query_vectors_batch((" + vectors + ")::float8[], 'docs')")

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert (error.message_hint or "").startswith(("Pass", "Every number", "Cosine", "Search with 1000"))
    assert registered.calls == []


@pytest.mark.parametrize("number", [0, 3, -1, None, "1", 1e12])
def test_row_of_no_query_is_an_error(db: Database, registered: StubLambda, number: Any) -> None:
    """A row that cannot be told to a query is not given to another one."""
    registered.answers({"distance_metric": "cosine", "vectors": [hit(number, "a", 0)]})

    assert db.error("select * from s3vl.query_vectors_batch(" + TWO + ", 'docs')").sqlstate == "S3V04"


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("top_k => 0", "top_k must be between 1 and 10000, got 0"),
        ("return_metadata => null", "return_metadata must be true or false, got null"),
        ("metadata_filter => '[]'", "metadata_filter must be a JSON object, got []"),
        ("query_mode => 'fast'", 'query_mode must be CLASSIC or ENHANCED, got "fast"'),
    ],
)
def test_other_arguments_are_checked_as_those_of_query_vectors(
    db: Database, registered: StubLambda, argument: LiteralString, message: str
) -> None:
    """The checks are the same for one vector and for many."""
    error = db.error("select * from s3vl.query_vectors_batch(" + TWO + ", 'docs', " + argument + ")")

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert registered.calls == []
