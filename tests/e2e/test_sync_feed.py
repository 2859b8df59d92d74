"""Vectors that were made from another content than their row has, and what sync has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from indexes import registered_index

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from fixtures_cloud import Stack

EMBED = """
    update t set v = array[length(body), 1, 1], made_from = e.content_hash
    from s3vl.rows_to_embed('t') as e where t.id = e.key::integer
"""


def ids(connection: psycopg.Connection) -> list[str]:
    """Sync, and return which vectors there are."""
    connection.execute("call s3vl.sync()")
    rows = connection.execute("select vector_id from s3vl.list_vectors(index_name => 'feed') order by 1")
    return [row[0] for row in rows.fetchall()]


def test_a_stale_vector_is_deleted_until_it_is_made_again(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """A change of the content takes it out of searches, and the feed brings it back; each request is counted."""
    registered_index(connection, aws, stack, "feed", 3)
    connection.execute("create table t (id integer primary key, body text, v real[], made_from text)")
    connection.execute(
        "select s3vl.bind_table('t', 'feed', 'v', content_columns => '{body}',"
        " embedded_hash_column => 'made_from', when_stale => 'delete')"
    )
    connection.execute("insert into t (id, body) select n, 'text ' || n from generate_series(1, 3) as n")
    assert ids(connection) == []
    connection.execute(EMBED)
    assert ids(connection) == ["1", "2", "3"]

    connection.execute("update t set body = 'another' where id = 2")
    assert ids(connection) == ["1", "3"]
    assert connection.execute("select waiting from s3vl.sync_status()").fetchone() == (1,)
    connection.execute(EMBED)
    assert ids(connection) == ["1", "2", "3"]
    assert connection.execute("select waiting from s3vl.sync_status()").fetchone() == (0,)

    costs = connection.execute("select * from s3vl.sync_cost()").fetchall()
    [(name, puts, put_bytes, billed, deletes, calls, milliseconds, usd)] = costs
    # Of three rows, then of one; without vectors, three and one were deleted.
    assert (name, puts, put_bytes, billed, deletes) == ("t", 2, 4 * (3 * 4 + 1 + 2), 2 * 128 * 1024, 2)
    assert calls >= 4
    assert milliseconds > 0
    assert 0 < usd < 0.001


def test_a_kept_vector_is_made_again_only_when_it_is_lost(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """Rows whose embedding is emptied need none, until a verify finds that the index has lost the vector of one."""
    arn = registered_index(connection, aws, stack, "feed-keep", 3)
    connection.execute("create table t (id integer primary key, body text, v real[], made_from text)")
    connection.execute(
        "select s3vl.bind_table('t', 'feed-keep', 'v', content_columns => '{body}',"
        " embedded_hash_column => 'made_from', when_null => 'keep')"
    )
    connection.execute("insert into t (id, body) select n, 'text ' || n from generate_series(1, 3) as n")
    connection.execute(EMBED)
    connection.execute("call s3vl.sync()")
    connection.execute("update t set v = null")
    connection.execute("call s3vl.sync()")
    assert connection.execute("select key from s3vl.rows_to_embed('t')").fetchall() == []

    aws("s3vectors").delete_vectors(indexArn=arn, keys=["2"])
    connection.execute("select s3vl.start_verify('t', repair => true)")
    connection.execute("call s3vl.sync()")
    assert connection.execute("select key from s3vl.rows_to_embed('t')").fetchall() == [("2",)]
    connection.execute(EMBED)
    assert connection.execute("select key from s3vl.rows_to_embed('t')").fetchall() == []
    connection.execute("call s3vl.sync()")
    assert aws("s3vectors").get_vectors(indexArn=arn, keys=["2"])["vectors"] != []
