"""One local cloud: a server process, a PostgreSQL, and the file that says where they are."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import psutil

from s3vl_local import postgres, private, surroundings, system_account
from s3vl_local.owner import NAME as OWNER_FILE
from s3vl_local.owner import Owner, make_owner
from s3vl_local.ports import listening, port_of
from s3vl_local.progress import waiting_for
from s3vl_local.strictness import Strictness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
SERVER = "s3vl_local.server"
# The AWS CLI here is version 1, which gets no new models any more; boto3's know text search.
AWS_MODELS = Path(botocore.__file__).parent / "data"
# On a busy machine moto's imports take a minute.
START_LIMIT_SECONDS = 180.0
STOP_LIMIT_SECONDS = 30.0
REGION = "us-west-2"
AS_AWS = Strictness()


class LocalCloudError(Exception):
    """The local cloud is not in the state that was asked for; the message says what to type."""


@dataclass(frozen=True)
class State:
    """Where a local cloud listens, as .local/state.json holds it."""

    pid: int
    http_port: int
    wire_port: int
    postgres_port: int
    # Of the control routes; the file of the owner has it.
    token: str = field(default="", repr=False)


class LocalCloud:
    """A local cloud that lives in one folder; each checkout has its own."""

    def __init__(self, home: Path = ROOT / ".local") -> None:
        self.home = home.resolve()
        self._state_file = self.home / "state.json"
        self._log = self.home / "cloud.log"
        self._postgres = self.home / "postgres"

    def up(self, strictness: Strictness = AS_AWS) -> State:
        """Start what is not running, make it as strict as asked for, and wait until it answers."""
        with self._alone():
            before = self.known_state()
            self._check_databases(before)
            process, state = self._find_server() or self._start_server(before)
            with waiting_for("the server of the AWS APIs"):
                # Whoever else has taken the port meanwhile is not to get the token.
                self._wait(process, lambda: _listens(process, state.http_port))
                self._wait(process, lambda: self._answers(state))
            request(state, "PUT", "/_s3vl/iam", {"enforce": strictness.iam})
            request(state, "PUT", "/_s3vl/indexes", strictness.indexes)
            state = replace(state, postgres_port=self._start_postgres(before, state))
            self._write_state(state)
            with waiting_for("the AWS APIs (moto's services load)"):
                self._wait(process, lambda: self._health(state).get("services") == "ready")
            return state

    def down(self) -> None:
        """Stop everything; stacks, vectors and databases stay, in files, until the next `up`."""
        with self._alone():
            self._stop()

    def reset(self) -> None:
        """Stop everything and forget it: stacks, vectors and databases."""
        with self._alone():
            self._stop()
            postgres.forget(self._postgres)
            shutil.rmtree(self.home)

    def state(self) -> State:
        """Return where the running cloud listens."""
        state = self.known_state()
        if state is not None:
            state = replace(state, token=self._owner().token)
        if (
            state is None
            or not self._is_server(state.pid)
            or not self._answers(state)
            or postgres.find(self._postgres) is None
        ):
            raise LocalCloudError("the local cloud is not running; start it with: make up")
        return state

    def known_state(self) -> State | None:
        """Return where the cloud listens, or did when it ran, without the token; None when it never did."""
        if not self._state_file.exists():
            return None
        numbers = ("pid", "http_port", "wire_port", "postgres_port")
        try:
            document = private.read_json(self._state_file, dict.fromkeys(numbers, int))
        except private.UnreadableError as error:
            raise LocalCloudError(
                f"{error}\nIt says no more than where the cloud listens: delete it, then: make up"
            ) from error
        return State(**document)

    def strictness(self) -> Strictness:
        """Return how strict the running cloud is."""
        health = self._health(self.state())
        return Strictness(health["iam"], health["indexes"])

    def postgres(self) -> postgres.PostgresServer:
        """Return the running PostgreSQL."""
        server = postgres.find(self._postgres)
        if server is None:
            raise LocalCloudError("PostgreSQL is not running; start it with: make up")
        return server

    def environment(self) -> dict[str, str]:
        """Return the variables that make aws and psql talk to this cloud."""
        state, owner, server = self.state(), self._owner(), self.postgres()
        path = [str(Path(sys.executable).parent), str(postgres.BIN), os.environ.get("PATH", os.defpath)]
        return {
            "S3VL_DATABASE_URL": server.url(),
            "S3VL_SUPERUSER_URL": server.url(postgres.SUPERUSER),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(state.postgres_port),
            "PGUSER": postgres.MASTER_USER,
            "PGPASSWORD": server.password,
            "PGDATABASE": "postgres",
            # No pager: it would swallow what is pasted next.
            "PSQL_PAGER": "",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{state.http_port}",
            "AWS_ACCESS_KEY_ID": owner.access_key,
            "AWS_SECRET_ACCESS_KEY": owner.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
            "AWS_DATA_PATH": str(AWS_MODELS),
            "S3VL_TOKEN": owner.token,
            **surroundings.no_proxy(os.environ),
            "PATH": os.pathsep.join(dict.fromkeys(os.pathsep.join(path).split(os.pathsep))),
        }

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Start or stop alone: whoever comes second waits, and finds what the first has left."""
        with waiting_for("another command that starts or stops this cloud"):
            lock = self._lock()
        try:
            yield
        finally:
            os.close(lock)

    def _lock(self) -> int:
        path = self.home / "lock"
        while True:
            # A reset takes the folder away, and with it what others wait for.
            with contextlib.suppress(FileNotFoundError):
                private.open_folder(self.home)
                lock = os.open(path, os.O_RDWR | os.O_CREAT, private.FILE_MODE)
                fcntl.flock(lock, fcntl.LOCK_EX)
                if path.exists() and os.path.samestat(os.fstat(lock), path.stat()):
                    return lock
                os.close(lock)

    def _find_server(self) -> tuple[psutil.Process, State] | None:
        """Return the server that runs in this folder, also when state.json has not come to know it."""
        servers = self._servers()
        if len(servers) == 1 and (self.home / OWNER_FILE).exists():
            [process] = servers
            http_port, wire_port = map(int, process.cmdline()[-2:])
            return process, State(process.pid, http_port, wire_port, 0, self._owner().token)
        for process in servers:
            _end(process)
        return None

    def _start_server(self, before: State | None) -> tuple[psutil.Process, State]:
        make_owner(self.home)
        with (
            private.opened(self._log, "ab") as output,
            # The server gets them open: another program could take the ports before it has loaded.
            listening(before.http_port if before else 0) as http,
            listening(before.wire_port if before else 0) as wire,
        ):
            descriptors = (http.fileno(), wire.fileno())
            ports = (port_of(http), port_of(wire))
            process = psutil.Popen(
                [sys.executable, "-m", SERVER, str(self.home), *map(str, descriptors + ports)],
                env={
                    **surroundings.left(),
                    "PYTHONPATH": str(ROOT / "local"),
                    # numpy's idle threads would spin on the core that the function and PostgreSQL answer on.
                    "OPENBLAS_NUM_THREADS": "1",
                    # moto lets every page read its answers by default.
                    "MOTO_DISABLE_GLOBAL_CORS": "true",
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=descriptors,
                start_new_session=True,
            )
        return process, State(process.pid, *ports, 0, self._owner().token)

    def _check_databases(self, before: State | None) -> None:
        """Refuse to start with empty databases where there have been others, before anything is started."""
        postgres.check(self._postgres)
        if before and before.postgres_port and not postgres.kept(self._postgres):
            raise LocalCloudError(
                f"the databases of this cloud are gone: {system_account.find(self._postgres)}. "
                "Start from nothing with: make reset"
            )

    def _start_postgres(self, before: State | None, state: State) -> int:
        """Start PostgreSQL unless it runs, and return its port."""
        service = postgres.LambdaService(f"127.0.0.1:{state.wire_port}", self._owner().lambda_password)
        server = postgres.find(self._postgres)
        if server is not None and not server.calls(service):
            # Lambda has another port, because something else took its own, or another owner.
            self._stop_postgres()
            server = None
        if server is None:
            with waiting_for("PostgreSQL"):
                server = postgres.start(
                    self._postgres, port=before.postgres_port if before else 0, service=service
                )
        return server.port

    def _wait(self, process: psutil.Process, arrived: Callable[[], bool]) -> None:
        """Wait for a state of the server process, and tell what it wrote when it ended instead."""
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not arrived():
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                raise LocalCloudError(
                    f"the local cloud did not start; {self._log} says:\n{self._last_words()}"
                )
            if time.monotonic() > deadline:
                process.kill()
                raise LocalCloudError(
                    f"the local cloud did not answer in {START_LIMIT_SECONDS:.0f} s; "
                    f"{self._log} says:\n{self._last_words()}"
                )
            time.sleep(0.05)

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace", encoding="utf-8")[-2000:]

    def _stop(self) -> None:
        self._stop_postgres()
        for process in self._servers():
            with waiting_for("the server to write what it holds, and to end"):
                _end(process)

    def _stop_postgres(self) -> None:
        if server := postgres.find(self._postgres):
            with waiting_for("PostgreSQL to stop"):
                server.stop()

    def _owner(self) -> Owner:
        try:
            return Owner.of(self.home)
        except private.UnreadableError as error:
            raise LocalCloudError(
                f"{error}\nIt holds credentials. To have new ones, delete what is there, then: make up; "
                'eval "$(make -s env)"'
            ) from error

    def _write_state(self, state: State) -> None:
        document = {name: value for name, value in asdict(state).items() if name != "token"}
        private.write(self._state_file, json.dumps(document, indent=2) + "\n")

    def _servers(self) -> list[psutil.Process]:
        """Return the servers that run in this folder: one, if nothing went wrong."""
        return [process for process in psutil.process_iter() if self._is_server(process.pid)]

    def _is_server(self, pid: int) -> bool:
        """Tell whether a process is a server of this folder, started by the folder's owner."""
        try:
            process = psutil.Process(pid)
            command, user = process.cmdline(), process.uids().real
        except psutil.Error:
            return False
        return command[1:4] == ["-m", SERVER, str(self.home)] and user == self.home.stat().st_uid

    def _answers(self, state: State) -> bool:
        return self._health(state).get("status") == "ok"

    def _health(self, state: State) -> dict[str, Any]:
        """Return what the server says of itself; nothing when it does not answer."""
        try:
            health: dict[str, Any] = request(state, "GET", "/_s3vl/health")
        except (OSError, HTTPException, ValueError):
            # Nobody listens, or somebody else does.
            return {}
        return health


def _listens(process: psutil.Process, port: int) -> bool:
    """Tell whether this process and no other has the port."""
    try:
        connections = process.net_connections("tcp4")
    except psutil.Error:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def _end(process: psutil.Process) -> None:
    """End a server, which first writes what it holds; one that hangs loses nothing that it has acknowledged."""
    process.terminate()
    try:
        process.wait(STOP_LIMIT_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()


def request(state: State, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Speak to the control routes under /_s3vl/."""
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(
        f"http://127.0.0.1:{state.http_port}{path}",
        data,
        {"Content-Type": "application/json", "Authorization": f"Bearer {state.token}"},
        method=method,
    )
    # No proxy, whatever the environment says: the cloud is here.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(call, timeout=30) as response:
        return json.load(response)
