"""A copy of a database has its bindings too: it must not write to the index of the original unless somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import Database, StubLambda, configure, register

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3vl_local.postgres import PostgresServer

# As AWS documents it, but for the columns that nobody here reads.
MAKE_AURORA: LiteralString = """
    create function pg_catalog.aurora_replica_status() returns table (server_id text, session_id text)
    language sql as $$ select unnest(current_setting('test.instances')::text[]), 'MASTER_SESSION_ID' $$
"""
MAKE: LiteralString = """
    create table docs (id integer primary key, embedding real[]);
    select s3vl.bind_table('docs', 'docs', 'embedding')
"""


@pytest.fixture
def bound(committing: Callable[..., Database]) -> Database:
    """Bind a table, in a database where instances of Aurora are what a setting says."""
    committing("rdsadmin").rows(MAKE_AURORA)
    db = committing()
    configure(db)
    register(db, 3)
    db.rows("set test.instances = '{a,b}'")
    db.rows(MAKE)
    return db


def change(db: Database, answer: StubLambda) -> int:
    """Change a row, call sync, and return how many vectors it wrote."""
    db.rows("insert into docs select coalesce(max(id), 0) + 1, '{1,2,3}' from docs")
    answer.answers({"written": [[1, 1]]})
    synced: int = db.value("call s3vl.sync()")
    return synced


def test_a_cluster_that_changes_its_instances_goes_on(bound: Database) -> None:
    """One by one, in a failover, and when Aurora lists none for a moment."""
    stub = StubLambda(bound)

    for instances in ("{a,b}", "{b,c}", "{c}", "{}", "{c,d}"):
        bound.rows("select set_config('test.instances', %(instances)s, false)", instances=instances)
        assert change(bound, stub) == 1

    assert bound.value("select state from s3vl.sync_status()") == "in step"


def test_a_clone_waits_until_somebody_confirms_it(bound: Database) -> None:
    """Its cluster has none of the instances: it calls nobody, goes on noting, and says what to type."""
    stub = StubLambda(bound)
    change(bound, stub)
    calls = len(stub.calls)

    bound.rows("set test.instances = '{x,y}'")
    bound.rows("insert into docs values (100, '{1,2,3}')")

    assert bound.value("call s3vl.sync()") == 0
    [status] = bound.rows("select state, pending, hint from s3vl.sync_status()")
    assert (status["state"], status["pending"]) == ("confirm", 1)
    assert "select s3vl.resume_binding('docs');" in status["hint"]
    # What s3vl.diagnose() says of it.
    [check] = bound.rows("select c.status, c.hint from s3vl.binding as b, s3vl._check_binding(b) as c")
    assert check == {"status": "fail", "hint": status["hint"]}
    # Also when the name of an instance comes back.
    bound.rows("set test.instances = '{a}'")
    assert bound.value("call s3vl.sync()") == 0
    assert len(stub.calls) == calls
    bound.rows("select s3vl.resume_binding('docs')")
    stub.answers({"written": [[1, 1]]})
    assert bound.value("call s3vl.sync()") == 1
    assert bound.rows("select state, last_error from s3vl.sync_status()") == [
        {"state": "in step", "last_error": None}
    ]


def test_a_copy_beside_the_database_waits_too(
    bound: Database, postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    """In the same cluster, or where nothing tells clusters apart, as after pg_dump and pg_restore."""
    bound.rows("insert into docs values (1, '{1,2,3}')")
    name = bound.connection.info.dbname
    with postgres.connect("rdsadmin") as administrator:
        administrator.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
    copy = Database(postgres.url(database=new_database(name)), autocommit=True)
    copy.rows("set test.instances = '{a,b}'")

    assert copy.value("call s3vl.sync()") == 0
    assert copy.value("select state from s3vl.sync_status()") == "confirm"
    copy.connection.close()
