"""What triggers note of changes of a bound table: every way to change it, and nothing that did not change."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest
from psycopg import sql

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

MAKE: LiteralString = """
    create table docs (id integer primary key, body text, price numeric, other text, j json, embedding real[]);
    insert into docs (id, body, j, embedding)
    select n, 'a', '{"a": 1}', '{1,2,3,4,5}' from generate_series(1, 5) as n;
    create table parent (id integer primary key);
    insert into parent select generate_series(1, 5);
    alter table docs add constraint docs_parent foreign key (id) references parent on update cascade on delete cascade;
    create view shown as select * from docs
"""
BIND: LiteralString = """
    select s3vl.bind_table('docs', 'docs', 'embedding', metadata_columns => '{body,price}', backfill => false)
"""
NOTED: LiteralString = "select key from s3vl.outbox order by change"

# A statement, and the keys that it notes, in any order.
CHANGES: dict[str, tuple[LiteralString, list[str]]] = {
    "insert": ("insert into docs (id) select 1 where false", []),
    "insert of rows": ("insert into parent values (6), (7); insert into docs (id) values (6), (7)", ["6", "7"]),
    "update": ("update docs set body = 'b' where id <= 2", ["1", "2"]),
    "update of nothing": ("update docs set body = body, price = price, embedding = embedding", []),
    "update of other columns": ("update docs set other = 'x', j = '{}'", []),
    "update of another column of a row": ("update docs set other = 'x', j = '{}' where id = 1", []),
    "update from null": ("update docs set price = 0 where id = 1", ["1"]),
    "update of a number's form": ("update docs set price = 1.0 where id = 1; update docs set price = 1.00 where id = 1",
                                  ["1", "1"]),
    "update of the vector": ("update docs set embedding = '{5,4,3,2,1}' where id = 3", ["3"]),
    "change of a key": ("update parent set id = 10 where id = 1", ["1", "10"]),
    "swap of keys": ("update docs set id = 3 - id where id in (1, 2)", []),  # as rows they are the same
    "delete": ("delete from docs where id = 4", ["4"]),
    "cascade": ("delete from parent where id >= 4", ["4", "5"]),
    "set null": (
        """create table words (word text primary key); insert into words values ('a');
        alter table docs add foreign key (body) references words on delete set null; delete from words""",
        ["1", "2", "3", "4", "5"]),
    "on conflict": (
        """insert into parent values (6); insert into docs (id, body) values (1, 'new'), (6, 'x')
        on conflict (id) do update set body = excluded.body""", ["1", "6"]),
    "on conflict do nothing": ("insert into docs (id, body) values (1, 'new') on conflict do nothing", []),
    "merge": (
        """merge into docs as d using (values (1, 'new'), (2, null)) as v (id, body) on d.id = v.id
        when matched and v.body is null then delete when matched then update set body = v.body""", ["1", "2"]),
    "view": ("update shown set body = 'b' where id = 1", ["1"]),
    "with": ("with gone as (delete from docs where id = 1 returning id) select * from gone", ["1"]),
    "a key that is null": (
        ("alter table docs drop constraint docs_parent; alter table docs drop constraint docs_pkey;"
        " alter table docs alter id drop not null; insert into docs (id) values (null);"
        " insert into docs (id) values (6), (null)"), ["", "6", ""]),
    "truncate": ("truncate docs", [None]),  # type: ignore[list-item]
    "truncate cascade": ("truncate parent cascade", [None]),  # type: ignore[list-item]
    "insert and delete": (
        "insert into parent values (6); insert into docs (id) values (6); delete from docs where id = 6", ["6", "6"]),
    "savepoint": ("savepoint s; delete from docs; rollback to s; delete from docs where id = 1", ["1"]),
}  # fmt: skip


@pytest.fixture
def bound(db: Database, registered: StubLambda) -> Database:  # noqa: ARG001
    """Make the table, and bind it."""
    db.rows(MAKE)
    db.rows(BIND)
    return db


@pytest.mark.parametrize(("change", "keys"), CHANGES.values(), ids=CHANGES)
def test_each_change_is_noted_once(bound: Database, change: LiteralString, keys: list[str]) -> None:
    """Keys of rows that are not as they were, before and after; nothing for what the index does not have."""
    if change.startswith("update docs set id = 3 - id"):
        change = (
            "alter table docs drop constraint docs_parent; alter table docs drop constraint docs_pkey;"
            " alter table docs add primary key (id) deferrable initially immediate;"
            " update docs set id = 3 - id where id in (1, 2)"
        )
    bound.rows(change)

    noted = [row["key"] for row in bound.rows(NOTED)]
    assert sorted(noted, key=str) == sorted(keys, key=str)


@pytest.mark.parametrize("statement", ["insert into docs (id) values (1)", "update docs set body = 'x'"])
def test_a_partitioned_table_is_captured_wherever_it_is_changed(
    db: Database, registered: StubLambda, statement: LiteralString
) -> None:
    """Through the parent, in a partition, in one that comes later, and when a row moves."""
    del registered
    db.rows("create table docs (id integer primary key, body text, embedding real[]) partition by range (id)")
    db.rows("create table low partition of docs for values from (0) to (100)")
    db.rows("select s3vl.bind_table('docs', 'docs', 'embedding', metadata_columns => '{body}')")
    db.rows("create table high partition of docs for values from (100) to (200)")
    db.rows("insert into low (id) values (7); insert into high (id) values (107); delete from s3vl.outbox")

    db.rows(statement)
    db.rows("update docs set body = body")
    db.rows("update docs set id = 108 where id = 7")
    db.rows("update high set body = 'there' where id = 107")

    keys = [row["key"] for row in db.rows(NOTED)]
    assert sorted(keys) == sorted((["1"] if "insert" in statement else ["107", "7"]) + ["7", "108", "107"])


@pytest.mark.parametrize("how", ["", " partition by hash (key)"], ids=["table", "partitioned"])
def test_columns_may_have_any_name(db: Database, registered: StubLambda, how: LiteralString) -> None:
    """Those of the trigger's own queries, key words, and what must be quoted."""
    del registered
    names = ["r", "old", "new", "s3vl_old", "s3vl_new", "user", 'a " b']
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names)
    db.connection.execute(
        sql.SQL("create table docs (key integer primary key, {}, embedding real[])").format(columns)
        + sql.SQL(how)
    )
    if how:
        db.rows("create table part partition of docs for values with (modulus 1, remainder 0)")
    db.rows(
        "select s3vl.bind_table('docs', 'docs', 'embedding', metadata_columns => %(names)s::name[])",
        names=names,
    )
    db.rows("insert into docs (key) values (1)")

    for name in names:
        for _ in range(2):
            db.connection.execute(sql.SQL("update docs set {} = 'x'").format(sql.Identifier(name)))

    assert [row["key"] for row in db.rows(NOTED)] == ["1"] * (1 + len(names))


REFUSED: dict[str, tuple[LiteralString, LiteralString, str, str]] = {
    "view": ("create view v as select * from docs", "'v', 'docs', 'embedding'", "42809", "it is a view"),
    "temporary": ("create temporary table t (id integer primary key, e real[])", "'t', 'docs', 'e'",
                  "42809", "it is temporary"),
    "inheritance": ("create table child () inherits (docs)", "'docs', 'docs', 'embedding', binding_name => 'x'",
                    "42809", "inheritance tree"),
    "no table": ("select 1", "null, 'docs', 'embedding'", "22023", "source is null"),
    "no embedding": ("select 1", "'docs', 'docs', null, binding_name => 'x'", "22023", "embedding_column is null"),
    "no primary key": ("create table t (id integer, e real[])", "'t', 'docs', 'e'", "42804", "it has no primary key"),
    "two columns": ("create table t (a integer, b integer, e real[], primary key (a, b))", "'t', 'docs', 'e'",
                    "42804", "its primary key has 2 columns"),
    "numeric key": ("create table t (a numeric primary key, e real[])", "'t', 'docs', 'e'",
                    "42804", "key column a has type numeric"),
    "key that is not unique": ("create table t (a integer not null, e real[])", "'t', 'docs', 'e', key_column => 'a'",
                               "42804", "key column a is not unique by itself"),
    "no such column": ("select 1", "'docs', 'docs', 'vector', binding_name => 'x'",
                       "42703", "column vector does not exist"),
    "text as vector": ("select 1", "'docs', 'docs', 'body', binding_name => 'x'",
                       "42804", "embedding column body has type text"),
    "interval as metadata": ("create table t (a integer primary key, e real[], i interval)",
                             "'t', 'docs', 'e', metadata_columns => '{i}'", "42804", "metadata column i has type"),
    "json and not jsonb": ("select 1", "'docs', 'docs', 'embedding', metadata_column => 'j', binding_name => 'x'",
                           "42804", "metadata_column j has type json and not jsonb"),
    "same ids": ("create table t (a integer primary key, e real[])", "'t', 'docs', 'e'",
                 "23505", 'could be those of binding "docs"'),
    "ids that may meet": ("create table t (a text primary key, e real[])", "'t', 'docs', 'e', id_prefix => '1'",
                          "23505", 'could be those of binding "docs"'),
    "same name": ("select 1", "'docs', 'docs', 'embedding', id_prefix => 'x/'",
                  "42710", 'there is a binding "docs" already'),
    "unknown index": ("select 1", "'docs', 'nowhere', 'embedding', binding_name => 'x'", "42704", '"nowhere"'),
    "when_null": ("select 1", "'docs', 'docs', 'embedding', binding_name => 'x', when_null => 'ignore'",
                  "22023", "when_null must be delete or keep, got ignore"),
    "materialized view": ("create materialized view m as select * from docs", "'m', 'docs', 'embedding'",
                          "42809", "it is a materialized view"),
    "system": ("select 1", "'pg_class', 'docs', 'relacl'", "42809", "it belongs to the system"),
    "key that may be null": ("create table t (a integer unique, e real[])", "'t', 'docs', 'e', key_column => 'a'",
                             "42804", "key column a may be null"),
    "filterable and too long": (
        """update s3vl.index_registry set non_filterable_keys = '{}';
        create table t (a integer primary key, e real[], fits varchar(2048), c varchar(2049))""",
        "'t', 'docs', 'e', metadata_columns => '{fits,c}', id_prefix => 't/'", "22023",
        "metadata column c is character varying(2049), and S3 Vectors takes 2048 bytes of a filterable key"),
    "non-filterable and too long": (
        """update s3vl.index_registry set non_filterable_keys = '{fits,c}';
        create table t (a integer primary key, e real[], fits varchar(40960), c char(40961))""",
        "'t', 'docs', 'e', metadata_columns => '{fits,c}', id_prefix => 't/'", "22023",
        "metadata column c is character(40961), and S3 Vectors takes 40960 bytes of a non-filterable key"),
    "too many columns": (
        "select 1", """'docs', 'docs', 'embedding', binding_name => 'x',
        metadata_columns => array(select 'c' || n from generate_series(1, 51) as n)::name[]""",
        "22023", "metadata_columns has 51 columns"),
    "hash_key that is filterable": (
        "update s3vl.index_registry set non_filterable_keys = '{}'",
        "'docs', 'docs', 'embedding', binding_name => 'x', hash_key => 'h'", "22023", 'hash_key "h" is filterable'),
    "prefix that leaves no room": (
        "select 1", "'docs', 'docs', 'embedding', binding_name => 'x', id_prefix => repeat('x', 901)",
        "22023", "id_prefix has 901 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused(bound: Database, case: tuple[LiteralString, ...]) -> None:
    """When the table is bound, with the reason and what to do instead; and nothing is left of it."""
    made, arguments, sqlstate, message = case
    bound.rows(made)

    error = bound.error("select s3vl.bind_table(" + arguments + ")")

    assert error.sqlstate == sqlstate
    assert message in (error.message_primary or "")
    assert error.message_hint
    assert len(bound.rows("select * from s3vl.list_bindings()")) == 1


def test_a_binding_is_made_at_read_committed_only(committing: Callable[..., Database]) -> None:
    """A snapshot from before the lock would not have the rows that were committed while it was waited for."""
    db = committing()
    with db.connection.transaction():
        db.rows("set transaction isolation level repeatable read")
        error = db.error("select s3vl.bind_table('pg_class', 'docs', 'x')")
    assert error.sqlstate == "25001"
    assert "repeatable read" in (error.message_primary or "")
    assert "READ COMMITTED" in (error.message_hint or "")


def test_what_only_some_servers_have_is_refused(committing: Callable[..., Database]) -> None:
    """A foreign table, and a key in whose collation different texts are equal."""
    db = committing("rdsadmin")
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN)
    db.rows(
        "create foreign data wrapper w; create server s foreign data wrapper w;"
        " create foreign table f (id integer, e real[]) server s"
    )
    refused = {"f": ("42809", "it is a foreign table")}
    # Not every server has ICU.
    with suppress(psycopg.errors.FeatureNotSupported):
        db.rows(
            "create collation caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
        db.rows("create table t (id text collate caseless primary key, e real[])")
        refused["t"] = ("42804", "key column id has a collation in which different texts are equal")

    for table, (sqlstate, problem) in refused.items():
        error = db.error("select s3vl.bind_table(%(table)s, 'docs', 'e')", table=table)
        assert error.sqlstate == sqlstate
        assert problem in (error.message_primary or "")
        assert error.message_hint


def test_who_binds_waits_for_no_writer_for_long(committing: Callable[..., Database]) -> None:
    """Others queue behind it: five seconds at most, whatever the session has set, and it says what to do."""
    db, writer = committing(), committing()
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN)
    db.rows("create table docs (id integer primary key, body text, price numeric, embedding real[])")
    limited = "select proname::text from pg_proc where 'lock_timeout=5s' = any(proconfig) order by 1"
    assert {row["proname"] for row in db.rows(limited)} >= {"bind_table", "alter_binding", "unbind_table"}
    db.rows("alter function s3vl.bind_table set lock_timeout = '100ms'; set lock_timeout = 0")
    with writer.connection.transaction():
        writer.rows("insert into docs (id) values (1)")
        error = db.error(BIND)

    assert (error.sqlstate, error.message_primary) == (
        "55P03",
        "table public.docs could not be locked within 5 seconds",
    )
    assert "idle in transaction" in (error.message_hint or "")
    db.rows(BIND)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_a_trigger_on_another_table_notes_nothing(
    committing: Callable[..., Database], isolation: LiteralString
) -> None:
    """Whoever may execute the function can attach it, and its arguments, to a table of their own."""
    db = committing()
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN)
    db.rows(MAKE)
    db.rows(BIND)
    db.rows("create table mine (id integer primary key, body text, price numeric, embedding real[])")
    db.rows(
        "create trigger t after insert on mine referencing new table as s3vl_new for each statement"
        " execute function s3vl._note_changes('docs', 'x')"
    )

    with db.connection.transaction():
        db.rows("set transaction isolation level " + isolation)
        db.rows("insert into mine (id) values (99)")

    assert db.rows(NOTED) == []


def test_a_statement_trigger_on_a_partition_notes_nothing(db: Database, registered: StubLambda) -> None:
    """Only the row trigger of the bound table is in its partitions."""
    del registered
    db.rows("create table docs (id integer primary key, embedding real[]) partition by range (id)")
    db.rows("create table low partition of docs for values from (0) to (100)")
    db.rows("select s3vl.bind_table('docs', 'docs', 'embedding')")
    db.rows(
        "create trigger t after truncate on low for each statement execute function s3vl._note_changes('docs', 'x')"
    )

    db.rows("truncate low")

    assert db.rows(NOTED) == []


# What changes rows, or which there are, and fires no trigger: docs/operations.md names each.
UNSEEN: dict[str, LiteralString] = {
    "another type": "alter table docs alter price type text using 'x'",
    "a column with a default": "alter table docs add column more text default 'x'",
    "a table in its place": "alter table docs rename to old; create table docs (like old); insert into docs values (9)",
    "a replica": "set local session_replication_role = replica; insert into docs (id) values (9)",
}


@pytest.mark.parametrize("change", UNSEEN.values(), ids=UNSEEN)
def test_what_no_trigger_sees_is_not_noted(
    committing: Callable[..., Database], change: LiteralString
) -> None:
    """So that it is known when PostgreSQL changes that; a verify is what finds it."""
    db = committing("rdsadmin")
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN)
    db.rows("create table docs (id integer primary key, body text, price numeric, embedding real[])")
    db.rows("insert into docs (id) values (1)")
    db.rows(BIND)
    with db.connection.transaction():
        db.rows(change)

    assert db.rows(NOTED) == []


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.parametrize("again", [False, True], ids=["bound", "altered"])
def test_a_transaction_that_does_not_see_the_binding_is_noted(
    committing: Callable[..., Database],
    level: LiteralString,
    again: bool,
) -> None:
    """Its snapshot is older: that there was a change is known, and sync sends all rows again for it."""
    db, other = committing(), committing()
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN)
    db.rows("create table docs (id integer primary key, body text, price numeric, embedding real[])")
    db.rows("insert into docs (id) values (1)")
    if again:
        db.rows("select s3vl.bind_table('docs', 'docs', 'embedding', backfill => false)")
    with other.connection.transaction():
        other.rows("set transaction isolation level " + level)
        other.rows("select from docs")
        if again:
            db.rows("select s3vl.alter_binding('docs', metadata_columns => '{body}', backfill => false)")
        else:
            db.rows(BIND)
        other.rows("update docs set body = 'late'")

    assert db.rows("select binding_id, key from s3vl.outbox") == [{"binding_id": 0, "key": "docs"}]
    db.rows("select s3vl._settle_late_changes()")
    assert db.rows("select kind, state from s3vl.sync_job order by kind") == [
        {"kind": "backfill", "state": "queued"},
        {"kind": "verify", "state": "queued"},
    ]
    with other.connection.transaction():
        other.rows("set transaction isolation level " + level)
        other.rows("update docs set body = 'seen'")
    assert [row["key"] for row in db.rows(NOTED)] == ["1"]


def test_numbers_that_begin_again_fail_no_statement(bound: Database) -> None:
    """I5: a promoted subscriber has the marks of its publisher, and their numbers again."""
    for key in (1, 2):
        bound.rows("alter table s3vl.outbox alter column change restart with 1")
        bound.rows("update docs set body = 'b' where id = %(key)s", key=key)

    assert bound.rows("select change, key from s3vl.outbox order by key") == [
        {"change": 1, "key": "1"},
        {"change": 1, "key": "2"},
    ]


def test_a_column_that_is_computed_when_it_is_read_is_compared(db: Database, registered: StubLambda) -> None:
    """Stored or not; of a virtual one triggers see nothing, so any change of the row counts."""
    del registered
    kinds = ["stored", "virtual"] if db.connection.info.server_version >= 180000 else ["stored"]
    for kind in kinds:
        db.rows(
            "create table made (id integer primary key, body text, other text, embedding real[],"  # type: ignore[arg-type]
            f" upper text generated always as (upper(body)) {kind})"
        )
        db.rows("select s3vl.bind_table('made', 'docs', 'embedding', metadata_columns => '{upper}')")
        db.rows("insert into made (id, body) values (1, 'a'), (2, 'b'); delete from s3vl.outbox")
        db.rows("update made set body = 'c' where id = 1; update made set body = 'c'")
        db.rows("update made set other = 'x' where id = 1")

        expected = {"stored": ["1", "2"], "virtual": ["1", "2", "1"]}[kind]
        assert [row["key"] for row in db.rows(NOTED)] == expected
        db.rows("select s3vl.unbind_table('made'); drop table made")


# A change of the table after it was bound, one of a row then, and the keys that this notes.
LATER: dict[str, tuple[LiteralString, LiteralString, list[str]]] = {
    "added": ("alter table docs add more text", "update docs set more = 'x' where id = 1", []),
    "added, another changes": ("alter table docs add more text", "update docs set body = 'x' where id = 1", ["1"]),
    "dropped": ("alter table docs drop other cascade", "update docs set j = '{}' where id = 1", []),
    "renamed": ("alter table docs rename other to more", "update docs set more = 'x' where id = 1", []),
    "swapped": (
        "alter table docs rename other to o; alter table docs rename body to other; alter table docs rename o to body",
        "update docs set other = 'x' where id = 1; update docs set body = 'x' where id = 2", ["2"]),
    "a domain": (
        "create domain filled as text not null; alter table docs add more filled default ''",
        "update docs set more = 'x' where id = 1; update docs set body = 'x' where id = 2", ["2"]),
    "of a domain": (
        "drop view shown; create domain filled as text not null; alter table docs alter other type filled using ''",
        "update docs set other = 'x' where id = 1; update docs set body = 'x' where id = 2", ["2"]),
    "composite": (
        "create type pair as (a text, b json); alter table docs add more pair",
        "update docs set more = ('a', '{}') where id = 1; update docs set body = 'x' where id = 2", ["2"]),
    "virtual": (
        "alter table docs add more text generated always as (other) virtual",
        "update docs set other = 'x' where id = 1; update docs set body = 'x' where id = 2", ["2"]),
}  # fmt: skip


@pytest.mark.parametrize(("change", "statement", "keys"), LATER.values(), ids=LATER)
def test_a_table_may_get_other_columns(
    bound: Database, change: LiteralString, statement: LiteralString, keys: list[str]
) -> None:
    """What the binding uses is compared by name, as before."""
    if "virtual" in change and bound.connection.info.server_version < 180000:
        change = change.replace("virtual", "stored")
    bound.rows(change)

    bound.rows(statement)

    assert [row["key"] for row in bound.rows(NOTED)] == keys


def test_copy_is_captured(bound: Database) -> None:
    """As any other INSERT."""
    bound.rows("insert into parent values (6), (7)")
    with bound.connection.cursor() as cursor, cursor.copy("copy docs (id, body) from stdin") as rows:
        rows.write("6\tx\n7\ty\n")

    assert sorted(row["key"] for row in bound.rows(NOTED)) == ["6", "7"]


def test_renamed_columns_do_not_fail_the_application(bound: Database) -> None:
    """Changes are noted by what is left, until the binding is mended; without its key it notes nothing."""
    bound.rows("alter table docs rename id to ident")
    bound.rows("alter table docs rename body to text")
    bound.rows("update docs set other = 'now all of the row counts' where ident = 1")
    bound.rows("alter table docs drop column ident cascade")
    bound.rows("update docs set text = 'x'")

    assert [row["key"] for row in bound.rows(NOTED)] == ["1"]


def test_renamed_columns_do_not_fail_writes_to_partitions(db: Database, registered: StubLambda) -> None:
    """A row trigger notes each event by what is left, under the key's new name and both of its values."""
    del registered
    db.rows("create table docs (id integer primary key, body text, embedding real[]) partition by range (id)")
    db.rows("create table low partition of docs for values from (0) to (100)")
    db.rows("select s3vl.bind_table('docs', 'docs', 'embedding', metadata_columns => '{body}')")
    db.rows("alter table docs rename id to ident; alter table docs rename body to text")
    for statement in ("insert into docs (ident) values (1)", "update docs set ident = 2", "delete from low"):
        db.rows(statement)

    assert [row["key"] for row in db.rows(NOTED)] == ["1", "1", "2", "2"]


def test_many_rows_after_many_single_ones_take_no_longer(bound: Database) -> None:
    """The plan for one row is not kept: of 8,000 it would make 64 million comparisons."""
    bound.rows("alter table docs drop constraint docs_parent")
    for n in range(8):
        bound.rows("update docs set body = %(body)s where id = 1", body=f"{n}")
    bound.rows("insert into docs (id, body) select n, 'x' from generate_series(10, 8009) as n")
    bound.rows("set local statement_timeout = '5s'")

    bound.rows("update docs set body = 'y'")

    assert len(bound.rows(NOTED)) == 8 + 8000 + 8005
