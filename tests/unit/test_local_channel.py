"""The connections of the local cloud's server: when its loop has something to do for one."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from waitress.adjustments import Adjustments

from s3vl_local.server import _Channel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def channel() -> Iterator[_Channel]:
    """Make a connection on which a task runs that has sent a part of its answer."""
    ours, theirs = socket.socketpair()
    channel = _Channel(SimpleNamespace(active_channels={}), ours, "", Adjustments(), map={})
    channel.requests.append(object())
    channel.total_outbufs_len = 1
    yield channel
    channel.close()
    theirs.close()


def test_the_loop_sends_when_no_task_does(channel: _Channel) -> None:
    """A task that runs sends by itself, until it waits for the loop; what it has left is sent by the loop."""
    assert not channel.writable()

    channel.total_outbufs_len = channel.adj.outbuf_high_watermark + 1
    assert channel.writable()

    channel.total_outbufs_len = 1
    channel.requests.clear()
    assert channel.writable()


def test_the_loop_closes_a_broken_connection_while_a_task_runs(channel: _Channel) -> None:
    """A task that has found it broken waits for that, and would wait for ever."""
    channel.will_close = True

    assert channel.writable()


@pytest.mark.parametrize(("body", "first"), [(b"", b"HTTP/1.1 4"), (b"x", b"HTTP/1.1 100 ")])
def test_a_client_that_asks_before_it_sends_is_answered(
    s3vectors_url: str, body: bytes, first: bytes
) -> None:
    """The SDKs ask before each object; for an empty one there is nothing to wait for."""
    place = urlsplit(s3vectors_url)
    head = f"PUT /bucket/key HTTP/1.1\r\nHost: {place.netloc}\r\nExpect: 100-continue\r\n"
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as client:
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        assert client.recv(1000).startswith(first)
        if body:
            client.sendall(body)
            assert client.recv(1000).startswith(b"HTTP/1.1 4")
