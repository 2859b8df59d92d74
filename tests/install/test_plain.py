"""The scripts that need no psql, by clients as they are: as one string, and cut into statements."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import psycopg
import pytest
import sqlalchemy
import sqlparse

from fixtures_install import RELEASED, SQL, VERSION, Target
from fixtures_sql import psql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer


def by_psycopg(url: str, script: Path) -> None:
    """Send it whole, in the transaction that psycopg opens."""
    with psycopg.connect(url) as connection:
        connection.execute(script.read_text())


def by_psycopg_without_transaction(url: str, script: Path) -> None:
    """Send it whole; PostgreSQL makes one transaction of a string."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.read_text())


def by_asyncpg(url: str, script: Path) -> None:
    """Send it whole, by the driver of another library."""

    async def send(text: str) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(text)
        await connection.close()

    asyncio.run(send(script.read_text()))


def by_sqlalchemy(url: str, script: Path) -> None:
    """Give it to the driver, as a migration of Alembic does by op.get_bind()."""
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql(script.read_text(), execution_options={"no_parameters": True})
    engine.dispose()


def cut_in_a_transaction(url: str, script: Path) -> None:
    """Send one statement after the other, cut by a library that does not know this script."""
    with psycopg.connect(url) as connection:
        for statement in sqlparse.split(script.read_text()):
            connection.execute(statement)


def cut_without_transaction(url: str, script: Path) -> None:
    """Send one statement after the other, each a transaction of its own; the session is as before."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set search_path = public")
        for statement in sqlparse.split(script.read_text()):
            connection.execute(statement)
        assert connection.execute("show search_path").fetchall() == [("public",)]


def by_psql_in_one_transaction(url: str, script: Path) -> None:
    """Run `psql -1`, which the scripts for psql refuse."""
    done = psql(url, "-1", "-v", "ON_ERROR_STOP=1", "-f", str(script))
    assert done.returncode == 0, done.stderr


# To a server, what clients send is one query of many statements, or the statements one by one.
IN_A_TRANSACTION = [
    by_psycopg,
    cut_in_a_transaction,
    *(
        pytest.param(client, marks=pytest.mark.one_server)
        for client in (
            by_psycopg_without_transaction,
            by_asyncpg,
            by_sqlalchemy,
            by_psql_in_one_transaction,
        )
    ),
]


@pytest.fixture(scope="module")
def checkout(postgres: PostgresServer) -> list[tuple[str, ...]]:
    """Return the fingerprint of what sql/install.sql installs."""
    postgres.create_database("install_plain")
    target = Target(postgres.url(database="install_plain"))
    target.run(SQL / "install.sql")
    return target.fingerprint()


@pytest.mark.parametrize("client", [*IN_A_TRANSACTION, cut_without_transaction])
def test_a_client_installs_the_same(
    target: Target, built: Path, checkout: list[tuple[str, ...]], client: Callable[[str, Path], None]
) -> None:
    """Whoever sends it, and however it is cut, s3vl and aws_lambda are there as psql leaves them."""
    client(target.url, built / f"s3vl-{VERSION}.plain.sql")

    assert target.differences(checkout) == []
    assert target.ask("select count(*) from pg_extension where extname = 'aws_lambda'") == "1"


@pytest.mark.parametrize("client", IN_A_TRANSACTION)
def test_a_client_upgrades_to_the_same(
    target: Target, built: Path, checkout: list[tuple[str, ...]], client: Callable[[str, Path], None]
) -> None:
    """An upgrade in one transaction is that of psql, and keeps what is configured."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    target.ask(
        "insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values ('arn:l', 'us-west-2', 7)"
    )

    client(target.url, built / f"upgrade-{RELEASED}-{VERSION}.plain.sql")

    assert target.differences(checkout) == []
    assert target.ask("select lambda_arn from s3vl.config") == "arn:l"


def test_an_upgrade_statement_by_statement_is_refused_before_it_begins(target: Target, built: Path) -> None:
    """Without a transaction half an upgrade could stay, so nothing of it is done."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    before = target.fingerprint()

    with pytest.raises(psycopg.errors.NoActiveSqlTransaction) as refused:
        cut_without_transaction(target.url, built / f"upgrade-{RELEASED}-{VERSION}.plain.sql")

    assert refused.value.diag.message_hint == "Turn autocommit off, or send the whole script at once."
    assert target.fingerprint() == before


def test_an_error_at_the_end_leaves_nothing(target: Target, built: Path, tmp_path: Path) -> None:
    """A string is all or nothing, for a client without transactions too."""
    script = tmp_path / "failing.sql"
    script.write_text((built / f"s3vl-{VERSION}.plain.sql").read_text() + "\nselect 1 / 0;\n")

    with pytest.raises(psycopg.errors.DivisionByZero):
        by_psycopg_without_transaction(target.url, script)

    assert (
        target.ask("select to_regnamespace('s3vl') is null, to_regnamespace('aws_lambda') is null") == "t|t"
    )


@pytest.mark.parametrize(
    ("there", "sent"),
    [
        (f"s3vl-{VERSION}", f"s3vl-{VERSION}"),
        (f"s3vl-{VERSION}", f"upgrade-{RELEASED}-{VERSION}"),
        ("create schema s3vl", f"s3vl-{VERSION}"),
        ("create schema s3vl", f"upgrade-{RELEASED}-{VERSION}"),
        (None, f"upgrade-{RELEASED}-{VERSION}"),
    ],
)
def test_what_psql_is_refused_everybody_is(target: Target, built: Path, there: str | None, sent: str) -> None:
    """The error is that of the script for psql: same SQLSTATE, message and hint, and nothing is changed."""
    if there == f"s3vl-{VERSION}":
        target.run(built / f"{there}.sql")
    elif there is not None:
        target.ask(there)
    count = "select count(*), (select count(*) from pg_proc) from pg_class"
    before = target.ask(count)
    by_psql = target.refused("-v", "VERBOSITY=verbose", "-f", str(built / f"{sent}.sql"))

    with pytest.raises(psycopg.Error) as refused:
        by_psycopg(target.url, built / f"{sent}.plain.sql")

    said = refused.value.diag
    assert f"ERROR:  {said.sqlstate}: {said.message_primary}\n" in by_psql
    assert f"HINT:  {said.message_hint}\n" in by_psql
    assert target.ask(count) == before
