"""call sync: where it may not be called, where it does nothing, and how it ends before PostgreSQL ends it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import StubLambda, configure, register

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database

# Turns of one row, so that a few rows are many turns.
MAKE: LiteralString = """
    create or replace function s3vl._turn_size(dimension integer, failures integer) returns integer
        immutable language sql set search_path = pg_catalog, pg_temp as $$ select 1 $$;
    create table docs (id integer primary key, embedding real[]);
    create table more (id integer primary key, embedding real[]);
    select s3vl.bind_table('docs', 'docs', 'embedding', id_prefix => 'docs/', backfill => false);
    select s3vl.bind_table('more', 'docs', 'embedding', id_prefix => 'more/', backfill => false)
"""


@pytest.fixture
def bound(committing: Callable[..., Database]) -> Database:
    """Bind two tables to one index."""
    db = committing()
    configure(db)
    register(db, 3)
    db.rows(MAKE)
    return db


@pytest.fixture
def stub(bound: Database) -> StubLambda:
    """Give the stub of that session."""
    return StubLambda(bound)


def insert(db: Database, table: LiteralString, count: int) -> None:
    """Insert so many rows."""
    db.rows("insert into " + table + " select n, '{1,2,3}' from generate_series(1, %(n)s) as n", n=count)


NESTED: dict[str, LiteralString] = {
    "a transaction": "call s3vl.sync()",
    "a function": "select nested()",
    "dynamic SQL": "do $$ begin execute 'call s3vl.sync()'; end $$",
}


@pytest.mark.parametrize("statement", NESTED.values(), ids=NESTED)
def test_inside_of_a_transaction_it_says_what_to_do(
    bound: Database, stub: StubLambda, statement: LiteralString
) -> None:
    """25001 with a hint, in place of PostgreSQL's 2D000; and no lease is left behind."""
    bound.rows(
        "create function nested() returns void language plpgsql"
        " as 'declare n bigint; begin call s3vl.sync(synced => n); end'"
    )
    insert(bound, "docs", 1)

    error = bound.error(statement)

    assert (error.sqlstate, error.message_primary, error.message_hint) == (
        "25001",
        "s3vl.sync() commits, and cannot run inside of a transaction",
        "Call it by itself, with autocommit on: call s3vl.sync();",
    )
    assert bound.value("select max(leased_until) = '-infinity' from s3vl.sync_state")
    assert stub.calls == []


IDLE: dict[str, LiteralString] = {
    "nothing to do": "delete from docs; delete from s3vl.outbox",
    "a reader instance": "set default_transaction_read_only = on",
    "paused": "select s3vl.pause_binding('docs')",
    "another session at work": "update s3vl.sync_state set leased_until = clock_timestamp() + interval '20 seconds'",
}


@pytest.mark.parametrize("case", IDLE.values(), ids=IDLE)
def test_where_it_can_do_nothing_it_returns(bound: Database, stub: StubLambda, case: LiteralString) -> None:
    """Without an error, a warning or a call; the changes stay noted."""
    insert(bound, "docs", 1)
    bound.rows(case)
    before = bound.rows("select key from s3vl.outbox")

    assert bound.value("call s3vl.sync()") == 0
    assert bound.value("call s3vl.sync('docs')") == 0

    assert stub.calls == []
    assert bound.warnings == []
    assert bound.rows("select key from s3vl.outbox") == before


def test_a_procedure_and_a_block_may_call_it(bound: Database, stub: StubLambda) -> None:
    """Where a commit is possible, it is; whatever isolation and search_path the session has."""
    bound.rows(
        "create procedure outer_one() language plpgsql"
        " as $$ declare n bigint; begin call s3vl.sync(synced => n); end $$"
    )
    bound.rows("set default_transaction_isolation = serializable; set search_path = pg_temp")
    for number, statement in enumerate(
        ("call public.outer_one()", "do $$ declare n bigint; begin call s3vl.sync(synced => n); end $$")
    ):
        stub.answers({"written": [[1, 1]]})
        bound.rows("insert into public.docs values (%(n)s, '{1,2,3}')", n=number)

        bound.connection.execute(statement)

        assert bound.rows("select key from s3vl.outbox") == []


def test_bindings_have_their_turns_one_after_the_other(bound: Database, stub: StubLambda) -> None:
    """However much one of them has to send."""
    insert(bound, "docs", 4)
    insert(bound, "more", 4)
    for _ in range(8):
        stub.answers({"written": [[1, 1]]})

    assert bound.value("call s3vl.sync()") == 8

    ids = [request["vectors"][0]["vector_id"] for request in stub.requests]
    assert [key.split("/")[0] for key in ids] == ["docs", "more"] * 4


def test_it_ends_before_statement_timeout_ends_it(bound: Database, stub: StubLambda) -> None:
    """max_seconds is what that leaves: what it has sent stays sent, no lease is left, and nothing is cancelled."""
    insert(bound, "docs", 20)
    for _ in range(20):
        stub.answers({"written": [[1, 1]]}, seconds=0.3)
    bound.rows("set statement_timeout = '3s'")
    began = time.monotonic()

    synced = bound.value("call s3vl.sync(max_seconds => 50)")

    assert time.monotonic() - began < 3
    assert 0 < synced < 20
    assert bound.value("select count(*) from s3vl.outbox") == 20 - synced
    assert bound.value("select max(leased_until) = '-infinity' from s3vl.sync_state")


def test_a_clock_that_was_set_back_keeps_nobody_out_for_long(bound: Database) -> None:
    """What was written an hour ahead is cut to the longest lease, and the longest pause, from now."""
    insert(bound, "docs", 1)
    ahead = "clock_timestamp() + interval '1 hour'"
    bound.connection.execute(
        f"update s3vl.sync_state set leased_until = {ahead}, not_before = {ahead}, seen_at = {ahead}"  # type: ignore[arg-type]
    )

    assert bound.value("call s3vl.sync()") == 0

    assert bound.rows(
        "select distinct leased_until <= clock_timestamp() + s3vl._lease_time() as lease,"
        " not_before <= clock_timestamp() + interval '1 minute' as pause, seen_at <= clock_timestamp() as seen"
        " from s3vl.sync_state"
    ) == [{"lease": True, "pause": True, "seen": True}]


def test_with_too_little_time_it_makes_no_call(bound: Database, stub: StubLambda) -> None:
    """A warning has the setting, and what to set; no lease is taken."""
    insert(bound, "docs", 1)
    bound.rows("set statement_timeout = '1s'")

    assert bound.value("call s3vl.sync()") == 0

    [warning] = bound.warnings
    assert warning.message == "statement_timeout leaves s3vl.sync() no time to make a call"
    assert "1s" in (warning.detail or "")
    assert "set statement_timeout = '2min';" in (warning.hint or "")
    assert stub.calls == []
    assert bound.value("select max(leased_until) = '-infinity' from s3vl.sync_state")
