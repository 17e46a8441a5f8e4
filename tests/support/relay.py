"""What may stand between a process and an engine: a TCP relay that cuts, and that falls silent."""

import asyncio
import contextlib


class Relay:
    """Forwards to a port of this machine, until it is told otherwise."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._server: asyncio.Server
        self._pipes: set[asyncio.Task[None]] = set()
        self._closed = False
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def start(self) -> None:
        """Listen on a port that the system chooses."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all connections, and whoever comes."""
        self._closed = True
        self._drop()

    def hold(self) -> None:
        """Forward nothing, and tell nobody."""
        self._flowing.clear()

    def mend(self) -> None:
        """Let all through again. What was held is lost with its connections."""
        if not self._flowing.is_set():
            self._drop()
        self._closed = False
        self._flowing.set()

    async def stop(self) -> None:
        """End."""
        self.cut()
        self._server.close()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    def _drop(self) -> None:
        for pipe in self._pipes:
            pipe.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closed:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        both = [asyncio.create_task(self._pipe(reader, back)), asyncio.create_task(self._pipe(there, writer))]
        self._pipes.update(both)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for pipe in both:
            pipe.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        self._pipes.difference_update(both)
        for end in (writer, back):
            end.close()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
