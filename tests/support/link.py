"""A way for frames between a device and a server: over a real socket, or within one process."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from prove.protocol.socket import OnFrame, Socket

from chinwag.roles.port.handshake import Upgrade

if TYPE_CHECKING:
    from chinwag.roles.gateway.gateway import Gateway
    from chinwag.roles.gateway.session import Session

SMALL_BUFFER = 4096


class Link(Protocol):
    """Frames out with `send`, frames in through the callback it was made with; `ended` is done with the close code."""

    ended: "asyncio.Future[int]"

    def send(self, payload: bytes) -> None:
        """Send one text frame. On a link that has ended it goes nowhere."""
        ...

    def stall(self) -> None:
        """Stop taking frames from the peer for now."""
        ...

    def resume(self) -> None:
        """Take frames again."""
        ...

    def cut(self) -> None:
        """End at once, without a word."""
        ...


class SocketLink:
    """A real WebSocket."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._socket: Socket

    @classmethod
    async def open(cls, url: str, on_frame: OnFrame, *, small: bool = False) -> "SocketLink":
        """Connect to the server at `url`. small: with the smallest receive buffer, to be a slow reader soon."""
        link = cls()
        link._socket = await Socket.open(
            url, on_frame, link.ended.set_result, receive_buffer=SMALL_BUFFER if small else 0
        )
        return link

    def send(self, payload: bytes) -> None:
        self._socket.send(payload)

    def stall(self) -> None:
        self._socket.stall()

    def resume(self) -> None:
        self._socket.resume()

    def cut(self) -> None:
        self._socket.cut()


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

    def admitted(self, owner: str) -> None:
        """There is no parser to let loose."""

    @property
    def buffered(self) -> int:
        """Bytes that the device has not taken."""
        return sum(map(len, self._waiting))

    @property
    def too_much(self) -> bool:
        """There is one socket alone."""
        return False

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
