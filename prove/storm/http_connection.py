"""HTTP/1.1 as lean as a storm needs it: requests written at once on one connection, and answered in order.

A storm makes hundreds of requests a second on the core that it shares with its devices, so this knows only what the
server says: bodies with a length, and one stream in chunks (RFC 9112, 7.1).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from prove.protocol.socket import host_and_port

PATIENCE: Final = 45.0
"""Seconds for an answer: more than the longest poll waits, and than a server that is stopped for a while."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    retry_after: float | None


Then = Callable[[Answer | None], None]
"""Takes the answer; None if the connection ended without one."""

Token = Callable[[], str]
"""Gives an access token that is good now."""


UNAUTHORIZED: Final = 401
EXPIRED: Final = b'"token_expired"'


class HttpConnection(asyncio.Protocol):
    """One connection. `ended` is called once, when it is gone."""

    def __init__(self, ended: Callable[[], None] = lambda: None) -> None:
        self._ended = ended
        self._buffer = bytearray()
        self._waiting: deque[Then] = deque()
        self._transport: asyncio.Transport | None = None
        self.open = False

    @classmethod
    async def connect(cls, url: str, ended: Callable[[], None] = lambda: None) -> "HttpConnection":
        """Connect to the server at `url`. Raises OSError."""
        connection = cls(ended)
        await asyncio.get_running_loop().create_connection(lambda: connection, *host_and_port(url))
        return connection

    def ask(
        self, method: str, path: str, token: Token, then: Then, *, body: object = None, key: str | None = None
    ) -> None:
        """Write one request; `then` is called with its answer.

        If the clock jumps while it is under way, and so over its token, it is written again with one that is good now.
        """
        transport = self._transport
        if transport is None or not self.open or transport.is_closing():
            then(None)
            return
        shown = token()

        def answered(answer: Answer | None) -> None:
            expired = answer is not None and answer.status == UNAUTHORIZED and EXPIRED in answer.body
            if expired and token() != shown:
                self.ask(method, path, token, then, body=body, key=key)
            else:
                then(answer)

        self._waiting.append(answered)
        transport.write(request(method, path, shown, body, key))

    def cut(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # for TCP it is one
        """asyncio's: it is there."""
        self._transport = transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        """asyncio's: something came."""
        buffer = self._buffer
        buffer += data
        while self._waiting:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(buffer[:end])
            length = int(header(head, b"content-length") or 0)
            if len(buffer) < end + 4 + length:
                return
            body = bytes(buffer[end + 4 : end + 4 + length])
            del buffer[: end + 4 + length]
            after = header(head, b"retry-after")
            self._waiting.popleft()(Answer(int(head[9:12]), body, float(after) if after else None))

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: it is gone."""
        self.open = False
        waiting, self._waiting = self._waiting, deque()
        for then in waiting:
            then(None)
        self._ended()


def request(method: str, path: str, token: str, body: object = None, key: str | None = None, more: str = "") -> bytes:
    """The bytes of one request."""
    content = b"" if body is None else msgspec.json.encode(body)
    lines = f"{method} {path} HTTP/1.1\r\nHost: storm\r\nAuthorization: Bearer {token}\r\n{more}"
    if key is not None:
        lines += f"Idempotency-Key: {key}\r\n"
    if body is not None:
        lines += "Content-Type: application/json\r\n"
    return f"{lines}Content-Length: {len(content)}\r\n\r\n".encode() + content


def header(head: bytes, name: bytes) -> bytes | None:
    """One header of an answer. The server writes their names in small letters."""
    at = head.find(b"\r\n%b: " % name)
    if at < 0:
        return None
    at += len(name) + 4
    end = head.find(b"\r\n", at)
    return head[at:] if end < 0 else head[at:end]


class Asking:
    """Requests of the storm itself: over one connection a caller at a time, made again after each restart."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._idle: list[tuple[str, HttpConnection]] = []

    async def ask(
        self, method: str, path: str, token: Token, *, body: object = None, key: str | None = None
    ) -> Answer | None:
        """One request; None if the server is not there or was lost before it had answered.

        Raises TimeoutError when a server that is there says nothing.
        """
        url = self._url()
        if not url:
            return None
        answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

        def then(answer: Answer | None) -> None:
            if not answered.done():
                answered.set_result(answer)

        connection: HttpConnection | None = None
        try:
            async with asyncio.timeout(PATIENCE):
                connection = await self._connection(url)
                if connection is None:
                    return None
                connection.ask(method, path, token, then, body=body, key=key)
                answer = await answered
        except BaseException as failure:
            if connection is not None:
                connection.cut()
            if isinstance(failure, TimeoutError):
                raise TimeoutError(f"{method} {path} had no answer for {PATIENCE:.0f} s") from None
            raise
        if connection.open:
            self._idle.append((url, connection))
        return answer

    def close(self) -> None:
        """Let go of all connections."""
        for _, connection in self._idle:
            connection.cut()
        self._idle.clear()

    async def _connection(self, url: str) -> HttpConnection | None:
        while self._idle:
            at, connection = self._idle.pop()
            if connection.open and at == url:
                return connection
            connection.cut()
        try:
            return await HttpConnection.connect(url)
        except OSError:
            return None
