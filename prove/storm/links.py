"""A device's connection, by each transport: the same frames in and out, whatever carries them."""

import asyncio
import socket
from typing import Final, Protocol

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from prove.storm.http_connection import Answer, HttpConnection, host_and_port

from chinwag.wire.codec import decode_server, encode
from chinwag.wire.conversations import Placed
from chinwag.wire.errors import Problem
from chinwag.wire.frames import Ack, Change, Error, Hello, Ping, Read, Received, Send, ServerFrame

SMALL_BUFFER: Final = 16 << 10
"""Bytes of a slow reader's receive buffer."""
CONNECT_SECONDS: Final = 20.0

ClientFrame = Send | Change | Read | Received | Ping


class Hearer(Protocol):
    """Whose connection it is."""

    @property
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
        """Read no more for now."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...

    def cut(self) -> None:
        """End it without a word."""
        ...


class SocketLink(WSListener):
    """A WebSocket."""

    def __init__(self, hearer: Hearer, cursor: str | None) -> None:
        self._hearer = hearer
        self._cursor = cursor
        self._transport: WSTransport | None = None
        self._over = False

    @classmethod
    async def open(cls, url: str, hearer: Hearer, cursor: str | None, *, small: bool) -> "SocketLink":
        """Connect and say hello. Raises OSError."""
        link = cls(hearer, cursor)

        async def connected(_: object) -> socket.socket:
            sock = socket.socket()
            sock.setblocking(False)
            if small:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            try:
                await asyncio.get_running_loop().sock_connect(sock, host_and_port(url))
            except BaseException:
                sock.close()
                raise
            return sock

        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await ws_connect(
                    lambda: link,
                    f"{url.replace('http', 'ws', 1)}/v1/socket",
                    socket_factory=connected,
                    enable_auto_pong=True,
                    proxy=None,
                    websocket_handshake_timeout=CONNECT_SECONDS,
                )
        except BaseException:
            link._over = True
            raise
        if link._transport is None:
            # The server died during the handshake, which picows takes for its end.
            link._over = True
            raise ConnectionError("no handshake")
        return link

    def send(self, frame: ClientFrame) -> None:
        """Write a frame."""
        if self._transport is not None and not self._over and not self._transport.is_disconnected:
            self._transport.send(WSMsgType.TEXT, encode(frame))

    def stall(self) -> None:
        """Read no more for now."""
        if self._transport is not None and not self._over:
            self._transport.underlying_transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None and not self._over:
            self._transport.underlying_transport.resume_reading()

    def cut(self) -> None:
        """End it without a word."""
        if self._transport is not None:
            self._transport.underlying_transport.abort()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """picows': it is open."""
        self._transport = transport
        hello = Hello(token=self._hearer.token, cursor=self._cursor, client="chinwag-prove")
        transport.send(WSMsgType.TEXT, encode(hello))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """picows': a frame came. Its bytes are copied, as events are kept."""
        if frame.msg_type == WSMsgType.TEXT:
            self._hearer.frame(self, decode_server(frame.get_payload_as_bytes()))
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """picows': it is gone."""
        if not self._over:
            self._over = True
            self._hearer.ended(self)


class Posts:
    """What a device says that has no socket: POSTs on one connection, several under way, answered as on a socket."""

    def __init__(self, connection: HttpConnection, link: Link, hearer: Hearer) -> None:
        self._connection = connection
        self._link = link
        self._hearer = hearer

    def send(self, frame: ClientFrame) -> None:
        """Write a frame as a request."""
        token, ask = self._hearer.token, self._connection.ask
        match frame:
            case Send():
                body = {"body": frame.body} | ({"after": frame.after} if frame.after is not None else {})
                path = f"/v1/conversations/{frame.conversation}/messages"
                ask("POST", path, token, lambda answer: self._answered(frame, answer), body=body, key=frame.id)
            case Change():
                path = f"/v1/conversations/{frame.conversation}/changes"
                change = {"change": frame.change}
                ask("POST", path, token, lambda answer: self._answered(frame, answer), body=change, key=frame.id)
            case Read():
                path = f"/v1/conversations/{frame.conversation}/read"
                ask("POST", path, token, _nothing, body={"number": frame.number})
            case Received():
                ask("POST", "/v1/received", token, _nothing, body={"position": frame.position})
            case Ping():
                ask("POST", "/v1/heartbeat", token, _nothing)

    def _answered(self, frame: Send | Change, answer: Answer | None) -> None:
        if answer is not None:
            self._hearer.frame(self._link, as_frame(frame.id, answer))


def as_frame(name: str, answer: Answer) -> Ack | Error:
    """An HTTP answer to the send or change `name`, as the frame that a socket would have brought."""
    if answer.status < 300:
        placed = msgspec.json.decode(answer.body, type=Placed)
        return Ack(name, placed.conversation, placed.number, placed.sent_at)  # type: ignore[arg-type]
    why = problem_of(answer)
    return Error(why.code, why.title, why.retryable, why.retry_after, name)  # type: ignore[arg-type]


def problem_of(answer: Answer) -> Problem:
    """Why a request was refused. What is no problem document counts as a mistake that a retry may help."""
    try:
        return msgspec.json.decode(answer.body, type=Problem)
    except msgspec.DecodeError:
        return Problem("", f"no problem document: {answer.body[:80]!r}", answer.status, "internal", retryable=True)


def _nothing(_: Answer | None) -> None:
    """No answer is waited for."""
