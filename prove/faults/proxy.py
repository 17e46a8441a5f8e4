"""A TCP proxy that a test makes fail: gone, silent, or deaf to answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

_PIECE = 64 * 1024


class Way(Enum):
    """What becomes of what is said."""

    PASS = "pass"
    GONE = "gone"
    """Whoever connects is cut off at once."""
    SILENT = "silent"
    """Nothing goes through, in neither direction; connections stay."""
    DEAF = "deaf"
    """Questions go through, and no answers."""
    LATE = "late"
    """Everything goes through, `LATE_SECONDS` after it came."""


LATE_SECONDS = 0.5


class Proxy:
    """Stands before a server at `host` and `port`; itself at `port` of 127.0.0.1 once started."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._way = Way.PASS
        self._open: set[asyncio.StreamWriter] = set()
        self.eaten = asyncio.Event()
        """Set once an answer went nowhere."""
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Proxy"]:
        """The proxy at work."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.turn(Way.GONE)

    def lead_to(self, host: str, port: int) -> None:
        """Stand before another server from now on, as a name does that leads elsewhere; connections are cut."""
        self._target = (host, port)
        self.turn(self._way)

    def turn(self, way: Way) -> None:
        """Let it be so from now on. Nothing that hung goes on afterwards: such connections are cut."""
        self._way = way
        self.eaten.clear()
        if way in (Way.PASS, Way.GONE):
            for writer in self._open:
                writer.transport.abort()
            self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._way is Way.GONE:
            writer.transport.abort()
            return
        try:
            answers, questions = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, questions}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, questions, answers=False))
                group.create_task(self._carry(answers, writer, answers=True))
        finally:
            self._open -= {writer, questions}

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        # RuntimeError: uvloop's word for writing to a connection that is closed
        with contextlib.suppress(ConnectionError, RuntimeError):
            while piece := await reader.read(_PIECE):
                if self._way is Way.SILENT or (self._way is Way.DEAF and answers):
                    self.eaten.set()
                    continue
                if self._way is Way.LATE:
                    await asyncio.sleep(LATE_SECONDS)
                writer.write(piece)
                await writer.drain()
        writer.close()
