"""Rights that a level does not have, given by default privileges under 1.0.0: upgrades take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures_install import RELEASED, VERSION, Target
from fixtures_sql import psql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer

STRAY = "install_stray"
DEFAULTS = f"""
    alter default privileges grant all on schemas to {STRAY};
    alter default privileges grant all on tables to {STRAY};
    alter default privileges grant all on functions to {STRAY}
"""
# A function and what is left of it for views of 1.0.0 are one; what everybody may execute is no right of this role.
RIGHTS = f"""
    select count(distinct regexp_replace(p.proname, '^_(.*)_1_0$', E'\\\\1'))
        filter (where has_function_privilege('{STRAY}', p.oid, 'execute')
            and not has_function_privilege('public', p.oid, 'execute')),
        has_schema_privilege('{STRAY}', 's3vl', 'create'), has_schema_privilege('{STRAY}', 's3vl', 'usage'),
        has_table_privilege('{STRAY}', 's3vl.config', 'select, insert, update, delete'),
        has_any_column_privilege('{STRAY}', 's3vl.config', 'select')
    from pg_proc as p where p.pronamespace = 's3vl'::regnamespace
"""
NONE = "0|f|f|f|f"
MAY = "select has_function_privilege('install_reader', 's3vl.version()', 'execute')"


@pytest.fixture
def stray_role(postgres: PostgresServer) -> Iterator[None]:
    """Make the role whom default privileges favour, and drop it when the databases are gone."""
    postgres.create_login(STRAY)
    yield
    with postgres.connect("rdsadmin") as administrator:
        administrator.execute(f"drop role {STRAY}")


@pytest.fixture
def stray(stray_role: None, target: Target) -> Target:  # noqa: ARG001
    """Give a database to a test in which that role has rights."""
    return target


@pytest.fixture(params=["psql", "extension"])
def way(request: pytest.FixtureRequest, built: Path) -> tuple[Callable[[Target], None], list[str]]:
    """Give what installs 1.0.0, and psql's arguments that upgrade it."""
    if request.param == "psql":
        return (
            lambda target: target.run(built / f"s3vl-{RELEASED}.sql"),
            ["-f", str(built / f"upgrade-{RELEASED}-{VERSION}.sql")],
        )
    request.getfixturevalue("extension")
    return create_extension, ["-c", "alter extension s3vl update"]


def create_extension(target: Target) -> None:
    """Install 1.0.0 as an extension."""
    target.ask(f"create extension s3vl version '{RELEASED}' cascade")


def upgraded(target: Target, arguments: list[str]) -> str:
    """Upgrade, and return the warnings."""
    done = psql(target.url, "-v", "ON_ERROR_STOP=1", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_rights_of_default_privileges_are_taken_back(
    stray: Target, way: tuple[Callable[[Target], None], list[str]]
) -> None:
    """Tables, internal functions, CREATE and the rest go, and a warning says so."""
    install, upgrade = way
    stray.ask(DEFAULTS)
    install(stray)
    assert stray.ask(RIGHTS) != NONE

    said = upgraded(stray, upgrade)

    assert stray.ask(RIGHTS) == NONE
    assert f"WARNING:  {STRAY} has lost rights on s3vl that no level has" in said
    assert f"select s3vl.grant_access('{STRAY}', '<level>');" in said


@pytest.mark.usefixtures("roles")
def test_rights_of_levels_stay_beside_them(
    stray: Target, way: tuple[Callable[[Target], None], list[str]]
) -> None:
    """A reader goes on reading. What an extension cannot take without a reader's loss, the warning says how to."""
    install, upgrade = way
    stray.ask(DEFAULTS)
    install(stray)
    stray.ask("select s3vl.grant_access('install_reader', 'reader')")

    said = upgraded(stray, upgrade)

    assert stray.ask(MAY) == "t"
    if "extension" in upgrade[-1]:
        assert f"WARNING:  {STRAY} still has rights on s3vl that no level has" in said
        assert stray.ask(RIGHTS).endswith("|t|t|f|f")
        internal = f"has_function_privilege('{STRAY}', 's3vl._ask(text, json, timestamptz)', 'execute')"
        assert stray.ask(f"select {internal}") == "f"
        [typed] = [
            line.removeprefix("HINT:  Type: ") for line in said.splitlines() if "revoke_access" in line
        ]
        stray.ask(typed)
    assert stray.ask(RIGHTS) == NONE
    assert stray.ask(MAY) == "t"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("select s3vl.grant_access('{0}', 'writer'); grant select on s3vl.config to {0}", True),
        ("grant usage on schema s3vl to {0}; grant execute on function s3vl.version() to {0}", True),
        ("grant usage on schema s3vl to {0}", True),
        ("grant select (lambda_arn) on s3vl.config to {0}; grant usage on schema s3vl to {0}", False),
    ],
)
def test_rights_that_were_given_on_purpose_stay(stray: Target, built: Path, given: str, kept: bool) -> None:
    """A level, single functions and USAGE stay; rights on tables do not, beside a level either."""
    stray.run(built / f"s3vl-{RELEASED}.sql")
    stray.ask(given.format(STRAY))
    before = stray.ask(RIGHTS).split("|")

    upgraded(stray, ["-f", str(built / f"upgrade-{RELEASED}-{VERSION}.sql")])

    assert stray.ask(RIGHTS).split("|") == [*(before[:3] if kept else ["0", "f", "f"]), "f", "f"]


def test_what_somebody_created_in_the_schema_is_told_about(stray: Target, built: Path) -> None:
    """A function beside ours stays, because its owner may need it; the warning names it."""
    stray.ask(DEFAULTS)
    stray.run(built / f"s3vl-{RELEASED}.sql")
    planted = psql(
        stray.url.replace("postgres@", f"{STRAY}@"),
        "-c",
        "create function s3vl.query_vectors(integer) returns integer language sql as 'select 1'",
    )
    assert planted.returncode == 0, planted.stderr

    said = upgraded(stray, ["-f", str(built / f"upgrade-{RELEASED}-{VERSION}.sql")])

    assert "function s3vl.query_vectors(integer) is in the schema s3vl, and is somebody else's" in said


@pytest.mark.usefixtures("extension", "roles")
def test_dump_after_such_an_upgrade_has_the_levels(stray: Target, restored: Callable[[], Target]) -> None:
    """What pg_dump takes along is what the roles have, after the upgrade of an extension as well."""
    stray.ask(DEFAULTS)
    create_extension(stray)
    stray.ask("select s3vl.grant_access('install_reader', 'reader')")
    upgraded(stray, ["-c", "alter extension s3vl update"])
    stray.ask(f"select s3vl.revoke_access('{STRAY}')")

    copy = restored()

    assert copy.ask(MAY) == "t"
    assert copy.ask(RIGHTS) == NONE
    assert copy.differences(stray.fingerprint()) == []
