"""A line between browser and server that can be cut, made deaf, and mended: a TCP proxy on 127.0.0.1."""

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import urlsplit


class CutLine:
    """Forwards to `target()`. cut: every connection ends and new ones are refused. hold: nothing passes any more, and
    nobody is told. mend: as at first; what was held is lost with its connections."""

    def __init__(self, target: Callable[[], str]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._cut = False
        self.port = 0

    @property
    def url(self) -> str:
        """What a browser is given."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; the first time on a port that the system chooses."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all, and end at once whoever comes."""
        self._cut = True
        self._drop()

    def hold(self) -> None:
        """Forward nothing more, in silence."""
        self._open.clear()

    def mend(self) -> None:
        """Be a line again; connections that were held are ended, as a network that comes back does."""
        self._drop()
        self._cut = False
        self._open.set()

    async def stop(self) -> None:
        """End."""
        self._drop()
        self._open.set()
        if self._server is not None:
            self._server.close()

    def _drop(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        self._ends.add(writer)
        with contextlib.suppress(OSError):
            target = urlsplit(self._target())
            there, back = await asyncio.open_connection(target.hostname, target.port)
            self._ends.add(back)
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        # whoever is not there to be forwarded to has nothing to say
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()
