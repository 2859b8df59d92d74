"""Ports that shells go on knowing over `make down` and `make up`."""

from __future__ import annotations

import socket

from s3vl_local.ports import free_port, listening, port_of


def test_a_port_is_taken_again_while_it_is_free() -> None:
    """The wanted one when nobody listens there, otherwise another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert free_port(taken) not in (0, taken)
        with listening(taken) as listener:
            assert port_of(listener) not in (0, taken)
    assert free_port(taken) == taken
