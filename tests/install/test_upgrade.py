"""Upgrading with psql: only what it is for, all or nothing; and what becomes of access to new functions."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

import build_sql
from fixtures_install import RELEASED, SQL, VERSION, Target, database_of
from fixtures_sql import psql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer

UPGRADE = f"upgrade-{RELEASED}-{VERSION}.sql"


def test_upgrade_says_what_it_did(target: Target, built: Path) -> None:
    """One line, and no more."""
    target.run(built / f"s3vl-{RELEASED}.sql")

    done = psql(target.url, "-f", str(built / UPGRADE))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"s3vl is upgraded from {RELEASED} to {VERSION}.\n"


@pytest.mark.parametrize(
    ("before", "found"),
    [("select 1", "none that postgres may upgrade"), (None, f"s3vl {VERSION}")],
    ids=["nothing", "a newer one"],
)
def test_upgrade_of_something_else_is_refused(
    target: Target, built: Path, before: str | None, found: str
) -> None:
    """It says what it is for, and what is there."""
    if before is None:
        target.run(SQL / "install.sql")

    said = target.refused("-f", str(built / UPGRADE))

    assert f"this upgrades s3vl {RELEASED}, and here is {found}" in said
    assert "HINT:  Choose the upgrade-<version here>-<next version>.sql, or install.sql." in said


@pytest.mark.parametrize(("owner", "upgrader"), [("rdsadmin", "postgres"), ("postgres", "rdsadmin")])
def test_code_of_a_foreign_schema_is_not_run(
    postgres: PostgresServer, target: Target, built: Path, owner: str, upgrader: str
) -> None:
    """Somebody else's schema s3vl stops the upgrade, and its functions are not called, by a superuser neither."""
    database = database_of(target.url)
    trap = postgres.url(owner, database)
    psql(trap, "-c", "create schema s3vl", "-c", "grant usage on schema s3vl to public")
    psql(trap, "-c", "create function s3vl.version() returns text language sql as 'select (1 / 0)::text'")

    done = psql(postgres.url(upgrader, database), "-f", str(built / UPGRADE))

    assert done.returncode == 3
    assert f"here is none that {upgrader} may upgrade" in done.stderr


def test_upgrade_in_an_open_transaction_is_refused(target: Target, built: Path) -> None:
    """It neither commits nor loses what a session has done before."""
    target.run(built / f"s3vl-{RELEASED}.sql")

    said = target.refused("-1", "-f", str(built / UPGRADE))

    assert "A transaction is open" in said
    assert target.ask("select s3vl.version()") == RELEASED


def test_failing_upgrade_changes_nothing(target: Target, built: Path, tmp_path: Path) -> None:
    """An error in the last statement takes back all that came before it."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    before = target.fingerprint()
    failing = tmp_path / UPGRADE
    failing.write_text((built / UPGRADE).read_text().replace("\ncommit;\n", "\nselect 1 / 0;\ncommit;\n"))

    assert "division by zero" in target.refused("-f", str(failing))
    assert target.differences(before) == []


@pytest.fixture(params=["superuser", "member"])
def upgrader(request: pytest.FixtureRequest, postgres: PostgresServer, target: Target) -> Iterator[Target]:
    """Give the database to somebody who may act as the owner of s3vl, and is another role."""
    database = database_of(target.url)
    if request.param == "superuser":
        yield Target(postgres.url("rdsadmin", database))
        return
    postgres.create_login("install_member")
    with postgres.connect("rdsadmin") as administrator:
        administrator.execute("grant postgres to install_member")
        yield Target(postgres.url("install_member", database))
        administrator.execute("drop role install_member")


def assert_all_is_the_owners(target: Target) -> None:
    """Compare the owner of every function, and use one of the owner's that needs a new one."""
    owners = "select distinct proowner::regrole from pg_proc where pronamespace = 's3vl'::regnamespace"
    assert target.ask(owners) == "postgres"
    assert target.ask("select status from s3vl.diagnose() where check_name = 'configuration'") == "fail"


@pytest.mark.parametrize("upgrader", ["member"], indirect=True)
def test_a_member_upgrades_for_the_owner(target: Target, upgrader: Target, built: Path) -> None:
    """Whoever is a member of the owner may upgrade, and everything still belongs to the owner."""
    target.run(built / f"s3vl-{RELEASED}.sql")

    upgrader.run(built / UPGRADE)

    assert_all_is_the_owners(target)


@pytest.mark.usefixtures("extension")
def test_somebody_else_updates_the_extension_for_the_owner(target: Target, upgrader: Target) -> None:
    """So it is with `alter extension`, after which the session is again who it was."""
    target.ask(f"create extension s3vl version '{RELEASED}' cascade")

    role = upgrader.ask("begin; alter extension s3vl update; select current_setting('role'); commit")

    assert "none" in role.splitlines()
    assert_all_is_the_owners(target)


def test_somebody_else_updates_what_pg_tle_brought(
    target: Target, upgrader: Target, built: Path, pg_tle: Callable[[Path], None]
) -> None:
    """And with the update that pg_tle was given."""
    pg_tle(built / f"s3vl-{RELEASED}.pgtle.sql")
    target.ask("create extension s3vl cascade")
    pg_tle(built / f"s3vl-{VERSION}.pgtle.sql")

    upgrader.ask("alter extension s3vl update")

    assert_all_is_the_owners(target)


@pytest.fixture
def new_for_writers(tmp_path: Path) -> Path:
    """Build from a tree in which every function that the release does not have is for writers."""
    sql = tmp_path / "sql"
    shutil.copytree(SQL, sql)
    released = (SQL / "releases" / f"s3vl--{RELEASED}.sql").read_text()
    levels = sql / "base" / "_access_levels.sql"
    levels.write_text(
        re.sub(
            r"\('(\w+)', '\w+'\)",
            lambda row: (
                row[0]
                if f"s3vl.{row[1].removeprefix('_').removesuffix('_1_0')}(" in released
                else f"('{row[1]}', 'writer')"
            ),
            levels.read_text(),
        )
    )
    build_sql.build(sql, tmp_path / "built")
    return tmp_path / "built" / UPGRADE


@pytest.mark.usefixtures("roles")
def test_a_new_function_is_nobodys_until_it_is_granted(
    target: Target, built: Path, new_for_writers: Path
) -> None:
    """PUBLIC may not use it, and who could expect to is told about with what to type."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    target.ask(
        "select s3vl.grant_access('install_reader', 'reader'), s3vl.grant_access('install_writer', 'writer')"
    )

    done = psql(target.url, "-f", str(new_for_writers))

    assert done.returncode == 0, done.stderr
    assert 'WARNING:  role "install_writer" may not use yet what is new' in done.stderr
    assert "install_reader" not in done.stderr
    may = "select has_function_privilege('install_writer', 's3vl.help(text)', 'execute')"
    assert target.ask(may) == "f"
    [typed] = [line.removeprefix("HINT:  Type: ") for line in done.stderr.splitlines() if "HINT" in line]
    target.ask(typed)
    assert target.ask(may) == "t"
