"""query_vectors: what is sent, and what becomes of the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/query_vectors.json").read_text())


def query(db: Database, arguments: LiteralString = "", **parameters: Any) -> list[dict[str, Any]]:
    """Search the index "docs" for the vector of the event."""
    return db.rows(
        "select * from s3vl.query_vectors(array[0.1, 0.2, 0.3, 0.4, 0.5], 'docs'" + arguments + ")",
        **parameters,
    )


def hits(*distances: float, metric: str = "cosine") -> dict[str, Any]:
    """Return a result with one vector, named v1, v2 and so on, at each distance."""
    return {
        "distance_metric": metric,
        "vectors": [
            {"vector_id": f"v{number}", "distance": distance}
            for number, distance in enumerate(distances, start=1)
        ],
    }


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """The request is the one in lambda/events/."""
    registered.answers(hits())

    query(db, """, top_k => 5, metadata_filter => '{"category": "test"}'""")

    [request] = registered.requests
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


def test_leaves_out_what_is_not_given(db: Database, registered: StubLambda) -> None:
    """Optional members are absent, and the defaults of the others are ten rows with metadata."""
    registered.answers(hits())

    query(db)

    [request] = registered.requests
    assert set(request) == {
        "operation", "protocol", "budget_ms", "index_arn", "query_vector", "top_k", "return_metadata",
    }  # fmt: skip
    assert (request["top_k"], request["return_metadata"]) == (10, True)


def test_sends_every_argument(db: Database, registered: StubLambda) -> None:
    """Mode, filter and metadata choice arrive, and a null inside of a filter is not lost."""
    registered.answers(hits())

    query(
        db,
        """, top_k => 10000, return_metadata => false, query_mode => 'ENHANCED',
        metadata_filter => '{"a": null, "b": {"$in": [1, 2.5]}}'""",
    )

    [request] = registered.requests
    assert request["query_mode"] == "ENHANCED"
    assert request["return_metadata"] is False
    assert request["top_k"] == 10000
    assert request["metadata_filter"] == {"a": None, "b": {"$in": [1, 2.5]}}


@pytest.mark.parametrize(
    ("vector", "sent"),
    [
        ("array[0.23, -0.41, 0.88, 0.0, 0.03]", [0.23, -0.41, 0.88, 0, 0.03]),
        ("array[0.1, 0.2, 0.3, 0.4, 0.5]::real[]", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("array[1, 2, 3, 4, 5]", [1, 2, 3, 4, 5]),
        ("'[0:4]={1, 2, 3, 4, 5}'", [1, 2, 3, 4, 5]),
        ("array[1e-50, 1, 0, 0, 0]", [0, 1, 0, 0, 0]),
        ("array[3.4028235e38, 1e-45, 0, 0, 0]", [3.4028235e38, 1e-45, 0, 0, 0]),
    ],
    ids=["decimals", "real", "integers", "own bounds", "too small for a float", "extremes of a float"],
)
def test_sends_numbers_in_their_shortest_float_form(
    db: Database, registered: StubLambda, vector: LiteralString, sent: list[float]
) -> None:
    """A vector is sent as 4-byte floats, with no digit that those cannot hold."""
    registered.answers(hits())

    db.rows("select * from s3vl.query_vectors(" + vector + ", 'docs')")

    assert json.loads(registered.requests[0]["query_vector"]) == sent


def test_numbers_do_not_depend_on_how_the_session_shows_them(db: Database, registered: StubLambda) -> None:
    """A session with few digits searches for the same vector."""
    registered.answers(hits())
    db.rows("set local extra_float_digits = -15")

    db.rows("select * from s3vl.query_vectors(array[0.1234567, 2, 3, 4, 5], 'docs')")

    assert registered.requests[0]["query_vector"] == "[0.1234567,2,3,4,5]"


def test_returns_the_vectors_in_their_order(db: Database, registered: StubLambda) -> None:
    """Rows keep the order of the answer; metadata stays as it was, {} and null apart."""
    registered.answers(
        {
            "distance_metric": "cosine",
            "vectors": [
                {"vector_id": "b", "distance": 0.25, "metadata": {"tags": ["x"], "n": 1.5}},
                {"vector_id": "a", "distance": 2, "metadata": {}},
                {"vector_id": "c", "distance": 2},
            ],
        }
    )

    assert query(db) == [
        {"vector_id": "b", "distance": 0.25, "similarity_score": 0.75, "metadata": {"tags": ["x"], "n": 1.5}},
        {"vector_id": "a", "distance": 2.0, "similarity_score": -1.0, "metadata": {}},
        {"vector_id": "c", "distance": 2.0, "similarity_score": -1.0, "metadata": None},
    ]


@pytest.mark.parametrize(
    ("metric", "distance", "score"),
    [
        ("cosine", 0, 1),
        ("cosine", 1, 0),
        ("cosine", 2, -1),
        ("euclidean", 0, 1),
        ("euclidean", 25, 1 / 26),
        ("a metric of the future", 1, None),
    ],
)
def test_similarity_score_follows_the_metric_of_the_answer(
    db: Database, registered: StubLambda, metric: str, distance: float, score: float | None
) -> None:
    """Cosine is 1 - distance, euclidean 1 / (1 + distance), and an unknown metric has no score."""
    registered.answers(hits(distance, metric=metric))

    [row] = query(db)

    assert row["similarity_score"] == score


def test_ten_thousand_rows_come_in_parts_and_in_order(db: Database, registered: StubLambda) -> None:
    """A continuation is followed, and the parts are one result."""
    registered.answers(hits(*range(6000)), continuation={"page": 2})
    registered.answers(hits(*range(6000, 10000)))

    rows = query(db, ", top_k => 10000")

    assert [row["distance"] for row in rows] == list(range(10000))
    assert registered.requests[1]["continuation"] == {"page": 2}


def test_no_match_is_no_row(db: Database, registered: StubLambda) -> None:
    """An answer without vectors gives no row and no error."""
    registered.answers(hits())

    assert query(db) == []
    assert [notice for notice in db.notices if notice.severity == "NOTICE" and notice.hint] == []


@pytest.mark.parametrize(
    "search",
    [
        "s3vl.query_vectors(array[0.1, 0.2, 0.3, 0.4, 0.5], 'docs'",
        "s3vl.query_vectors_batch(array[[0.1, 0.2, 0.3, 0.4, 0.5]], 'docs'",
        """s3vl.query_hybrid('{"title": "x"}', index_name => 'docs'""",
    ],
)
def test_a_filter_that_matches_nothing_is_told(
    db: Database, registered: StubLambda, search: LiteralString
) -> None:
    """A misspelled key is no error of S3 Vectors, so a NOTICE says that it may be one; a match is silent."""
    statement: LiteralString = "select * from " + search + """, metadata_filter => '{"kind": "tea"}')"""
    for result in (hits(), hits(0.5)):
        vectors = [{**vector, "rank": 1, "query_number": 1} for vector in result["vectors"]]
        registered.answers({**result, "vectors": vectors})
    db.rows(statement)
    db.rows(statement)

    [told] = [notice for notice in db.notices if notice.severity == "NOTICE" and notice.hint]
    assert told.message == 'no vector of index "docs" was found that meets the metadata_filter'
    assert "docs/guide.md#no-rows" in (told.hint or "")


def test_all_zero_vector_is_sent_where_the_metric_is_not_known_to_refuse_it(
    db: Database, registered: StubLambda
) -> None:
    """Zero is a point like any other for euclidean distance; an unknown metric is left to the service."""
    for metric in ("euclidean", None):
        db.rows("update s3vl.index_registry set distance_metric = %(metric)s", metric=metric)
        registered.answers(hits())
        db.rows("select * from s3vl.query_vectors(array[0, 0, 0, 0, 0], 'docs')")

    assert [request["query_vector"] for request in registered.requests] == ["[0,0,0,0,0]"] * 2


def test_index_arn_takes_the_place_of_the_name(db: Database, registered: StubLambda) -> None:
    """A registered index can be searched by its ARN too, with the checks that its facts allow."""
    registered.answers(hits(0))

    rows = db.rows(
        "select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], index_arn => %(arn)s)", arn=INDEX_ARN
    )
    error = db.error("select * from s3vl.query_vectors(array[1, 2], index_arn => %(arn)s)", arn=INDEX_ARN)

    assert [row["vector_id"] for row in rows] == ["v1"]
    assert error.message_primary == 'query_vector has 2 numbers, index "docs" has 5 dimensions'


def test_joins_with_a_table(db: Database, registered: StubLambda) -> None:
    """Hits join with a table in one statement, and Lambda is called once for it."""
    registered.answers(hits(0.1, 0.2, 0.3))
    db.rows(
        "create table public.products as select 'v' || n as key, n * 10 as price from generate_series(1, 3) n"
    )

    rows = db.rows(
        "with hits as (select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs'))"
        " select p.price from hits join public.products as p on p.key = hits.vector_id"
        " where p.price > 10 order by hits.similarity_score desc"
    )

    assert [row["price"] for row in rows] == [20, 30]
    assert len(registered.calls) == 1
