"""Where picows ends and Chinwag begins: picows parses frames off a transport, and a `Socket` gets messages.

picows is used as a parser only. It takes a connection over by reading an upgrade request, so it is given a constant
one after the real handshake is done; and it writes through `Frames`, which drops all but the close frames of
protocol errors. That keeps the client's headers out of memory, and lets a connection change its parser.
"""

import asyncio
import logging
from collections.abc import MutableMapping
from typing import Any, Final

from picows.api import WSProtocol  # type: ignore[attr-defined]  # the inner class on which both of its ends stand
from picows.picows import WSAutoPingStrategy, WSFrame, WSListener, WSMsgType, WSTransport

from chinwag.roles.gateway.gate import Gate
from chinwag.roles.gateway.socket import Socket

_REQUEST: Final = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_READ_BUFFER: Final = 2048
# picows' read buffer grows with what comes in and never shrinks. Past this many bytes a fresh parser takes over.
_GROWN: Final = 16 << 10
_NOBODY: Final = asyncio.Protocol()
# An enumeration's member costs a look-up in two dictionaries: too much for each frame.
_TEXT: Final = WSMsgType.TEXT
_CONTINUATION: Final = WSMsgType.CONTINUATION
_BINARY: Final = WSMsgType.BINARY
_PING: Final = WSMsgType.PING
_CLOSE: Final = WSMsgType.CLOSE


class _PeersFaults(logging.LoggerAdapter[logging.Logger]):
    """picows logs each peer's protocol error as an error of ours; anyone could fill the disk with that.

    An adapter is also what keeps picows from making a logger for each connection (1.5 KB).
    """

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs


_log: Final = _PeersFaults(logging.getLogger(__name__), {})


class Frames(WSListener):
    """The frames of one connection: what picows reports to, and what it takes for its transport.

    Making one lets `socket` have the frames that arrive on `transport` from then on.
    """

    __slots__ = ("_feeding", "_grown", "_limit", "_message", "_shaken_hands", "_socket", "_transport")

    def __init__(self, socket: Socket, transport: asyncio.Transport, message_limit: int) -> None:
        self._socket = socket
        self._transport = transport
        self._limit = message_limit
        self._message: bytearray | None = None  # the fragments so far
        self._grown = False
        self._feeding = False
        self._shaken_hands = False
        parser = WSProtocol(
            None,  # host and path are a client's
            None,
            False,  # the server's side
            lambda _: self,
            _log,
            True,  # an exception of ours closes the connection
            None,  # no handshake timer: the whole request is here
            False,  # no pings of its own: idle time-outs are the wheel's
            0,
            0,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # pongs are the socket's, which knows whether the peer reads
            message_limit,
            None,
            _READ_BUFFER,
        )
        parser.connection_made(self)
        _feed(parser, _REQUEST)
        # It holds both messages of the made-up handshake for as long as it lives; their headers are the bulk.
        del parser.transport.request.headers, parser.transport.response.headers
        self._shaken_hands = True
        gate = transport.get_protocol()
        if isinstance(gate, Gate):  # a fresh parser for a peer that is not known yet
            gate.parser = parser
            return
        # uvloop keeps the last `data_received` that it saw, and with it the HTTP side (3 KB); picows has none.
        transport.set_protocol(_NOBODY)
        transport.set_protocol(parser)

    def guard(self, most: int) -> None:
        """Take `most` bytes in all until `Socket.admitted`; more of them close the socket."""
        parser = self._transport.get_protocol()
        self._transport.set_protocol(
            Gate(parser, most, lambda: self._socket.close(1009, "too much before the session is welcome"))
        )

    def feed(self, data: bytes) -> None:
        """Take bytes that came in together with the upgrade request."""
        parser = self._transport.get_protocol()
        if isinstance(parser, Gate):
            if not parser.took(len(data)):
                return
            parser = parser.parser
        if data and isinstance(parser, WSProtocol):
            # A change of parsers would be blind to what is still to be fed to this one.
            self._feeding = True
            _feed(parser, data)
            self._feeding = False

    # As picows' listener

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Join fragments, answer control frames, refuse what the protocol has no use for."""
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._socket.close(1002, "no extension was agreed on")
        elif self._socket.closing:
            pass
        elif kind == _TEXT and self._message is None and frame.fin:
            self._socket.text(frame.get_payload_as_bytes())
        elif kind in (_TEXT, _CONTINUATION):
            self._fragment(kind, frame)
        elif kind == _PING:
            self._socket.ping(frame.get_payload_as_bytes())
        elif kind == _CLOSE:
            self._socket.peer_closed(frame.get_payload_as_bytes())
        elif kind == _BINARY:
            self._socket.close(1003, "text frames only")
        if self._grown or frame.payload_size + frame.tail_size > _GROWN:
            self._renew(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        self._socket.lost()

    def pause_writing(self) -> None:
        """The write buffer is over the high-water mark."""
        self._socket.paused()

    def resume_writing(self) -> None:
        """The write buffer is at the low-water mark."""
        self._socket.resumed()

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

    def _renew(self, frame: WSFrame) -> None:
        """Let a fresh parser take over, now or as soon as nothing waits in this one's buffer, which has grown."""
        self._grown = True
        if frame.tail_size == 0 and not self._feeding and self._message is None and not self._socket.closing:
            Frames(self._socket, self._transport, self._limit)

    # As picows' transport

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """As the real transport, but for TLS, which is none of picows' business here."""
        return default if name == "ssl_object" else self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Never 0: picows would write to the file descriptor by itself."""
        return 1

    def write(self, data: bytes) -> None:
        """Take the close frame of a protocol error; the answer to the made-up handshake is dropped."""
        if self._shaken_hands:
            self._socket.failed(bytes(data))

    def close(self) -> None:
        """picows wants a peer gone that it has just sent a close frame; the socket sees to that."""
        self._socket.close(1002)

    def abort(self) -> None:
        """As `close`, in haste."""
        self._socket.abort()


def _feed(parser: Any, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        room = parser.get_buffer(-1)
        size = min(len(room), len(rest))
        room[:size] = rest[:size]
        parser.buffer_updated(size)
        rest = rest[size:]
