"""Ports of 127.0.0.1."""

from __future__ import annotations

import socket


def listening(wanted: int = 0) -> socket.socket:
    """Listen at the wanted port when it is free, so that addresses stay valid over a restart; else at any."""
    try:
        return socket.create_server(("127.0.0.1", wanted))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def port_of(listener: socket.socket) -> int:
    """Return where a socket listens."""
    return int(listener.getsockname()[1])


def free_port(wanted: int = 0) -> int:
    """Return a port for a program that has to open it by itself: soon, before another takes it."""
    with listening(wanted) as probe:
        return port_of(probe)
