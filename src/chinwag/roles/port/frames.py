"""The frames of one connection: bytes come off its transport, and a `Socket` gets messages."""

import asyncio
from typing import Final, final

from picows.picows import WSFrame, WSMsgType

from chinwag.roles.port.gate import Gate
from chinwag.roles.port.parsers import Parser, Parsers
from chinwag.roles.port.socket import Socket
from chinwag.roles.port.weights import Weights

_NOBODY: Final = asyncio.Protocol()
# An enumeration's member costs a look-up in two dictionaries: too much for each frame.
_TEXT: Final = WSMsgType.TEXT
_CONTINUATION: Final = WSMsgType.CONTINUATION
_BINARY: Final = WSMsgType.BINARY
_PING: Final = WSMsgType.PING
_CLOSE: Final = WSMsgType.CLOSE


@final
class Frames(asyncio.BufferedProtocol):
    """What a transport is read by. `limit` bounds a message joined of its fragments, in bytes."""

    __slots__ = ("_halves", "_limit", "_message", "_parser", "_parsers", "_partial", "_socket")

    def __init__(self, socket: Socket, parsers: Parsers, halves: Weights, limit: int) -> None:
        self._socket = socket
        self._parsers = parsers
        self._halves = halves
        self._partial = False
        """Whether something of a message was held when bytes came last."""
        self._parser: Parser | None = None  # in the middle of a frame
        self._message: bytearray | None = None  # the fragments so far
        self._limit = limit

    def take_over(self, transport: asyncio.Transport, early: int | None) -> None:
        """Have what arrives on `transport` from now on; at most `early` bytes of it until `Socket.admitted`."""
        reader: asyncio.BufferedProtocol = self
        if early is not None:
            reader = Gate(self, early, lambda: self._socket.close(1009, "too much before the session is welcome"))
        # uvloop keeps the last `data_received` that it saw, and with it the HTTP side (3 KB): show it another.
        transport.set_protocol(_NOBODY)
        transport.set_protocol(reader)

    # As the transport's protocol

    def get_buffer(self, sizehint: int) -> memoryview:
        return (self._parser or self._parsers.ready()).room()

    def buffer_updated(self, nbytes: int) -> None:
        self._parser = self._parsers.parse(self._parser, nbytes, self)
        if self._parser is not None or self._message is not None or self._partial:
            self._weigh()

    def pause_writing(self) -> None:
        """The write buffer is over the high-water mark."""
        self._socket.paused()

    def resume_writing(self) -> None:
        """The write buffer is at the low-water mark."""
        self._socket.resumed()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._socket.lost()

    # As the parsers' reader

    def frame(self, frame: WSFrame) -> None:
        """Join fragments, answer control frames, refuse what the protocol has no use for."""
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._socket.close(1002, "no extension was agreed on")
        elif self._socket.closing:
            pass
        elif kind == _TEXT and self._message is None and frame.fin:
            self._socket.text(frame.get_payload_as_bytes())
        elif kind in (_TEXT, _CONTINUATION):
            self._socket.other()  # one too many is joined nevertheless: without it the message would be another
            self._fragment(kind, frame)
        elif kind == _CLOSE:
            self._socket.peer_closed(frame.get_payload_as_bytes())
        elif kind == _BINARY:
            self._socket.close(1003, "text frames only")
        elif not self._socket.other():
            pass
        elif kind == _PING:
            self._socket.ping(frame.get_payload_as_bytes())

    def failed(self, close_frame: bytes) -> None:
        """The peer broke the protocol."""
        self._socket.failed(close_frame)

    def _weigh(self) -> None:
        """Count what is held of a message that is not whole."""
        held = len(self._message) if self._message is not None else 0
        if self._parser is not None:
            held += self._parser.size
        self._partial = held > 0
        if not self._halves.hold(self._socket, held):
            self._socket.close(1013, "too much of messages that are not whole")
        if self._socket.closing:
            self._parser = self._message = None

    def _fragment(self, kind: WSMsgType, frame: WSFrame) -> None:
        if (kind == _TEXT) != (self._message is None):
            self._socket.close(1002, "a fragment out of turn")
            return
        message = self._message if self._message is not None else bytearray()
        if len(message) + frame.payload_size > self._limit:
            self._message = None
            self._socket.close(1009, "the message is too long")
            return
        message += frame.get_payload_as_memoryview()
        if frame.fin:
            self._message = None
            self._socket.text(bytes(message))
        else:
            self._message = message


def feed(transport: asyncio.Transport, data: bytes) -> None:
    """Let whoever reads `transport` have bytes that came in together with the upgrade request."""
    rest = memoryview(data)
    while rest:
        reader = transport.get_protocol()
        if not isinstance(reader, asyncio.BufferedProtocol):
            return  # it is closing: nobody reads any more
        room = memoryview(reader.get_buffer(-1))
        size = min(len(room), len(rest))
        room[:size] = rest[:size]
        reader.buffer_updated(size)
        rest = rest[size:]
