"""Bindings on a server of their own: it crashes, has a reader, and is replicated to one that is promoted.

On PostgreSQL 15 it has Debian's own pg_cron, too, where that is installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psutil
import psycopg
import pytest
from bindings import BIND, MAKE_DOCS, Bound
from indexes import registered_index

from fixtures_sql import ROOT, psql
from s3vl_local import postgres, postgres_versions, system_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Held, Stack
    from s3vl_local.cloud import LocalCloud
    from s3vl_local.postgres import LambdaService, PostgresServer


# Debian's package postgresql-15-cron, where the machine has it. It knows no schedules of seconds.
PG_CRON = "1.4-1"
PG_CRON_LIBRARY = postgres_versions.DEBIAN_ROOT / "lib/postgresql/15/lib/pg_cron.so"
PG_CRON_SCRIPTS = postgres_versions.DEBIAN_ROOT / "share/postgresql/15/extension"
HAS_PG_CRON = (
    os.environ.get("S3VL_POSTGRES") == postgres_versions.DEBIAN
    and PG_CRON_LIBRARY.exists()
    and (PG_CRON_SCRIPTS / f"pg_cron--1.4--{PG_CRON}.sql").exists()
)


def add_pg_cron(folder: Path) -> None:
    """Put Debian's pg_cron beside the local cloud's, which is a newer version of the extension, and let it start."""
    installation = postgres.INSTALLATION
    library = Path(f"{installation.programs}/../lib/pg_cron.so").resolve()
    shutil.copy(PG_CRON_LIBRARY, library)
    for script in PG_CRON_SCRIPTS.glob("pg_cron--*.sql"):
        if script.name != "pg_cron--1.6.sql":
            shutil.copy(script, installation.extensions)
            version = script.stem.rsplit("--", 1)[-1]
            control = installation.extensions / f"pg_cron--{version}.control"
            control.write_text("module_pathname = '$libdir/pg_cron'\n", encoding="utf-8")
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(
            "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'postgres'\n"
            f"cron.host = '{folder / 'data'}'\n"
        )


class OwnServer:
    """A server that calls the functions of the local cloud, and is stopped as tests like."""

    def __init__(self, folder: Path, service: LambdaService) -> None:
        self.folder = folder
        self.service = service
        self.port = 0
        self.server = self.start()
        with self.server.connect("rdsadmin") as superuser:
            superuser.execute("alter system set wal_level = logical")
            # Up to PostgreSQL 15 one subscription after another has to wait that long.
            superuser.execute("alter system set wal_retrieve_retry_interval = '100ms'")
        self.server.stop()
        if HAS_PG_CRON:
            add_pg_cron(self.server.folder)
        self.start()

    def start(self) -> PostgresServer:
        """Start it, with what it kept."""
        # At the same port: pg_cron keeps it with a job.
        self.server = postgres.start(self.folder, self.port, self.service)
        self.port = self.server.port
        return self.server

    def crash(self) -> None:
        """End it as `pg_ctl stop -m immediate` does: without a checkpoint, whatever its sessions are at."""
        pid = int((self.server.data / "postmaster.pid").read_text().split("\n")[0])
        postmaster = psutil.Process(pid)
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(timeout=120)


@pytest.fixture(scope="module")
def own(cloud: LocalCloud, server_folder: Path) -> Iterator[OwnServer]:
    """Start the server of these tests."""
    password = (cloud.postgres().folder / "lambda.pgpass").read_text().strip().rsplit(":", 1)[-1]
    service = postgres.LambdaService(f"127.0.0.1:{cloud.state().wire_port}", password)
    own = OwnServer(server_folder / "own", service)
    yield own
    own.server.stop()


@pytest.fixture(scope="module")
def own_template(own: OwnServer, stack: Stack) -> str:
    """Prepare a database on it, with s3vl installed and configured."""
    own.server.create_database("configured")
    done = psql(
        own.server.url(database="configured"), "-v", "ON_ERROR_STOP=1", "-qf", str(ROOT / "sql/install.sql")
    )
    assert done.returncode == 0, done.stderr
    with own.server.connect(database="configured") as connection:
        connection.execute("select s3vl.configure(%s)", [stack.lambda_arn])
    return "configured"


@pytest.fixture(scope="module", autouse=True)
def scheduled(
    own: OwnServer,
    own_template: str,
    database_names: Iterator[str],
    aws: Callable[..., Any],
    stack: Stack,
) -> Iterator[Bound | None]:
    """Let Debian's pg_cron call sync each minute for a bound table; the others are tested meanwhile."""
    if not HAS_PG_CRON:
        yield None
        return
    made = make_bound(own, own_template, next(database_names), aws, stack)
    with own.server.connect("rdsadmin") as superuser:
        superuser.execute(f"create extension pg_cron version '{PG_CRON}'")  # type: ignore[arg-type]
        superuser.execute(
            "select cron.schedule_in_database('s3vl sync', '* * * * *', 'CALL s3vl.sync()', %s, 'postgres')",
            [made.connection.info.dbname],
        )
    made.run("insert into docs (id, body) select n, 'text' from generate_series(1, 20) as n")
    made.run("delete from docs where id = 1")
    yield made
    made.connection.close()


def make_bound(own: OwnServer, template: str, database: str, aws: Callable[..., Any], stack: Stack) -> Bound:
    """Bind a table in a database of that name."""
    own.server.create_database(database, template)
    connection = own.server.connect(database=database)
    arn = registered_index(connection, aws, stack, f"own-{database.replace('_', '-')}", 3)
    index_name = arn.rsplit("/", 1)[-1]
    connection.execute(MAKE_DOCS)
    connection.execute(BIND, [index_name])
    return Bound(connection, index_name, arn)


@pytest.fixture
def bound(
    own: OwnServer,
    own_template: str,
    database_names: Iterator[str],
    aws: Callable[..., Any],
    stack: Stack,
) -> Iterator[Bound]:
    """Bind a table in a database of the test."""
    made = make_bound(own, own_template, next(database_names), aws, stack)
    yield made
    made.connection.close()


def wait_for(bound: Bound, question: LiteralString, answer: Any = True) -> None:
    """Wait until a query gives this."""
    limit = time.monotonic() + 120
    while (found := bound.run(question)[0][0]) != answer:
        assert time.monotonic() < limit, (question, found)
        time.sleep(0.02)


IN_THE_CALL: LiteralString = """
    select count(*)
    from s3vl.list_vectors(index_name => (select index_name from s3vl.list_bindings()), max_results => 1000)
    where metadata ->> 'body' = 'in the call'
"""


def test_a_server_that_crashes_in_mid_drain_loses_nothing(
    bound: Bound, own: OwnServer, hold: Callable[..., Held]
) -> None:
    """I1, I2: what was committed or prepared arrives after the restart, what was not never does.

    What was sent before the crash arrives after it; until the lease ends, nobody sends anything newer.
    """
    bound.run("insert into docs (id, body) select n, 'before' from generate_series(1, 20) as n")
    assert bound.sync() == 20
    bound.run("update docs set body = 'in the call' where id <= 10")
    put = hold("PutVectors")
    database = bound.connection.info.dbname
    drainer, prepared, idle = (own.server.connect(database=database) for _ in range(3))
    draining = threading.Thread(target=drain, args=(drainer,))
    draining.start()
    put.wait_for()
    bound.run("update docs set body = 'meanwhile' where id between 6 and 15")
    prepared.execute(
        "begin; update docs set body = 'prepared' where id = 16; prepare transaction 'of a crash'"
    )
    idle.execute("begin; update docs set body = 'never' where id = 17; delete from docs where id = 18")
    leased = "select leased_until from s3vl.sync_state"
    [(leased_until,)] = bound.run(leased)

    own.crash()
    draining.join()
    for connection in (bound.connection, drainer, prepared, idle):
        connection.close()
    own.start()

    bound.connection = own.server.connect(database=database)
    bound.run("commit prepared 'of a crash'")
    assert bound.run(leased) == [(leased_until,)]
    assert bound.sync(1) == 0
    assert bound.status()["pending"] == 21
    put.let_go()
    wait_for(bound, IN_THE_CALL, 10)
    bound.run("update s3vl.sync_state set leased_until = clock_timestamp()")
    bound.sync()
    assert bound.status()["state"] == "in step"
    bound.assert_in_step()
    bodies = dict(bound.run("select body, count(*) from docs group by body"))  # type: ignore[arg-type]
    assert bodies == {"in the call": 5, "meanwhile": 10, "prepared": 1, "before": 4}


def drain(connection: psycopg.Connection) -> None:
    """Call sync in a session that the crash ends."""
    with suppress(psycopg.OperationalError):
        connection.execute("call s3vl.sync()")


@pytest.fixture
def reader(own: OwnServer, server_folder: Path) -> Iterator[OwnServer]:
    """Copy the server to another, which follows it, read-only, until it is promoted."""
    folder = server_folder / "reader"
    place = system_account.place(folder)
    subprocess.run(
        [
            postgres.BIN / "pg_basebackup",
            "-R",
            "-c",
            "fast",
            "-D",
            place / "data",
            "-d",
            own.server.url("rdsadmin"),
        ],
        # Told to the reader, too, whose account cannot read the file.
        env={**os.environ, "PGPASSWORD": own.server.password},
        check=True,
        timeout=120,
    )
    for path in (place / "data", *(place / "data").rglob("*")):
        system_account.give(path)
    for name in ("password", "pgpass"):
        shutil.copy(own.server.folder / name, place / name)
    reader = OwnServer.__new__(OwnServer)
    reader.folder, reader.service, reader.port = folder, own.service, 0
    reader.start()
    yield reader
    reader.server.stop()


def test_a_reader_that_is_promoted_in_mid_call_goes_on(
    bound: Bound, own: OwnServer, reader: OwnServer, hold: Callable[..., Held]
) -> None:
    """I1, I4: on a reader sync does nothing; after a failover nobody sends anything before the lease ends."""
    bound.run("insert into docs (id, body) select n, 'in the call' from generate_series(1, 10) as n")
    database = bound.connection.info.dbname
    put = hold("PutVectors")
    drainer = own.server.connect(database=database)
    draining = threading.Thread(target=drain, args=(drainer,))
    draining.start()
    put.wait_for()
    bound.run("update docs set body = 'meanwhile' where id > 5")
    follower = Bound(reader.server.connect(database=database), bound.index_name, bound.index_arn)
    wait_for(follower, "select count(*) from docs where body = 'meanwhile'", 5)

    assert follower.sync() == 0
    assert follower.status()["pending"] == 15
    own.crash()
    draining.join()
    with reader.server.connect("rdsadmin") as superuser:
        superuser.execute("select pg_promote()")
    assert follower.sync(1) == 0
    assert follower.status()["pending"] == 15
    put.let_go()
    wait_for(follower, IN_THE_CALL, 10)
    follower.run("update s3vl.sync_state set leased_until = clock_timestamp()")
    assert follower.sync() == 10
    follower.assert_in_step()
    follower.connection.close()
    for connection in (bound.connection, drainer):
        connection.close()
    own.start()


@pytest.fixture(params=["table docs", "all tables"])
def subscriber(
    request: pytest.FixtureRequest,
    bound: Bound,
    own: OwnServer,
    database_names: Iterator[str],
    tmp_path: Path,
) -> Iterator[Bound]:
    """Restore the database of the test into another, which from then on subscribes to the table, or to all."""
    bound.run("create table more (id bigint primary key, embedding real[])")
    bound.run("create table others (like more including all)")
    bound.run("insert into docs (id, body) select n, 'before' from generate_series(1, 20) as n")
    bound.sync()
    bound.run("update docs set body = 'before the dump' where id <= 2")
    publisher, name = bound.connection.info.dbname, next(database_names)
    own.server.create_database(name)
    dump = tmp_path / "dump"
    with own.server.connect("rdsadmin", publisher) as superuser:
        # In the cluster of its publisher a subscription cannot make its slot.
        superuser.execute("select pg_create_logical_replication_slot('moving', 'pgoutput')")
        for program, *arguments in (
            ("pg_dump", "-Fc", "-f", dump, own.server.url(database=publisher)),
            ("pg_restore", "--exit-on-error", "-d", own.server.url(database=name), dump),
        ):
            subprocess.run([postgres.BIN / program, *arguments], check=True)
        superuser.execute(f"create publication moving for {request.param}")
    with own.server.connect("rdsadmin", name) as superuser:
        superuser.execute(
            f"create subscription moving connection 'host={own.server.data} port={own.server.port}"  # type: ignore[arg-type]
            f" user=rdsadmin dbname={publisher}' publication moving"
            " with (slot_name = 'moving', create_slot = false, copy_data = false)"
        )
    copy = Bound(own.server.connect(database=name), bound.index_name, bound.index_arn)
    yield copy
    copy.connection.close()


def test_a_promoted_subscriber_goes_on(
    request: pytest.FixtureRequest, bound: Bound, subscriber: Bound, own: OwnServer
) -> None:
    """The application's statements work on it, and its binding waits until somebody says that it takes over.

    What the publisher has not sent is in its journal, which comes along with all tables; else a verify finds it.
    """
    bound.run("update docs set body = 'sent' where id between 3 and 5")
    bound.run("select s3vl.bind_table('more', %s, 'embedding', id_prefix => 'more:')", bound.index_name)
    bound.run("select s3vl.start_verify('docs')")
    bound.sync()
    bound.run("update docs set body = 'not sent' where id between 6 and 8")
    bound.run("delete from docs where id = 9")
    bound.run("insert into docs (id, body) values (21, 'not sent')")
    wait_for(subscriber, "select count(*) from docs where id = 21", 1)
    assert subscriber.sync() == 0
    with own.server.connect("rdsadmin", subscriber.connection.info.dbname) as superuser:
        superuser.execute("drop subscription moving")

    before = bound.stored()
    for level in ("read committed", "repeatable read", "serializable"):
        with subscriber.connection.transaction():
            subscriber.connection.execute(f"set transaction isolation level {level}")  # type: ignore[arg-type]
            subscriber.run("insert into docs (id, body) select max(id) + 1, 'promoted' from docs")
            subscriber.run("update docs set body = 'promoted' where id in (6, 10)")
    subscriber.run("delete from docs where id = 11")
    assert subscriber.sync() == 0
    assert bound.stored() == before
    [(state, hint)] = subscriber.run("select state, hint from s3vl.sync_status() where binding_name = 'docs'")
    assert state == "confirm"
    assert "select s3vl.resume_binding('docs');" in hint

    subscriber.run("select s3vl.resume_binding('docs')")
    subscriber.sync()
    [(job,)] = subscriber.run("select s3vl.start_verify('docs', repair => true)")
    subscriber.sync()
    differences = set(subscriber.run("select vector_id, problem from s3vl.verify_differences(%s)", job))
    only_here = {("7", "stale"), ("8", "stale"), ("9", "orphan"), ("21", "missing")}
    assert differences == (only_here if "table docs" in request.node.name else set())
    subscriber.assert_in_step()
    if "all tables" in request.node.name:
        # Logical replication brings no triggers.
        [(status, hint)] = subscriber.run(
            "select status, hint from s3vl.diagnose() where check_name = 'binding \"more\"'"
        )
        assert status == "fail"
        assert "select s3vl.alter_binding('more');" in hint
        subscriber.run("select s3vl.alter_binding('more')")
    # Numbers of the publisher's bindings and jobs came along, and the sequences did not.
    subscriber.run("select s3vl.bind_table('others', %s, 'embedding', id_prefix => 'o:')", bound.index_name)
    subscriber.run("insert into others values (1, '{1,2,3}')")
    subscriber.sync()
    assert "o:1" in subscriber.stored()


@pytest.mark.skipif(not HAS_PG_CRON, reason="no pg_cron of Debian's for PostgreSQL 15")
def test_the_real_pg_cron_keeps_a_table_in_step(scheduled: Bound, own: OwnServer) -> None:
    """Changes arrive and nobody calls sync; what its runs say is what those of the local pg_cron say."""
    # The server has crashed meanwhile.
    scheduled.connection = own.server.connect(database=scheduled.connection.info.dbname)
    wait_for(scheduled, "select state from s3vl.sync_status()", "in step")
    scheduled.assert_in_step()
    with own.server.connect("rdsadmin") as superuser:
        runs = superuser.execute(
            "select distinct status, return_message from cron.job_run_details where end_time is not null"
            " and status <> 'failed'"
        ).fetchall()
    assert runs == [("succeeded", "1 row")]
