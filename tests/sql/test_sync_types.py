"""A bound table whose owner gives the key a type of their own: its functions never run as the owner of s3vl."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest

if TYPE_CHECKING:
    from fixtures_sql import Database

# Who owns a type says how it is cast to text, by a function of theirs.
EVIL: LiteralString = """
    create type evil as (key text);
    create function run_as(evil) returns text language plpgsql as
        $$begin raise exception 'ran as %', current_user; end$$;
    create cast (evil as text) with function run_as(evil) as implicit;
"""
ALTER: LiteralString = "alter table docs alter id type evil using row(id)::evil"


@pytest.fixture
def docs(db: Database) -> Database:
    """Bind a table."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn, dimension, distance_metric)"
        " values ('docs', 'arn:aws:s3vectors:us-west-2:123456789012:bucket/some-bucket/index/docs', 3, 'cosine')"
    )
    db.rows("create table docs (id text primary key, body text, embedding real[])")
    db.rows("select s3vl.bind_table('docs', 'docs', 'embedding', metadata_columns => '{body}')")
    db.connection.execute(EVIL)
    return db


@pytest.mark.parametrize(
    "reads",
    [
        "s3vl._gather(b, i, '{a}', null, 0)",
        "s3vl._gather(b, i, '{}', null, 10)",
        "s3vl._next_keys(b, i, null, 10)",
    ],
    ids=["rows", "page", "keys"],
)
def test_a_type_that_changes_after_the_check_is_refused_by_who_reads(
    docs: Database, reads: LiteralString
) -> None:
    """Each reader looks again once it holds the table: a turn has checked it before, and holds nothing since."""
    docs.rows("insert into docs values ('a', 'text', '{1,2,3}')")
    docs.rows(ALTER)

    error = docs.error(
        "select r.* from s3vl.binding as b join s3vl.index_registry as i using (index_arn),"
        " lateral " + reads + " as r"
    )

    assert error.sqlstate == "42804"
    assert "key column id has type public.evil" in (error.message_primary or "")


CHANGED: LiteralString = """
    create temporary table s3vl_old as
    select row(k)::evil as id, 'x' as body, null::real[] as embedding from unnest(array['a', 'b']) as k;
    create temporary table s3vl_new as
    select row(k)::evil as id, 'y' as body, null::real[] as embedding from unnest(array['b', 'c']) as k;
    set local search_path = pg_catalog, pg_temp
"""


@pytest.mark.parametrize(("event", "keys"), [("INSERT", "bc"), ("DELETE", "ab"), ("UPDATE", "abc")])
def test_many_changes_are_noted_without_a_cast(docs: Database, event: str, keys: str) -> None:
    """Nor with an operator that the cast makes ambiguous: the application's statement would fail."""
    statement = docs.value(
        "select s3vl._note_changed_keys(binding_id, source, %(event)s, 'STATEMENT') from s3vl.binding",
        event=event,
    )
    docs.connection.execute(CHANGED)

    docs.rows(statement)

    assert {row["key"] for row in docs.rows("select key from s3vl.outbox")} == {f"({key})" for key in keys}


OWN_TYPES: LiteralString = """
    create table ran (as_role name default current_user);
    create type kind as enum ('a', 'b');
    create function as_json(kind) returns json language sql as
        $$insert into public.ran default values returning '"c"'::json$$;
    create cast (kind as json) with function as_json(kind);
    create function is_fine(value text) returns boolean language sql as
        $$insert into public.ran default values returning true$$;
    create domain checked as text check (is_fine(value));
    create role other;
    grant other to current_user;
    grant all on docs, ran to other;
"""


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("alter table docs alter id type kind using id::kind", "b"),
        ("alter table docs alter id type evil using row(id)::evil", "(b)"),
        ("alter table docs add unused kind default 'a'", "b"),
        ("alter table docs add unused checked", "b"),
        ("alter table docs alter body type checked", "b"),
    ],
    ids=str.split("key composite added domain changed"),
)
def test_a_change_of_one_row_is_noted_without_functions_of_a_type(
    docs: Database, change: LiteralString, key: str
) -> None:
    """Whatever has become of the columns since the table was bound."""
    docs.connection.execute(OWN_TYPES)
    docs.rows(change)
    docs.rows("delete from ran")
    docs.rows("set local role other")

    docs.connection.execute(
        b"insert into docs (id, body) values ("
        + (b"row('b')::evil" if key == "(b)" else b"'b'")
        + b", 'text')"
    )
    docs.rows("update docs set body = 'other'")

    docs.rows("reset role")
    assert [row["key"] for row in docs.rows("select key from s3vl.outbox order by change")] == [key, key]
    assert docs.rows("select * from ran where as_role <> 'other'") == []
