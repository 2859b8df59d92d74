"""The AWS side of the local cloud, in one process: S3 Vectors at once, the other services when they are loaded.

moto's own server closes every connection after one answer; waitress keeps them alive, as AWS does.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import waitress
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import WSGITask
from werkzeug import Request

from s3vl_local import regions, s3vectors
from s3vl_local.control import PREFIX, Control
from s3vl_local.faults import ConnectionDroppedError
from s3vl_local.gate import Gate, RefusedError
from s3vl_local.iam.switch import IAM
from s3vl_local.owner import Owner
from s3vl_local.ports import port_of
from s3vl_local.private import UnreadableError
from s3vl_local.s3vectors import http as s3vectors_http
from s3vl_local.s3vectors.settings import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3vl_local.credential import Credential
    from s3vl_local.services import Services
    from s3vl_local.signature import Secret

# Enough for callers that wait on an injected latency while others go on.
THREADS = 64
# waitress takes 100 by default and lets others wait; each environment of the function keeps up to 32.
CONNECTIONS = 1_000
# For those, for what the environments of the function are held by, and for the database's connections.
DESCRIPTORS = 10_240
# A body of 20 MiB is read in large pieces: before each the reader waits for the interpreter, up to 5 ms while another
# request is worked on. Neither the body nor an answer to a list goes through a file.
PIECE_BYTES = 1024 * 1024
MAX_BYTES_IN_MEMORY = 64 * 1024 * 1024


class Application:
    """Routes a request: ours under /_s3vl/, S3 Vectors, and everything else to the services that load meanwhile."""

    def __init__(self, owner: Owner, port: int) -> None:
        self.services: Future[Services] = Future()
        self._owner = owner
        self._gate = Gate(owner, port, self._temporary_secret)
        self._control = Control(self._health, self._counters, self._gate.change_hosts)
        self._lock = threading.Lock()
        self._connections: set[tuple[str, str]] = set()
        self._bytes_in = 0
        self._bytes_out = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one WSGI request."""
        answer: Iterable[bytes]
        try:
            self._gate.check_origin(environ)
            if environ["PATH_INFO"].startswith(PREFIX):
                self._gate.check_token(environ)
                answer = self._control.answer(Request(environ))(environ, start_response)
            else:
                answer = self._of_aws(self._gate.check_signature(environ), environ, start_response)
        except RefusedError as refused:
            answer = refused.response(environ, start_response)
        except ConnectionDroppedError as error:
            # waitress then ends the connection, with nothing more to say on it.
            raise ClientDisconnected from error
        return answer

    def _of_aws(self, signed: Credential, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request to one of AWS's services."""
        self._count_request(environ)

        def counted(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self._count_answer(headers)
            return start_response(status, headers, exc_info)

        answer: Iterable[bytes]
        if elsewhere := regions.refusal(signed, environ):
            answer = elsewhere(environ, counted)
        elif self._is_checked(signed) and (refusal := self.services.result().refusal(signed, environ)):
            answer = refusal(environ, counted)
        elif signed.service == "s3vectors":
            answer = s3vectors_http.answer(signed, environ, counted)
        else:
            answer = self.services.result()(environ, counted)
        return answer

    def _is_checked(self, signed: Credential) -> bool:
        """Tell whether policies decide on a request; the owner may do everything, while services load too."""
        return IAM.enforced and signed.access_key != self._owner.access_key

    def _temporary_secret(self, access_key: str) -> Secret | None:
        """Return the secret of a role's session; whoever has one has it from the services that load."""
        self.services.result()
        from s3vl_local.iam import sessions  # noqa: PLC0415

        return sessions.secret_of(access_key)

    def _count_request(self, environ: dict[str, Any]) -> None:
        with self._lock:
            self._connections.add((environ["REMOTE_ADDR"], environ["REMOTE_PORT"]))
            self._bytes_in += int(environ.get("CONTENT_LENGTH") or 0)

    def _count_answer(self, headers: list[tuple[str, str]]) -> None:
        length = sum(int(value) for name, value in headers if name.lower() == "content-length")
        with self._lock:
            self._bytes_out += length

    def _counters(self) -> dict[str, int]:
        """Return connections, and the bytes of bodies, of all but control requests."""
        with self._lock:
            return {
                "connections": len(self._connections),
                "bytes_in": self._bytes_in,
                "bytes_out": self._bytes_out,
            }

    def _health(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "services": "ready" if self.services.done() else "loading",
            "iam": IAM.enforced,
            "indexes": DEFAULTS.document,
        }


class _WholeAnswers(WSGITask):
    """Sends the headers of an answer together with its body: sent alone they would wake the caller twice."""

    wrote_header: bool

    def write(self, data: bytes) -> None:
        """Write a part of the body, with the headers before the first."""
        if self.complete and not self.wrote_header and self.content_length == len(data) and self.has_body:
            self.channel.write_soon(self.build_response_header() + data)
            self.wrote_header = True
            self.content_bytes_written = len(data)
        else:
            super().write(data)


class _Channel(HTTPChannel):
    """A connection that answers so, and that the loop leaves alone meanwhile."""

    task_class = _WholeAnswers

    def writable(self) -> bool:
        """Say whether the loop has something to send: not while a task runs, which sends by itself.

        Otherwise the loop polls for the same bytes again and again, and takes the interpreter from the task. A task
        that waits for the loop has more to send than the watermark, or found the connection broken.
        """
        sends_itself = (
            self.requests and not self.will_close and self.total_outbufs_len <= self.adj.outbuf_high_watermark
        )
        return bool(super().writable()) and not sends_itself

    def send_continue(self) -> None:
        """Let the client send its body, if one is to come: waitress would wait for that of an empty object for ever."""
        if not self.request.completed:
            super().send_continue()


def listen(application: Application, listener: socket.socket) -> threading.Thread:
    """Answer the HTTP requests that come to a socket from now on, in the background."""
    web = waitress.create_server(
        application,
        sockets=[listener],
        threads=THREADS,
        connection_limit=CONNECTIONS,
        # select() ends at 1,024 descriptors.
        asyncore_use_poll=True,
        ident="s3vl-local",
        recv_bytes=PIECE_BYTES,
        inbuf_overflow=MAX_BYTES_IN_MEMORY,
        outbuf_overflow=MAX_BYTES_IN_MEMORY,
    )
    web.channel_class = _Channel
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    return thread


def serve(home: Path, http: socket.socket, wire: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    _allow_descriptors()
    s3vectors.open_storage(home / "vectors.sqlite3")
    owner = Owner.of(home)
    application = Application(owner, port_of(http))
    thread = listen(application, http)
    # Not before the server answers: whoever only needs S3 Vectors does not wait for the imports of the others.
    # What they import stays: to look through it for garbage takes as long as the imports themselves.
    gc.disable()
    from s3vl_local.services import Services  # noqa: PLC0415

    services = Services(home, owner, port_of(http), wire)
    gc.freeze()
    gc.enable()
    # The vectors of one request are thousands of objects, and none of them garbage.
    gc.set_threshold(100_000)
    application.services.set_result(services)
    try:
        thread.join()
    finally:
        services.close()
        # At its end the interpreter would look through all of it once more, for several seconds.
        gc.freeze()


def _allow_descriptors() -> None:
    """Take as many as may be needed: a login often allows 1,024, and more when it is asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def main() -> None:
    """Serve one local cloud; LocalCloud.up starts this in the background."""
    parser = argparse.ArgumentParser(prog="s3vl_local.server", description=__doc__)
    parser.add_argument("home", type=Path)
    sockets = "descriptors of the sockets that listen for HTTP and for the database"
    parser.add_argument("descriptors", type=int, nargs=2, help=sockets)
    parser.add_argument("ports", type=int, nargs=2, help="of these, for whoever looks for the server")
    arguments = parser.parse_args()
    http, wire = (socket.socket(fileno=descriptor) for descriptor in arguments.descriptors)
    # What it writes is for nobody else to read.
    os.umask(0o077)
    try:
        serve(arguments.home, http, wire)
    except UnreadableError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
