"""One WebSocket, as the gateway sees it: a `Socket` to write to. Its `Listener` is told what happens.

Nothing here blocks, makes a task or sets a timer. Measured on uvloop with frames of 250 bytes: one frame to each of
100 sockets costs the same (5-6 microseconds, the system call) however it is written; 64 frames to one socket cost
4-6 microseconds each when written one by one and 0.5 when joined. Hence `send_many`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, final

from chinwag.roles.port.gate import Gate
from chinwag.roles.port.listener import Address, HouseOf, ListenerTo, Silent

_TEXT: Final = 0x81  # a final text frame (RFC 6455, 5.2)
_CLOSE: Final = 0x88
_PONG: Final = 0x8A
LONG: Final = 64 << 10
"""Bytes from which on a text is not copied to stand behind its header, and counts whole while a part of it waits."""
_SILENT: Final = Silent()


class _Draining(asyncio.Protocol):
    """Reads and drops what a peer still sends after our close frame.

    Closing with unread input would send a reset, and a reset can overtake the close frame and its code.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: "Socket") -> None:
        self._socket = socket

    def connection_lost(self, exc: Exception | None) -> None:
        self._socket.lost()


@final
class Socket:
    """One connected WebSocket. Made by the port; valid from `opened` to `closed`, and harmless to call after."""

    __slots__ = (
        "__weakref__",
        "_house",
        "_largest",
        "_listener",
        "_long",
        "_transport",
        "closing",
        "owner",
        "remote",
    )

    def __init__(self, transport: asyncio.Transport, listener: "Listener", remote: Address, house: "House") -> None:
        """For the port: `transport` has answered the handshake."""
        self._transport = transport
        self._listener = listener
        self._house = house
        self.closing = False
        """Whether a close has begun: what is sent now goes nowhere. To be read; set here alone."""
        self._long = 0
        self._largest = 0
        """Bytes of the long pieces written since nothing waited, in all and of the largest."""
        self.remote: Final = remote
        """The peer's address (behind a trusted proxy: the client's, with the proxy's port)."""
        self.owner = remote[0]
        """Whose bounds hold for what it keeps half: its address's, and once it is admitted, its account's."""

    @property
    def buffered(self) -> int:
        """How many bytes wait to be written."""
        return self._transport.get_write_buffer_size()

    @property
    def kept(self) -> int:
        """How many bytes are kept until they are written: a piece is let go of only as a whole, so of a long one all is
        kept while its last byte waits."""
        waiting = self._transport.get_write_buffer_size()
        if not waiting:
            self._long = self._largest = 0
        return max(waiting, min(self._long, waiting + self._largest))

    @property
    def too_much(self) -> bool:
        """Whether what waits to be written to all sockets of its owner, or to all there are, is more than is kept.

        To be asked after each write to one that is paused: who writes on regardless fills the memory.
        """
        return not self._house.waits(self, self.kept)

    def admitted(self, owner: str) -> None:
        """Let the peer, who is `owner`, bring as much as it likes from now on, in messages of the full size."""
        self.owner = owner
        gate = self._transport.get_protocol()
        if isinstance(gate, Gate):
            self._transport.set_protocol(gate.parser)

    def send(self, payload: bytes) -> None:
        """Send one text message of UTF-8. Never blocks: watch `paused`. Does nothing once the socket is closing."""
        if not self.closing:
            size = len(payload)
            if size < _MADE:
                self._transport.write(_HEADERS[size] + payload)
            elif size < LONG:
                self._transport.write(_header(size) + payload)
            else:
                self._note_long(size)
                self._transport.writelines((_header(size), payload))

    def send_many(self, payloads: Sequence[bytes]) -> None:
        """Send text messages in order with one write: many times cheaper than as many calls of `send`."""
        if len(payloads) == 1:
            self.send(payloads[0])  # what most of a large group get in one turn: nothing to join
        elif not self.closing and payloads:
            parts: list[bytes] = []
            for payload in payloads:
                size = len(payload)
                # As `frame_header` does, without its call: that is made for every frame of every device.
                parts += (_HEADERS[size] if size < _MADE else _header(size), payload)
            whole = b"".join(parts)
            if len(whole) >= LONG:
                self._note_long(len(whole))
            self._transport.write(whole)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what waits, then a close frame, then end the connection; `linger` seconds later it is cut anyway.

        The reason is cut to the 123 bytes that a close frame holds. Closing twice does nothing.
        """
        if not self.closing:
            body = code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()
            self._finish(bytes((_CLOSE, len(body))) + body)

    def abort(self) -> None:
        """Cut the connection at once; what waits is lost."""
        self.closing = True
        self._transport.abort()

    # What follows is for the port's side of the socket: not for listeners.

    def text(self, payload: bytes) -> None:
        """A message came in."""
        try:
            self._listener.text(payload)
        except Exception as failure:
            self._house.report(failure)
            self.close(1011)

    def other(self) -> bool:
        """A frame came that is no message; whether it may be looked at."""
        try:
            return self._listener.other()
        except Exception as failure:
            self._house.report(failure)
            self.close(1011)
            return False

    def ping(self, payload: bytes) -> None:
        """Answer a ping, unless its sender does not read: then pongs would pile up."""
        if not self.closing and self.buffered <= self._house.limits.high_water:
            self._transport.write(bytes((_PONG, len(payload))) + payload)

    def peer_closed(self, payload: bytes) -> None:
        """The peer sent a close frame: echo a code that may be sent, and end the connection (RFC 6455, 5.5.1)."""
        if self.closing:
            return
        code = fault_of_close(payload)
        if code:
            self.close(code)
            return
        self.closing = True
        self._transport.write(bytes((_CLOSE, len(payload[:2]))) + payload[:2])
        self._house.linger(self)
        self._transport.close()  # it has said its last: nothing of it can be under way

    def failed(self, close_frame: bytes) -> None:
        """The parser has found fault with the peer and made this close frame."""
        if not self.closing:
            self._finish(close_frame)

    def paused(self) -> None:
        """The write buffer has passed the high-water mark."""
        self._house.waits(self, self.kept)
        self._tell(self._listener.paused)

    def resumed(self) -> None:
        """The write buffer is back at the low-water mark."""
        self._house.waits(self, self.kept)
        self._tell(self._listener.resumed)

    def opened(self) -> None:
        """The handshake is done."""
        self._house.add(self)
        self._tell(lambda: self._listener.opened(self))

    def lost(self) -> None:
        """The connection is gone."""
        self.closing = True
        listener, self._listener = self._listener, _SILENT
        self._house.lost(self)
        try:
            listener.closed()
        except Exception as failure:
            self._house.report(failure)

    def _note_long(self, size: int) -> None:
        self._long += size
        self._largest = max(self._largest, size)

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as failure:
            self._house.report(failure)
            self.close(1011)

    def _finish(self, close_frame: bytes) -> None:
        self.closing = True
        transport = self._transport
        if transport.is_closing():
            return
        transport.write(close_frame)
        self._house.linger(self)
        transport.set_protocol(_Draining(self))
        if transport.can_write_eof():
            # The peer sees the end of our stream and closes; what it has under way is read and dropped.
            try:
                transport.write_eof()
            except OSError:  # it has gone already: asyncio's own loop says so here
                transport.abort()
        else:
            transport.close()  # TLS has no half-close, but closing it reads on until the peer's close_notify


_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
"""Of the protocol's own codes, those that may be sent (RFC 6455, 7.4.1; IANA's registry)."""


def fault_of_close(payload: bytes) -> int:
    """With which code a close frame of this payload must be answered; 0: there is nothing wrong with it."""
    if len(payload) == 1:
        return 1002
    code = int.from_bytes(payload[:2], "big") if payload else 1000
    if code not in _CLOSE_CODES and not 3000 <= code <= 4999:
        return 1002
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return 1007
    return 0


def _header(size: int) -> bytes:
    if size < 126:
        return bytes((_TEXT, size))
    if size < 1 << 16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big")
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big")


_MADE: Final = 2048
_HEADERS: Final = tuple(map(_header, range(_MADE)))
"""Of frames of usual sizes, made beforehand."""


def frame_header(size: int) -> bytes:
    """The header of an unmasked, final text frame with `size` bytes of payload (RFC 6455, 5.2)."""
    return _HEADERS[size] if size < _MADE else _header(size)


Listener: TypeAlias = ListenerTo[Socket]
"""Who is told what happens to a socket."""
House: TypeAlias = HouseOf[Socket]
"""What all sockets of a port share."""
