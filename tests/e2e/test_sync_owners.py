"""Bindings of a table that is not s3vl's own: three roles, none of which may more than it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from indexes import registered_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud

# Who owns the table, and who changes it. s3vl belongs to the master user, who is a member of neither.
OWNER, WRITER = "sync_shop", "sync_clerk"
MAKE: LiteralString = """
    create table shop.docs (id text primary key, body text, price numeric, embedding real[]);
    grant usage on schema shop to sync_clerk;
    grant select, insert, update, delete on shop.docs to sync_clerk
"""
BIND: LiteralString = """
    select s3vl.bind_table('shop.docs', 'owners', 'embedding', metadata_columns => '{body,price}')
"""
BROKEN: dict[str, tuple[LiteralString, LiteralString]] = {
    "a column may not be read": (
        "revoke select (price) on shop.docs from postgres", "grant select (price) on shop.docs to postgres",
    ),
    "nor the schema be used": ("revoke usage on schema shop from postgres", "grant usage on schema shop to postgres"),
    "row security": (
        """create policy everybody on shop.docs using (true);
        alter table shop.docs enable row level security""", "alter table shop.docs disable row level security",
    ),
    "forced row security": (
        "alter table shop.docs enable row level security; alter table shop.docs force row level security",
        "alter table shop.docs disable row level security",
    ),
}  # fmt: skip


@pytest.fixture
def log_in(
    cloud: LocalCloud, connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Let the three roles log in: the owner of the table has admin access to s3vl, its writer has none."""
    server = cloud.postgres()
    registered_index(connection, aws, stack, "owners", 3)
    for name in (OWNER, WRITER):
        server.create_login(name)
    connection.execute("create schema shop")
    with server.connect("rdsadmin", connection.info.dbname) as administrator:
        administrator.execute(f"alter schema shop owner to {OWNER}")
    connection.execute("select s3vl.grant_access(%s, 'admin')", [OWNER])
    opened = []

    def connect(name: str) -> psycopg.Connection:
        opened.append(server.connect(name, connection.info.dbname))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()
    with server.connect("rdsadmin", connection.info.dbname) as administrator:
        for name in (OWNER, WRITER):
            administrator.execute(f"drop owned by {name} cascade; drop role {name}")  # type: ignore[arg-type]


def test_whoever_owns_or_changes_the_table(
    connection: psycopg.Connection, log_in: Callable[[str], psycopg.Connection]
) -> None:
    """I3: changes of a role without rights arrive; what s3vl may not read breaks the binding, and deletes nothing."""
    owner, writer = log_in(OWNER), log_in(WRITER)
    owner.execute(MAKE)
    assert owner.execute(BIND).fetchone() == ("docs",)
    writer.execute("insert into shop.docs select n, 'text', n, '{1,2,3}' from generate_series(1, 20) as n")
    assert connection.execute("call s3vl.sync()").fetchone() == (20,)

    for breaks, mends in BROKEN.values():
        owner.execute(breaks)
        writer.execute("update shop.docs set body = 'more' || body where id <> '1'")
        assert connection.execute("call s3vl.sync()").fetchone() == (0,)
        [(state, sqlstate, hint)] = connection.execute(
            "select t.state, s.sqlstate, t.hint from s3vl.sync_status() as t, s3vl.sync_state as s"
        )
        assert (state, sqlstate) == ("broken", "42501")
        assert hint
        assert len(vector_ids(connection)) == 20
        owner.execute(mends)
        assert connection.execute("call s3vl.sync()").fetchone() == (19,)

    owner.execute("drop table shop.docs")
    connection.execute("insert into s3vl.outbox (binding_id, key) select binding_id, '1' from s3vl.binding")
    assert connection.execute("call s3vl.sync()").fetchone() == (0,)
    [(error, hint)] = connection.execute("select last_error, hint from s3vl.sync_status()")
    assert "does not exist any more" in error
    assert "unbind_table('docs')" in hint
    assert len(vector_ids(connection)) == 20
    connection.execute("select s3vl.unbind_table('docs')")


def vector_ids(connection: psycopg.Connection) -> list[str]:
    """Return what the index holds."""
    return [
        row[0]
        for row in connection.execute(
            "select vector_id from s3vl.list_vectors(index_name => 'owners', max_results => 1000)"
        )
    ]


# What no index takes, all in one turn with rows that it takes.
POISON: dict[str, tuple[LiteralString, str]] = {
    "zero": ("'{0,0,0}', null, null", "embedding is zero in every dimension"),
    "NaN": ("'{1,NaN,0}', null, null", "embedding holds NaN"),
    "short": ("'{1,2}', null, null", "embedding has 2 numbers, the index has 3 dimensions"),
    "large": ("'{1,2,3}', null, jsonb_build_object('text', repeat('x', 41984))", "bytes, S3 Vectors allows 40,960"),
    "filterable": ("'{1,2,3}', repeat('x', 2049), null", "filterable bytes, S3 Vectors allows 2,048"),
    "nested": ("""'{1,2,3}', null, '{"a": {"b": 1}}'""", 'metadata has key "a", whose value is an object'),
    "b" * 1025: ("'{1,2,3}', null, null", "vector_id is 1025 characters and 1025 bytes long"),
}  # fmt: skip


def test_what_no_index_takes_are_dead_letters_of_one_turn(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """2,000 rows, seven of them bad: the others arrive with them, and an id of 1,024 bytes is among these."""
    registered_index(connection, aws, stack, "poison", 3, nonFilterableMetadataKeys=["text"])
    connection.execute("create table notes (id text primary key, embedding real[], body text, meta jsonb)")
    connection.execute(
        "select s3vl.bind_table('notes', 'poison', 'embedding', metadata_columns => '{body}',"
        " metadata_column => 'meta', backfill => false)"
    )
    connection.execute(
        "insert into notes select 'a' || n, '{1,2,3}'::real[] from generate_series(1, 1992) as n"
        " union all select repeat('a', 1024), '{1,2,3}'"
    )
    for key, (values, _) in POISON.items():
        connection.execute("insert into notes values (%s, " + values + ")", [key])

    assert connection.execute("call s3vl.sync()").fetchone() == (1993,)

    letters = dict(connection.execute("select vector_id, error from s3vl.dead_letters('notes')").fetchall())
    assert set(letters) == set(POISON)
    for key, (_, problem) in POISON.items():
        assert problem in letters[key]
    # A call that puts, after one that asks whether the index is still the one that was registered.
    assert connection.execute("select puts, lambda_calls from s3vl.sync_usage").fetchone() == (4, 2)
    connection.execute(
        "update notes set embedding = '{1,2,3}', body = null, meta = null where length(id) < 1025"
    )
    connection.execute("delete from notes where length(id) = 1025")
    connection.execute("call s3vl.sync()")
    assert connection.execute("select * from s3vl.dead_letters(binding_name => 'notes')").fetchall() == []
    mended = [key for key in POISON if len(key) < 1025]
    assert len(connection.execute("select from s3vl.get_vectors(%s, 'poison')", [mended]).fetchall()) == 6
