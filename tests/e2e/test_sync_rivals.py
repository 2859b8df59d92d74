"""Sessions that sync one binding while a verify runs: none does harm, whoever is ended or too late."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from bindings import MAKE_DOCS
from indexes import registered_index
from test_sync_jobs import BIND, WITHOUT_HASH, Verified, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Held, Stack


class Drainer:
    """A session that calls sync in a thread."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.problem: psycopg.Error | None = None
        self._thread = threading.Thread(target=self._sync)
        self._thread.start()

    def _sync(self) -> None:
        try:
            self.connection.execute("call s3vl.sync(max_seconds => 20)")
        except psycopg.Error as problem:
            self.problem = problem

    def is_alive(self) -> bool:
        """Tell whether it has not returned yet."""
        return self._thread.is_alive()

    def join(self) -> psycopg.Error | None:
        """Wait until it returns, and give what went wrong."""
        self._thread.join()
        return self.problem


@pytest.fixture(scope="module")
def index_names() -> Iterator[str]:
    """Give names that no other index of these tests has."""
    return (f"rivals-{number}" for number in range(1, 1_000))


@pytest.fixture
def docs(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack, index_names: Iterator[str]
) -> Verified:
    """Bind the table, with 300 rows that the index has, but for row 7, and a vector 1000 that is none of its rows."""
    name = next(index_names)
    arn = registered_index(connection, aws, stack, name, 3, nonFilterableMetadataKeys=["hash"])
    connection.execute(MAKE_DOCS)
    connection.execute(BIND, [name])
    docs = Verified(connection, name, arn)
    docs.run("insert into docs (id, body) select n, 'a' from generate_series(1, 300) as n")
    docs.sync()
    aws("s3vectors").delete_vectors(indexArn=arn, keys=["7"])
    docs.put(aws("s3vectors"), "1000")
    return docs


DIFFERENCES = named("missing", 7) | named("orphan", 1000)


class AtWork(Drainer):
    """One of whose looks at the index is held."""

    def __init__(self, connection: psycopg.Connection, look: Held) -> None:
        super().__init__(connection)
        self._look = look
        look.wait_for()

    def go_on(self) -> psycopg.Error | None:
        """Let it look, wait until it returns, and give what went wrong."""
        self._look.let_go()
        return self.join()


@pytest.fixture
def start(database: Callable[[], psycopg.Connection], hold: Callable[..., Held]) -> Callable[..., AtWork]:
    """Start a session, and wait until it looks at the index, for the first time or as a rule says."""
    return lambda **rule: AtWork(database(), hold("ListVectors", **rule))


def test_others_leave_a_verify_alone(
    docs: Verified, database: Callable[[], psycopg.Connection], start: Callable[..., AtWork]
) -> None:
    """Four sessions that come while one is at work return at once, and changes wait for their turn."""
    [(job,)] = docs.run("select s3vl.start_verify('docs')")
    at_work = start()
    docs.run("update docs set body = 'b' where id > 200")
    others = [Drainer(database()) for _ in range(4)]
    assert [other.join() for other in others] == [None] * 4
    assert docs.job(job)["done"] == 0
    assert at_work.is_alive()
    assert at_work.go_on() is None
    docs.sync()
    assert docs.job(job)["done"] == 300
    assert docs.differences(job) == DIFFERENCES


def test_a_verify_that_has_lost_its_lease_changes_nothing(
    docs: Verified, start: Callable[..., AtWork]
) -> None:
    """Another session has taken over, and is done; what the first sees then is of no job."""
    [(job,)] = docs.run("select s3vl.start_verify('docs', repair => true)")
    late = start()
    # As if its clock had stood still.
    docs.run("update s3vl.sync_state set leased_until = '-infinity'")
    docs.sync()
    done = docs.job(job)
    assert done["state"] == "done"
    docs.run("delete from docs where id <= 10")
    assert late.go_on() is None
    assert docs.job(job) == done
    assert docs.differences(job) == DIFFERENCES
    docs.sync()
    docs.assert_in_step(WITHOUT_HASH)


def test_nobody_goes_on_with_a_verify_before_the_lease_ends(
    docs: Verified, start: Callable[..., AtWork]
) -> None:
    """Its session was ended; who comes later begins where it was saved."""
    [(job,)] = docs.run("select s3vl.start_verify('docs')")
    ended = start()
    docs.run("select pg_terminate_backend(%s)", ended.connection.info.backend_pid)
    assert isinstance(ended.go_on(), psycopg.errors.AdminShutdown)
    before = docs.job(job)
    docs.sync(1)
    assert docs.job(job) == before
    docs.run("update s3vl.sync_state set leased_until = '-infinity'")
    docs.sync()
    assert docs.job(job)["done"] == 300
    assert docs.differences(job) == DIFFERENCES


def test_a_job_is_cancelled_in_mid_turn(docs: Verified, start: Callable[..., AtWork]) -> None:
    """It stays so, and what the turn has found is not sent, nor said."""
    [(job,)] = docs.run("select s3vl.start_verify('docs', repair => true)")
    at_work = start()
    docs.run("select s3vl.cancel_job(%s)", job)
    assert at_work.go_on() is None
    assert docs.job(job)["state"] == "cancelled"
    assert docs.differences(job) == set()
    assert docs.status()["pending"] == 0
    assert "1000" in docs.stored()


def test_a_binding_ends_while_a_verify_runs(docs: Verified, start: Callable[..., AtWork]) -> None:
    """The turn finds that its job is gone, and the same session deletes the vectors."""
    docs.run("select s3vl.start_verify('docs')")
    at_work = start()
    docs.run("select s3vl.unbind_table('docs', delete_vectors => true)")
    assert at_work.go_on() is None
    docs.sync()
    assert docs.stored() == {}
    assert docs.run("select binding_name from s3vl.list_bindings()") == []


def test_a_late_change_lets_a_job_at_work_begin_again(
    docs: Verified,
    database: Callable[[], psycopg.Connection],
    faults: Callable[..., None],
    start: Callable[..., AtWork],
) -> None:
    """I1: it deletes rows whose vectors the turn has passed, and another session notes that."""
    docs.run("truncate docs")
    docs.run("insert into docs (id, body) select n, 'b' from generate_series(1, 300) as n")
    late = database()
    late.autocommit = False
    late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    late.execute("select 1 from docs")
    late.execute("select 1 from s3vl.list_bindings()")
    docs.run("select s3vl.alter_binding('docs', metadata_columns => '{body}', backfill => false)")
    # A turn takes two seconds, so that the sixth look is in a later one.
    faults(operation="ListVectors", latency_ms=600, times=4)
    at_work = start(every=6)
    assert docs.run("select stage > 0 from s3vl.sync_job where is_owed") == [(True,)]
    late.execute("delete from docs where id <= 100")
    late.commit()
    docs.sync(1)
    assert at_work.go_on() is None
    docs.sync()
    docs.assert_in_step(WITHOUT_HASH)
