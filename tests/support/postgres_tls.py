"""TLS before a PostgreSQL that was built without it, as its protocol begins it: the client asks, and is told yes.

What lies behind is the real engine. Like stunnel with `protocol = pgsql`.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

_SSL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@asynccontextmanager
async def encrypted(host: str, port: int, chain: Path, key: Path) -> AsyncIterator[int]:
    """The port of a way to the PostgreSQL at `port` that takes nothing but TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    ways: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ways.add(task)
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            try:
                if await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                    return  # it would speak in the open
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                inner_reader, inner_writer = await asyncio.open_connection(host, port)
                try:
                    async with asyncio.TaskGroup() as both:
                        both.create_task(_carry(reader, inner_writer))
                        both.create_task(_carry(inner_reader, writer))
                finally:
                    inner_writer.close()
            finally:
                writer.close()
                ways.discard(task)

    server = await asyncio.start_server(serve, host)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for way in set(ways):
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(1 << 16):
        writer.write(some)
        await writer.drain()
    writer.close()
