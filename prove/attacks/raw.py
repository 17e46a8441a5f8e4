"""A connection on which anything may be written, and the bytes of requests and frames to write there."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

PATIENCE: Final = 60.0
"""Seconds after which a wait fails. Nothing is decided by them."""


class Raw:
    """Bytes in and out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, url: str, *, small: bool = False) -> "Raw":
        """Connect. small: read no more than needed."""
        address = urlsplit(url)
        limit = 256 if small else 1 << 16
        return cls(*await asyncio.open_connection(address.hostname, address.port, limit=limit))

    @classmethod
    async def socket(cls, url: str, *headers: str) -> "Raw":
        """A socket that has not said hello."""
        raw = await cls.open(url)
        raw.write(upgrade(*headers))
        head = await raw.head()
        assert b" 101 " in head, head
        return raw

    def write(self, data: bytes) -> None:
        """Write, whatever becomes of it."""
        self.writer.write(data)

    async def head(self) -> bytes:
        """The head of an answer."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        async with asyncio.timeout(PATIENCE):
            first, size = await self.reader.readexactly(2)
            if size >= 126:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            return first & 15, await self.reader.readexactly(size)

    async def end(self) -> bytes:
        """All until the server closes."""
        got = bytearray()
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                while data := await self.reader.read(1 << 16):
                    got += data
        self.writer.transport.abort()
        return bytes(got)

    def cut(self) -> None:
        """Be gone."""
        self.writer.transport.abort()


def request(method: str, path: str, *headers: str, body: bytes | None = None) -> bytes:
    """A request of HTTP/1.1; with `body`, also its length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: chat.example.org", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b"")


def upgrade(*headers: str) -> bytes:
    """The request for a socket."""
    asked: Sequence[str] = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    return request("GET", "/v1/socket", *asked, *headers)


def frame(payload: bytes, opcode: int = 1, *, fin: bool = True, claims: int | None = None) -> bytes:
    """A masked frame; `claims` is the length that it says, if not its own."""
    size = len(payload) if claims is None else claims
    first = (0x80 if fin else 0) | opcode
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((first, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + bytes(4) + payload
