"""Kept connections to a service: a request goes out, and its whole answer comes back within the time it may take.

urllib3's time limits are for each read, so an answer that comes in drops would have no limit at all: neither would
its headers. Here every read asks how long it may wait.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import make_headers, parse_url
from urllib3.util.ssl_ import create_urllib3_context

from s3vl_lambda.services.parallel import CONCURRENT_CALLS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

# Of so many hosts, which are Regions, connections are kept.
MOST_HOSTS = 4

_CONNECT_SECONDS = 1.0
_SOCKET_OPTIONS = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]

# Beyond this, to copy a body costs more than to send its headers alone.
_SMALL_BODY = 65_536

# How many seconds the next read or write of this thread's request may wait; the one who sends the request sets it.
may_wait: ContextVar[Callable[[], float]] = ContextVar("may_wait")


class Reply(NamedTuple):
    """An answer of HTTP as it came; the names of headers have no case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post(
    url: str, headers: Mapping[str, str], body: bytes, *, certificates: str, proxy: str | None = None
) -> Reply:
    """Send a request once, and give its answer; what goes wrong on the way is an HTTPError of urllib3.

    The certificates are a file with those that are trusted.
    """
    answer = _manager(certificates, proxy).urlopen(
        "POST", url, headers=headers, body=body, retries=False, redirect=False, decode_content=False
    )
    return Reply(answer.status, answer.headers, answer.data)


@functools.cache
def read_certificates(file: str) -> ssl.SSLContext:
    """Read certificates, once.

    urllib3 would read them again for each new connection: 20 ms of a processor, of which a function of 256 MB has
    a seventh.
    """
    context = create_urllib3_context()
    context.load_verify_locations(file)
    return context


@functools.cache
def _manager(certificates: str, proxy: str | None) -> urllib3.PoolManager:
    """Make what keeps the connections to the last few hosts, and closes those to others."""
    options: dict[str, Any] = {
        "num_pools": MOST_HOSTS,
        "maxsize": CONCURRENT_CALLS,
        "ssl_context": read_certificates(certificates),
        "socket_options": _SOCKET_OPTIONS,
        "timeout": urllib3.Timeout(connect=_CONNECT_SECONDS),
    }
    manager: urllib3.PoolManager
    if proxy:
        login = parse_url(proxy).auth
        headers = make_headers(proxy_basic_auth=unquote(login)) if login else None
        manager = urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
    else:
        manager = urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return manager


def _seconds_to_wait() -> float:
    """Ask how long the next read or write may wait."""
    seconds = may_wait.get()()
    if seconds <= 0:
        # What a socket would say; but to a socket, 0 seconds mean something else.
        raise TimeoutError("the time for the answer is over")
    return seconds


class _Reads(io.RawIOBase):
    """What a socket receives; each read waits as long as it may."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._socket = sock

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what there is."""
        self._socket.settimeout(_seconds_to_wait())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer, of which the first line, the headers and the body are all read in time."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reads(self.fp.detach(), sock))


class _HttpConnection(HTTPConnection):
    """A connection that sends and reads in time, and sends what is small at once."""

    response_class = _Answer
    _head: bytes | None = None

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Send a request; urllib3 would give it no longer than a connection may take."""
        if self.sock is None:
            self.connect()
        try:
            self.timeout = _seconds_to_wait()
            super().request(method, url, *args, **kwargs)
            if self._head:
                self.send(b"")  # there was no body
        except TimeoutError as late:
            raise ReadTimeoutError(self, url, "the request was not taken in time") from late  # type: ignore[arg-type]

    def endheaders(self, *_: Any, **__: Any) -> None:
        """Keep the headers until the body comes, as it does in urllib3: sent alone they would wake the service."""
        self._head = b""
        super().endheaders()

    def send(self, data: Any) -> None:
        """Send bytes, those of a small body together with its headers."""
        if self._head == b"":
            self._head = data
            return
        head, self._head = self._head, None
        if head and len(data) > _SMALL_BODY:
            super().send(head)
        elif head:
            data = head + data
        super().send(data)


class _HttpsConnection(_HttpConnection, HTTPSConnection):
    """The same with TLS."""


class _HttpPool(HTTPConnectionPool):
    """Connections that send and read in time."""

    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    """The same with TLS."""

    ConnectionCls = _HttpsConnection
