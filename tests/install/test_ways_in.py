"""One SQL source: whichever way s3vl comes into a database, it is the same to the last right and comment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

import build_sql
from fixtures_install import RELEASED, SQL, VERSION, Target, database_of
from fixtures_sql import ROOT
from s3vl_local import postgres as local_postgres

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer

# What a user has in s3vl, and must find again.
USED = """
    insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values ('arn:l', 'us-west-2', 7);
    insert into s3vl.index_registry (index_name, index_arn, dimension)
    values ('docs', 'arn:aws:s3vectors:us-west-2:123456789012:bucket/b/index/i', 5);
    create view used_indexes as select * from s3vl.list_indexes();
    create view used_search as select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs');
    select s3vl.grant_access('install_reader', 'reader'), s3vl.grant_access('install_admin', 'admin')
"""
FOUND = """
    select c.lambda_arn, c.timeout_seconds, r.index_name, r.bucket_name, r.dimension,
        has_function_privilege('install_reader', 's3vl.version()', 'execute'),
        has_function_privilege('install_reader', 's3vl.revoke_access(name)', 'execute'),
        has_function_privilege('install_admin', 's3vl.revoke_access(name)', 'execute'),
        has_function_privilege('public', 's3vl.version()', 'execute'),
        has_schema_privilege('install_reader', 's3vl', 'usage'),
        (
            select string_agg(
                has_function_privilege('install_reader', p.oid, 'execute')
                || '/' || has_function_privilege('public', p.oid, 'execute'), ' ' order by p.proname
            )
            from pg_proc as p
            where p.pronamespace = 's3vl'::regnamespace and p.proname in ('query_vectors', 'register_index')
        ),
        v.bucket_name
    from s3vl.config as c cross join s3vl.index_registry as r cross join used_indexes as v
"""
ALL_OF_IT = "arn:l|7|docs|b|5|t|f|t|f|t|true/false false/false|b"


# As in many a database; the last, so that not only PUBLIC's right tells what is new.
DEFAULT_PRIVILEGES = """
    alter default privileges grant all on schemas to install_reader;
    alter default privileges grant all on tables to install_reader;
    alter default privileges grant all on functions to install_reader with grant option;
    alter default privileges grant all on types to install_reader;
    alter default privileges revoke execute on functions from public
"""


@pytest.fixture(scope="module")
def checkout(postgres: PostgresServer) -> list[tuple[str, ...]]:
    """Return the fingerprint of what sql/install.sql installs."""
    postgres.create_database("install_checkout")
    target = Target(postgres.url(database="install_checkout"))
    target.run(SQL / "install.sql")
    return target.fingerprint()


def test_fingerprint_sees_all_of_it(checkout: list[tuple[str, ...]]) -> None:
    """What is compared below is not empty: tables, columns, functions with source, rights and comments."""
    facts = {(kind, name): rest for kind, name, *rest in checkout}

    assert {kind for kind, _ in facts} >= {"schema", "relation", "column", "constraint", "function", "type"}
    assert "'" + VERSION + "'" in facts["function", "s3vl.version()"][0]
    assert facts["function", "s3vl.version()"][1] == "owner:EXECUTE"
    assert facts["schema", "s3vl"][1] == "owner:CREATE owner:USAGE"
    assert facts["column", "index_registry.bucket_name"][0].startswith("at 4 text ")
    assert all(comment for (kind, _), (*_, comment) in facts.items() if kind in {"column", "function"})


def test_built_script(target: Target, built: Path, checkout: list[tuple[str, ...]]) -> None:
    """One file for psql does what the checkout does."""
    target.run(built / f"s3vl-{VERSION}.sql")

    assert target.differences(checkout) == []


@pytest.mark.usefixtures("extension")
def test_extension(target: Target, checkout: list[tuple[str, ...]]) -> None:
    """`create extension` brings the same, and aws_lambda with it, to a role that is no superuser."""
    target.ask("create extension s3vl cascade")

    assert target.differences(checkout) == []
    assert target.ask("select current_setting('is_superuser')") == "off"
    assert target.ask("select count(*) from pg_extension where extname = 'aws_lambda'") == "1"


def test_pg_tle(
    target: Target, built: Path, pg_tle: Callable[[Path], None], checkout: list[tuple[str, ...]]
) -> None:
    """So does the extension that pg_tle was given."""
    pg_tle(built / f"s3vl-{VERSION}.pgtle.sql")

    target.ask("create extension s3vl cascade")

    assert target.differences(checkout) == []


@pytest.mark.usefixtures("roles")
def test_upgraded_script(target: Target, built: Path, checkout: list[tuple[str, ...]]) -> None:
    """What psql has installed psql upgrades, and its rows and grants stay."""
    target.run(built / f"s3vl-{RELEASED}.sql")
    target.ask(USED)

    target.run(built / f"upgrade-{RELEASED}-{VERSION}.sql")

    assert target.ask(FOUND) == ALL_OF_IT
    revoke(target)
    assert target.differences(checkout) == []


@pytest.mark.usefixtures("extension", "roles")
@pytest.mark.parametrize("since", ["before", "meanwhile"])
@pytest.mark.parametrize("way", ["script", "extension", "upgraded script", "upgraded extension"])
def test_default_privileges_let_nobody_in(
    target: Target, built: Path, checkout: list[tuple[str, ...]], way: str, since: str
) -> None:
    """Whomever the owner lets use all that it creates, they have no right on what s3vl creates or had created."""
    before, then = {
        "script": ("select 1", built / f"s3vl-{VERSION}.sql"),
        "extension": ("select 1", "create extension s3vl cascade"),
        "upgraded script": (built / f"s3vl-{RELEASED}.sql", built / f"upgrade-{RELEASED}-{VERSION}.sql"),
        "upgraded extension": (
            f"create extension s3vl version '{RELEASED}' cascade",
            "alter extension s3vl update",
        ),
    }[way]
    if since == "before":
        target.ask(DEFAULT_PRIVILEGES)
    run(target, before)
    target.ask(DEFAULT_PRIVILEGES)

    run(target, then)

    assert target.differences(checkout) == []


@pytest.mark.usefixtures("extension", "roles")
def test_upgraded_extension(
    target: Target, checkout: list[tuple[str, ...]], restored: Callable[[], Target]
) -> None:
    """`alter extension … update` does the same, and pg_dump still takes everything along."""
    target.ask(f"create extension s3vl version '{RELEASED}' cascade")
    target.ask(USED)

    target.ask("alter extension s3vl update")

    assert target.ask(FOUND) == ALL_OF_IT
    copy = restored()
    assert copy.ask(FOUND) == ALL_OF_IT
    assert copy.differences(target.fingerprint()) == []
    revoke(target)
    assert target.differences(checkout) == []


@pytest.mark.usefixtures("roles")
def test_upgraded_pg_tle(
    target: Target, built: Path, pg_tle: Callable[[Path], None], checkout: list[tuple[str, ...]]
) -> None:
    """pg_tle that knows the last release is told of this one, and updates to it."""
    pg_tle(built / f"s3vl-{RELEASED}.pgtle.sql")
    target.ask("create extension s3vl cascade")
    assert target.ask("select s3vl.version()") == RELEASED
    target.ask(USED)

    pg_tle(built / f"s3vl-{VERSION}.pgtle.sql")
    target.ask("alter extension s3vl update")

    assert target.ask(FOUND) == ALL_OF_IT
    revoke(target)
    assert target.differences(checkout) == []


@pytest.mark.usefixtures("roles")
def test_restored_script(target: Target, built: Path, restored: Callable[[], Target]) -> None:
    """What psql has installed comes through pg_dump with its rows and grants."""
    target.run(built / f"s3vl-{VERSION}.sql")
    target.ask(USED)
    bind(target)

    copy = restored()

    assert copy.ask(FOUND) == ALL_OF_IT
    assert copy.differences(target.fingerprint()) == []
    assert_bound(copy)


@pytest.mark.usefixtures("extension", "roles")
def test_restored_extension(target: Target, restored: Callable[[], Target]) -> None:
    """The dump of an extension holds its rows and grants, and nothing that the extension itself brings."""
    target.ask("create extension s3vl cascade")
    target.ask(USED)
    bind(target)

    copy = restored()

    assert copy.ask(FOUND) == ALL_OF_IT
    assert copy.differences(target.fingerprint()) == []
    assert_bound(copy)
    assert copy.ask("select extversion from pg_extension where extname = 's3vl'") == VERSION


@pytest.mark.usefixtures("roles")
def test_restored_pg_tle(
    target: Target,
    built: Path,
    pg_tle: Callable[[Path], None],
    postgres: PostgresServer,
    new_database: Callable[..., str],
    tmp_path: Path,
) -> None:
    """With the commands of docs/upgrading.md the dump of an extension that pg_tle brought holds the same."""
    script = built / f"s3vl-{VERSION}.pgtle.sql"
    pg_tle(script)
    target.ask("create extension s3vl cascade")
    target.ask(USED)
    bind(target)
    copy = Target(postgres.url(database=new_database()))
    shutil.copy(script, tmp_path)
    [commands] = re.findall(
        r"```bash\n(pg_dump .+?)```", (ROOT / "docs" / "upgrading.md").read_text(), re.DOTALL
    )
    commands = re.sub(r"\bshop_copy\b", database_of(copy.url), commands)
    commands = re.sub(r"\bshop\b(?![.])", database_of(target.url), commands)
    login = conninfo_to_dict(target.url)
    environment = {
        "PATH": f"{local_postgres.BIN}{os.pathsep}{os.environ['PATH']}",
        "PGPASSFILE": str(login["passfile"]),
        **{f"PG{name.upper()}": str(login[name]) for name in ("host", "port", "user")},
    }

    subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, env=environment, check=True)

    assert copy.ask(FOUND) == ALL_OF_IT
    assert copy.differences(target.fingerprint()) == []
    assert_bound(copy)


def test_restored_restriction_without_its_role(
    target: Target, built: Path, restored: Callable[[], Target]
) -> None:
    """The index stays closed, and a role that gets the name after the restore does not get the part."""
    target.run(built / f"s3vl-{VERSION}.sql")
    target.ask("""
        insert into s3vl.index_registry (index_name, index_arn)
        values ('docs', 'arn:aws:s3vectors:us-west-2:123456789012:bucket/b/index/i');
        create role install_tenant;
        select s3vl.restrict_index('docs', 'install_tenant', '{"tenant": "a"}');
        drop role install_tenant
    """)

    copy = restored()

    listed = "select role_name, metadata_filter, is_valid from s3vl.list_restrictions()"
    assert copy.ask(listed) == 'install_tenant|{"tenant": {"$eq": "a"}}|f'
    copy.ask("create role install_tenant; grant install_tenant to current_user")
    copy.ask("select s3vl.grant_access('install_tenant', 'reader')")
    search = "select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs')"
    assert 'role "postgres" may not use index' in copy.refused("-c", search)
    assert "to another that had this name" in copy.refused("-c", "set role install_tenant", "-c", search)
    copy.ask("drop owned by install_tenant; drop role install_tenant")


def test_forgotten_drop_of_an_old_signature_is_seen(target: Target, built: Path, tmp_path: Path) -> None:
    """A function with one more argument, without a drop in the step, leaves two: the fingerprints differ."""
    sql = tmp_path / "sql"
    shutil.copytree(SQL, sql)
    changed = sql / "operate" / "access.sql"
    source = changed.read_text()
    for old, new in {
        "revoke_access(role_name name)": "revoke_access(role_name name, loud boolean default false)",
        "revoke_access(name)": "revoke_access(name, boolean)",
    }.items():
        assert old in source
        source = source.replace(old, new)
    changed.write_text(source)
    build_sql.build(sql, tmp_path / "built")
    target.run(built / f"s3vl-{RELEASED}.sql", tmp_path / "built" / f"upgrade-{RELEASED}-{VERSION}.sql")
    upgraded = target.fingerprint()
    target.run(SQL / "uninstall.sql", tmp_path / "built" / f"s3vl-{VERSION}.sql")

    assert "function s3vl.revoke_access(name)" in target.differences(upgraded)


def bind(target: Target) -> None:
    """Bind a table whose rows are not sent yet."""
    target.ask("create table documents (id integer primary key, embedding real[])")
    target.ask(
        "select s3vl.bind_table('documents', index_name, 'embedding') from s3vl.index_registry limit 1"
    )
    target.ask("insert into documents values (1, '{1,2,3}')")


def assert_bound(copy: Target) -> None:
    """Find the binding with what was noted, and see it note more; nothing was noted by the restore itself."""
    assert copy.ask("select binding_name, source from s3vl.list_bindings()") == "documents|public.documents"
    copy.ask("update documents set embedding = '{3,2,1}'")
    assert copy.ask("select count(*), count(distinct change) from s3vl.outbox where key = '1'") == "2|2"
    assert copy.ask("call s3vl.sync()") == "0"
    assert copy.ask("select state, pending from s3vl.sync_status()") == "confirm|2"


def run(target: Target, what: str | Path) -> None:
    """Run a script, or what is typed."""
    if isinstance(what, str):
        target.ask(what)
    else:
        target.run(what)


def revoke(target: Target) -> None:
    """Take back what the test has granted."""
    target.ask("select s3vl.revoke_access('install_reader'), s3vl.revoke_access('install_admin')")
