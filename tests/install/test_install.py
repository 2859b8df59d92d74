"""Installing with psql and removing again: from anywhere, all or nothing, once."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from fixtures_install import database_of
from fixtures_sql import PSQL, ROOT, psql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from s3vl_local.postgres import PostgresServer

SQL = ROOT / "sql"

# Everything that a script could leave behind, as one text a line.
CATALOGUE = """
    select format('schema %s', n.nspname) from pg_namespace as n where n.nspname !~ '^pg_'
    union all select format('relation %s', c.oid::regclass) from pg_class as c where c.oid >= 16384
    union all select format('function %s', p.oid::regprocedure) from pg_proc as p where p.oid >= 16384
    union all select format('type %s', t.oid::regtype) from pg_type as t where t.oid >= 16384
    union all select format('comment %s %s', d.classoid, d.description)
        from pg_description as d where d.objoid >= 16384
    union all select format('role %s', r.rolname) from pg_roles as r
    order by 1
"""


@pytest.fixture
def url(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    """Give an empty database of the master user, who is no superuser."""
    return postgres.url(database=new_database())


def ask(url: str, statement: str) -> str:
    """Return what a statement gives, as psql prints it without decoration."""
    done = psql(url, "-Atc", statement)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def interactively(url: str, typed: str) -> str:
    """Return what is on the screen after typing into psql, on a terminal, inside of sql/."""
    ours, terminal = pty.openpty()
    session = subprocess.Popen(
        [PSQL, "--no-psqlrc", "--no-readline", "--pset=pager=off", url],
        cwd=SQL,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    os.write(ours, f"{typed}\n\\q\n".encode())
    screen = b""
    while session.poll() is None or select.select([ours], [], [], 0)[0]:
        try:
            screen += os.read(ours, 65536)
        except OSError:  # the terminal is closed: psql has ended
            break
    os.close(ours)
    assert session.wait() == 0
    return screen.decode().replace("\r\n", "\n")


def test_installs_from_any_directory(url: str, tmp_path: Path) -> None:
    """`psql -f` finds the other files wherever it was started, says little, and works."""
    done = psql(url, "-f", str(SQL / "install.sql"), cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "s3vl 1.1.0 is installed.",
        "The extension aws_lambda is created.",
        "Next: select s3vl.configure('<Lambda ARN>');",
    ]
    assert ask(url, "select s3vl.version()") == "1.1.0"
    assert ask(url, "select count(*) from pg_proc where pronamespace = 'aws_lambda'::regnamespace") == "4"
    assert (
        ask(url, "select extnamespace::regnamespace from pg_extension where extname = 'aws_lambda'")
        == "public"
    )


def test_is_silent_about_aws_lambda_when_it_is_there(url: str) -> None:
    """With the extension there is nothing to do but to configure."""
    ask(url, "create extension aws_lambda cascade")

    done = psql(url, "-f", str(SQL / "install.sql"))

    assert (done.returncode, done.stderr) == (0, "")
    assert "aws_lambda" not in done.stdout


def test_installs_where_aws_lambda_may_not_be_created(postgres: PostgresServer, url: str) -> None:
    """As on Aurora only some may create it, s3vl is installed all the same, and says what to ask for."""
    administrator = postgres.url("rdsadmin", database_of(url))
    refuse = """
        create function public.refuse() returns event_trigger language plpgsql as $$
        begin raise 'permission denied to create extension' using errcode = 'insufficient_privilege'; end $$;
        create event trigger refuse on ddl_command_start
            when tag in ('CREATE EXTENSION') execute function public.refuse()
    """
    assert psql(administrator, "-c", refuse).returncode == 0

    done = psql(url, "-f", str(SQL / "install.sql"))

    assert done.returncode == 0, done.stderr
    assert "role postgres may not create the extension aws_lambda" in done.stderr
    assert (
        "Ask an administrator to type in this database: create extension aws_lambda cascade;" in done.stderr
    )
    assert done.stdout.splitlines()[:2] == [
        "s3vl 1.1.0 is installed.",
        "The extension aws_lambda is not there yet. Type: create extension aws_lambda cascade;",
    ]


def test_extension_may_come_after_the_installation(url: str) -> None:
    """s3vl works as soon as aws_lambda is there: the next failure is one of the network."""
    psql(url, "-f", str(SQL / "install.sql"))
    ask(url, "drop extension aws_lambda")
    arn = "arn:aws:lambda:us-west-2:123456789012:function:f"

    before = psql(url, "-Atc", f"select s3vl.configure('{arn}')")
    ask(url, "create extension aws_lambda cascade")
    after = ask(url, "select error_message from s3vl.validate_config()")

    assert "HINT:  Type: create extension aws_lambda cascade;" in before.stderr
    assert after.startswith(f'Lambda function "{arn}" could not be called')


@pytest.mark.parametrize("opening", ["begin;", "\\set AUTOCOMMIT off"])
def test_open_transaction_is_neither_committed_nor_lost(url: str, opening: str) -> None:
    """Inside of a transaction the installation is refused, and the transaction goes on."""
    said = interactively(
        url,
        f"{opening}\ncreate table mine ();\n\\i install.sql\nselect count(*) || ' columns' from mine;\nrollback;\n",
    )

    assert "A transaction is open" in said
    assert "ERROR" not in said
    assert ask(url, "select to_regclass('mine') is null and to_regnamespace('s3vl') is null") == "t"


def test_script_that_installs_in_a_transaction_fails(url: str) -> None:
    """Nobody takes `psql -1 -f install.sql` for a success."""
    done = psql(url, "-1", "-f", str(SQL / "install.sql"))

    assert done.returncode == 3
    assert "A transaction is open" in done.stderr
    assert ask(url, "select to_regnamespace('s3vl') is null") == "t"


def test_second_run_says_so_and_changes_nothing(url: str) -> None:
    """Installing twice fails with the installed version, and keeps what was configured."""
    psql(url, "-f", str(SQL / "install.sql"))
    ask(
        url,
        "insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values ('x', 'y', 1) returning 1",
    )
    before = ask(url, CATALOGUE)

    done = psql(url, "-f", str(SQL / "install.sql"))

    assert done.returncode == 3
    assert "s3vl 1.1.0 is already installed" in done.stderr
    assert "uninstall.sql" in done.stderr
    assert ask(url, CATALOGUE) == before
    assert ask(url, "select lambda_arn from s3vl.config") == "x"


@pytest.mark.parametrize(("owner", "installer"), [("rdsadmin", "postgres"), ("postgres", "rdsadmin")])
def test_code_of_a_foreign_schema_is_not_run(
    postgres: PostgresServer, url: str, owner: str, installer: str
) -> None:
    """Somebody else's schema s3vl stops the installation, and its functions are not called, by a superuser neither."""
    database = database_of(url)
    trap = postgres.url(owner, database)
    ask(trap, "create schema s3vl")
    ask(trap, "create function s3vl.version() returns text language sql as 'select (1 / 0)::text'")
    ask(trap, "grant usage on schema s3vl to public")

    done = psql(postgres.url(installer, database), "-f", str(SQL / "install.sql"))

    assert done.returncode == 3
    assert f"there is another schema s3vl, of role {owner}" in done.stderr


def test_names_planted_in_the_search_path_are_not_built_in(url: str) -> None:
    """Whatever stands before PostgreSQL's own names in the session, the tables use PostgreSQL's."""
    ask(
        url, "create function public.now() returns timestamptz language sql as $$select timestamptz 'epoch'$$"
    )

    done = psql(
        url,
        "-f",
        str(SQL / "install.sql"),
        env={**os.environ, "PGOPTIONS": "-csearch_path=public,pg_catalog"},
    )

    assert done.returncode == 0, done.stderr
    row = "insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values ('x', 'y', 1)"
    assert ask(url, row + " returning created_at > '2020-01-01'").startswith("t")


def test_a_backslash_may_be_an_escape(url: str) -> None:
    """Where standard_conforming_strings is off no string means something else, so that nothing warns."""
    done = psql(
        url,
        "-f",
        str(SQL / "install.sql"),
        env={**os.environ, "PGOPTIONS": "-cstandard_conforming_strings=off"},
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_session_is_as_before_after_an_interactive_installation(url: str) -> None:
    r"""`\i install.sql` inside sql/ works, and leaves the settings of the session and no variable behind."""
    said = interactively(
        url,
        r"""
\set ON_ERROR_STOP off
\set QUIET off
set search_path = public, pg_catalog;
\i install.sql
show search_path;
create table after_install ();
select 1 / 0;
select * from s3vl.get_config();
\echo on_error_stop=:ON_ERROR_STOP quiet=:QUIET
\set
""",
    )

    assert "s3vl 1.1.0 is installed." in said
    assert "public, pg_catalog" in said
    assert "CREATE TABLE" in said
    assert "(0 rows)" in said
    assert "s3vl_" not in said.split("on_error_stop=off quiet=off")[1]


def test_second_interactive_run_leaves_the_session_usable(url: str) -> None:
    """A session in which the second run failed is in no broken transaction."""
    psql(url, "-f", str(SQL / "install.sql"))

    said = interactively(url, "\\i install.sql\nselect 'still ' || 'usable';\n\\echo quiet=:QUIET\n")

    assert "s3vl 1.1.0 is already installed" in said
    assert "still usable" in said
    assert "quiet=off" in said


def test_failed_interactive_run_is_put_right_as_install_md_says(url: str, tmp_path: Path) -> None:
    """After an error half-way, three commands on the page make the session what it was."""
    [sentence] = re.findall(
        r"If installation fails in an interactive session .+", (ROOT / "docs/install.md").read_text()
    )
    remedies = "\n".join(re.findall(r"`((?:rollback|\\set).+?)`", sentence))
    shutil.copytree(SQL, tmp_path / "sql")
    with (tmp_path / "sql/base/schema.sql").open("a") as early:
        early.write("select 1 / 0;\n")
    look = "select 'us' || 'able';\n\\echo on_error_stop=:ON_ERROR_STOP quiet=:QUIET\n"

    before, after = interactively(
        url, f"\\i {tmp_path / 'sql/install.sql'}\n{look}\\echo put right\n{remedies}\n{look}"
    ).rsplit("put right", 1)

    assert "on_error_stop=on quiet=on" in before
    assert "usable" in after
    assert "on_error_stop=off quiet=off" in after


def test_failure_installs_nothing(url: str, tmp_path: Path) -> None:
    """An error in the last file takes back all that came before it."""
    shutil.copytree(SQL, tmp_path / "sql")
    with (tmp_path / "sql/operate/privileges.sql").open("a") as last:
        last.write("select 1 / 0;\n")
    before = ask(url, CATALOGUE)

    done = psql(url, "-f", str(tmp_path / "sql/install.sql"))

    assert done.returncode == 3
    assert "operate/privileges.sql:" in done.stderr
    assert "division by zero" in done.stderr
    assert ask(url, CATALOGUE) == before


@pytest.mark.parametrize(
    "removal",
    [["-f", str(SQL / "uninstall.sql")], ["-c", "DROP SCHEMA IF EXISTS s3vl CASCADE"]],
    ids=["uninstall.sql", "drop schema"],
)
def test_removal_leaves_nothing(url: str, removal: list[str]) -> None:
    """After either way out the database is as it was but for aws_lambda, and s3vl can be installed again."""
    ask(url, "create extension aws_lambda cascade")
    before = ask(url, CATALOGUE)
    psql(url, "-f", str(SQL / "install.sql"))
    assert ask(url, CATALOGUE) != before

    done = psql(url, *removal)

    assert done.returncode == 0, done.stderr
    assert ask(url, CATALOGUE) == before
    assert psql(url, "-f", str(SQL / "install.sql")).returncode == 0


def test_uninstall_says_what_it_did_and_only_that(url: str) -> None:
    """The script is quiet about the objects, and fails where there is no s3vl."""
    psql(url, "-f", str(SQL / "install.sql"))

    first = psql(url, "-f", str(SQL / "uninstall.sql"))
    second = psql(url, "-f", str(SQL / "uninstall.sql"))

    assert (first.returncode, first.stdout, first.stderr) == (0, "s3vl is removed.\n", "")
    assert second.returncode == 3
    assert "here is no s3vl that postgres may remove" in second.stderr


@pytest.mark.parametrize(
    ("built_on_it", "named"),
    [
        ("view mine as select * from s3vl.list_indexes()", "view public.mine depends on function"),
        ("table mine (v s3vl.vector_record)", "column v of table public.mine depends on type"),
        ("table s3vl.mine ()", "table s3vl.mine depends on schema s3vl"),
        (
            "table t (); create trigger bound after truncate on t execute function s3vl._note_changes()",
            "trigger bound on table public.t depends on function s3vl._note_changes()",
        ),
    ],
    ids=["view", "column", "table in the schema", "binding"],
)
def test_uninstall_takes_nothing_of_yours(url: str, built_on_it: str, named: str) -> None:
    """What is built on s3vl stops the removal, which names it and changes nothing, and says how bindings end."""
    psql(url, "-f", str(SQL / "install.sql"))
    ask(url, f"create {built_on_it}")
    before = ask(url, CATALOGUE)

    done = psql(url, "-f", str(SQL / "uninstall.sql"))

    assert done.returncode == 3
    assert "s3vl is not removed: something else is built on it" in done.stderr
    assert f"DETAIL:  {named}" in done.stderr
    assert "select s3vl.unbind_table(binding_name) from s3vl.list_bindings();" in done.stderr
    assert ask(url, CATALOGUE) == before


def test_uninstall_leaves_another_schema_alone(url: str) -> None:
    """A schema that only has the name is not dropped."""
    ask(url, "create schema s3vl create table mine ()")

    done = psql(url, "-f", str(SQL / "uninstall.sql"))

    assert "here is no s3vl that postgres may remove" in done.stderr
    assert ask(url, "select to_regclass('s3vl.mine')") == "s3vl.mine"


def test_uninstall_can_be_rolled_back(url: str) -> None:
    """In an open transaction the removal is a part of it, and its search_path stays."""
    psql(url, "-f", str(SQL / "install.sql"))

    removal = ["-c", "begin", "-f", str(SQL / "uninstall.sql"), "-c", "show search_path", "-c", "rollback"]
    done = psql(url, "-At", *removal)

    assert done.returncode == 0, done.stderr
    assert '"$user", public' in done.stdout
    assert ask(url, "select s3vl.version()") == "1.1.0"


def test_installer_needs_no_superuser(postgres: PostgresServer, url: str) -> None:
    """The fixtures' master user is what Aurora gives: all the above ran without a superuser."""
    assert ask(url, "select current_setting('is_superuser')") == "off"
    assert ask(postgres.url("rdsadmin"), "select current_setting('is_superuser')") == "on"
