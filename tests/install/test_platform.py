"""What only looks like aws_lambda or like s3vl, and databases of other encodings than UTF8."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fixtures_install import RELEASED, SQL, VERSION, Target, database_of
from fixtures_sql import LAMBDA_ARN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer

FOREIGN = "the schema aws_lambda does not belong to the extension"
REMEDY = "then type: drop schema aws_lambda cascade; create extension aws_lambda cascade;"
NOT_UTF8 = "the encoding of this database is {}, but s3vl needs UTF8"

# It is called as an application calls the real one; the sequence says so even after an error.
PLANTED = """
    create sequence aws_lambda.runs;
    grant usage on sequence aws_lambda.runs to public;
    create function aws_lambda.invoke(function_name text, payload json, out status_code integer, out payload json)
        language sql as $$
            select 200, json_build_object('success', true, 'result', '{}', 'run', nextval('aws_lambda.runs'))
        $$
"""


@pytest.fixture
def stranger(postgres: PostgresServer, target: Target) -> Iterator[Target]:
    """Give the database to a role that may create a schema in it, and no more."""
    database = database_of(target.url)
    postgres.create_login("install_stranger")
    with postgres.connect("rdsadmin", database) as administrator:
        administrator.execute(f"grant create on database {database} to install_stranger")
        yield Target(postgres.url("install_stranger", database))
        administrator.execute("drop owned by install_stranger cascade")
        administrator.execute("drop role install_stranger")


def plant(stranger: Target) -> None:
    """Make what is taken for the extension by its name alone."""
    stranger.ask("create schema aws_lambda")
    stranger.ask("grant usage on schema aws_lambda to public")
    stranger.ask(PLANTED)


@pytest.mark.parametrize("way", ["checkout", "built script"])
@pytest.mark.parametrize("planted", [plant, lambda stranger: stranger.ask("create schema aws_lambda")])
def test_a_planted_aws_lambda_stops_the_installation(
    target: Target, stranger: Target, built: Path, way: str, planted: Callable[[Target], None]
) -> None:
    """A schema of that name that no extension has made, be it empty so far, is refused, and whose it is is said."""
    planted(stranger)

    said = target.refused(
        "-f", str(SQL / "install.sql" if way == "checkout" else built / f"s3vl-{VERSION}.sql")
    )

    assert f"ERROR:  {FOREIGN}" in said
    assert (
        "DETAIL:  It belongs to role install_stranger, and s3vl would run its code as role postgres." in said
    )
    assert REMEDY in said
    assert target.ask("select to_regnamespace('s3vl') is null") == "t"


@pytest.mark.usefixtures("extension")
def test_a_planted_overload_stops_the_extension(target: Target) -> None:
    """A function that stands beside the extension's, and would be preferred to them, is refused too."""
    target.ask("create extension aws_lambda cascade")
    administrator = Target(target.url.replace("postgres@", "rdsadmin@"))
    administrator.ask(PLANTED)

    said = target.refused("-c", "create extension s3vl")

    assert f"ERROR:  {FOREIGN}" in said
    assert target.ask("select to_regnamespace('s3vl') is null") == "t"


def test_an_aws_lambda_planted_later_is_never_called(target: Target, stranger: Target) -> None:
    """Where the extension is gone, configure, diagnose and each call refuse, and the planted code does not run."""
    target.run(SQL / "install.sql")
    target.ask(f"select s3vl.configure('{LAMBDA_ARN}')")
    target.ask(
        "insert into s3vl.index_registry (index_name, index_arn) values "
        "('docs', 'arn:aws:s3vectors:us-west-2:123456789012:bucket/b-1/index/i-1')"
    )
    target.ask("drop extension aws_lambda")
    plant(stranger)

    configuring = target.refused("-c", f"select s3vl.configure('{LAMBDA_ARN}', timeout_seconds => 7)")
    searching = target.refused("-c", "select s3vl.query_vectors('{1}', 'docs')")
    writing = target.refused("-c", "select s3vl.delete_vectors('{a}', 'docs')")
    found = target.ask(
        "select detail, hint from s3vl.diagnose() where check_name = 'extension aws_lambda' and status = 'fail'"
    )

    for said in (configuring, searching, writing):
        assert f"ERROR:  {FOREIGN}" in said
        assert REMEDY in said
    assert found.startswith(f"{FOREIGN} (It belongs to role install_stranger, ")
    assert found.endswith(REMEDY)
    assert target.ask("select timeout_seconds from s3vl.get_config()") == "30"
    assert stranger.ask("select is_called from aws_lambda.runs") == "f"


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def encoded(
    request: pytest.FixtureRequest, postgres: PostgresServer, database_names: Iterator[str]
) -> Iterator[tuple[Target, str]]:
    """Give a database of another encoding, and its name."""
    name = next(database_names)
    with postgres.connect("rdsadmin") as administrator:
        administrator.execute(
            f"create database {name} encoding '{request.param}' locale 'C' template template0 owner postgres"
        )
    yield Target(postgres.url(database=name)), request.param
    postgres.drop_database(name)


@pytest.mark.usefixtures("extension")
def test_another_encoding_is_refused(encoded: tuple[Target, str], built: Path) -> None:
    """By psql and as an extension, whatever the client's encoding is; the hint has the statement for a new database."""
    target, encoding = encoded
    message = NOT_UTF8.format(encoding)

    by_psql = [
        target.refused("-f", str(script)) for script in (SQL / "install.sql", built / f"s3vl-{VERSION}.sql")
    ]
    target.ask("create extension aws_lambda cascade")
    as_extension = target.refused("-c", "set client_encoding = 'UTF8'", "-c", "create extension s3vl")

    for said in (*by_psql, as_extension):
        assert f"ERROR:  {message}" in said
        assert "create database <name> encoding 'UTF8' template template0;" in said
    assert target.ask("select to_regnamespace('s3vl') is null") == "t"


def test_another_encoding_is_told_where_s3vl_was_before(encoded: tuple[Target, str], built: Path) -> None:
    """An installation of 1.0.0 can be upgraded, and then configure refuses and diagnose fails."""
    target, encoding = encoded
    target.run(built / f"s3vl-{RELEASED}.sql", built / f"upgrade-{RELEASED}-{VERSION}.sql")

    said = target.refused("-c", f"select s3vl.configure('{LAMBDA_ARN}')")
    found = target.ask("select detail from s3vl.diagnose() where check_name = 'database encoding'")

    assert f"ERROR:  {NOT_UTF8.format(encoding)}" in said
    assert found == f"{NOT_UTF8.format(encoding)} (Ids and metadata would be corrupted)"


@pytest.mark.parametrize("superuser", [False, True])
def test_a_planted_s3vl_is_not_taken_for_ours(
    postgres: PostgresServer, target: Target, stranger: Target, built: Path, *, superuser: bool
) -> None:
    """An s3vl of a stranger's, were it the real one, is somebody else's to all scripts, a superuser's too."""
    stranger.run(built / f"s3vl-{RELEASED}.sql")
    before = target.fingerprint()
    whoever = Target(postgres.url("rdsadmin", database_of(target.url))) if superuser else target

    installing = [
        whoever.refused("-f", str(script))
        for script in (SQL / "install.sql", built / f"s3vl-{VERSION}.plain.sql")
    ]
    upgrading = [
        whoever.refused("-1", "-f", str(built / f"upgrade-{RELEASED}-{VERSION}.plain.sql")),
        whoever.refused("-f", str(built / f"upgrade-{RELEASED}-{VERSION}.sql")),
    ]
    removing = whoever.refused("-f", str(SQL / "uninstall.sql"))

    for said in installing:
        assert "there is another schema s3vl, of role install_stranger" in said
    for said in upgrading:
        assert f"this upgrades s3vl {RELEASED}, and here is none that" in said
        assert "HINT:  Schema s3vl belongs to role install_stranger." in said
    assert "here is no s3vl that" in removing
    assert target.differences(before) == []


def test_a_superuser_says_whom_to_trust(postgres: PostgresServer, target: Target, built: Path) -> None:
    """What the hint says to type lets a superuser upgrade for the owner."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    administrator = Target(postgres.url("rdsadmin", database_of(target.url)))
    upgrade = built / f"upgrade-{RELEASED}-{VERSION}.sql"

    [typed] = re.findall(r"type first: (.+;)", administrator.refused("-f", str(upgrade)))
    administrator.ask(typed, "-f", str(upgrade))

    assert typed == "set role postgres;"
    assert target.ask("select s3vl.version()") == VERSION
    owners = "select distinct proowner::regrole from pg_proc where pronamespace = 's3vl'::regnamespace"
    assert target.ask(owners) == "postgres"
