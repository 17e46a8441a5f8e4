"""A device's connection, by each transport: the same frames in and out, whatever carries them."""

from functools import partial
from typing import Final, Protocol

from prove.protocol.requests import answer_to, request_of
from prove.protocol.socket import Socket
from prove.storm.http_connection import Answer, HttpConnection

from chinwag.wire.codec import decode_server, encode
from chinwag.wire.frames import FOLLOW, ClientFrame, Hello, ServerFrame
from chinwag.wire.values import ClientId

SMALL_BUFFER: Final = 16 << 10
"""Bytes of a slow reader's receive buffer."""


class Hearer(Protocol):
    """Whose connection it is."""

    def token(self) -> str: ...

    def frame(self, link: "Link", frame: ServerFrame) -> None:
        """Something came."""
        ...

    def ended(self, link: "Link") -> None:
        """The connection is gone; said once."""
        ...


class Link(Protocol):
    """An open connection."""

    def send(self, frame: ClientFrame) -> None:
        """Write a frame. Sends and changes are answered, one `Ack` or `Error` for each time they are written."""
        ...

    def stall(self) -> None:
        """Stop reading for now."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...

    def cut(self) -> None:
        """End it without a word."""
        ...


class SocketLink:
    """A WebSocket."""

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self._socket: Socket

    @classmethod
    async def open(cls, url: str, hearer: Hearer, cursor: str | None, *, small: bool) -> "SocketLink":
        """Connect and say hello. Raises OSError."""
        link = cls(hearer)
        link._socket = await Socket.open(
            url,
            lambda payload: hearer.frame(link, decode_server(payload)),
            lambda _: hearer.ended(link),
            receive_buffer=SMALL_BUFFER if small else 0,
        )
        link._socket.send(
            encode(Hello(token=hearer.token(), cursor=cursor, client="chinwag-prove", features=(FOLLOW,)))
        )
        return link

    def send(self, frame: ClientFrame) -> None:
        """Write a frame."""
        self._socket.send(encode(frame))

    def stall(self) -> None:
        """Stop reading for now."""
        self._socket.stall()

    def resume(self) -> None:
        """Read again."""
        self._socket.resume()

    def cut(self) -> None:
        """End it without a word."""
        self._socket.cut()


class Posts:
    """What a device says that has no socket: POSTs on one connection, several under way, answered as on a socket."""

    def __init__(self, connection: HttpConnection, link: Link, hearer: Hearer) -> None:
        self._connection = connection
        self._link = link
        self._hearer = hearer

    def send(self, frame: ClientFrame) -> None:
        """Write a frame as a request."""
        request = request_of(frame)
        key = request.key
        then = _nothing if key is None else partial(self._answered, key)
        self._connection.ask(request.method, request.path, self._hearer.token, then, body=request.body, key=key)

    def _answered(self, name: ClientId, answer: Answer | None) -> None:
        if answer is not None:
            self._hearer.frame(self._link, answer_to(name, answer.status, answer.body))


def _nothing(_: Answer | None) -> None:
    """No answer is waited for."""
