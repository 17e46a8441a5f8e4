"""The control socket of a running server: a Unix socket in the data folder, for the operator's commands.

Whoever may open it (mode 0600) may read the whole data folder as well, so it asks for no password. The server
writes nowhere outside its data folder for it: it sets a checkpoint aside there, and the command copies that.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import structlog

from chinwag.domain.ids import ConversationId
from chinwag.domain.index_status import IndexStatus
from chinwag.domain.refusal import Refused
from chinwag.domain.tracing import Trace
from chinwag.wire.control import (
    SOCKET_NAME,
    Answer,
    Ask,
    AskCheckpoint,
    AskIndex,
    AskTrace,
    Checkpoint,
    Failed,
    Index,
    Progress,
    Status,
    Traced,
)
from chinwag.wire.errors import CATALOGUE

CONNECTIONS: Final = 8
REQUEST_BYTES: Final = 4 * 1024
REQUEST_SECONDS: Final = 5.0
HELD_SECONDS: Final = 12 * 3600.0
"""A checkpoint keeps files on disk that the store has done with: it goes after so long, whoever still wants it."""
_PATH_BYTES: Final = 100
"""Paths of Unix sockets may have about so many bytes."""

_encode: Final = msgspec.json.Encoder().encode
_ask: Final[msgspec.json.Decoder[Ask]] = msgspec.json.Decoder(Ask)
_log = structlog.get_logger(__name__)

TakeCheckpoint = Callable[[], AbstractAsyncContextManager[Checkpoint]]
"""Sets a checkpoint aside for the length of a block."""
FindTrace = Callable[[ConversationId, int], Awaitable[Trace]]
"""Finds where an event is; raises `Refused`."""
AskAboutIndex = Callable[[bool], Awaitable[IndexStatus]]
"""Tells how the search index is, after it was told to be made anew if that is wanted; raises `Refused`."""
_Say = Callable[[Answer], Awaitable[None]]


@contextmanager
def socket_address(folder: Path) -> Iterator[str]:
    """The address of the folder's socket, also where its path is too long for one. Good inside the block only."""
    address = str(folder / SOCKET_NAME)
    if len(os.fsencode(address)) <= _PATH_BYTES:
        yield address
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)


class Control:
    """Serves the control socket of `folder` from `start` to `stop`. At most one checkpoint at a time."""

    def __init__(
        self,
        folder: Path,
        status: Callable[[], Awaitable[Status]],
        trace: FindTrace,
        index: AskAboutIndex,
        checkpoint: TakeCheckpoint,
    ) -> None:
        self._folder = folder
        self._status = status
        self._trace = trace
        self._index = index
        self._checkpoint = checkpoint
        self._taking = False
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. The caller holds the data folder's lock, so a socket that is there is a dead server's."""
        (self._folder / SOCKET_NAME).unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Before it has a name: what is changed by name may be another's file by then.
            os.fchmod(listening.fileno(), 0o600)
            with socket_address(self._folder) as address:
                listening.bind(address)
            self._server = await asyncio.start_unix_server(self._accept, sock=listening, limit=REQUEST_BYTES)
        except BaseException:
            listening.close()
            raise

    async def stop(self) -> None:
        """Stop listening, and end what is under way: a checkpoint goes. Harmless when not started."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(list(self._open), timeout=REQUEST_SECONDS)
        (self._folder / SOCKET_NAME).unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= CONNECTIONS:
            writer.transport.abort()
            return
        self._open[task] = writer

        async def say(answer: Answer) -> None:
            writer.write(_encode(answer) + b"\n")
            async with asyncio.timeout(REQUEST_SECONDS):
                await writer.drain()

        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readline()
            await self._answer(line, reader, say)
        except (OSError, ValueError, TimeoutError):
            pass  # the command went away, or says nothing that could be understood
        finally:
            del self._open[task]
            writer.close()

    async def _answer(self, line: bytes, reader: asyncio.StreamReader, say: _Say) -> None:
        try:
            asked = _ask.decode(line)
        except msgspec.DecodeError:
            await say(Failed("this server does not know that request: is the command of another version?"))
            return
        if isinstance(asked, AskTrace):
            try:
                await say(Traced(await self._trace(asked.conversation, asked.number)))
            except Refused as refused:
                await say(Failed(CATALOGUE[refused.code].meaning))
        elif isinstance(asked, AskIndex):
            try:
                await say(Index(await self._index(asked.rebuild)))
            except Refused as refused:
                await say(Failed(refused.detail or CATALOGUE[refused.code].meaning))
        elif not isinstance(asked, AskCheckpoint):
            try:
                status: Answer = await self._status()
            except Exception as failure:
                _log.exception("status failed")
                status = Failed(f"the server could not tell its status ({type(failure).__name__})")
            await say(status)
        elif self._taking:
            await say(Failed("another backup or export is under way: try again when it has ended"))
        else:
            self._taking = True
            try:
                await self._hold(reader, say)
            except (Refused, OSError) as failure:
                _log.warning("checkpoint failed", cause=str(failure))
                await say(Failed(f"no checkpoint could be taken: {failure}"))
            finally:
                self._taking = False

    async def _hold(self, reader: asyncio.StreamReader, say: _Say) -> None:
        """Hold a checkpoint until the other side closes the connection."""
        await say(Progress("setting a checkpoint aside"))
        async with self._checkpoint() as checkpoint:
            _log.info("checkpoint taken", took_ms=checkpoint.took_ms)
            await say(checkpoint)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HELD_SECONDS):
                    await reader.read(1)
        _log.info("checkpoint released")
