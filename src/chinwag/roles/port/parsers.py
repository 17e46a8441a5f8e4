"""Where picows ends and Chinwag begins: parsers of WebSocket frames, shared by all connections of a port.

A parser costs 0.1 ms to make and 4 KB to keep, and between two frames nothing in it belongs to anybody. So whoever
has bytes uses the one that lies ready; only who is in the middle of a frame keeps it until the end of that. An idle
connection has none.

picows is used as a parser only. It takes a connection over by reading an upgrade request, so it is given a constant
one, long after the real handshake; and what it writes is dropped, but for the close frames of protocol errors.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, Final, Protocol, final

from picows.api import WSProtocol  # type: ignore[attr-defined]  # the inner class on which both of its ends stand
from picows.picows import WSAutoPingStrategy, WSFrame, WSListener, WSMsgType, WSTransport

_REQUEST: Final = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_READ_BUFFER: Final = 16 << 10
# picows' read buffer grows with what comes in and never shrinks. A parser with more room than this is not kept.
_GROWN: Final = 60 << 10
_CLOSE: Final = WSMsgType.CLOSE  # a member of an enumeration costs a look-up in two dictionaries
SPARES: Final = 8
"""Parsers that lie ready at most."""


class _PeersFaults(logging.LoggerAdapter[logging.Logger]):
    """picows logs each peer's protocol error as an error of ours; anyone could fill the disk with that.

    An adapter is also what keeps picows from making a logger for each parser.
    """

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs


_log: Final = _PeersFaults(logging.getLogger(__name__), {})


class Reader(Protocol):
    """Whose bytes are parsed."""

    def frame(self, frame: WSFrame) -> None:
        """One whole frame, valid until this returns."""
        ...

    def failed(self, close_frame: bytes) -> None:
        """The peer broke the protocol, as this close frame says. Nothing of this connection is parsed after it."""
        ...


class _NoSocket:
    """picows sets options of the socket and asks for them. They are set already."""

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *_: object) -> None: ...

    def getsockopt(self, *_: object) -> int:
        return 0


_NO_SOCKET: Final = _NoSocket()


class _Ear(WSListener):
    """What a parser reports to, and what it takes for its transport."""

    __slots__ = ("closed", "fault", "reader", "rest")

    def __init__(self) -> None:
        self.reader: Reader | None = None
        self.rest = 0
        """Bytes that are not part of a whole frame yet."""
        self.closed = False
        """A close frame went through: picows would hold the next one against its sender."""
        self.fault = b""
        """The close frame of a protocol error: picows looks a frame ahead, so one frame may still come before it."""

    # As picows' listener

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.rest = frame.tail_size
        if frame.msg_type == _CLOSE:
            self.closed = True
        if self.reader is not None:
            self.reader.frame(frame)

    # As picows' transport

    def get_extra_info(self, name: str, default: object = None) -> Any:
        return _NO_SOCKET if name == "socket" else default

    def get_write_buffer_size(self) -> int:
        """Never 0: picows would write to the file descriptor by itself."""
        return 1

    def write(self, data: bytes) -> None:
        """Take the close frame of a protocol error. The answer to the made-up handshake comes before any reader."""
        if self.reader is not None:
            self.closed = True
            self.fault = self.fault or bytes(data)

    def close(self) -> None:
        """picows wants a peer gone that it has just sent a close frame; the reader sees to that."""

    abort = close


@final
class Parser:
    """One parser. It knows its reader only while it parses, so nothing here ties itself into a knot."""

    __slots__ = ("_ear", "_inner")

    def __init__(self, message_limit: int) -> None:
        self._ear = ear = _Ear()
        self._inner = WSProtocol(
            None,  # host and path are a client's
            None,
            False,  # the server's side
            lambda _: ear,
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
        self._inner.connection_made(ear)
        room = self.room()
        room[: len(_REQUEST)] = _REQUEST
        self._inner.buffer_updated(len(_REQUEST))

    @property
    def whole(self) -> bool:
        """Whether nothing of a frame is in it."""
        return self._ear.rest == 0

    @property
    def fit(self) -> bool:
        """Whether it can serve another connection."""
        return self._ear.rest == 0 and not self._ear.closed and len(self.room()) <= _GROWN

    @property
    def size(self) -> int:
        """Bytes of its buffer, which has grown to what came."""
        return self._ear.rest + len(self.room())

    def room(self) -> memoryview:
        """Where the next bytes are to be put. Good until they are parsed."""
        return self._inner.get_buffer(-1)  # type: ignore[no-any-return]

    def parse(self, size: int, reader: Reader) -> None:
        """Tell `reader` the frames in `size` more bytes, which were put into `room`."""
        ear = self._ear
        ear.reader, ear.rest = reader, ear.rest + size
        try:
            self._inner.buffer_updated(size)
        finally:
            ear.reader = None
        if ear.fault:
            reader.failed(ear.fault)


@final
class Parsers:
    """The parsers of one port. A parser is used from `room` to `parse` without anything between, as the loop reads."""

    __slots__ = ("_message_limit", "_spare")

    def __init__(self, message_limit: int) -> None:
        """message_limit: the longest frame, in bytes."""
        self._message_limit = message_limit
        self._spare: list[Parser] = []

    def ready(self) -> Parser:
        """The one that lies ready."""
        if not self._spare:
            self._spare.append(Parser(self._message_limit))
        return self._spare[-1]

    def parse(self, own: Parser | None, size: int, reader: Reader) -> Parser | None:
        """Tell `reader` the frames in `size` bytes that were put into the room of its `own` parser, or the ready one's.

        Returns the parser that it must go on with; None if no frame is begun.
        """
        parser = own or self.ready()
        try:
            parser.parse(size, reader)
        except BaseException:
            # Half a frame may be in it: the next connection's bytes must not be read as that one's rest.
            if own is None:
                self._spare.remove(parser)
            raise
        if own is None and not parser.fit:
            self._spare.remove(parser)
        elif own is not None and parser.fit and len(self._spare) < SPARES:
            self._spare.append(parser)
        return None if parser.whole else parser
