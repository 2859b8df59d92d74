"""TLS in front of the local cloud's S3 Vectors, as on AWS, where nobody gets there without.

Without it a new connection costs next to nothing, and clients that open one for each call look good.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import botocore
import psutil
import uvloop

from s3vl_local import certificate
from s3vl_local.certificate import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Front:
    """Where TLS ends: the URL, the certificates that lead to it among those of botocore, and the process."""

    url: str
    ca_bundle: Path
    process: psutil.Process


@contextmanager
def front(port: int, folder: Path) -> Iterator[Front]:
    """Serve HTTPS for what a port of this machine serves in HTTP, for as long as the block."""
    folder.mkdir(parents=True)
    pem = certificate.write(folder)
    # All the others too: reading them is a part of what a connection costs.
    ca_bundle = folder / "ca-bundle.pem"
    shutil.copy(Path(botocore.__file__).with_name("cacert.pem"), ca_bundle)
    with ca_bundle.open("ab") as bundle:
        bundle.write(pem.read_bytes())
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_run, args=(port, pem, its), daemon=True)
    process.start()
    # Otherwise recv() waits for ever for a process that ended before it said where it listens.
    its.close()
    try:
        yield Front(f"https://{HOST}:{ours.recv()}", ca_bundle, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


def _run(port: int, pem: Path, parent: Connection) -> None:
    # Its part of the machine is missing where something is measured: this loop takes half of asyncio's own.
    uvloop.run(_serve(port, pem, parent))


async def _serve(port: int, pem: Path, parent: Connection) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    server = await asyncio.get_running_loop().create_server(lambda: _Client(port), HOST, 0, ssl=context)
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Side(asyncio.Protocol):
    """One side of a connection: what it says goes to the other, and its end is the other's."""

    other: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio passes it
        if self.other is not None:
            self.other.close()


class _Client(_Side):
    """The side with TLS. What it says is not read before there is somebody to say it to."""

    def __init__(self, port: int) -> None:
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        service = _Side()
        service.other = self.transport
        self.other, _ = await asyncio.get_running_loop().create_connection(lambda: service, HOST, self._port)
        self.transport.resume_reading()
