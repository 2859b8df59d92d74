"""The ways in which s3vl comes into a database: each fixture gives databases in which it can be gone."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import build_sql
from fixtures_sql import ROOT, psql
from s3vl_local import postgres as local_postgres
from s3vl_local.turns import turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer

SQL = ROOT / "sql"
FINGERPRINT = ROOT / "tests" / "install" / "fingerprint.sql"
PG_TLE = ROOT / "tests" / "install" / "pg_tle"
RELEASED = "1.0.0"
VERSION = build_sql.control(SQL)["default_version"]


class Target:
    """A database of the master user, who is no superuser."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *scripts: Path) -> None:
        """Let psql run scripts."""
        for script in scripts:
            done = psql(self.url, "-f", str(script))
            assert done.returncode == 0, done.stderr

    def ask(self, statement: str, *then: str) -> str:
        """Return what a statement gives, and what psql is to do then, printed without decoration."""
        done = psql(self.url, "-v", "ON_ERROR_STOP=1", "-Atc", statement, *then)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def refused(self, *arguments: str) -> str:
        """Return the error of what has to fail."""
        done = psql(self.url, "-v", "ON_ERROR_STOP=1", *arguments)
        assert done.returncode in {1, 3}, done.stdout
        return done.stderr

    def fingerprint(self) -> list[tuple[str, ...]]:
        """Return everything that makes up s3vl here."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(FINGERPRINT.read_text()).fetchall()

    def differences(self, fingerprint: list[tuple[str, ...]]) -> list[str]:
        """Return the names of what is not the same here, or is only in one of the two."""
        differing = set(self.fingerprint()) ^ set(fingerprint)
        return sorted({f"{kind} {name}" for kind, name, *_ in differing})


def database_of(url: str) -> str:
    """Return the name of the database that a URL leads to."""
    return str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def target(postgres: PostgresServer, new_database: Callable[..., str]) -> Target:
    """Give an empty database."""
    return Target(postgres.url(database=new_database()))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build everything once, and what pg_tle needs to install the last release."""
    folder = tmp_path_factory.mktemp("built")
    build_sql.build(SQL, folder)
    released = (SQL / "releases" / f"s3vl--{RELEASED}.sql").read_text()
    # As in create extension: a function of 1.0.0 does not parse on PostgreSQL 15.
    script = folder / f"s3vl-{RELEASED}.sql"
    script.write_text("set check_function_bodies = off;\n" + script.read_text())
    (folder / f"s3vl-{RELEASED}.pgtle.sql").write_text(
        f"select pgtle.install_extension('s3vl', '{RELEASED}', '', $released${released}$released$, '{{aws_lambda}}')"
    )
    return folder


@pytest.fixture(scope="session")
def roles(postgres: PostgresServer) -> None:
    """Create the roles of an application; like all roles they belong to the whole server."""
    with postgres.connect() as connection:
        for name in ("install_reader", "install_writer", "install_admin"):
            connection.execute(f"create role {name}")


@contextmanager
def offered(files: Mapping[str, str]) -> Iterator[Callable[[Mapping[str, str]], None]]:
    """Let the server offer extensions for as long, and give what adds files; runs on one server take turns."""
    folder = local_postgres.INSTALLATION.extensions
    ours = ("s3vl.control", "s3vl--*.sql", "pg_tle.control", "pg_tle--*.sql")

    def clear() -> None:
        for path in [path for pattern in ours for path in folder.glob(pattern)]:
            path.unlink()

    def add(texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o644)

    with turn(folder):
        # A run that was killed has left its files.
        clear()
        add(files)
        yield add
        clear()


def texts(*paths: Path) -> dict[str, str]:
    """Return what is in files, by their names."""
    return {path.name: path.read_text() for path in paths}


@pytest.fixture
def extension(built: Path) -> Iterator[None]:
    """Let the server offer the extension, as `make -C sql install` does."""
    releases = (SQL / "releases").glob("s3vl--*.sql")
    with offered(texts(SQL / "s3vl.control", *releases, *built.glob("s3vl--*.sql"))):
        yield


@pytest.fixture
def pg_tle(target: Target) -> Iterator[Callable[[Path], None]]:
    """Give what runs a script that registers extensions with pg_tle, in the database of the test."""
    with offered(texts(*PG_TLE.iterdir())) as add:
        target.ask("create extension pg_tle")

        def register(script: Path) -> None:
            target.run(script)
            with psycopg.connect(target.url) as connection:
                add(dict(connection.execute("select f.name, f.content from pgtle._files() as f").fetchall()))

        yield register


@pytest.fixture
def restored(
    postgres: PostgresServer, target: Target, new_database: Callable[..., str], tmp_path: Path
) -> Callable[[], Target]:
    """Dump the database of the test, and restore it into another as the master user."""
    dump = tmp_path / "dump"

    def run(program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [local_postgres.BIN / program, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def copy() -> Target:
        other = Target(postgres.url(database=new_database()))
        run("pg_dump", "--format=custom", f"--file={dump}", target.url)
        run("pg_restore", "--exit-on-error", f"--dbname={other.url}", dump)
        return other

    return copy
