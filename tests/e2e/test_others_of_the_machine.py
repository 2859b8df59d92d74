"""Other users of the machine: they reach the ports of a running cloud, nothing behind them, and no file of it."""

from __future__ import annotations

import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from s3vl_local import system_account
from s3vl_local.owner import Owner
from s3vl_local.postgres import BIN
from s3vl_local.postgres_versions import Installation

if TYPE_CHECKING:
    from s3vl_local.cloud import LocalCloud

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": [], "env": {}, "cwd": "/"}


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command, as whoever the options say."""
    return subprocess.run(command, **options, capture_output=True, text=True, check=False)


def listed(folder: Path) -> list[Path]:
    """Return all that is in a folder, whatever is removed there meanwhile."""
    return [Path(place, name) for place, *names in os.walk(folder) for name in chain(*names)]


@as_root
@pytest.mark.parametrize("user", ["postgres", "rdsadmin"])
def test_nobody_gets_into_the_database(cloud: LocalCloud, user: str) -> None:
    """PostgreSQL asks for a password, and none that could be guessed is right."""
    url = f"postgresql://{user}@127.0.0.1:{cloud.state().postgres_port}/postgres"

    for password in ("", user, "test"):
        done = run(BIN / "psql", "-w", "-c", "select 1", f"{url}?password={password}", **NOBODY)
        assert done.returncode == 2
        assert "password" in done.stderr


@as_root
def test_nobody_calls_the_apis(cloud: LocalCloud) -> None:
    """The routes of AWS and those of control refuse what has no credentials, or those that were known to all."""
    state = cloud.state()
    scope = "test/20261128/us-west-2/lambda/aws4_request"
    signed = f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host"
    for path, status in (("/2015-03-31/functions/x/invocations", "403"), ("/_s3vl/health", "401")):
        for header in ("X: y", f"{signed}, Signature={'0' * 64}", "Authorization: Bearer test"):
            url = f"http://127.0.0.1:{state.http_port}{path}"
            done = run(
                "curl",
                "--noproxy",
                "*",
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "-H",
                header,
                url,
                **NOBODY,
            )
            assert done.stdout == status, (path, header)


@as_root
def test_nobody_reads_the_files(cloud: LocalCloud) -> None:
    """Neither those of the cloud, whatever folder it is in, nor those of its databases."""
    places = [cloud.home, cloud.postgres().folder]
    files = [path for place in places for path in listed(place) if path.is_file()]
    assert {"owner.json", "state.json", "vectors.sqlite3", "pgpass", "pg_hba.conf"} <= {
        path.name for path in files
    }

    # By standard input: after many tests there are more of them than a command takes arguments.
    readable = run(
        "sh",
        "-c",
        'while IFS= read -r file; do test -r "$file" && echo "$file"; done; true',
        input="".join(f"{path}\n" for path in files),
        **NOBODY,
    )

    assert readable.stdout == readable.stderr == ""


def test_what_a_cloud_writes_is_closed(cloud: LocalCloud) -> None:
    """Its folder is open to its owner only, and so is every file in it."""
    assert stat.S_IMODE(cloud.home.stat().st_mode) == 0o700
    open_to_others = []
    for path in listed(cloud.home):
        # What runs may have removed it meanwhile.
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) & 0o077:
                open_to_others.append(path)
    assert open_to_others == []


@pytest.mark.parametrize("password", [None, "", "test"])
def test_only_the_database_invokes_functions_through_its_port(
    cloud: LocalCloud, password: str | None
) -> None:
    """What dblink says to the Lambda service, somebody else cannot."""
    credentials = {} if password is None else {"password": password}

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host="127.0.0.1", port=cloud.state().wire_port, dbname="lambda", user="aws", **credentials
        )


def test_no_sql_tells_what_opens_that_port(cloud: LocalCloud) -> None:
    """The master user finds no setting with the password of the Lambda service in it."""
    password = Owner.of(cloud.home).lambda_password
    with cloud.postgres().connect() as connection:
        rows = connection.execute("select name, setting, reset_val, boot_val from pg_settings").fetchall()

    assert password not in str(rows)


@as_root
def test_private_folders_stay_private(cloud: LocalCloud, server_folder: Path) -> None:
    """The server of the databases runs, and nobody was let into the folders above the cloud for it."""
    assert cloud.home.is_relative_to(server_folder)
    assert stat.S_IMODE(server_folder.stat().st_mode) == 0o700


@as_root
def test_an_installation_in_a_private_folder_is_copied(tmp_path: Path) -> None:
    """PostgreSQL's account gets programs that it can run, and the folder stays closed; those at once share one."""
    programs = tmp_path / "private" / "package" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / "private").chmod(0o700)
    (programs / "postgres").write_text("#!/bin/sh\necho here\n")
    (programs / "postgres").chmod(0o700)

    for number in range(200):
        (programs / f"library-{number}.so").touch()
    there = Installation(programs, (tmp_path / "private" / "package",))

    with ThreadPoolExecutor(4) as pool:
        [found] = set(pool.map(system_account.within_reach, [there] * 4))

    done = run(found.programs / "postgres", **{**NOBODY, **system_account.run_as()})
    assert done.stdout == "here\n"
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
