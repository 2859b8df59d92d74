"""Random histories against the model, which is the table: when all is quiet, the index is equal to it.

S3VL_SIMULATION_SECONDS says how long the histories are, and S3VL_SIMULATION_SEED which one it is.
"""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from indexes import registered_index

from s3vl_local.cloud import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud

SECONDS = float(os.environ.get("S3VL_SIMULATION_SECONDS", "30"))
SEED = int(os.environ.get("S3VL_SIMULATION_SEED", "16"))
KEYS = 8
LEVELS: tuple[LiteralString, ...] = ("read committed", "repeatable read", "serializable")
# What a write may take after its deadline, at most: it is how slow the faults make it.
IN_FLIGHT_MS = 1_000
CALL_SECONDS = 2.0

# What the table itself gives, to writers that meet: no fault of a binding.
OF_THE_TABLE = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
)


class Simulation:
    """Writers, drainers and who ends them, on one table."""

    def __init__(self, open_connection: Callable[[], psycopg.Connection], seed: int) -> None:
        self.open_connection = open_connection
        self.seed = seed
        self.stop = threading.Event()
        self.problems: list[BaseException] = []
        self.killed = 0
        self.cancelled = 0
        self.failovers = 0
        self.prepared = 0

    def run(self, seconds: float) -> None:
        """Let them work for so long."""
        workers = [threading.Thread(target=self._guarded, args=(self._write, n)) for n in range(3)]
        workers += [threading.Thread(target=self._guarded, args=(self._drain, n)) for n in range(2)]
        workers.append(threading.Thread(target=self._guarded, args=(self._kill, 0)))
        for worker in workers:
            worker.start()
        time.sleep(seconds)
        self.stop.set()
        for worker in workers:
            while worker.is_alive():
                self._finish_orphans()
                worker.join(timeout=0.5)
        # Nobody is left to end the youngest.
        self._finish_orphans(0)
        assert self.problems == []

    def _guarded(self, work: Callable[[random.Random], None], number: int) -> None:
        try:
            work(random.Random(f"{self.seed} {work.__name__} {number}"))  # noqa: S311 - no secret
        except BaseException as problem:  # noqa: BLE001 - told by the thread that waits
            self.problems.append(problem)

    def _write(self, chance: random.Random) -> None:
        connection = self._open_writer()
        while not self.stop.is_set():
            try:
                with suppress(*OF_THE_TABLE):
                    self._transaction(connection, chance)
            except psycopg.OperationalError:
                # After a failover everybody connects again; what else fails is a problem.
                if not connection.closed:
                    raise
                connection = self._open_writer()
            time.sleep(chance.random() * 0.05)

    def _open_writer(self) -> psycopg.Connection:
        connection = self.open_connection()
        connection.execute("set application_name = 'writer'")
        return connection

    def _transaction(self, connection: psycopg.Connection, chance: random.Random) -> None:
        """Change rows in a transaction that is committed, rolled back, or prepared to be either."""
        if chance.random() < 0.1:
            self._prepare(connection, chance)
            return
        with connection.transaction(force_rollback=chance.random() < 0.15):
            self._changes(connection, chance)

    def _changes(self, connection: psycopg.Connection, chance: random.Random) -> None:
        connection.execute(f"set transaction isolation level {chance.choice(LEVELS)}")  # type: ignore[arg-type]
        for _ in range(chance.randint(1, 3)):
            with connection.transaction(force_rollback=chance.random() < 0.1):
                self._change(connection, chance)

    def _prepare(self, connection: psycopg.Connection, chance: random.Random) -> None:
        name = f"simulated {chance.random()}"
        connection.execute("begin")
        try:
            self._changes(connection, chance)
            connection.execute(f"prepare transaction '{name}'")  # type: ignore[arg-type]
        except OF_THE_TABLE:
            connection.execute("rollback")
            raise
        self.prepared += 1
        time.sleep(chance.random() * 0.2)
        finish(connection, name, chance)

    def _finish_orphans(self, seconds: float = 1) -> None:
        """End what was prepared by a session that was ended, for which others would wait for ever."""
        with self.open_connection() as connection:
            for (name,) in connection.execute(
                "select gid from pg_prepared_xacts"
                " where database = current_database()"
                " and prepared <= clock_timestamp() - make_interval(secs => %s)",
                [seconds],
            ).fetchall():
                finish(connection, name, random.Random(name))  # noqa: S311 - no secret

    def _change(self, connection: psycopg.Connection, chance: random.Random) -> None:
        key, other = chance.randint(1, KEYS), chance.randint(1, KEYS)
        what = chance.random()
        if what < 0.01:
            connection.execute("truncate sim")
        elif what < 0.2:
            connection.execute("delete from sim where id = %s", [key])
        elif what < 0.3:
            connection.execute("update sim set id = %s where id = %s", [other, key])
        elif what < 0.35:
            connection.execute("update sim set embedding = '{0,0,0}' where id = %s", [key])
        else:
            connection.execute(
                "insert into sim (id, body, embedding) values (%s, %s, array[1, 2, %s]) on conflict (id) do"
                " update set body = excluded.body, embedding = excluded.embedding",
                [key, f"{chance.random()}", chance.random()],
            )

    def _drain(self, chance: random.Random) -> None:
        while not self.stop.is_set():
            with suppress(psycopg.OperationalError), self.open_connection() as connection:
                connection.execute("set application_name = 'drainer'")
                if chance.random() < 0.2:
                    connection.execute("set statement_timeout = '2500ms'")
                for _ in range(10):
                    connection.execute("call s3vl.sync(max_seconds => 1)")
                    time.sleep(0.02)

    def _kill(self, chance: random.Random) -> None:
        connection = self.open_connection()
        for kind in itertools.cycle(("kill", "cancel", "failover", "kill", "cancel", "kill")):
            if self.stop.wait(chance.random() * 1.5):
                return
            self._finish_orphans()
            if kind == "failover":
                self.failovers += 1
                connection.execute(
                    "select pg_terminate_backend(a.pid) from pg_stat_activity as a"
                    " where a.application_name in ('drainer', 'writer') and a.datname = current_database()"
                )
                continue
            # To cancel is what statement_timeout does, before which sync ends by itself where it can.
            end = "pg_cancel_backend" if kind == "cancel" else "pg_terminate_backend"
            while not connection.execute(
                f"select {end}(a.pid) from pg_stat_activity as a"  # type: ignore[arg-type]
                " where a.application_name = 'drainer' and a.state = 'active'"
                " and a.datname = current_database() order by random() limit 1"
            ).fetchall():
                if self.stop.wait(0.01):
                    return
            self.cancelled += kind == "cancel"
            self.killed += kind == "kill"


def finish(connection: psycopg.Connection, name: str, chance: random.Random) -> None:
    """Commit what was prepared, or roll it back, unless somebody else is at it."""
    how = "commit" if chance.random() < 0.7 else "rollback"
    with suppress(psycopg.errors.UndefinedObject, psycopg.errors.ObjectNotInPrerequisiteState):
        connection.execute(f"{how} prepared '{name}'")  # type: ignore[arg-type]


@pytest.fixture
def simulated(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> Callable[[str], psycopg.Connection]:
    """Make the bound table, whose leases are as long after the deadline of a call as a test says."""

    def make(late: str) -> psycopg.Connection:
        name = f"simulated-{random.randrange(10**9)}"  # noqa: S311 - no secret
        registered_index(connection, aws, stack, name, 3)
        connection.execute("update s3vl.config set timeout_seconds = 2")
        for function, value in {
            "_late": late,
            "_lease_time": f"{CALL_SECONDS} seconds' + interval '{late}",
        }.items():
            connection.execute(
                f"create or replace function s3vl.{function}() returns interval immutable language sql"  # type: ignore[arg-type]
                f" set search_path = pg_catalog, pg_temp as $$select interval '{value}'$$"
            )
        connection.execute("create table sim (id integer primary key, body text, embedding real[])")
        connection.execute(
            "select s3vl.bind_table('sim', %s, 'embedding', metadata_columns => '{body}')", [name]
        )
        return connection

    return make


def disturb(faults: Callable[..., None], seed: int) -> None:
    """Make writes throttled, refused, lost, and late."""
    for operation in ("PutVectors", "DeleteVectors"):
        faults(operation=operation, status=429, code="TooManyRequestsException", probability=0.1, seed=seed)
        faults(
            operation=operation, status=503, code="ServiceUnavailableException", probability=0.05, seed=seed
        )
        faults(operation=operation, reset=True, probability=0.05, seed=seed)
        faults(operation=operation, latency_ms=IN_FLIGHT_MS, probability=0.15, seed=seed)


def differences(connection: psycopg.Connection) -> list[Any]:
    """Compare table and index: ids, whether there is a row, and what both have as the text; no dead letters."""
    return connection.execute(
        """
        select coalesce(t.id::text, v.vector_id), t.id is not null, t.body, v.metadata
        from sim as t
        full join s3vl.list_vectors(
            index_name => (select index_name from s3vl.list_bindings()), max_results => 1000, return_data => true
        ) as v on v.vector_id = t.id::text
        where not exists (select from s3vl.dead_letters() as d where d.vector_id = coalesce(t.id::text, v.vector_id))
            and (t.body is distinct from v.metadata ->> 'body' or t.embedding is distinct from v.vector_data::real[])
        """
    ).fetchall()


def unnamed_differences(connection: psycopg.Connection) -> list[Any]:
    """Return what differs and is not in the backlog; after TRUNCATE any vector may have lost its row."""
    backlog = {row[0] for row in connection.execute("select vector_id from s3vl.sync_backlog('sim', 100000)")}
    state = connection.execute("select state from s3vl.sync_status()").fetchone()
    any_orphan = None in backlog or state == ("verifying",)
    return [
        difference
        for difference in differences(connection)
        if difference[0] not in backlog and (difference[1] or not any_orphan)
    ]


def wait_until_in_step(connection: psycopg.Connection) -> None:
    """Call sync until nothing is left to send and no write is on its way."""
    give_up = time.monotonic() + 180
    while time.monotonic() < give_up:
        connection.execute("update s3vl.sync_state set not_before = '-infinity'")
        connection.execute("call s3vl.sync(max_seconds => 5)")
        if connection.execute("select state = 'in step' from s3vl.sync_status()").fetchone() == (True,):
            break
        time.sleep(0.1)
    time.sleep(IN_FLIGHT_MS / 1000)


def test_after_a_random_history_the_index_equals_the_table(
    simulated: Callable[[str], psycopg.Connection],
    database: Callable[[], psycopg.Connection],
    faults: Callable[..., None],
    cloud: LocalCloud,
) -> None:
    """I1 to I6: but for the rows that cannot be stored; until then views name what differs; and no writer failed."""
    connection = simulated("2 seconds")
    disturb(faults, SEED)
    simulation = Simulation(database, SEED)

    simulation.run(SECONDS)
    request(cloud.state(), "DELETE", "/_s3vl/faults")

    assert simulation.killed > 0
    assert simulation.cancelled > 0
    assert simulation.failovers > 0
    assert simulation.prepared > 0
    unnamed = unnamed_differences(connection)
    wait_until_in_step(connection)
    assert differences(connection) == []
    assert unnamed == []
    dead = connection.execute("select vector_id from s3vl.dead_letters() order by 1").fetchall()
    wrong = connection.execute("select id::text from sim where embedding = '{0,0,0}' order by 1").fetchall()
    assert dead == wrong


def test_a_lease_that_is_too_short_is_found_out(
    simulated: Callable[[str], psycopg.Connection],
    database: Callable[[], psycopg.Connection],
    faults: Callable[..., None],
    cloud: LocalCloud,
) -> None:
    """I4: where the lease ends before the calls do, an older write arrives after a newer one, and stays."""
    connection = simulated("-1900 milliseconds")
    for attempt in range(8):
        disturb(faults, SEED + attempt)
        Simulation(database, SEED + attempt).run(min(SECONDS, 6))
        request(cloud.state(), "DELETE", "/_s3vl/faults")
        wait_until_in_step(connection)
        if differences(connection):
            return
    pytest.fail("every history ended well, so that the simulation shows nothing")
