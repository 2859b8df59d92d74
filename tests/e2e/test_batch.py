"""Many vectors in one call give what each of them gives alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures_cloud import INDEX_NAME, sample_vectors

if TYPE_CHECKING:
    import psycopg

VECTORS = [vector["data"]["float32"] for vector in sample_vectors()]


def test_batch_equals_single_queries(connection: psycopg.Connection) -> None:
    """Every sample vector, searched for in a batch and alone, has the same neighbours."""
    batch = connection.execute(
        "select query_number, array_agg(distance order by distance)"
        " from s3vl.query_vectors_batch(%s::float8[], %s, top_k => 4) group by query_number order by query_number",
        [VECTORS, INDEX_NAME],
    ).fetchall()
    alone = [
        connection.execute(
            "select %s::integer, array_agg(distance order by distance)"
            " from s3vl.query_vectors(%s::float8[], %s, top_k => 4)",
            [number, vector, INDEX_NAME],
        ).fetchone()
        for number, vector in enumerate(VECTORS, start=1)
    ]

    assert batch == alone


def test_batch_is_one_call_of_the_function(connection: psycopg.Connection) -> None:
    """Fifty vectors are one invocation, and a call of the service for each."""
    connection.execute(
        "select * from s3vl.query_vectors_batch(%s::float8[], %s, top_k => 1)", [VECTORS, INDEX_NAME]
    )

    row = connection.execute("select operation, pages, api_calls from s3vl.last_call()").fetchone()
    assert row == ("query_vectors_batch", 1, len(VECTORS))


def test_filter_holds_for_every_vector(connection: psycopg.Connection) -> None:
    """The filter of a batch is the filter of each of its queries."""
    rows = connection.execute(
        "select distinct metadata ->> 'category' from s3vl.query_vectors_batch(%s::float8[], %s,"
        """ metadata_filter => '{"category": "test"}')""",
        [VECTORS[:5], INDEX_NAME],
    ).fetchall()

    assert rows == [("test",)]
