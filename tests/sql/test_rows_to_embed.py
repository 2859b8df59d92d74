"""Which rows need a vector: a hash of what it was made from, and the feed for who makes vectors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

HASH: LiteralString = "select s3vl.content_hash(row("
VALUES: LiteralString = (
    "select s3vl.content_hash(row(1.5::float8, 0.1::real, '2026-11-28 12:00+01'::timestamptz, '12:00+01'::timetz,"
    " '2026-11-28'::date, '1 day 2 hours'::interval, '\\xdeadbeef'::bytea, 12.30::money,"
    " tstzrange('2026-01-01 00:00+00', '2026-02-01 00:00+00'), array['2026-01-01 00:00+00'::timestamptz]))"
)
SETTINGS = {
    "timezone": "Asia/Kolkata",
    "datestyle": "German, DMY",
    "intervalstyle": "postgres_verbose",
    "extra_float_digits": "-4",
    "bytea_output": "escape",
    "lc_monetary": "C.UTF-8",
    "xmlbinary": "hex",
    "client_encoding": "LATIN1",
    "search_path": "pg_temp",
    "standard_conforming_strings": "on",
}
MAKE: LiteralString = """
    create table d (
        id integer primary key, title text, body text, v real[], made_from text,
        n integer generated always as (length(title)) stored
    )
"""
BIND: LiteralString = """
    select s3vl.bind_table(
        'd', 'docs', 'v', content_columns => '{title,body}', embedded_hash_column => 'made_from'
    )
"""
TO_EMBED: LiteralString = "select key, content, content_hash from s3vl.rows_to_embed('d')"
EMBED: LiteralString = """
    update d set v = '{1,2,3,4,5}', made_from = e.content_hash
    from s3vl.rows_to_embed('d') as e where d.id = e.key::integer
"""


@pytest.fixture
def bound(db: Database, registered: StubLambda) -> Database:  # noqa: ARG001
    """Bind a table whose vectors are made from two columns, with three rows."""
    db.rows(MAKE)
    db.rows(BIND)
    db.rows("insert into d values (1, 'one', 'b'), (2, null, 'b'), (10, 'ten', null)")
    return db


def test_the_hash_does_not_depend_on_settings(db: Database) -> None:
    """Whatever a session has set, the same values have the same hash: the application's and ours are compared."""
    before = db.value(VALUES)
    for name, value in SETTINGS.items():
        db.rows("select set_config(%(name)s, %(value)s, true)", name=name, value=value)

    assert db.value(VALUES) == before
    assert re.fullmatch("[0-9a-f]{64}", before)


def test_the_hash_stays_from_version_to_version(db: Database) -> None:
    """It is SHA-256 of the values as JSON: what was stored years ago is still compared with it."""
    assert db.value(HASH + "'tea', null, 7))") == db.value(
        "select encode(sha256('[\"tea\", null, 7]'), 'hex')"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("null, 'a'", "'a', null", False),
        ("null, null", "null", False),
        ("''", "null", False),
        ("'1'", "1", False),
        ("'a', 'b'", "'a\", \"b'", False),
        ("'null'", "null", False),
        ("array['a', null]", "array['a', 'null']", False),
        ("1::smallint", "1::bigint", True),
        ("'a'::varchar", "'a'::text", True),
        ('jsonb \'{"b": 1, "a": 2}\'', 'jsonb \'{"a": 2, "b": 1}\'', True),
    ],
)
def test_the_hash_tells_values_apart(
    db: Database, one: LiteralString, other: LiteralString, same: bool
) -> None:
    """NULLs, empty texts, types and places count; the width of a number or a text does not."""
    assert (db.value(HASH + one + "))") == db.value(HASH + other + "))")) is same


def test_the_names_of_columns_do_not_count(bound: Database) -> None:
    """A row of the table, a record with names and one without have one hash; of nothing there is none."""
    assert (
        bound.value("select s3vl.content_hash(x) from (select title, body from d where id = 1) as x")
        == bound.value(HASH + "'one', 'b'))")
        == bound.value("select s3vl.content_hash(('one', 'b'))")
    )
    assert bound.value("select s3vl.content_hash(null)") is None


def test_what_has_to_be_embedded_is_fed(bound: Database) -> None:
    """Rows without a vector, and those whose content is another one than was embedded; by key, and once."""
    assert [(row["key"], row["content"]) for row in bound.rows(TO_EMBED)] == [
        ("1", {"title": "one", "body": "b"}),
        ("2", {"title": None, "body": "b"}),
        ("10", {"title": "ten", "body": None}),
    ]
    bound.rows(EMBED)
    assert bound.rows(TO_EMBED) == []

    bound.rows("update d set title = 'two' where id = 2")
    bound.rows("update d set v = null where id = 1")
    bound.rows("update d set made_from = null where id = 10")

    assert [row["key"] for row in bound.rows(TO_EMBED)] == ["1", "2", "10"]
    assert len(bound.rows("select * from s3vl.rows_to_embed('d', 2)")) == 2
    assert bound.value("select content_hash from s3vl.rows_to_embed('d') where key = '2'") == bound.value(
        HASH + "'two', 'b'))"
    )


def test_a_change_while_a_vector_is_made_is_not_lost(bound: Database) -> None:
    """The hash that was fed is that of the content that was embedded, so that the row is fed again."""
    fed = bound.rows(TO_EMBED)[0]
    bound.rows("update d set title = 'changed' where id = 1")
    bound.rows("update d set v = '{1,2,3,4,5}', made_from = %(hash)s where id = 1", hash=fed["content_hash"])

    assert bound.rows(TO_EMBED)[0]["content"]["title"] == "changed"


def test_an_index_finds_them(bound: Database) -> None:
    """With the index that docs/sync.md makes, the feed reads what it returns, and not the table."""
    bound.rows(
        "create index d_to_embed on d (id)"
        " where v is null or made_from is distinct from s3vl.content_hash(row(title, body))"
    )
    bound.rows("set local enable_seqscan = off; set local enable_sort = off")
    query = bound.value("select query from s3vl._to_embed_query('d', 5)")

    plan = bound.rows("explain " + query)

    assert "d_to_embed" in str(plan)


def test_a_vector_that_is_kept_is_not_made_again(bound: Database) -> None:
    """A row in the cold tier is fed for another content, or where the index is known to have lost its vector."""
    bound.rows("select s3vl.alter_binding('d', when_null => 'keep')")
    assert len(bound.rows(TO_EMBED)) == 3
    bound.rows(EMBED)
    bound.rows("update d set v = null")
    assert bound.rows(TO_EMBED) == []

    bound.rows("update d set title = 'two' where id = 2")
    bound.rows(
        "insert into s3vl.sync_failure (binding_id, key, state, attempts, error)"
        " select binding_id, unnest('{10,30,no key}'::text[]), 'waiting', 0, 'x' from s3vl.binding"
    )

    assert [row["key"] for row in bound.rows(TO_EMBED)] == ["2", "10"]
    bound.rows("update d set v = '{1,2,3,4,5}' where id = 10")
    assert [row["key"] for row in bound.rows(TO_EMBED)] == ["2"]
    bound.rows("update d set v = null where id = 10")
    bound.rows("select s3vl.alter_binding('d', embedded_hash_column => '')")
    assert [row["key"] for row in bound.rows(TO_EMBED)] == ["10"]


def test_an_index_finds_them_beside_those_that_are_kept(bound: Database) -> None:
    """With when_null => 'keep' it has the rows of another content, and those that wait are found by their key."""
    bound.rows("select s3vl.alter_binding('d', when_null => 'keep')")
    bound.rows(
        "create index d_to_embed on d (id)"
        " where made_from is distinct from s3vl.content_hash(row(title, body))"
    )
    bound.rows("set local enable_seqscan = off; set local enable_sort = off")
    query = bound.value(
        "select replace(query, '$1', E'\\'{10}\\'::text[]') from s3vl._to_embed_query('d', 5)"
    )

    plan = bound.rows("explain " + query)

    assert {"d_to_embed", "d_pkey"} <= set(re.findall(r"\w+", str(plan)))


def test_the_feed_shows_what_its_caller_may_see(bound: Database) -> None:
    """It runs with the rights of its caller: their policies apply, and without SELECT there is nothing."""
    bound.rows("create role feeder; select s3vl.grant_access('feeder', 'reader')")
    bound.rows("grant feeder to current_user")
    bound.rows("alter table d enable row level security; create policy p on d using (id > 1)")
    bound.rows("set local role feeder")
    assert bound.error(TO_EMBED).sqlstate == "42501"
    bound.rows("reset role; grant select on d to feeder; set local role feeder")

    assert [row["key"] for row in bound.rows(TO_EMBED)] == ["2", "10"]


@pytest.mark.parametrize("when_stale", ["keep", "delete"])
def test_only_what_is_deleted_for_it_is_marked_for_its_content(bound: Database, when_stale: str) -> None:
    """With keep a new content sends nothing: metadata and vector are as they were."""
    bound.rows("select s3vl.alter_binding('d', when_stale => %(w)s)", w=when_stale)
    bound.rows("delete from s3vl.outbox")

    bound.rows("update d set body = 'new' where id = 1")

    assert bound.value("select count(*) from s3vl.outbox") == (1 if when_stale == "delete" else 0)


@pytest.mark.parametrize(
    ("arguments", "sqlstate", "message"),
    [
        ("content_columns => '{nowhere}'", "42703", "column nowhere does not exist"),
        ("embedded_hash_column => 'nowhere'", "42703", "column nowhere does not exist"),
        ("embedded_hash_column => 'id'", "42804", "embedded_hash_column id has type integer and not text"),
        ("content_columns => '{title,NULL}'", "22023", "content_columns holds a null"),
        ("when_stale => 'sometimes'", "22023", "when_stale must be delete or keep, got sometimes"),
        (
            "when_stale => 'delete', when_null => 'keep'",
            "22023",
            "when_stale is delete, and when_null is keep",
        ),
        (
            "when_stale => 'delete', embedded_hash_column => ''",
            "22023",
            "when_stale is delete, without content_columns and embedded_hash_column",
        ),
        (
            "content_columns => '{mood}'",
            "42804",
            "content column mood has type public.mood, which is none of",
        ),
    ],
)
def test_what_cannot_tell_is_refused(
    bound: Database, arguments: LiteralString, sqlstate: str, message: str
) -> None:
    """Columns that are not there or of another kind, and a deletion that nothing would undo."""
    bound.rows("create type mood as enum ('good'); alter table d add column mood mood")

    error = bound.error("select s3vl.alter_binding('d', " + arguments + ")")

    assert error.sqlstate == sqlstate
    assert message in (error.message_primary or "")


def test_without_content_columns_there_is_no_feed(bound: Database) -> None:
    """The error says what to type; without a hash column, rows without a vector are fed."""
    bound.rows("select s3vl.alter_binding('d', content_columns => '{}')")
    error = bound.error(TO_EMBED)
    assert (error.sqlstate, error.message_primary) == ("55000", 'binding "d" has no content_columns')

    bound.rows("select s3vl.alter_binding('d', content_columns => '{body}', embedded_hash_column => '')")
    bound.rows("update d set v = '{1,2,3,4,5}' where id = 2")

    assert [row["content"] for row in bound.rows(TO_EMBED)] == [{"body": "b"}, {"body": None}]


def test_who_owns_a_type_runs_nothing_as_the_owner_of_s3vl(
    db: Database, registered: StubLambda, committing: Callable[..., Any]
) -> None:
    """An enum becomes text by its labels, and not by a cast that somebody has made."""
    assert registered.requests == []
    assert committing
    db.rows("create type mood as enum ('good')")
    db.rows("create function shout(mood) returns text language sql as 'select (1 / 0)::text'")
    db.rows("create cast (mood as text) with function shout(mood)")
    db.rows(
        "create table e (id integer primary key, v real[], mood mood); insert into e values (1, '{1}', 'good')"
    )
    db.rows("select s3vl.bind_table('e', 'docs', 'v', metadata_columns => '{mood}')")

    rows = db.rows("select (s3vl._rows(b, '{1}')).metadata from s3vl.binding as b")

    assert rows == [{"metadata": {"mood": "good"}}]
