"""Ends TLS before a PostgreSQL that has none, as PostgreSQL itself does: the engines' programs are built without it."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

_REQUEST: Final = struct.pack(">II", 8, 80877103)
"""`SSLRequest` of PostgreSQL's protocol: its length, and a number that no version has."""
_PIECE: Final = 64 * 1024


@asynccontextmanager
async def tls_front(port: int, chain: Path, key: Path) -> AsyncIterator[int]:
    """The port, on 127.0.0.1, at which the server at `port` speaks TLS; whoever does not want it is cut off."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        task.add_done_callback(serving.discard)
        with contextlib.suppress(OSError, EOFError):  # a certificate that the other side does not take, say
            if await reader.readexactly(len(_REQUEST)) == _REQUEST:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                answers, questions = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_carry(reader, questions), _carry(answers, writer))
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
