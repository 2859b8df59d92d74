"""Upgrades beside other sessions: their calls wait or succeed, or the upgrade says who is in its way."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

import build_sql
from fixtures_install import RELEASED, SQL, VERSION, Target, database_of, offered, texts
from fixtures_sql import INDEX_ARN, LAMBDA_ARN, PSQL, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer

UPGRADE = f"upgrade-{RELEASED}-{VERSION}.sql"
LEFT = """
    select p.oid::regprocedure::text from pg_proc as p
    where p.pronamespace = 's3vl'::regnamespace and obj_description(p.oid, 'pg_proc') like 'Left by an upgrade%'
"""
# What sessions do, each all of its lines again and again; {role} is a role of the session's own.
READS = (
    "select * from s3vl.query_vectors('{1,2}', 'docs')",
    "select * from s3vl.query_vectors('{1,2}', 'docs', query_mode => 'ENHANCED')",
    "select * from s3vl.get_vectors('{a}', 'docs')",
    "select * from s3vl.query_vectors_batch('{{1,2},{2,1}}', 'docs')",
    "select * from s3vl.query_hybrid('{\"title\": \"x\"}', index_name => 'docs')",
    "select * from s3vl.list_vectors(index_name => 'docs')",
    "select * from s3vl.list_indexes()",
    "select * from s3vl.last_call()",
)
LOOKS = (
    "select * from s3vl.describe_index('docs')",
    "select * from s3vl.validate_config()",
    "select * from s3vl.diagnose()",
    "select * from s3vl.get_config()",
)
WRITES = (
    "select s3vl.put_vectors(array[('a','{1,2}',null),('b','{1,2}','{\"a\": 1}')]::s3vl.vector_record[], 'docs')",
    "select s3vl.delete_vectors('{a,b}', 'docs')",
)
TRANSACTIONS = (
    "begin",
    "select * from s3vl.get_config()",
    *WRITES,
    *READS[:2],
    "commit",
)
GRANTS = (
    "select s3vl.grant_access('{role}', 'reader')",
    "select s3vl.grant_access('{role}', 'admin')",
    "select s3vl.revoke_access('{role}')",
)
ADMINISTRATION = (
    f"select s3vl.configure('{LAMBDA_ARN}')",
    f"select s3vl.register_index('docs', '{INDEX_ARN}')",
)
SESSIONS = [READS] * 9 + [LOOKS] * 3 + [WRITES] * 6 + [TRANSACTIONS] * 3 + [GRANTS] * 2 + [ADMINISTRATION]


# On a machine with other work, the sessions are slow to let the upgrade in.
PATIENT = "set lock_timeout = '5min'"

# Calls of 1.0.0 are in words that older servers do not know, such as IS JSON.
NEEDED_SERVER = 160_000


@pytest.fixture(autouse=True)
def need_a_server_for_the_release(postgres: PostgresServer) -> None:
    """Skip where the release before could be installed, but not called."""
    with postgres.connect() as connection:
        if connection.info.server_version < NEEDED_SERVER:
            pytest.skip(f"calls of {RELEASED} need PostgreSQL 16")


class Load:
    """Sessions that go on calling s3vl, and what failed."""

    def __init__(self, url: str) -> None:
        self.failures: set[str] = set()
        self._ended = False
        self._changed = threading.Condition()
        self._calls = [0] * len(SESSIONS)
        self._threads = [
            threading.Thread(target=self._run, args=(url, number, statements))
            for number, statements in enumerate(SESSIONS)
        ]

    def start(self) -> None:
        """Start all sessions."""
        for thread in self._threads:
            thread.start()

    def go_on(self, calls: int = 5) -> None:
        """Wait until every session has called so often again."""
        with self._changed:
            wanted = [before + calls for before in self._calls]
            assert self._changed.wait_for(
                lambda: all(now >= then for now, then in zip(self._calls, wanted, strict=True)), timeout=180
            ), self.failures

    def end(self) -> None:
        """Let the sessions end."""
        self._ended = True
        for thread in self._threads:
            thread.join()

    def _run(self, url: str, number: int, statements: tuple[str, ...]) -> None:
        with psycopg.connect(url, autocommit=True) as session:
            for statement in itertools.cycle(statements):
                if self._ended and not session.info.transaction_status:
                    return
                try:
                    session.execute(statement.replace("{role}", f"install_load_{number}"))
                except psycopg.Error as error:
                    self.failures.add(f"{error.sqlstate} {error.diag.message_primary}: {statement}")
                with self._changed:
                    self._calls[number] += 1
                    self._changed.notify_all()


@pytest.fixture
def answering(postgres: PostgresServer, target: Target) -> Callable[[], None]:
    """Give what lets aws_lambda answer, and configures s3vl."""

    def prepare() -> None:
        administrator = Target(postgres.url("rdsadmin", database_of(target.url)))
        administrator.run(ROOT / "tests/install/answering_lambda.sql")
        target.ask(ADMINISTRATION[0])
        target.ask(ADMINISTRATION[1])

    return prepare


@pytest.fixture
def load(postgres: PostgresServer, target: Target) -> Iterator[Load]:
    """Give sessions, with roles to grant access to, which end with the test."""
    roles = [f"install_load_{n}" for n, statements in enumerate(SESSIONS) if statements is GRANTS]
    with postgres.connect() as administrator:
        for role in roles:
            administrator.execute(f"create role {role}")
    load = Load(target.url)
    yield load
    load.end()
    with postgres.connect(database=database_of(target.url)) as administrator:
        for role in roles:
            administrator.execute(f"select s3vl.revoke_access('{role}')")
            administrator.execute(f"drop role {role}")


def assert_nothing_fails(load: Load, upgrade: Callable[[], None]) -> None:
    """Upgrade in the midst of calls, which go on after it."""
    load.start()
    load.go_on()
    upgrade()
    load.go_on()
    load.end()
    # A grant of 1.0.0 that had begun names functions by the arguments that they had.
    renamed = re.compile(r"42883 function s3vl[.]\w+[(].*[)] does not exist: select s3vl[.]grant_access")
    assert {failure for failure in load.failures if not renamed.match(failure)} == set()


def test_psql_upgrades_under_load(
    target: Target, built: Path, answering: Callable[[], None], load: Load
) -> None:
    """24 sessions read, write, grant and administer while psql upgrades: none of their calls fails."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    answering()

    assert_nothing_fails(load, lambda: target.ask(PATIENT, "-f", str(built / UPGRADE)))

    assert target.ask("select s3vl.version()") == VERSION


@pytest.mark.usefixtures("extension")
def test_extension_updates_under_load(target: Target, answering: Callable[[], None], load: Load) -> None:
    """So it is with `alter extension`."""
    target.ask(f"create extension s3vl version '{RELEASED}' cascade")
    answering()

    assert_nothing_fails(load, lambda: target.ask(PATIENT, "-c", "alter extension s3vl update"))

    assert target.ask("select s3vl.version()") == VERSION


def test_pg_tle_updates_under_load(
    target: Target, built: Path, pg_tle: Callable[[Path], None], answering: Callable[[], None], load: Load
) -> None:
    """And with an extension that pg_tle brought."""
    pg_tle(built / f"s3vl-{RELEASED}.pgtle.sql")
    target.ask("create extension s3vl cascade")
    pg_tle(built / f"s3vl-{VERSION}.pgtle.sql")
    answering()

    assert_nothing_fails(load, lambda: target.ask(PATIENT, "-c", "alter extension s3vl update"))

    assert target.ask("select s3vl.version()") == VERSION


@pytest.fixture
def other(target: Target) -> Iterator[psycopg.Connection]:
    """Give a session in a transaction, as drivers open one."""
    with psycopg.connect(target.url) as session:
        yield session


@contextmanager
def upgrading(target: Target, built: Path, *, patience: str) -> Iterator[subprocess.Popen[str]]:
    """Run the upgrade beside what follows; from the moment on at which it has had to wait."""
    script = f"set lock_timeout = '{patience}'"
    upgrade = subprocess.Popen(
        [PSQL, "--no-psqlrc", target.url, "-c", script, "-f", str(built / UPGRADE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    waiting = "select from pg_locks where not granted and database = (select oid from pg_database where datname = %s)"
    with psycopg.connect(target.url, autocommit=True) as watcher:
        while watcher.execute(waiting, [watcher.info.dbname]).fetchone() is None:
            assert upgrade.poll() is None, upgrade.communicate()
    yield upgrade
    upgrade.communicate()


def test_a_transaction_that_stays_open_stops_the_upgrade_and_no_call(
    target: Target, built: Path, answering: Callable[[], None], other: psycopg.Connection
) -> None:
    """The upgrade gives up, naming whoever holds it off; calls of others return while it tries."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    answering()
    before = target.fingerprint()
    other.execute(READS[0])

    with upgrading(target, built, patience="6s") as upgrade:
        assert target.ask(READS[0]).startswith("a|")
        assert upgrade.poll() is None
        said = upgrade.communicate()[1]

    pid = other.info.backend_pid
    assert upgrade.returncode == 3
    assert "ERROR:  other sessions use s3vl, so that it could not be upgraded within 6.0 seconds" in said
    assert re.search(
        rf"DETAIL:  Nothing was changed\. In use by process {pid} of role postgres \(idle in transaction\) since 2",
        said,
    )
    assert f"Or end them: select pg_terminate_backend({pid});\n" in said
    assert target.differences(before) == []


def test_whoever_waits_for_an_upgrade_that_waits_for_them_goes_on(
    target: Target, built: Path, answering: Callable[[], None], other: psycopg.Connection
) -> None:
    """A transaction that has granted, and then searches, is no deadlock: the upgrade gives way, and comes after it."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    answering()
    other.execute("select s3vl.grant_access('rds_superuser', 'reader')")

    with upgrading(target, built, patience="60s") as upgrade:
        assert other.execute(READS[0]).fetchone() is not None
        other.execute("select s3vl.revoke_access('rds_superuser')")
        other.commit()
        said = upgrade.communicate()[1]

    assert (upgrade.returncode, said) == (0, "")


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Build from a tree in which this version is released, and another follows it."""
    sql = tmp_path / "sql"
    shutil.copytree(SQL, sql)
    for path in (sql / "s3vl.control", sql / "base" / "version.sql"):
        path.write_text(path.read_text().replace(f"'{VERSION}'", "'9.0.0'"))
    (sql / "upgrades" / f"{VERSION}--9.0.0.sql").write_text("select 1;\n")
    build_sql.build(sql, tmp_path / "built")
    return tmp_path / "built"


def signatures(target: Target) -> dict[str, tuple[str, int, int]]:
    """Return the name of each internal function, its number of arguments, and how many can be left out."""
    rows = target.ask(
        "select oid::regprocedure, proname, pronargs, pronargdefaults from pg_proc"
        " where pronamespace = 's3vl'::regnamespace and proname like '\\_%'"
    )
    found = (row.split("|") for row in rows.splitlines())
    return {signature: (name, int(most), int(most) - int(less)) for signature, name, most, less in found}


def test_what_is_left_is_what_running_calls_may_still_use(target: Target, built: Path, later: Path) -> None:
    """Internal functions that this version does not have stay for one version, hidden by none and hiding none."""
    target.run(SQL / "install.sql")
    new = signatures(target)
    target.run(SQL / "uninstall.sql", built / f"s3vl-{RELEASED}.sql")
    released = signatures(target)

    target.run(built / UPGRADE)
    left = set(target.ask(LEFT).splitlines())
    target.run(later / f"upgrade-{VERSION}-9.0.0.sql")

    assert left == set(released) - set(new)
    assert "s3vl._write(text,text,text,json[],text,timestamp with time zone)" in left
    for name, most, _ in (released[signature] for signature in left):
        hidden = [now for now in new.values() if now[0] == name and now[2] <= most < now[1]]
        assert not hidden, f"{hidden} without its last arguments is still the function of {RELEASED}"
    assert target.ask(LEFT) == ""
    assert set(signatures(target)) == set(new)


def test_two_steps_at_once_leave_the_functions_of_both(target: Target, later: Path) -> None:
    """In one transaction, as `alter extension` takes them, no step drops what calls have begun with."""
    files = texts(SQL / "s3vl.control", *(SQL / "releases").glob("s3vl--*.sql"), *later.glob("s3vl--*.sql"))
    files[f"s3vl--{RELEASED}--{VERSION}.sql"] = build_sql.update_script(
        SQL, SQL / "upgrades" / f"{RELEASED}--{VERSION}.sql"
    )
    with offered(files):
        target.ask(f"create extension s3vl version '{RELEASED}' cascade")
        released = signatures(target)

        target.ask("alter extension s3vl update to '9.0.0'")

        assert set(signatures(target)) >= set(released)
        target.ask("drop extension s3vl")


@pytest.mark.parametrize("step", (SQL / "upgrades").glob("*--*.sql"), ids=lambda path: path.name)
def test_a_step_drops_no_internal_function(step: Path) -> None:
    """Calls that run while it does would not find it; an upgrade drops what the one before it has left."""
    assert not re.search(r"drop\s+(function|routine)[^;]*s3vl\._", step.read_text(), re.IGNORECASE)
