"""Searching for texts, alone and with a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from indexes import registered_index

from fixtures_cloud import INDEX_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_cloud import Stack


@pytest.fixture
def shop(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack, request: pytest.FixtureRequest
) -> str:
    """Make an index with text search on title, and four products in it; give its name."""
    name = request.node.name.replace("_", "-")[:60]
    registered_index(
        connection, aws, stack, name, 2, textSearchConfigurations=[{"metadataKey": "title", "language": "en"}]
    )
    connection.execute(
        """
        select s3vl.put_vectors(array[
            ('a', '{1, 0}', '{"title": "red shoes", "stock": 1}'),
            ('b', '{0, 1}', '{"title": "blue shoes", "stock": 0}'),
            ('c', '{1, 0.1}', '{"title": "green hat", "stock": 1}'),
            ('d', '{-1, 0}', '{"title": "a red hat in red", "stock": 1}')
        ]::s3vl.vector_record[], %s)
        """,
        [name],
    )
    return name


def test_texts_alone_find_what_matches(connection: psycopg.Connection, shop: str) -> None:
    """Without a vector the rows are those with the words, best first, with their scores and no distance."""
    rows = connection.execute(
        """select vector_id, rank, fused_score, bm25_scores, distance
        from s3vl.query_hybrid('{"title": "red shoes"}', index_name => %s)""",
        [shop],
    ).fetchall()

    assert {row[0] for row in rows} == {"a", "b", "d"}
    assert rows[0][0] == "a"
    assert [row[1] for row in rows] == [1, 2, 3]
    scores = [row[3]["title"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert {(row[2], row[4]) for row in rows} == {(None, None)}


def test_vector_and_texts_are_fused(connection: psycopg.Connection, shop: str) -> None:
    """With a vector also rows without the words are found; the row that is best in both is first."""
    rows = connection.execute(
        """select vector_id, fused_score, bm25_scores, distance
        from s3vl.query_hybrid('{"title": "red shoes"}', array[1, 0], %s)""",
        [shop],
    ).fetchall()

    assert rows[0][0] == "a"
    assert {row[0] for row in rows} == {"a", "b", "c", "d"}
    fused = [row[1] for row in rows]
    assert fused == sorted(fused, reverse=True)
    [hat] = [row for row in rows if row[0] == "c"]
    assert hat[2] == {}
    assert hat[3] == pytest.approx(0.005, abs=1e-3)


def test_filter_holds_for_texts(connection: psycopg.Connection, shop: str) -> None:
    """Only rows that the filter lets through are found."""
    rows = connection.execute(
        """select vector_id from s3vl.query_hybrid('{"title": "shoes"}', index_name => %s,
        metadata_filter => '{"stock": 1}')""",
        [shop],
    ).fetchall()

    assert rows == [("a",)]


def test_key_without_text_search_is_named(connection: psycopg.Connection) -> None:
    """The registry's facts say what is missing before the service does."""
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(
            """select * from s3vl.query_hybrid('{"category": "test"}', index_name => %s)""", [INDEX_NAME]
        )

    assert caught.value.sqlstate == "22023"
    assert caught.value.diag.message_primary == (
        f'query_texts has key "category", which has no text search in index "{INDEX_NAME}"'
    )


def test_key_configured_later_is_searched_without_further_ado(
    connection: psycopg.Connection, aws: Callable[..., Any], shop: str
) -> None:
    """What the registry does not know yet is asked before it is refused; describe_index then shows it."""
    arn = connection.execute("select s3vl.resolve_index_arn(%s)", [shop]).fetchone()
    assert arn is not None
    aws("s3vectors").update_metadata_configuration(
        indexArn=arn[0], add={"textSearchConfigurations": [{"metadataKey": "stock_note"}]}
    )

    rows = connection.execute(
        """select * from s3vl.query_hybrid('{"stock_note": "none"}', index_name => %s)""", [shop]
    ).fetchall()
    keys = connection.execute(
        "select jsonb_path_query_array(text_keys, '$[*].metadata_key') from s3vl.describe_index(%s)", [shop]
    ).fetchone()

    assert rows == []
    assert keys is not None
    assert sorted(keys[0]) == ["stock_note", "title"]
