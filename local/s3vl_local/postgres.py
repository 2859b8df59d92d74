"""A PostgreSQL server of our own, laid out like an Aurora cluster.

Roles are Aurora's: the platform's superuser is `rdsadmin`, and people work as `postgres`, a member of
`rds_superuser` that is no superuser. `aws_lambda`, `aws_commons` and `pg_cron` are there to be created as extensions.

Its folder holds `data`, which is PostgreSQL's, and two password files of libpq's: `pgpass`, which opens the server
to its owner, and `lambda.pgpass`, which opens the Lambda service to the server.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from s3vl_local import postgres_versions, private, surroundings, system_account
from s3vl_local.ports import free_port

INSTALLATION = system_account.within_reach(postgres_versions.chosen())
BIN = INSTALLATION.programs
LOCAL_SQL = Path(__file__).resolve().parent.parent / "sql"

SUPERUSER = "rdsadmin"
MASTER_USER = "postgres"

_HOST = "127.0.0.1"
# In the data directory, when it is as it should be.
_COMPLETE = "s3vl-complete"

# The jobs of pg_cron log in through a socket in the data directory, which nobody but the server's account can enter.
_WHO_LOGS_IN = """\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""

_SCRAM_ITERATIONS_SINCE = 16
# How long a busy machine may take to start or stop it.
_LIMIT_SECONDS = "180"


class PostgresError(Exception):
    """The server cannot be had; the message says why, and what to do about it."""


@dataclass(frozen=True)
class LambdaService:
    """Where aws_lambda finds the Lambda service, and what it must say there."""

    endpoint: str
    password: str

    @property
    def line(self) -> str:
        """What libpq's password file says of it."""
        return f"{self.endpoint}:*:*:{self.password}\n"


@dataclass(frozen=True)
class PostgresServer:
    """A running server: whose folder it has, and where it listens."""

    folder: Path
    port: int

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def password(self) -> str:
        """The password of the superuser and of the master user."""
        return (self.folder / "pgpass").read_text(encoding="utf-8").strip().rsplit(":", 1)[-1]

    def url(self, user: str = MASTER_USER, database: str = "postgres") -> str:
        """Return a connection URL; it names the file of the password, because others can see a command's arguments."""
        file = quote(str(self.folder / "pgpass"), safe="")
        return f"postgresql://{user}@{_HOST}:{self.port}/{database}?passfile={file}"

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

    def create_login(self, name: str) -> None:
        """Create a role that can log in as `url(name)` says."""
        statement = sql.SQL("create role {} login password {}").format(sql.Identifier(name), self.password)
        with self.connect(SUPERUSER) as connection:
            connection.execute(statement)

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is connected to it."""
        with self.connect(SUPERUSER) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    def calls(self, service: LambdaService) -> bool:
        """Tell whether it calls this Lambda service."""
        with self.connect(SUPERUSER) as connection:
            [[endpoint]] = connection.execute("show cluster_name").fetchall()
        return (
            bool(endpoint == service.endpoint)
            and (self.folder / "lambda.pgpass").read_text(encoding="utf-8") == service.line
        )

    def stop(self) -> None:
        """Stop the server; sessions are ended, data is kept."""
        _run("pg_ctl", self.folder, "-w", "-t", _LIMIT_SECONDS, "-m", "fast", "stop")


def start(folder: Path, port: int = 0, service: LambdaService | None = None) -> PostgresServer:
    """Start the server in a folder, creating it on first use; at another port when this one is taken."""
    if service and not INSTALLATION.offers("dblink"):
        raise PostgresError(
            f"aws_lambda reaches Lambda through dblink, which {BIN} lacks; use another server: S3VL_POSTGRES=18"
        )
    check(folder)
    _install_extensions()
    place = system_account.place(folder)
    complete = place / "data" / _COMPLETE
    fresh = not complete.exists()
    if fresh:
        _create_cluster(place)
    # Not before: to make a cluster takes seconds.
    server = PostgresServer(place, free_port(port))
    _write_passwords(server, service)
    (server.data / "pg_hba.conf").write_text(_WHO_LOGS_IN, encoding="utf-8")
    options = {
        "listen_addresses": _HOST,
        "port": str(server.port),
        # The data directory: a path of its own would have to be short.
        "unix_socket_directories": "." if service else "",
        "max_connections": "200",
        # As a parameter group can allow it. Whoever commits in two phases binds tables too.
        "max_prepared_transactions": "20",
        # aws_lambda reads its endpoint from here, because no session can change it: the call runs as superuser.
        "cluster_name": service.endpoint if service else "",
    }
    version = int((server.data / "PG_VERSION").read_text(encoding="utf-8"))
    if service is None and version >= _SCRAM_ITERATIONS_SINCE:
        # More would slow down guessing, and every connection with it; nobody guesses a random password.
        # In a local cloud it stays at 4096, because pgJDBC refuses fewer.
        options["scram_iterations"] = "1"
    if service is None:
        # Against pages that a crash of the machine tears. Who makes a database for each test writes twice as much.
        options["full_page_writes"] = "off"
    flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    log = str(server.data / "server.log")
    _run("pg_ctl", server.folder, "-w", "-t", _LIMIT_SECONDS, "-o", flags, "-l", log, "start")
    if fresh:
        _create_aurora_roles(server)
        complete.touch()
    return server


def check(folder: Path) -> None:
    """Refuse databases that an earlier version of the local cloud has made, and everybody may read."""
    if (folder / "PG_VERSION").exists():
        raise PostgresError(
            f"{folder} was made by an earlier version of the local cloud, which asked for no password. "
            "Start from nothing with: make reset"
        )


def find(folder: Path) -> PostgresServer | None:
    """Return the server that runs in a folder, if one does."""
    place = system_account.find(folder)
    try:
        # https://www.postgresql.org/docs/current/storage-file-layout.html: number, folder, start, port.
        pid, _, _, port, *_ = (place / "data" / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        # The number may be another process's by now, another PostgreSQL's too.
        if str(place / "data") in psutil.Process(int(pid)).cmdline():
            return PostgresServer(place, int(port))
    except (FileNotFoundError, ValueError, psutil.Error):
        # PostgreSQL itself says what is wrong with its file, when it is started.
        return None
    return None


def kept(folder: Path) -> bool:
    """Tell whether a folder has databases."""
    return (system_account.find(folder) / "data" / _COMPLETE).exists()


def forget(folder: Path) -> None:
    """Delete the databases of a server that does not run."""
    shutil.rmtree(system_account.find(folder), ignore_errors=True)


def _run(program: str, folder: Path, *arguments: str) -> None:
    """Run one of the server's programs on its data directory, as an account that is not root."""
    data, log = folder / "data", folder / f"{program}.log"
    with private.opened(log, "wb") as output:
        # The server inherits the output, so it must be a file: a pipe would stay open as long as the server runs.
        done = subprocess.run(  # noqa: S603
            [str(BIN / program), "-D", str(data), *arguments],
            cwd=data,
            env={**surroundings.left(), "PGPASSFILE": str(folder / "lambda.pgpass")},
            **system_account.run_as(),
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode != 0:
        server_log = data / "server.log"
        story = log.read_text(encoding="utf-8") + (
            server_log.read_text(encoding="utf-8")[-2000:] if server_log.exists() else ""
        )
        raise PostgresError(f"{program} failed in {data}:\n{story}")


def _create_cluster(folder: Path) -> None:
    data, password = folder / "data", folder / "password"
    # What an interrupted start has left is of no use.
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    system_account.give(data)
    private.write(password, secrets.token_urlsafe() + "\n")
    system_account.give(password)
    _run(
        "initdb",
        folder,
        "--auth=scram-sha-256",
        f"--pwfile={password}",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        f"--username={SUPERUSER}",
    )
    with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        # Everything in here can be made again, so durability is not worth the waits. Not an option of the
        # server, which would win over `alter system`: the benchmark turns it on to measure commits.
        settings.write("fsync = off\n")


def _write_passwords(server: PostgresServer, service: LambdaService | None) -> None:
    """Write the files in which libpq looks for passwords; ports may have changed since the last start."""
    password = (server.folder / "password").read_text(encoding="utf-8").strip()
    private.write(server.folder / "pgpass", f"{_HOST}:{server.port}:*:*:{password}\n")
    if service:
        of_lambda = server.folder / "lambda.pgpass"
        private.write(of_lambda, service.line)
        system_account.give(of_lambda)


def _install_extensions() -> None:
    """Put our aws_commons, aws_lambda and pg_cron where `create extension` finds them; let everybody create pgvector.

    On Aurora, rds_superuser may create all of them.
    """
    target = INSTALLATION.extensions
    wanted = {path.name: path.read_text(encoding="utf-8") for path in (LOCAL_SQL / "extension").iterdir()}
    if INSTALLATION.offers("vector"):
        vector = (target / "vector.control").read_text(encoding="utf-8")
        if "trusted" not in vector:
            wanted["vector.control"] = f"{vector.rstrip()}\ntrusted = true\n"
    for name, text in wanted.items():
        path = target / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            # At once, because other servers may be starting from the same folder.
            partial = target / f"{name}.{os.getpid()}"
            partial.write_text(text, encoding="utf-8")
            partial.chmod(0o644)
            partial.replace(path)


def _create_aurora_roles(server: PostgresServer) -> None:
    with server.connect(SUPERUSER, "template1") as connection:
        connection.execute((LOCAL_SQL / "platform.sql").read_text(encoding="utf-8"))
        for role in (SUPERUSER, MASTER_USER):
            connection.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(role), server.password)
            )
    # initdb made the database postgres before template1 had any of this.
    with server.connect(SUPERUSER, "template1") as connection:
        connection.execute("drop database postgres")
        connection.execute(f"create database postgres owner {MASTER_USER}")
