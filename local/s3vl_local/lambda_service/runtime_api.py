"""The Lambda Runtime API of one execution environment.

Mirrors https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the runtime asks for the next event,
and posts a response, an invocation error, or an initialisation error.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

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

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._server.daemon_threads = True
        # close() waits for the next look whether to stop: half a second by default, for each environment in turn.
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API holds."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving, and wake whoever waits on either side."""
        self.events.put(None)
        self.answers.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    api: ClassVar[RuntimeApi]
    protocol_version = "HTTP/1.1"
    # Head and body leave in one segment, at once: otherwise delayed acknowledgements cost 40 ms per event.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path != f"{PREFIX}/invocation/next":
            self._answer(404, b"{}")
            return
        self.api.ready.set()
        event = self.api.events.get()
        if event is None:
            self.close_connection = True
            return
        self._answer(200, event.payload, event.headers)

    def do_POST(self) -> None:
        body = self._body()
        path = self.path.removeprefix(PREFIX).strip("/").split("/")
        match path:
            case ["invocation", request_id, "response"]:
                self.api.answers.put(Answer(request_id, body, is_error=False))
            case ["invocation", request_id, "error"]:
                self.api.answers.put(Answer(request_id, body, is_error=True))
            case ["init", "error"]:
                self.api.answers.put(Answer(None, body, is_error=True))
                self.api.ready.set()
            case _:
                self._answer(404, b"{}")
                return
        self._answer(202, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet: the function's own log is what people read."""
