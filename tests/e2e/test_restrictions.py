"""A restricted role on the whole way: what S3 Vectors and the real function make of its restriction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from indexes import registered_index

from fixtures_postgres import need_pgvector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Stack

# What role app asks for, so that the nearest, the best and the named are those of the other tenant.
READS: dict[str, LiteralString] = {
    "query": "select vector_id from s3vl.query_vectors('{1,0}', 'shared')",
    "batch": "select vector_id from s3vl.query_vectors_batch('{{1,0},{0,1}}', 'shared', top_k => 2)",
    "hybrid": """select vector_id from s3vl.query_hybrid('{"title": "red shoes"}', '{1,0}', 'shared')""",
    "texts": """select vector_id from s3vl.query_hybrid('{"title": "red shoes"}', null, 'shared')""",
    "get": "select vector_id from s3vl.get_vectors('{a1,a2,b1,b2}', 'shared') where found or metadata is not null",
    "list": "select vector_id from s3vl.list_vectors(index_name => 'shared')",
    "rank": "select vector_id from s3vl.rank_vectors('{1,0}', '{a1,a2,b1,b2}', 'shared', top_k => 2)",
    "filtered, ranked": (
        "select vector_id from s3vl.query_filtered('{1,0}', 'select k from keys', 'shared', top_k => 2,"
        " filter_strategy => 'prefilter')"
    ),
    "filtered, read": (
        "select vector_id from s3vl.query_filtered('{1,0}', 'select k from keys', 'shared', top_k => 2,"
        " filter_strategy => 'postfilter')"
    ),
    # Its other list is of the table, and not of the index.
    "local hybrid": (
        "select vector_id from s3vl.query_hybrid_local('{1,0}', 'shoes', 'keys', 'words', 'k', 'shared')"
        " where distance is not null"
    ),
    "or": (
        "select vector_id from s3vl.query_vectors('{1,0}', 'shared', metadata_filter =>"
        """ '{"$or": [{"tenant": "a"}, {"tenant": "b"}]}')"""
    ),
}
TIERED: LiteralString = "select vector_id from s3vl.query_tiered('{1,0}', 'tiers', 'embedding', 'shared')"
PUT: LiteralString = (
    """select s3vl.put_vectors(array[('a3', '{1,1}', '{"tenant": "a"}'),"""
    """ (%s, '{9,9}', '{"tenant": "a"}')]::s3vl.vector_record[], 'shared')"""
)


@pytest.fixture
def app(
    connection: psycopg.Connection,
    aws: Callable[..., Any],
    stack: Stack,
    without_approximation: Callable[[str], None],
    request: pytest.FixtureRequest,
) -> Iterator[psycopg.Connection]:
    """Become the writer `app`, who has tenant a's part of the index that two tenants share."""
    name = request.node.name.replace("_", "-")[:60]
    arn = registered_index(
        connection, aws, stack, name, 2, textSearchConfigurations=[{"metadataKey": "title", "language": "en"}]
    )
    without_approximation(arn)
    connection.execute("select s3vl.register_index('shared', %s)", [arn])
    connection.execute("""select s3vl.put_vectors(array[
        ('b1', '{1,0}', '{"tenant": "b", "title": "red shoes"}'),
        ('b2', '{0,1}', '{"tenant": "b", "title": "red shoes"}'),
        ('a1', '{1,0.5}', '{"tenant": "a", "title": "blue shoes"}'),
        ('a2', '{0.5,1}', '{"tenant": ["a", "c"], "title": "a red hat"}')]::s3vl.vector_record[], 'shared')""")
    connection.execute(
        "create table keys as select k, to_tsvector('simple', 'shoes') as words"
        " from unnest('{a1,a2,b1,b2}'::text[]) as k"
    )
    connection.execute("create role app; grant app to current_user; grant select on keys to app")
    connection.execute("select s3vl.grant_access('app', 'writer')")
    connection.execute("""select s3vl.restrict_index('shared', 'app', '{"tenant": "a"}')""")
    connection.execute("select s3vl.restrict_index('shared', current_user)")
    connection.execute("set role app")
    yield connection
    connection.execute("reset role; drop owned by app; drop role app")


def test_each_read_gives_the_own_part(app: psycopg.Connection) -> None:
    """All of it and nothing else, though what the other tenant has is nearer or is named."""
    found = {name: {row[0] for row in app.execute(read).fetchall()} for name, read in READS.items()}

    assert found == {name: {"a1", "a2"} for name in READS}


def test_tiers_and_the_types_of_pgvector_lend_nothing(app: psycopg.Connection) -> None:
    """Cold rows are those of the own part, rows of others cannot be moved to the index, and overloads are no way in."""
    need_pgvector()
    app.execute("reset role")
    app.execute("create extension if not exists vector")
    app.execute("select s3vl.use_pgvector()")
    app.execute("create table tiers (k text primary key, embedding vector(2))")
    app.execute("insert into tiers select k from keys")
    app.execute(
        "select s3vl.bind_table('tiers', 'shared', 'embedding', when_null => 'keep', backfill => false)"
    )
    app.execute("grant select, update on tiers to app; grant usage on schema public to app; set role app")

    reads = READS | {"tiered": TIERED}
    of_arrays = {name: {row[0] for row in app.execute(read).fetchall()} for name, read in reads.items()}
    of_vectors = {
        name: {
            row[0]
            for row in app.execute(
                read.replace("'{1,0}'", "'[1,0]'::vector").replace(
                    "'{{1,0},{0,1}}'", '\'{"[1,0]","[0,1]"}\'::vector[]'
                )
            ).fetchall()
        }
        for name, read in reads.items()
    }
    assert of_arrays == of_vectors == {name: {"a1", "a2"} for name in reads}

    # As the index has them: that it has b1 is not for app to know.
    app.execute(
        "update tiers set embedding = (case k when 'a1' then '[1,0.5]' else '[1,0]' end)::vector"
        " where k in ('a1', 'b1')"
    )
    app.execute("call s3vl.move_to_cold('tiers', 'true')")
    assert app.execute("select k from tiers where embedding is not null").fetchall() == [("b1",)]
    app.execute("reset role; select s3vl.unrestrict_index('shared', 'app'); set role app")
    for call in (TIERED, "call s3vl.move_to_cold('tiers', 'true')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not use index"):
            app.execute(call)


def test_writes_leave_alone_what_others_have(app: psycopg.Connection) -> None:
    """An id of another tenant is refused and neither replaced nor deleted; the role's own are."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="b1"):
        app.execute(PUT, ["b1"])
    assert app.execute(PUT, ["a1"]).fetchone() == (2,)
    app.execute("select s3vl.delete_vectors('{a2,b1,b2}', 'shared')")

    app.execute("reset role")
    assert app.execute(
        "select vector_id, embedding from s3vl.get_vectors('{a1,a2,a3,b1,b2}', 'shared') where found"
    ).fetchall() == [("a1", [9, 9]), ("a3", [1, 1]), ("b1", [1, 0]), ("b2", [0, 1])]


def test_a_role_that_has_lost_its_part_reads_nothing(app: psycopg.Connection) -> None:
    """The index stays closed to it, for every read."""
    app.execute("reset role; select s3vl.unrestrict_index('shared', 'app'); set role app")

    for read in READS.values():
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not use index"):
            app.execute(read)
