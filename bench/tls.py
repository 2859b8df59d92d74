"""TLS in front of the local cloud's S3 Vectors, as on AWS, where nobody gets there without.

Without it a new connection costs next to nothing, and clients that open one for each call look good.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import multiprocessing
import shutil
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, cast

import botocore
import psutil
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

_HOST = "127.0.0.1"


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
    certificate = _write_certificate(folder)
    # All the others too: reading them is a part of what a connection costs.
    ca_bundle = folder / "ca-bundle.pem"
    shutil.copy(Path(botocore.__file__).with_name("cacert.pem"), ca_bundle)
    with ca_bundle.open("ab") as bundle:
        bundle.write(certificate.read_bytes())
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_run, args=(port, certificate, its), daemon=True)
    process.start()
    # Otherwise recv() waits for ever for a process that ended before it said where it listens.
    its.close()
    try:
        yield Front(f"https://{_HOST}:{ours.recv()}", ca_bundle, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


def _write_certificate(folder: Path) -> Path:
    """Write a certificate of this machine, signed by itself, and its key into one file."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "s3vl bench")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(_HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def _run(port: int, certificate: Path, parent: Connection) -> None:
    # Its part of the machine is missing where something is measured: this loop takes half of asyncio's own.
    uvloop.run(_serve(port, certificate, parent))


async def _serve(port: int, certificate: Path, parent: Connection) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(lambda: _Client(port), _HOST, 0, ssl=context)
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
        self.other, _ = await asyncio.get_running_loop().create_connection(lambda: service, _HOST, self._port)
        self.transport.resume_reading()
