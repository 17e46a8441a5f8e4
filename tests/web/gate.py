"""What may stand between a browser and a server: a TCP proxy that cuts, holds, delays, refuses and buffers."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

SOCKET: Final = "/v1/socket"
STREAM: Final = "/v1/events"
_REQUEST: Final = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE|HEAD) (/[^ ?]*)[^ ]* HTTP/1\.1\r\n")
_FORBIDDEN: Final = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Gate:
    """Forwards to `target()` as its attributes say, which may change at any time.

    It reads the head of each request: a browser writes it in one piece, and no other before the answer is there.
    """

    def __init__(self, target: Callable[[], str]) -> None:
        self.refused: set[str] = set()
        """Paths that are answered 403, as by a proxy that knows no upgrades."""
        self.buffered: set[str] = set()
        """Paths whose answers come when they are whole: of a stream, nothing ever."""
        self.delay = 0.0
        """Seconds that each piece takes, in both directions."""
        self.asked: list[str] = []
        """The paths of all requests, in order."""
        self.port = 0
        self._target = target
        self._server: asyncio.Server
        self._lines: dict[asyncio.Task[None], _Line] = {}
        self._cut = False
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        """What a browser is given."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on a port that the system chooses."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all connections, and whoever comes."""
        self._cut = True
        self._drop()

    def uncut(self) -> None:
        """Let in whoever comes, as the rest says."""
        self._cut = False

    def hold(self) -> None:
        """Forward nothing, and tell nobody."""
        self._flowing.clear()

    def mend(self) -> None:
        """Let all through again. What was held is lost with its connections."""
        if not self._flowing.is_set():
            self._drop()
        self._cut = False
        self.delay = 0.0
        self.refused.clear()
        self.buffered.clear()
        self._flowing.set()

    def end_buffered(self) -> None:
        """End the connections whose answers are buffered, so that nobody waits for these."""
        for task, line in self._lines.items():
            if line.path in self.buffered:
                task.cancel()

    async def stop(self) -> None:
        """End."""
        self.cut()
        self._server.close()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def _drop(self) -> None:
        for line in self._lines:
            line.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        line = _Line()
        task = asyncio.ensure_future(self._forward(line, reader, writer))
        self._lines[task] = line
        task.add_done_callback(self._lines.pop)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _forward(self, line: "_Line", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = urlsplit(self._target())
        there: asyncio.StreamWriter | None = None
        with contextlib.suppress(OSError):
            try:
                back, there = await asyncio.open_connection(target.hostname, target.port)
                ways = [
                    asyncio.ensure_future(self._out(line, reader, there, writer)),
                    asyncio.ensure_future(self._back(line, back, writer)),
                ]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
            finally:
                if there is not None:
                    there.transport.abort()
                writer.close()

    async def _out(
        self, line: "_Line", reader: asyncio.StreamReader, there: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(1 << 16):
            if head := _REQUEST.match(data):
                line.path = head[1].decode()
                self.asked.append(line.path)
                if line.path in self.refused:
                    writer.write(_FORBIDDEN)
                    await writer.drain()
                    return
            await self._pass(data, there)

    async def _back(self, line: "_Line", back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held: list[bytes] = []
        while data := await back.read(1 << 16):
            if line.path in self.buffered:
                held.append(data)
            else:
                await self._pass(data, writer)
        await self._pass(b"".join(held), writer)

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)  # the network's own slowness, and no wait for anything
        await self._flowing.wait()
        writer.write(data)
        await writer.drain()


class _Line:
    """One connection, and what was asked on it last."""

    path = ""
