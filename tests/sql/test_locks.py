"""A look holds nobody up and fails nobody; changes of s3vl take turns, and say who keeps them waiting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest

from fixtures_sql import INDEX_ARN, LAMBDA_ARN, StubLambda, configure
from s3vl_local.postgres import SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_sql import Database
    from s3vl_local.postgres import PostgresServer

READER = "s3vl_reader"
LOOKS: LiteralString = "select * from s3vl.validate_config(), s3vl.describe_index('docs'), s3vl.diagnose()"
NEW_ARN = INDEX_ARN.replace("test-index-5d", "new")
ANSWER = {
    "index": {"dimension": 5},
    "vectors": [],
    "created": True,
    "index_arn": NEW_ARN,
    "existed": True,
    "missing": 0,
}
CONFIGURE: LiteralString = "select s3vl.configure('" + LAMBDA_ARN + "')"

# What admins do, and the table that it changes.
CHANGES: dict[LiteralString, str] = {
    CONFIGURE: "s3vl.config",
    "select s3vl.create_index('new', 5)": "s3vl.index_registry",
    "select s3vl.drop_index('docs')": "s3vl.index_registry",
    "select s3vl.register_index('docs', '" + INDEX_ARN + "')": "s3vl.index_registry",
    "select s3vl.activate_index('docs')": "s3vl.index_registry",
    "select s3vl.deactivate_index('docs')": "s3vl.index_registry",
    "select s3vl.unregister_index('docs')": "s3vl.index_registry",
    "select s3vl.grant_access('s3vl_reader', 'reader')": "s3vl.index_registry",
    "select s3vl.revoke_access('s3vl_reader')": "s3vl.index_registry",
}


@pytest.fixture
def reader_role(postgres: PostgresServer) -> Iterator[None]:
    """Make a role that can log in, and drop it when its databases are gone."""
    postgres.create_login(READER)
    yield
    with postgres.connect(SUPERUSER) as connection:
        connection.execute(f"drop role {READER}")


@pytest.fixture
def owner(reader_role: None, committing: Callable[..., Database]) -> Database:  # noqa: ARG001
    """Open the owner's session of a configured database with one index, in which calls are answered."""
    session = committing()
    configure(session)
    session.rows(
        "insert into s3vl.index_registry (index_name, index_arn, dimension) values ('docs', %(arn)s, 5)",
        arn=INDEX_ARN,
    )
    session.rows("select s3vl.grant_access('s3vl_reader', 'reader')")
    stub = StubLambda(session)
    for _ in range(20):
        stub.answers(ANSWER)
    return session


@pytest.fixture
def reader(owner: Database, committing: Callable[..., Database]) -> Database:  # noqa: ARG001
    """Open the session of a reader."""
    session = committing(READER)
    session.rows("grant usage on sequence aws_lambda_calls to public")
    return session


@pytest.mark.parametrize("change", CHANGES)
def test_a_readers_open_transaction_holds_no_admin_up(
    owner: Database, reader: Database, change: LiteralString
) -> None:
    """Whoever has looked and stays in the transaction locks nothing that a change needs."""
    reader.rows("begin")
    assert reader.rows(LOOKS)

    owner.rows("set lock_timeout = '1s'")
    owner.rows(change)


@pytest.mark.parametrize("change", CHANGES)
def test_an_admins_open_transaction_holds_no_reader_up(
    owner: Database, reader: Database, change: LiteralString
) -> None:
    """Whoever only looks or searches does not wait for a change that is not committed."""
    owner.rows("begin")
    owner.rows(change)

    reader.rows("set lock_timeout = '1s'")
    assert reader.rows(LOOKS)
    assert reader.rows("select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs')") == []


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable", "read committed, read only"])
def test_a_look_fails_in_no_kind_of_transaction(
    owner: Database, reader: Database, isolation: LiteralString
) -> None:
    """What others have changed since the snapshot is no reason to fail."""
    reader.rows("begin isolation level " + isolation)
    reader.rows("select * from s3vl.list_indexes()")
    owner.rows(CONFIGURE)
    owner.rows("select s3vl.register_index('docs', %(arn)s)", arn=INDEX_ARN)

    assert reader.rows(LOOKS)
    reader.rows("commit")


def test_a_readers_failure_is_the_readers_alone(owner: Database, reader: Database) -> None:
    """A look that fails by a reader's own settings changes nothing that others see."""
    owner.rows(CONFIGURE)
    owner.rows("delete from aws_lambda.played")
    StubLambda(owner).raises("invalid value for parameter", errcode="22023")

    assert reader.value("select is_valid from s3vl.validate_config()") is False
    assert owner.value("select last_validation_status from s3vl.get_config()") == "ok"


@pytest.mark.parametrize(("change", "table"), CHANGES.items())
def test_a_change_that_cannot_have_its_turn_says_who_has_it(
    owner: Database, committing: Callable[..., Database], change: LiteralString, table: str
) -> None:
    """55P03 names the session, and after it the change works."""
    other = committing()
    other.rows("begin")
    other.rows(CONFIGURE if table == "s3vl.config" else "select s3vl.activate_index('docs')")
    owner.rows("set lock_timeout = '100ms'")

    error = owner.error(change)

    pid = other.connection.info.backend_pid
    assert (error.sqlstate, error.message_primary) == ("55P03", f"another session is changing {table}")
    assert error.message_detail == f"Process {pid}."
    assert (error.message_hint or "").endswith(f"select * from pg_stat_activity where pid in ({pid});")
    assert owner.value("select current_setting('lock_timeout')") == "100ms"
    other.rows("rollback")
    owner.rows(change)


def test_a_change_waits_five_seconds_at_most(owner: Database, committing: Callable[..., Database]) -> None:
    """Without a lock_timeout of its own a session does not wait for ever, and has none afterwards either."""
    other = committing()
    other.rows("begin")
    other.rows("select s3vl.activate_index('docs')")
    owner.rows("set statement_timeout = '20s'")

    assert owner.error("select s3vl.deactivate_index('docs')").sqlstate == "55P03"
    assert owner.value("select current_setting('lock_timeout')") == "0"


def test_a_change_waits_for_its_turn(
    owner: Database, committing: Callable[..., Database], postgres: PostgresServer
) -> None:
    """One that ends in time is waited for, and its outcome seen."""
    other = committing()
    other.rows("begin")
    other.rows("select s3vl.unregister_index('docs')")
    waiting = "select count(*) from pg_locks where not granted and relation = 's3vl.index_registry'::regclass"
    database = owner.connection.info.dbname
    with ThreadPoolExecutor() as background, postgres.connect(SUPERUSER, database) as server:
        change = background.submit(owner.error, "select s3vl.deactivate_index('docs')")
        while server.execute(waiting).fetchone() != (1,):
            assert not change.done()
        other.rows("commit")

        assert change.result().sqlstate == "42704"


@pytest.mark.parametrize("change", ["grant_access('s3vl_reader', 'writer')", "revoke_access('s3vl_reader')"])
def test_rights_that_somebody_changes_by_hand_are_waited_for_as_long(
    owner: Database, committing: Callable[..., Database], change: LiteralString
) -> None:
    """A GRANT that is not committed is 55P03, never “tuple concurrently updated”."""
    other = committing()
    other.rows("begin")
    other.rows("grant execute on function s3vl.version() to s3vl_reader with grant option")
    owner.rows("set lock_timeout = '100ms'")

    error = owner.error("select s3vl." + change)

    assert (error.sqlstate, error.message_primary) == ("55P03", "another session is changing rights on s3vl")
    assert "state = 'idle in transaction'" in (error.message_hint or "")


def test_rights_that_somebody_has_just_changed_by_hand_are_no_internal_error(
    owner: Database, committing: Callable[..., Database], postgres: PostgresServer
) -> None:
    """When the GRANT commits while it is waited for, the same error asks to try again."""
    other = committing()
    other.rows("begin")
    other.rows("grant execute on function s3vl.version() to s3vl_reader with grant option")
    waiting = "select count(*) from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
    pid = owner.connection.info.backend_pid
    with ThreadPoolExecutor() as background, postgres.connect(SUPERUSER) as server:
        change = background.submit(owner.rows, "select s3vl.grant_access('s3vl_reader', 'reader')")
        while server.execute(waiting, [pid]).fetchone() != (1,):
            assert not change.done()
        other.rows("commit")

        with pytest.raises(psycopg.errors.LockNotAvailable, match="another session is changing rights"):
            change.result()
    owner.rows("select s3vl.grant_access('s3vl_reader', 'reader')")


def test_no_stranger_can_hold_an_admin_up(owner: Database, reader: Database) -> None:
    """Advisory locks are anybody's to take: none of them is waited for."""
    owner.rows("select s3vl.revoke_access('s3vl_reader')")
    reader.rows(
        "select pg_advisory_lock('pg_namespace'::regclass::integer, oid::integer) from pg_namespace"
        " where nspname = 's3vl'"
    )
    owner.rows("set lock_timeout = '1s'")

    for change in CHANGES:
        if "unregister" not in change:
            owner.rows(change)


def test_deactivating_does_not_wait_for_an_answer_of_lambda(
    owner: Database, committing: Callable[..., Database]
) -> None:
    """Registering asks what an index is before it locks the registry."""
    owner.rows("update aws_lambda.played set seconds = 3 where call = 1")
    other = committing()
    with ThreadPoolExecutor() as background:
        registering = background.submit(other.rows, "select s3vl.register_index('more', '" + INDEX_ARN + "')")
        while not other.notices:
            assert not registering.done()
        owner.rows("set lock_timeout = '100ms'")
        owner.rows("select s3vl.deactivate_index('docs')")
        assert not registering.done()
        registering.result()
