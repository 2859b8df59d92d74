"""A PostgreSQL server of our own, laid out like an Aurora cluster.

Roles are Aurora's: the platform's superuser is `rdsadmin`, and people work as `postgres`, a member of
`rds_superuser` that is no superuser. `aws_lambda` and `aws_commons` are there to be created as extensions.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from s3vl_local import postgres_versions
from s3vl_local.ports import free_port

INSTALLATION = postgres_versions.chosen()
BIN = INSTALLATION.programs
LOCAL_SQL = Path(__file__).resolve().parent.parent / "sql"

# PostgreSQL refuses to run as root, so root gets an account made for it.
SYSTEM_USER = "s3vl-postgres"

SUPERUSER = "rdsadmin"
MASTER_USER = "postgres"


@dataclass(frozen=True)
class PostgresServer:
    """A running server: where it listens, and whose files it has."""

    data: Path
    port: int

    def url(self, user: str = MASTER_USER, database: str = "postgres") -> str:
        """Return a connection URL; connections are trusted, and only 127.0.0.1 is listened on."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, user: str = MASTER_USER, database: str = "postgres") -> psycopg.Connection:
        """Open an autocommit connection."""
        return psycopg.connect(self.url(user, database), autocommit=True)

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database that the master user owns; one of that name must not exist."""
        statement = sql.SQL("create database {} template {} owner {}").format(
            sql.Identifier(name), sql.Identifier(template), sql.Identifier(MASTER_USER)
        )
        with self.connect(SUPERUSER) as connection:
            connection.execute(statement)

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is connected to it."""
        with self.connect(SUPERUSER) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    def stop(self) -> None:
        """Stop the server; sessions are ended, data is kept."""
        _run("pg_ctl", self.data, "-w", "-m", "fast", "stop")


def start(data: Path, port: int | None = None, lambda_endpoint: str = "") -> PostgresServer:
    """Start the server in `data`, creating it on first use.

    Without `port` a free one is chosen. `lambda_endpoint` is where aws_lambda finds the Lambda service.
    """
    if lambda_endpoint and not INSTALLATION.offers("dblink"):
        raise RuntimeError(
            f"aws_lambda reaches Lambda through dblink, which {BIN} lacks; use another server: S3VL_POSTGRES=18"
        )
    port = port or free_port()
    _install_extensions()
    complete = data / "s3vl-complete"
    fresh = not complete.exists()
    if fresh:
        # What an interrupted start has left is of no use.
        shutil.rmtree(data, ignore_errors=True)
        _create_cluster(data)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        # Everything in here can be made again, so durability is not worth the waits.
        "fsync": "off",
        "max_connections": "200",
        # aws_lambda reads its endpoint from here, because no session can change it: the call runs as superuser.
        "cluster_name": lambda_endpoint,
    }
    flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    _run("pg_ctl", data, "-w", "-o", flags, "-l", str(data / "server.log"), "start")
    server = PostgresServer(data, port)
    if fresh:
        _create_aurora_roles(server)
        complete.touch()
    return server


def port_of(data: Path) -> int:
    """Return the port of the server that runs on this data directory."""
    return int((data / "postmaster.pid").read_text().split("\n")[3])


def running(data: Path) -> bool:
    """Tell whether a server runs on this data directory."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        return psutil.Process(pid).name() == "postgres"
    except (FileNotFoundError, psutil.NoSuchProcess):
        return False


def _run(program: str, data: Path, *arguments: str) -> None:
    """Run one of the server's programs on a data directory, as an account that is not root."""
    log = data.with_name(f"{program}.log")
    with log.open("w") as output:
        # The server inherits the output, so it must be a file: a pipe would stay open as long as the server runs.
        done = subprocess.run(  # noqa: S603
            [str(BIN / program), "-D", str(data), *arguments],
            cwd=data,
            **_as_server(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode != 0:
        server_log = data / "server.log"
        story = log.read_text() + (server_log.read_text()[-2000:] if server_log.exists() else "")
        raise RuntimeError(f"{program} failed in {data}:\n{story}")


def _system_user() -> str | None:
    """Return the account that the server runs as when we are root, and make it on first use."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", SYSTEM_USER], check=True)  # noqa: S603, S607
    return SYSTEM_USER


def _as_server() -> dict[str, Any]:
    """Return what makes subprocess.run give up root, its group included."""
    user = _system_user()
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _create_cluster(data: Path) -> None:
    data.mkdir(parents=True, mode=0o700)
    user = _system_user()
    if user is not None:
        shutil.chown(data, user)
        for path in (BIN, data.resolve()):
            _open_parents(path)
    _run("initdb", data, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-U", SUPERUSER)


def _open_parents(path: Path) -> None:
    """Let the server's account pass through the folders above `path` (only pass through, not list them)."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            print(
                f"PostgreSQL does not run as root: letting other users pass through {parent}", file=sys.stderr
            )
            parent.chmod(mode | stat.S_IXOTH)


def _install_extensions() -> None:
    """Put our aws_commons and aws_lambda where `create extension` finds them, and let everybody create pgvector.

    On Aurora, rds_superuser may create all three.
    """
    target = INSTALLATION.extensions
    wanted = {path.name: path.read_text() for path in (LOCAL_SQL / "extension").iterdir()}
    if INSTALLATION.offers("vector"):
        vector = (target / "vector.control").read_text()
        if "trusted" not in vector:
            wanted["vector.control"] = f"{vector.rstrip()}\ntrusted = true\n"
    for name, text in wanted.items():
        path = target / name
        if not path.exists() or path.read_text() != text:
            # At once, because other servers may be starting from the same folder.
            partial = target / f"{name}.{os.getpid()}"
            partial.write_text(text)
            partial.chmod(0o644)
            partial.replace(path)


def _create_aurora_roles(server: PostgresServer) -> None:
    with server.connect(SUPERUSER, "template1") as connection:
        connection.execute((LOCAL_SQL / "platform.sql").read_text())
    # initdb made the database postgres before template1 had any of this.
    with server.connect(SUPERUSER, "template1") as connection:
        connection.execute("drop database postgres")
        connection.execute(f"create database postgres owner {MASTER_USER}")
