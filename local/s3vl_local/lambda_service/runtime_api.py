"""The Lambda Runtime API of one execution environment.

Mirrors https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the runtime asks for the next event,
and posts a response, an invocation error, or an initialisation error.
"""

from __future__ import annotations

import contextlib
import queue
import socketserver
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import ClassVar

import psutil

PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Event:
    """One event for the runtime; `headers` are the Lambda-Runtime-* headers."""

    request_id: str
    payload: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What the runtime posted. `request_id` is None for an initialisation error."""

    request_id: str | None
    payload: bytes
    is_error: bool


@dataclass
class RuntimeApi:
    """Serves one runtime process on a port of its own, because the runtime client takes no path prefix."""

    events: queue.SimpleQueue[Event | None] = field(default_factory=queue.SimpleQueue)
    answers: queue.SimpleQueue[Answer | None] = field(default_factory=queue.SimpleQueue)
    ready: threading.Event = field(default_factory=threading.Event)
    # Who alone may connect: others on this machine reach the port too, and would take events and forge answers.
    runtime: Future[psutil.Process] = field(default_factory=Future)

    def __post_init__(self) -> None:
        handler = type("Connection", (_Connection,), {"api": self})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        # close() waits for the next look whether to stop: half a second by default, for each environment in turn.
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API holds."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving, and wake whoever waits on either side."""
        self.events.put(None)
        self.answers.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Connection(socketserver.StreamRequestHandler):
    """A connection of the runtime.

    The standard library's HTTP server reads headers as mail, which would take longer than all the rest of this.
    """

    api: ClassVar[RuntimeApi]
    # Head and body leave together, or else each at once: delayed acknowledgements would cost 40 ms per event.
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle(self) -> None:
        """Answer requests until the runtime closes the connection, or the environment ends."""
        if not self._is_from_runtime():
            return
        while line := self.rfile.readline():
            method, path, _ = line.decode().split()
            body = self._read_body(self._read_headers())
            if not self._answer(method, path.removeprefix(PREFIX), body):
                return
            self.wfile.flush()

    def _is_from_runtime(self) -> bool:
        """Tell whether the runtime's process has the other end of the connection."""
        with contextlib.suppress(psutil.NoSuchProcess):
            connections = self.api.runtime.result().net_connections("tcp4")
            return self.client_address in [connection.laddr for connection in connections]
        return False

    def _read_headers(self) -> dict[str, str]:
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip().lower()
        return headers

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("expect") == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        if headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, method: str, path: str, body: bytes) -> bool:
        """Answer one request; False when there is nothing more to say on this connection."""
        match (method, *path.strip("/").split("/")):
            case ("GET", "invocation", "next"):
                self.api.ready.set()
                event = self.api.events.get()
                if event is None:
                    return False
                self._send("200 OK", event.payload, event.headers)
                return True
            case ("POST", "invocation", request_id, "response"):
                self.api.answers.put(Answer(request_id, body, is_error=False))
            case ("POST", "invocation", request_id, "error"):
                self.api.answers.put(Answer(request_id, body, is_error=True))
            case ("POST", "init", "error"):
                self.api.answers.put(Answer(None, body, is_error=True))
                self.api.ready.set()
            case _:
                self._send("404 Not Found", b"{}", {})
                return True
        self._send("202 Accepted", b'{"status":"OK"}', {})
        return True

    def _send(self, status: str, body: bytes, headers: dict[str, str]) -> None:
        headers = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.wfile.write("\r\n".join(lines).encode())
        self.wfile.write(body)
