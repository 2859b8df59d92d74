"""The extension next to what psql installs: each says who it is, and neither leaves anything behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures_install import SQL, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures_install import Target

# Statistics come and go by themselves.
CATALOGUES = """
    select c.relname from pg_class as c
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and c.relname !~ '^pg_statistic'
"""


def catalogue_rows(target: Target) -> dict[str, int]:
    """Count the rows of every system catalogue: objects, rights, dependencies, settings, roles, all of it."""
    with psycopg.connect(target.url, user="rdsadmin") as administrator:
        names = [name for (name,) in administrator.execute(CATALOGUES)]
        counts = " union all ".join(f"select '{name}', count(*) from pg_catalog.{name}" for name in names)
        return dict(administrator.execute(counts).fetchall())


def use(target: Target) -> None:
    """Grant and store something, and read it back, so that there is something to leave behind."""
    target.ask("select s3vl.grant_access('install_writer', 'writer')")
    target.ask(
        "insert into s3vl.index_registry (index_name, index_arn) values "
        "('docs', 'arn:aws:s3vectors:us-west-2:123456789012:bucket/b/index/i')"
    )
    assert target.ask("select bucket_name from s3vl.get_index_info('docs')") == "b"


@pytest.mark.usefixtures("roles")
def test_uninstalling_leaves_nothing(target: Target) -> None:
    """After uninstall.sql no catalogue has a row more: no object, grant, dependency or setting."""
    target.ask("create extension aws_lambda cascade")
    before = catalogue_rows(target)
    target.run(SQL / "install.sql")
    use(target)
    assert catalogue_rows(target)["pg_shdepend"] > before["pg_shdepend"]

    target.run(SQL / "uninstall.sql")

    assert catalogue_rows(target) == before


@pytest.mark.usefixtures("roles", "extension")
def test_dropping_the_extension_leaves_nothing(target: Target) -> None:
    """Nor after drop extension."""
    target.ask("create extension aws_lambda cascade")
    before = catalogue_rows(target)
    target.ask("create extension s3vl")
    use(target)

    target.ask("drop extension s3vl")

    assert catalogue_rows(target) == before


@pytest.mark.usefixtures("roles")
def test_pg_tle_forgets_the_extension(target: Target, built: Path, pg_tle: Callable[[Path], None]) -> None:
    """After drop extension and pgtle.uninstall_extension() pg_tle knows nothing of it, and nothing else is left."""
    target.ask("create extension aws_lambda cascade")
    before = catalogue_rows(target)
    pg_tle(built / f"s3vl-{VERSION}.pgtle.sql")
    target.ask("create extension s3vl")
    use(target)

    target.ask("drop extension s3vl")

    assert target.ask("select pgtle.uninstall_extension('s3vl')") == "t"
    assert target.ask("select count(*) from pgtle.available_extensions()") == "0"
    assert catalogue_rows(target) == before


@pytest.mark.usefixtures("extension")
def test_psql_scripts_leave_an_extension_alone(target: Target, built: Path) -> None:
    """install.sql, the upgrade and uninstall.sql change nothing, and say what to type instead."""
    target.ask("create extension s3vl cascade")
    before = target.fingerprint()

    again = target.refused("-f", str(SQL / "install.sql"))
    upgrade = target.refused("-f", str(built / f"upgrade-1.0.0-{VERSION}.sql"))
    removal = target.refused("-f", str(SQL / "uninstall.sql"))

    assert f"s3vl {VERSION} is already installed" in again
    assert "HINT:  It is an extension. For another version: alter extension s3vl update;" in again
    assert "s3vl is an extension here, not installed with psql" in upgrade
    assert "HINT:  Type: alter extension s3vl update;" in upgrade
    assert "s3vl is an extension here, not installed with psql" in removal
    assert "HINT:  Type: drop extension s3vl;" in removal
    assert target.differences(before) == []


@pytest.mark.usefixtures("extension")
def test_extension_leaves_what_psql_installed_alone(target: Target) -> None:
    """An extension stops where s3vl is, whoever made it."""
    target.run(SQL / "install.sql")
    before = target.fingerprint()

    refused = target.refused("-c", "create extension s3vl")

    assert 'ERROR:  schema "s3vl" already exists' in refused
    assert target.differences(before) == []


@pytest.mark.usefixtures("extension")
def test_extension_needs_aws_lambda(target: Target) -> None:
    """Without cascade the missing extension is named, and as long as s3vl is there it stays."""
    missing = target.refused("-c", "create extension s3vl")
    target.ask("create extension s3vl cascade")
    kept = target.refused("-c", "drop extension aws_lambda")

    assert 'required extension "aws_lambda" is not installed' in missing
    assert "extension s3vl depends on extension aws_lambda" in kept


def test_scripts_of_the_extension_are_not_for_psql(target: Target, built: Path) -> None:
    """At their first command psql stops, and says what to type."""
    target.run(script := built / f"s3vl--{VERSION}.sql")

    assert "create extension s3vl cascade" in script.read_text().splitlines()[1]
    assert target.ask("select to_regnamespace('s3vl') is null") == "t"


def test_pg_tle_registers_a_version_once(target: Target, built: Path, pg_tle: Callable[[Path], None]) -> None:
    """A second run is refused as a whole."""
    pg_tle(script := built / f"s3vl-{VERSION}.pgtle.sql")

    assert 'extension "s3vl" already installed' in target.refused("-f", str(script))
    assert target.ask("select default_version from pgtle.available_extensions()") == VERSION
