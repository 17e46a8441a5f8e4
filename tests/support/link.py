"""A way for frames between a device and a server: over a real socket, or within one process."""

import asyncio
import base64
import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from chinwag.roles.gateway.upgrade import Upgrade

if TYPE_CHECKING:
    from chinwag.roles.gateway.gateway import Gateway
    from chinwag.roles.gateway.session import Session

OnFrame = Callable[[bytes], None]
CLOSE, PING, PONG = 8, 9, 10
SMALL_BUFFER = 4096


class Link(Protocol):
    """Frames out with `send`, frames in through the callback it was made with; `ended` is done with the close code."""

    ended: "asyncio.Future[int]"

    def send(self, payload: bytes) -> None:
        """Send one text frame. On a link that has ended it goes nowhere."""
        ...

    def stall(self) -> None:
        """Take no more frames from the peer for now."""
        ...

    def resume(self) -> None:
        """Take frames again."""
        ...

    def cut(self) -> None:
        """End at once, without a word."""
        ...


class SocketLink:
    """A WebSocket by plain streams (RFC 6455), so that it can stall, be cut, and send what no library would.

    Frames are masked with zeros, which is allowed and leaves the payload as it is.
    """

    def __init__(self, on_frame: OnFrame) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._on_frame = on_frame
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._task: asyncio.Task[None]

    @classmethod
    async def open(cls, url: str, on_frame: OnFrame, *, small: bool = False) -> "SocketLink":
        """Connect to the server at `url`. small: with the smallest receive buffer, to be a slow reader soon."""
        link = cls(on_frame)
        address = urlsplit(url)
        sock = socket.socket()
        sock.setblocking(False)
        if small:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (address.hostname, address.port))
        except OSError:
            sock.close()
            raise
        link._reader, link._writer = await asyncio.open_connection(sock=sock, limit=SMALL_BUFFER if small else 1 << 16)
        key = base64.b64encode(os.urandom(16)).decode()
        link._writer.write(
            f"GET /v1/socket HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        answer = await link._reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer.split(b"\r\n")[0]:
            link._writer.transport.abort()
            raise ConnectionError(answer.split(b"\r\n")[0].decode())
        link._task = asyncio.create_task(link._read())
        return link

    def send(self, payload: bytes) -> None:
        self._frame(0x1, payload)

    def stall(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        self._writer.transport.abort()
        self._flowing.set()

    def _frame(self, opcode: int, payload: bytes) -> None:
        if self.ended.done() or self._writer.is_closing():
            return
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | opcode, 0x80 | size))
        elif size < 1 << 16:
            head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
        self._writer.write(head + bytes(4) + payload)

    async def _read(self) -> None:
        code = 1006
        try:
            while True:
                await self._flowing.wait()
                first, size = await self._reader.readexactly(2)
                if size == 126:
                    size = int.from_bytes(await self._reader.readexactly(2), "big")
                elif size == 127:
                    size = int.from_bytes(await self._reader.readexactly(8), "big")
                payload = await self._reader.readexactly(size)
                opcode = first & 0xF
                if opcode == CLOSE:
                    code = int.from_bytes(payload[:2], "big") or 1005
                    break
                if opcode == PING:
                    self._frame(PONG, payload)
                elif opcode != PONG:
                    self._on_frame(payload)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writer.transport.abort()
            if not self.ended.done():
                self.ended.set_result(code)


class MemoryLink:
    """A gateway's session with no network: it takes the socket's place towards the session, as `Socket` would."""

    HIGH_WATER = 64 << 10

    def __init__(self, on_frame: OnFrame) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._on_frame = on_frame
        self._stalled = False
        self._waiting: list[bytes] = []
        self._paused = False
        self.session: Session
        self.remote = ("memory", 0)

    @classmethod
    def open(cls, gateway: "Gateway", on_frame: OnFrame) -> "MemoryLink":
        """A new session of `gateway`."""
        link = cls(on_frame)
        link.session = gateway.listener(Upgrade("/v1/socket", [], link.remote, secure=False))
        link.session.opened(link)  # type: ignore[arg-type]  # all of a socket that a session uses
        return link

    # The device's side

    def send(self, payload: bytes) -> None:
        if not self.ended.done():
            self._loop.call_soon(self.session.text, payload)

    def stall(self) -> None:
        self._stalled = True

    def resume(self) -> None:
        self._stalled = False
        waiting, self._waiting = self._waiting, []
        for payload in waiting:
            self._on_frame(payload)
        if self._paused:
            self._paused = False
            self.session.resumed()

    def cut(self) -> None:
        self._end(1006)

    # The session's side

    def admitted(self) -> None:
        """There is no parser to let loose."""

    @property
    def buffered(self) -> int:
        """Bytes that the device has not taken."""
        return sum(map(len, self._waiting))

    def send_many(self, payloads: Sequence[bytes]) -> None:
        """Frames for the device; it gets them in the next turn of the loop, as from a network."""
        if self._stalled:
            self._waiting += payloads
            if not self._paused and self.buffered > self.HIGH_WATER:
                self._paused = True
                self.session.paused()
            return
        for payload in payloads:
            self._loop.call_soon(self._deliver, payload)

    def _deliver(self, payload: bytes) -> None:
        if not self.ended.done():
            self._on_frame(payload)

    def abort(self) -> None:
        """The connection is cut at once."""
        self._loop.call_soon(self._end, 1006)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """The session ends."""
        del reason
        self._loop.call_soon(self._end, code)

    def _end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)
            self.session.closed()
