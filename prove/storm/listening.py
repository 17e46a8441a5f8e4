"""Links without a socket: what is said goes out as POSTs, what is heard comes as a stream or by polls."""

import asyncio
from typing import Final

import msgspec
from prove.protocol.hearing import EventStream, frames_of
from prove.protocol.requests import problem_of
from prove.protocol.socket import CONNECT_SECONDS, host_and_port
from prove.storm.http_connection import Answer, HttpConnection, header, request
from prove.storm.links import Hearer, Posts

from chinwag.wire.frames import Bye, ClientFrame
from chinwag.wire.sync import SyncPage

LONG_WAIT: Final = 10
"""Seconds that a long poll waits."""
SHORT_PAUSE: Final = 0.25
"""Seconds between two short polls."""
TRIES: Final = 50
"""Polls refused in a row, each with its Retry-After, after which the link ends."""


class StreamLink(asyncio.Protocol):
    """Server-sent events on one connection, POSTs on another."""

    def __init__(self, hearer: Hearer, cursor: str | None) -> None:
        self._hearer = hearer
        self._cursor = cursor
        self._buffer = bytearray()
        self._stream = EventStream()
        self._headed = False
        self._over = False
        self._transport: asyncio.Transport | None = None
        self._posts: Posts
        self._posting: HttpConnection | None = None

    @classmethod
    async def open(cls, url: str, hearer: Hearer, cursor: str | None, *, small: bool) -> "StreamLink":
        """Connect both. Raises OSError."""
        del small
        link = cls(hearer, cursor)
        host, port = host_and_port(url)
        async with asyncio.timeout(CONNECT_SECONDS):
            link._posting = await HttpConnection.connect(url, link.cut)
            link._posts = Posts(link._posting, link, hearer)
            try:
                await asyncio.get_running_loop().create_connection(lambda: link, host, port)
            except OSError:
                link._over = True
                link._posting.cut()
                raise
        if link._over:
            raise ConnectionError("ended while it was opened")
        return link

    def send(self, frame: ClientFrame) -> None:
        """Write a frame."""
        self._posts.send(frame)

    def stall(self) -> None:
        """Stop reading for now."""
        if not self._over and self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if not self._over and self._transport is not None:
            self._transport.resume_reading()

    def cut(self) -> None:
        """End both."""
        if not self._over:
            self._over = True
            if self._transport is not None:
                self._transport.abort()
            if self._posting is not None:
                self._posting.cut()
            self._hearer.ended(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # for TCP it is one
        """asyncio's: ask for the stream."""
        self._transport = transport
        if self._over:
            transport.abort()
        more = "" if self._cursor is None else f"Last-Event-ID: {self._cursor}\r\n"
        transport.write(request("GET", "/v1/events?follow=true", self._hearer.token(), more=more))

    def data_received(self, data: bytes) -> None:
        """asyncio's: something came."""
        self._buffer += data
        if not self._headed and not self._head():
            return
        for frame in self._stream.feed(self._chunks()):
            if self._over:
                return
            self._hearer.frame(self, frame)
            if isinstance(frame, Bye):
                self.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the stream is gone, and so is the link."""
        self.cut()

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        self._headed = True
        if head[9:12] != b"200":
            after = float(header(head, b"retry-after") or 0)
            why = problem_of(int(head[9:12]), bytes(self._buffer))
            self._hearer.frame(self, Bye(why.code, after))
            self.cut()
            return False
        return True

    def _chunks(self) -> bytes:
        """What is complete of the body."""
        buffer, body = self._buffer, b""
        while (line := buffer.find(b"\r\n")) >= 0:
            size = int(buffer[:line], 16)
            if len(buffer) < line + 4 + size:
                break
            body += buffer[line + 2 : line + 2 + size]
            del buffer[: line + 4 + size]
        return body


class PollLink:
    """Polls on one connection, POSTs on another. `wait`: seconds that a poll waits; 0: short ones."""

    def __init__(self, hearer: Hearer, cursor: str | None, wait: int) -> None:
        self._hearer = hearer
        self._cursor = cursor
        self._wait = wait
        self._over = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._posts: Posts
        self._posting: HttpConnection | None = None
        self._polling: HttpConnection | None = None
        self._task: asyncio.Task[None]

    @classmethod
    async def open_long(cls, url: str, hearer: Hearer, cursor: str | None, *, small: bool) -> "PollLink":
        """With long polls. Raises OSError."""
        del small
        return await cls(hearer, cursor, LONG_WAIT).connect(url)

    @classmethod
    async def open_short(cls, url: str, hearer: Hearer, cursor: str | None, *, small: bool) -> "PollLink":
        """With short polls. Raises OSError."""
        del small
        return await cls(hearer, cursor, 0).connect(url)

    async def connect(self, url: str) -> "PollLink":
        """Open both connections and begin to poll. Raises OSError."""
        async with asyncio.timeout(CONNECT_SECONDS):
            self._posting = await HttpConnection.connect(url, self.cut)
            self._posts = Posts(self._posting, self, self._hearer)
            try:
                self._polling = await HttpConnection.connect(url, self.cut)
            except OSError:
                self._over = True
                self._posting.cut()
                raise
        if self._over:
            self._polling.cut()
            raise ConnectionError("ended while it was opened")
        self._task = asyncio.create_task(self._poll())
        return self

    def send(self, frame: ClientFrame) -> None:
        """Write a frame."""
        self._posts.send(frame)

    def stall(self) -> None:
        """Stop asking for now."""
        self._flowing.clear()

    def resume(self) -> None:
        """Ask again."""
        self._flowing.set()

    def cut(self) -> None:
        """End both."""
        if not self._over:
            self._over = True
            self._flowing.set()
            for connection in (self._posting, self._polling):
                if connection is not None:
                    connection.cut()
            self._hearer.ended(self)

    async def _poll(self) -> None:
        refused, cursor, first = 0, self._cursor, True
        while not self._over and refused < TRIES:
            await self._flowing.wait()
            # The first asks only whether there is a way in.
            after = "" if cursor is None else f"after={cursor}&"
            answer = await self._ask(f"/v1/sync?{after}wait={0 if first else self._wait}&limit=500&follow=true")
            if answer is None or self._over:
                break
            if answer.status in (429, 503) and answer.retry_after is not None:
                refused += 1
                await asyncio.sleep(answer.retry_after)
                continue
            if answer.status != 200:
                why = problem_of(answer.status, answer.body)
                self._hearer.frame(self, Bye(why.code, why.retry_after or 0.0))
                break
            refused = 0
            page = msgspec.json.decode(answer.body, type=SyncPage)
            for frame in frames_of(page, first=first):
                if not self._over:
                    self._hearer.frame(self, frame)
            cursor, first = page.cursor, False
            if not page.events and not page.more and not self._wait:
                await asyncio.sleep(SHORT_PAUSE)
        self.cut()

    async def _ask(self, path: str) -> Answer | None:
        answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        assert self._polling is not None
        self._polling.ask("GET", path, self._hearer.token, answered.set_result)
        return await answered
