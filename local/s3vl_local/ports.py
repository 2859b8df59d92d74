"""Ports of 127.0.0.1."""

from __future__ import annotations

import socket


def free_port(wanted: int = 0) -> int:
    """Return the wanted port when it is free, so that addresses stay valid over a restart; else any."""
    try:
        with socket.create_server(("127.0.0.1", wanted)) as probe:
            return int(probe.getsockname()[1])
    except OSError:
        return free_port()
