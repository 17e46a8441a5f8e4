"""Stands between a client and PostgreSQL, reads what they say, and can lose a write or its answer.

It knows as much of the protocol as that takes (PostgreSQL's documentation, "Frontend/Backend Protocol"): messages have
a byte of type and four of length; a prepared statement has a name in `Parse`, by which `Bind` runs it; `ReadyForQuery`
ends an answer.
"""

import asyncio
import contextlib
import re
import struct
from collections.abc import AsyncIterator, Callable
from typing import Final, Literal

_WRITE: Final = re.compile(
    rb"messages\.(commit|post|advance|settle|claim|lock_marks)_[0-9]+"
    rb"|\b(INSERT INTO|UPDATE messages|DELETE FROM|FOR UPDATE)\b"
)
_LENGTH: Final = struct.Struct(">I")


class PostgresProxy:
    """One address for clients. fail, writes, hold, go: as `tests.contract.harness.Fault`.

    A transaction of several statements is a write, made by its COMMIT.
    """

    def __init__(self, host: str, port: int) -> None:
        self.fail: Literal["", "before", "after"] = ""
        self.writes = 0
        self.lose_answers = 0
        """So many answers of writes are lost from now on, each with its connection."""
        self._to = host, port
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server
        self._open: set[asyncio.StreamWriter] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.held = asyncio.Event()
        """A write waits, or has waited since this was last cleared."""
        self.late = asyncio.Event()
        """The write that was held by `hold_next` has been answered, whether its client is there or not."""
        self._late: asyncio.Event | None = None
        self._before_late = 0
        self._answering: asyncio.Event | None = None
        self._away = False

    async def start(self) -> int:
        """Begin; returns the port, on 127.0.0.1."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """End, with all connections."""
        self._server.close()
        self.cut()
        if self._serving:
            await asyncio.wait(self._serving)

    def hold_next(self, after: int = 0) -> Callable[[], None]:
        """Let one write wait and no other, after so many that pass; also when its client has gone. To be called to let
        it through."""
        self.held.clear()
        self._late, self._before_late = asyncio.Event(), after
        return self._late.set

    def hold_next_answer(self) -> Callable[[], None]:
        """Let the answer to the next write wait, and nothing else. To be called to let it through."""
        self.held.clear()
        self._answering = asyncio.Event()
        return self._answering.set

    @contextlib.asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Inside the block there is no server."""
        self._away = True
        self.cut()
        yield
        self._away = False

    def cut_clients(self) -> None:
        """Break the connections of all clients; what they said before still comes to the server."""
        for writer in self._clients:
            writer.transport.abort()

    def cut(self) -> None:
        """Break all connections that there are."""
        for writer in list(self._open):
            writer.transport.abort()

    def hold(self) -> None:
        self._passing.clear()
        self.held.clear()

    def go(self) -> None:
        self._passing.set()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self._open.add(to_client)
        self._clients.add(to_client)
        to_server: asyncio.StreamWriter | None = None
        try:
            if self._away:
                return
            server, to_server = await asyncio.open_connection(*self._to)
            self._open.add(to_server)
            await _Link(self, client, to_client, server, to_server).run()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for writer in (to_client, to_server):
                if writer is not None:
                    self._open.discard(writer)
                    writer.transport.abort()
            self._clients.discard(to_client)
            self._serving.discard(task)

    def take_answering(self) -> asyncio.Event | None:
        """What the answer to the write that passes now has to wait for."""
        answering, self._answering = self._answering, None
        return answering

    async def may_pass(self) -> bool:
        """Wait while writes are held. Whether this is the one of `hold_next`."""
        if self._late is not None:
            if self._before_late == 0:
                late, self._late = self._late, None
                self.held.set()
                await late.wait()
                return True
            self._before_late -= 1
        if not self._passing.is_set():
            self.held.set()
            await self._passing.wait()
        return False


class _LostError(OSError):
    """The connection is broken on purpose."""


class _Link:
    """One connection."""

    def __init__(
        self,
        proxy: PostgresProxy,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client = client
        self._to_client = to_client
        self._server = server
        self._to_server = to_server
        self._writes: set[bytes] = set()
        self._in_transaction = False
        self._losing = False
        self._is_late = False
        self._waits: asyncio.Event | None = None

    async def run(self) -> None:
        """Until either side has gone."""
        begin = await self._client.readexactly(_LENGTH.size)
        self._to_server.write(begin + await self._client.readexactly(_LENGTH.unpack(begin)[0] - _LENGTH.size))
        both = [asyncio.ensure_future(self._ask()), asyncio.ensure_future(self._answer())]
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in both:
                one.cancel()
            for one in both:
                with contextlib.suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
                    await one

    async def _ask(self) -> None:
        while True:
            try:
                kind, content = await _message(self._client)
            except (OSError, asyncio.IncompleteReadError):
                if self._is_late:
                    await self._proxy.late.wait()
                raise
            if kind == b"P":
                name, query = content.split(b"\0")[:2]
                (self._writes.add if _WRITE.search(query) else self._writes.discard)(name)
            await self._judge(kind, content)
            self._to_server.write(kind + _LENGTH.pack(len(content) + _LENGTH.size) + content)
            await self._to_server.drain()

    async def _judge(self, kind: bytes, content: bytes) -> None:
        """Hold or lose what is a write."""
        ends = kind == b"Q" and content.startswith(b"COMMIT")
        if kind == b"Q":
            self._in_transaction = content.startswith(b"BEGIN")
        writes = ends or (kind == b"B" and content.split(b"\0")[1] in self._writes)
        if not writes:
            return
        proxy = self._proxy
        self._is_late = await proxy.may_pass() or self._is_late
        if proxy.fail == "before":
            raise _LostError
        if self._in_transaction:
            return
        proxy.writes += 1
        self._waits = proxy.take_answering()
        if proxy.fail == "after" or proxy.lose_answers > 0:
            proxy.lose_answers = max(0, proxy.lose_answers - 1)
            self._losing = True

    async def _answer(self) -> None:
        while True:
            kind, content = await _message(self._server)
            if self._losing:
                if kind == b"Z":
                    raise _LostError
                continue
            if kind == b"Z" and self._is_late:
                self._proxy.late.set()
            if kind == b"Z" and self._waits is not None:
                waits, self._waits = self._waits, None
                self._proxy.held.set()
                await waits.wait()
            if self._is_late and self._to_client.is_closing():
                continue
            self._to_client.write(kind + _LENGTH.pack(len(content) + _LENGTH.size) + content)
            await self._to_client.drain()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    return kind, await reader.readexactly(length - _LENGTH.size)
