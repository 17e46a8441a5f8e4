"""One address for clients before several gateways and apis, as a proxy with two upstreams would give.

The first request of a connection decides where all of it goes: to a gateway if it asks for a socket, else to an api.
The processes of a kind take turns. One that cannot be connected to is skipped, as a proxy would skip it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

PIECE: Final = 64 * 1024
HEAD_MOST: Final = 64 * 1024
CONNECT_SECONDS: Final = 2.0
SOCKETS: Final = b"/v1/socket"

Urls = Callable[[], Sequence[str]]


class Entrance:
    """gateways, apis: where they are now; each is asked for at every connection."""

    def __init__(self, gateways: Urls, apis: Urls) -> None:
        self._gateways = gateways
        self._apis = apis
        self._turn = 0
        self._serving: set[asyncio.Task[None]] = set()
        self.url = ""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Entrance"]:
        """Open to clients."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_MOST)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in tuple(self._serving):
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        upstream: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n")
            found = await self._connect(self._gateways if SOCKETS in head else self._apis)
            if found is None:
                return  # cut: nobody is there
            answers, upstream = found
            upstream.write(head)
            # Whichever side ends first, the other's connection ends with it, as its process's death would end it.
            await _first(_carry(reader, upstream), _carry(answers, writer))
        except (OSError, RuntimeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            # uvloop's word for writing to a connection that is closed is RuntimeError; cancelled is this by the
            # entrance alone, when it closes.
            pass
        finally:
            self._serving.discard(task)
            for each in (writer, upstream):
                if each is not None:
                    each.transport.abort()

    async def _connect(self, urls: Urls) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        there = list(urls())
        self._turn += 1
        for step in range(len(there)):
            at = urlsplit(there[(self._turn + step) % len(there)])
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(at.hostname, at.port)
        return None


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    await writer.drain()


async def _first(*works: "asyncio.coroutines.Coroutine[object, object, None]") -> None:  # type: ignore[name-defined]
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
