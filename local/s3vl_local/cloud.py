"""One local cloud: a server process, a PostgreSQL, and the file that says where they are."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from s3vl_local import postgres, surroundings
from s3vl_local.ports import free_port
from s3vl_local.progress import waiting_for

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SERVER = "s3vl_local.server"
START_LIMIT_SECONDS = 60.0
STOP_LIMIT_SECONDS = 30.0
REGION = "us-west-2"


class LocalCloudError(Exception):
    """The local cloud is not in the state that was asked for; the message says what to type."""


@dataclass(frozen=True)
class State:
    """Where a local cloud listens, as .local/state.json holds it."""

    pid: int
    http_port: int
    wire_port: int
    postgres_port: int


class LocalCloud:
    """A local cloud that lives in one folder; each checkout has its own."""

    def __init__(self, home: Path = ROOT / ".local") -> None:
        self.home = home.resolve()
        self._state_file = self.home / "state.json"
        self._postgres_data = self.home / "postgres"

    def up(self) -> State:
        """Start what is not running, and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        before = self._read_state()
        if before is not None and self._answers(before):
            state = before
        else:
            state = self._start_server(before)
            if before is not None and before.wire_port != state.wire_port:
                # PostgreSQL calls Lambda at a port that something else took.
                self._stop_postgres()
        if not postgres.running(self._postgres_data):
            with waiting_for("PostgreSQL"):
                postgres.start(
                    self._postgres_data,
                    port=free_port(state.postgres_port),
                    lambda_endpoint=f"127.0.0.1:{state.wire_port}",
                )
        state = replace(state, postgres_port=postgres.port_of(self._postgres_data))
        self._write_state(state)
        with waiting_for("the AWS APIs (moto's services load)"):
            self._wait(state, lambda: self._health(state).get("services") == "ready")
        return state

    def down(self) -> None:
        """Stop everything; stacks, vectors and databases stay, in files, until the next `up`."""
        self._stop_postgres()
        state = self._read_state()
        if state is not None and (process := self._process(state)) is not None:
            process.send_signal(signal.SIGTERM)
            with waiting_for("the server to write what it holds, and to end"):
                process.wait(STOP_LIMIT_SECONDS)

    def reset(self) -> None:
        """Stop everything and forget it: stacks, vectors and databases."""
        self.down()
        if self.home.exists():
            shutil.rmtree(self.home)

    def state(self) -> State:
        """Return where the running cloud listens."""
        state = self._read_state()
        if state is None or not self._answers(state) or not postgres.running(self._postgres_data):
            raise LocalCloudError("the local cloud is not running; start it with: make up")
        return state

    def postgres(self) -> postgres.PostgresServer:
        """Return the running PostgreSQL."""
        return postgres.PostgresServer(self._postgres_data, self.state().postgres_port)

    def environment(self) -> dict[str, str]:
        """Return the variables that make aws and psql talk to this cloud."""
        state = self.state()
        server = postgres.PostgresServer(self._postgres_data, state.postgres_port)
        path = [str(Path(sys.executable).parent), str(postgres.BIN), os.environ.get("PATH", os.defpath)]
        return {
            "S3VL_DATABASE_URL": server.url(),
            "S3VL_SUPERUSER_URL": server.url(postgres.SUPERUSER),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(state.postgres_port),
            "PGUSER": postgres.MASTER_USER,
            "PGDATABASE": "postgres",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{state.http_port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
            **surroundings.no_proxy(os.environ),
            "PATH": os.pathsep.join(dict.fromkeys(os.pathsep.join(path).split(os.pathsep))),
        }

    def exports(self) -> str:
        """Return the environment as shell commands, for eval."""
        environment = self.environment()
        # A profile or an endpoint of the reader's own must not send these commands to a real account.
        others = [name for name in surroundings.foreign(os.environ) if name not in environment]
        lines = [f"unset {' '.join(others)}"] if others else []
        lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
        return "\n".join(lines)

    def _start_server(self, before: State | None) -> State:
        http_port = free_port(before.http_port if before else 0)
        wire_port = free_port(before.wire_port if before else 0)
        log = self.home / "cloud.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", SERVER, str(self.home), str(http_port), str(wire_port)],
                # numpy's idle threads would spin on the core that the function and PostgreSQL answer on.
                env={**surroundings.left(), "PYTHONPATH": str(ROOT / "local"), "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        state = State(process.pid, http_port, wire_port, before.postgres_port if before else 0)
        # At once: whoever interrupts the wait can stop the server with `down`.
        self._write_state(state)
        with waiting_for("the server of the AWS APIs"):
            self._wait(state, lambda: self._answers(state))
        return state

    def _wait(self, state: State, arrived: Callable[[], bool]) -> None:
        """Wait for a state of the server process, and tell what it wrote when it ended instead."""
        log = self.home / "cloud.log"
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not arrived():
            process = self._process(state)
            if process is None:
                raise LocalCloudError(
                    f"the local cloud did not start; {log} says:\n{log.read_text()[-2000:]}"
                )
            if time.monotonic() > deadline:
                process.kill()
                raise LocalCloudError(
                    f"the local cloud did not answer in {START_LIMIT_SECONDS:.0f} s; "
                    f"{log} says:\n{log.read_text()[-2000:]}"
                )
            time.sleep(0.05)

    def _stop_postgres(self) -> None:
        if postgres.running(self._postgres_data):
            with waiting_for("PostgreSQL to stop"):
                postgres.PostgresServer(self._postgres_data, 0).stop()

    def _read_state(self) -> State | None:
        if not self._state_file.exists():
            return None
        try:
            return State(**json.loads(self._state_file.read_text()))
        except (ValueError, TypeError) as error:
            raise LocalCloudError(
                f"{self._state_file} cannot be read ({error}); stop the processes named {SERVER}, and delete it"
            ) from error

    def _write_state(self, state: State) -> None:
        partial = self._state_file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(state), indent=2) + "\n")
        partial.replace(self._state_file)

    def _process(self, state: State) -> psutil.Process | None:
        """Return the server process, unless its number belongs to something else by now."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(state.pid)
            # A process that has only just begun has no arguments to show yet.
            arguments = process.cmdline() or [SERVER]
            if process.status() != psutil.STATUS_ZOMBIE and SERVER in arguments:
                return process
        return None

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


def request(state: State, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Speak to the control routes under /_s3vl/."""
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(
        f"http://127.0.0.1:{state.http_port}{path}",
        data,
        {"Content-Type": "application/json"},
        method=method,
    )
    # No proxy, whatever the environment says: the cloud is here.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(call, timeout=5) as response:
        return json.load(response)
