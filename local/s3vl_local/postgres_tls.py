"""TLS in front of the local PostgreSQL, as Aurora has it: the server that is installed here was built without."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from s3vl_local import certificate
from s3vl_local.certificate import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What libpq sends first when it wants TLS: the length, and a code in place of a version of the protocol.
_REQUEST = bytes((0, 0, 0, 8, 4, 210, 22, 47))
_BYTES = 65536


class Front(NamedTuple):
    """Where TLS ends, and the certificate that leads there."""

    port: int
    root_certificate: Path


@contextmanager
def front(port: int, folder: Path) -> Iterator[Front]:
    """Serve a PostgreSQL server's port with TLS, and nobody without, for as long as the block."""
    folder.mkdir(parents=True, exist_ok=True)
    pem = certificate.write(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    loop = asyncio.new_event_loop()

    async def serve() -> int:
        server = await asyncio.start_server(functools.partial(_client, port, context), HOST, 0)
        number: int = server.sockets[0].getsockname()[1]
        return number

    listening = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Front(listening, pem)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _client(
    port: int, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Take TLS from a client, and pass on what both say."""
    with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
        if await reader.readexactly(len(_REQUEST)) != _REQUEST:
            return
        writer.write(b"S")
        await writer.start_tls(context)
        server_reader, server_writer = await asyncio.open_connection(HOST, port)
        with contextlib.closing(server_writer):
            await asyncio.wait(
                {
                    asyncio.ensure_future(_pass_on(reader, server_writer)),
                    asyncio.ensure_future(_pass_on(server_reader, writer)),
                },
                return_when=asyncio.FIRST_COMPLETED,
            )


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Write to one side what the other says, to its end."""
    with contextlib.suppress(OSError):
        while said := await reader.read(_BYTES):
            writer.write(said)
            await writer.drain()
