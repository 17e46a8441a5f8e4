"""The HTTP side of the port: uvicorn's protocol, with bounds on a request's head, and the way from it to a socket.

uvicorn's own upgrade drops what follows the request in the same segment, and would let a connection become a socket
while an earlier answer is still being written to it; so the upgrade is done here.

Where one request ends and the next begins must be the same to this server and to every proxy before it: else bytes
that one person sent as a body are read as a request, and its answer goes to whoever uses the proxy's connection next.
Hence the checks of heads, and no byte is read behind the last request of a connection.
"""

import asyncio
import base64
import binascii
import hashlib
import logging
import math
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeAlias

import httptools
import msgspec
from uvicorn import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from chinwag.roles.port.crowding import Crowding
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.frames import Frames, feed
from chinwag.roles.port.socket import Address, Listener, Socket
from chinwag.roles.port.sockets import Sockets
from chinwag.roles.port.wheel import Wheel
from chinwag.wire.errors import Code, Refused, problem

SOCKET_PATH: Final = "/v1/socket"
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_log = logging.getLogger(__name__)


class Upgrade(msgspec.Struct, frozen=True):
    """Who asks for a socket. Header names are in lower case; `remote` is the client's, also behind trusted proxies."""

    path: str
    headers: list[tuple[bytes, bytes]]
    remote: Address
    secure: bool

    def header(self, name: str) -> str | None:
        """The value of the last header of that name (in lower case), or None."""
        values = self.all(name)
        return values[-1].decode("latin-1") if values else None

    def all(self, name: str) -> list[bytes]:
        """The values of all headers of that name (in lower case)."""
        wanted = name.encode()
        return [value for key, value in self.headers if key == wanted]


ListenerFactory: TypeAlias = Callable[[Upgrade], Listener]
"""Makes the listener of a socket to be, or raises `Refused`, which is answered as HTTP knows it."""


class HttpLimits(msgspec.Struct, frozen=True):
    """What HTTP connections may take up. Sizes in bytes, times in seconds."""

    connections: int = 10_000
    """Connections speaking HTTP at one time; one more is answered 503."""
    head: int = 32 << 10
    """The request line and headers of a request that comes in pieces; a longer one is answered 431."""
    head_seconds: float = 10.0
    """How long a new connection, or a request once begun, may take to bring its whole head."""
    body_seconds: float = 30.0
    """How long a request may take, after its head, to bring its whole body; answered 408."""
    keep_alive_seconds: int = 20
    """How long a connection may stay without a request after an answer."""
    flush_seconds: float = 60.0
    """How long, after that, a peer may take to read an answer."""


class Door(Protocol):
    """What the HTTP side needs to know of its port."""

    http_limits: HttpLimits
    max_connections: int
    draining: bool
    sockets: Sockets
    heads: "Wheel[UpgradingHttp]"

    @property
    def forwarded(self) -> Forwarded:
        """Who a client is."""
        ...

    @property
    def crowding(self) -> Crowding:
        """How many connections it has."""
        ...

    @property
    def listener_factory(self) -> ListenerFactory:
        """Who takes the sockets."""
        ...

    def http_gone(self) -> None:
        """A connection ends to be an HTTP one."""
        ...


class UpgradingHttp(HttpToolsProtocol):
    """One HTTP connection, until it becomes a socket."""

    def __init__(
        self,
        door: Door,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn makes it, for the port `door`."""
        super().__init__(config, server_state, app_state, _loop)
        self._door = door
        self._in_head = True
        self._head_size = 0
        self._due = 0.0
        self._counted = False
        self._over = False
        """The last request of this connection is whole: what comes behind it is dropped unread."""
        self._fault: Refused | None = None
        self.slot = -1
        # uvicorn lets requests be parsed that come behind the last one.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=False)

    def deadline(self) -> float:
        """By when the head or the body must be whole, or what waits be read."""
        return self._due

    def give_up(self) -> None:
        """It was not in time."""
        unanswered = self.cycle is not None and not self.cycle.response_started and not self.pipeline
        if self._in_head or not unanswered or self.transport.is_closing():
            self.transport.abort()
        else:
            self._refuse(Refused(Code.IDLE, "the body of the request"))

    # asyncio's calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, unless there are too many."""
        # As uvicorn's own does, which makes a socket object to ask it for the addresses; the transport keeps that.
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.server = _address(transport, "sockname")
        self.client = _address(transport, "peername")
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        door = self._door
        self._expect(door.http_limits.head_seconds)
        if len(self.connections) > door.http_limits.connections:
            self._refuse(Refused(Code.OVERLOADED, retry_after=5))
        elif not door.forwarded.trusts(self._peer):
            try:
                door.crowding.enter(self._peer)
                self._counted = True
            except Refused as refusal:
                self._refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._door.heads.remove(self)
        self._discount()
        super().connection_lost(exc)
        self._door.http_gone()

    def data_received(self, data: bytes) -> None:
        """Parse; hand over to a socket, with all that came after the request."""
        if self._over or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        self._head_size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as end:
            self._left_off(data[end.args[0] :])
        except httptools.HttpParserError:
            if not self._over:
                self._reject(self._fault or Refused(Code.BAD_REQUEST, "this is not HTTP/1.1"))
        else:
            self._check_progress()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came: close. A peer that does not read what waits for it would keep a closing
        connection for ever."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self._expect(self._door.http_limits.flush_seconds)

    # httptools' calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """One more header. Those behind a chunked body are none: no proxy has looked at them."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._door.heads.remove(self)
        self._fault = _fault_of_head(self.parser.get_http_version(), self.headers)
        if self._fault is not None:
            raise self._fault
        if not self.parser.should_upgrade():  # else httptools leaves off here: see `_left_off`
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole; what follows is the head of the next."""
        self._in_head = True
        self._head_size = 0
        self._door.heads.remove(self)
        if not self.parser.should_upgrade():
            super().on_message_complete()
            self._over = not self.cycle.keep_alive

    # The request's answer

    def on_response_complete(self) -> None:
        """An answer is written. Who was not told to go on with a body may send it or not: nothing follows that."""
        if self.expect_100_continue and self.cycle.response_complete and self.cycle.more_body:
            self.transport.close()
        super().on_response_complete()

    # Slow and large heads, slow bodies

    def _expect(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._door.heads.add(self)

    def _check_progress(self) -> None:
        limits = self._door.http_limits
        if not self._in_head:
            if self.slot < 0:
                self._expect(limits.body_seconds)
        elif self._head_size > limits.head:
            self._reject(Refused(Code.TOO_LARGE, "the head of the request"), HTTPStatus(431))
        elif self._head_size and self.slot < 0:
            self._expect(limits.head_seconds)

    # Who it is

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def _discount(self) -> None:
        if self._counted:
            self._counted = False
            self._door.crowding.leave(self._peer)

    # From HTTP to a socket

    def _left_off(self, rest: bytes) -> None:
        """httptools has stopped behind a head that asks for another protocol, and takes what follows for that."""
        if self.parser.get_method() == b"CONNECT":
            self._reject(Refused(Code.BAD_REQUEST, "this is no proxy"))
        elif [value.strip().lower() for name, value in self.headers if name == b"upgrade"] == [b"websocket"]:
            self._upgrade(rest)
        else:
            self._stay(rest)

    def _stay(self, rest: bytes) -> None:
        """Answer a request as if it had not asked for another protocol (RFC 9110, 7.8), and close.

        Its body must be read by its own framing, which httptools does not do for such a head: so a new parser is
        shown the same head without that wish.
        """
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += (b"%b: %b" % pair for pair in self.headers if pair[0] not in (b"connection", b"upgrade"))
        self.parser = httptools.HttpRequestParser(self)
        self._in_head = True
        self.data_received(b"\r\n".join(lines) + b"\r\nconnection: close\r\n\r\n" + rest)

    def _upgrade(self, first: bytes) -> None:
        try:
            key = self._checked_key()
            remote = self._client_address()
            request = Upgrade(SOCKET_PATH, self.headers, remote, self.scheme == "https")
            listener = self._door.listener_factory(request)
            self._count_socket(remote[0])
        except Refused as refusal:
            self._refuse(refusal)
            return
        except Exception:
            _log.exception("a socket could not be accepted")
            self._refuse(Refused(Code.INTERNAL))
            return
        transport, sockets = self.transport, self._door.sockets
        self._leave()
        accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        transport.set_write_buffer_limits(sockets.limits.high_water, sockets.limits.low_water)
        socket = Socket(transport, listener, remote, sockets)
        Frames(socket, sockets.parsers, sockets.limits.message).take_over(transport, sockets.limits.early)
        socket.opened()
        feed(transport, first)

    def _client_address(self) -> Address:
        peer, port = self.client or ("", 0)
        given = (value.decode("latin-1") for name, value in self.headers if name == b"x-forwarded-for")
        client = self._door.forwarded.client(peer, given)
        return (peer, port) if client == peer else (client, port)

    def _count_socket(self, address: str) -> None:
        """From here on it is the socket that counts, which `Sockets` sees go."""
        if self._counted and address == self._peer:
            self._counted = False
        else:
            self._door.crowding.enter(address)
            self._discount()

    def _leave(self) -> None:
        """Drop what ties this object to itself: it goes at once, without the garbage collector."""
        self.connections.discard(self)
        self._door.http_gone()
        self.parser = None  # type: ignore[assignment]
        self.cycle = None  # type: ignore[assignment]

    def _checked_key(self) -> bytes:
        """The key of a proper opening handshake (RFC 6455, 4.2.1); anything else is `Refused`."""
        door, given = self._door, dict(self.headers)
        if b"content-length" in given or b"transfer-encoding" in given:
            raise Refused(Code.BAD_REQUEST, "a request for a socket has no body")
        if httptools.parse_url(self.url).path != SOCKET_PATH.encode():
            raise Refused(Code.NOT_FOUND)
        if self.parser.get_method() != b"GET":
            raise Refused(Code.METHOD_NOT_ALLOWED)
        if self.cycle is not None and not self.cycle.response_complete:
            raise Refused(Code.BAD_REQUEST, "an earlier request on this connection is not answered yet")
        if self.parser.get_http_version() != "1.1" or given.get(b"sec-websocket-version") != b"13":
            raise Refused(Code.UPGRADE_REQUIRED)
        key = given.get(b"sec-websocket-key", b"")
        try:
            whole = len(base64.b64decode(key, validate=True)) == 16
        except binascii.Error:
            whole = False
        if not whole:
            raise Refused(Code.BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base 64")
        if door.draining:
            raise Refused(Code.DRAIN, retry_after=1)
        if len(door.sockets) >= door.max_connections:
            raise Refused(Code.OVERLOADED, retry_after=5)
        return key

    def _reject(self, refusal: Refused, status: HTTPStatus | None = None) -> None:
        """Refuse what is no request, behind the answers that are still to come. No byte that follows is read."""
        self._over = True
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._refuse(refusal, status)
        elif not cycle.more_body:
            cycle.keep_alive = False
        elif self.pipeline or cycle.response_started:
            self.transport.abort()
        else:
            self._refuse(refusal, status)

    def _refuse(self, refusal: Refused, status: HTTPStatus | None = None) -> None:
        """Answer with the problem document, and close."""
        document = problem(refusal)
        status = status or HTTPStatus(document.status)
        document.status = status
        body = msgspec.json.encode(document)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        if refusal.retry_after is not None:
            headers.append((b"retry-after", str(math.ceil(refusal.retry_after)).encode()))
        if refusal.code is Code.UPGRADE_REQUIRED:
            headers += UPGRADE_HEADERS
        if refusal.code is Code.METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"GET"))
        lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        self.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + lines + b"\r\n" + body)
        self.transport.close()


def _fault_of_head(version: str, headers: list[tuple[bytes, bytes]]) -> Refused | None:
    """What is wrong with a head, beyond what httptools finds (RFC 9112, 3.2 and 6.1)."""
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if version not in ("1.0", "1.1"):
        return Refused(Code.BAD_REQUEST, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return Refused(Code.BAD_REQUEST, "a request has one Host header")
    if version == "1.0" and b"transfer-encoding" in names:
        return Refused(Code.BAD_REQUEST, "HTTP/1.0 knows no Transfer-Encoding")
    return None


def _address(transport: asyncio.Transport, end: str) -> Address | None:
    """Host and port of one end, None for a socket of the file system."""
    address = transport.get_extra_info(end)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None


UPGRADE_HEADERS: Final = [(b"upgrade", b"websocket"), (b"sec-websocket-version", b"13")]
"""What an answer of 426 names (RFC 9110, 15.5.22; RFC 6455, 4.4)."""
