"""The HTTP side of the port: uvicorn's protocol, with bounds on what a connection takes, and the way to a socket.

uvicorn's own upgrade drops what follows the request in the same segment, and would let a connection become a socket
while an earlier answer is still being written to it; so the upgrade is done here. No byte is read behind the last
request of a connection (see `heads.py` for why that matters).
"""

import asyncio
import time
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httptools
import structlog
from uvicorn import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from chinwag.domain.address import network_of
from chinwag.roles.port import heads
from chinwag.roles.port.door import Door
from chinwag.roles.port.frames import Frames, feed
from chinwag.roles.port.handshake import SOCKET_PATH, Upgrade, accepted, asks_for_socket, checked_key
from chinwag.roles.port.listener import Address, address_of
from chinwag.roles.port.refusal import refusal_bytes
from chinwag.roles.port.socket import Socket
from chinwag.roles.port.unread import LARGEST, OWNER
from chinwag.wire.errors import Code, Refused

SLICE: Final = 1024
"""Bytes that are parsed at a time. Where a request waits for its turn then, what follows is not parsed before that one
is answered: so much of a turn of the loop, and one answer, the requests of one connection take."""
CHUNKS: Final = 16
"""Bytes that a chunked body may say beside each one that it holds."""
_log = structlog.get_logger(__name__)


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
        self._came = 0
        self._held = 0
        """Bytes of the body as they came, and those that it holds: the rest are the sizes of chunks, and extensions."""
        self._marked = 0
        """Of what the body holds, how much was there when its time was last set."""
        self._due = 0.0
        self._counted = False
        self._unparsed = b""
        """What came behind a request that waits for its turn."""
        self._answering: RequestResponseCycle | None = None
        """The request that is being answered, or was last. `cycle` is the one that came last: it may wait behind."""
        self._over = False
        """The last request of this connection is whole: what comes behind it is dropped unread."""
        self._refused = False
        """The last answer is written and our stream has ended: the peer is waited for, not for long."""
        self._fault: Refused | None = None
        self.slot = -1
        # uvicorn lets requests be parsed that come behind the last one.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=False)

    def deadline(self) -> float:
        """By when the head or the body must be whole, or what waits be read."""
        return self._due

    def give_up(self) -> None:
        """It was not in time."""
        if not self._in_head and not self._refused and self.flow.read_paused and not self.pipeline:
            self._expect(self._door.http_limits.body_seconds)  # whoever sends is waiting for us
            return
        unanswered = self.cycle is not None and not self.cycle.response_started and not self.pipeline
        if self._refused or self._in_head or not unanswered or self.transport.is_closing():
            self.transport.abort()
        else:
            self._refuse(Refused(Code.IDLE, "the body of the request"))

    def drain(self) -> None:
        """The answer under way is the last of this connection, and says so if it has not begun."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
            self._over = self._over or self._in_head

    # asyncio's calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, unless there are too many."""
        # As uvicorn's own does, which makes a socket object to ask it for the addresses; the transport keeps that.
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.server = address_of(transport, "sockname")
        self.client = address_of(transport, "peername")
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        door = self._door
        self._expect(door.http_limits.head_seconds)
        if len(self.connections) > door.http_limits.connections:
            self._refuse(Refused(Code.OVERLOADED, retry_after=5), linger=False)
        elif not door.forwarded.trusts(self._peer):
            try:
                door.crowding.enter(self._peer)
                self._counted = True
            except Refused as refusal:
                self._refuse(refusal, linger=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._door.heads.remove(self)
        self._discount()
        self._unparsed = b""
        self._tell_gone()
        super().connection_lost(exc)
        self._door.http_gone()

    def data_received(self, data: bytes) -> None:
        """Parse, as far as it is this connection's turn."""
        if self._over or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if self._unparsed or self.pipeline:
            self._keep(data)
        elif len(data) <= SLICE:
            self._parse(data, b"")
        else:
            self._parse_slices(data)

    def timeout_keep_alive_handler(self) -> None:
        """No further request came: close. A peer that does not read what waits for it would keep a closing
        connection for ever."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self._expect(self._door.http_limits.flush_seconds)

    # uvicorn's call

    def shutdown(self) -> None:
        """Let what is under way end, and then the connection."""
        if self._refused:
            self.transport.close()
        else:
            super().shutdown()

    # httptools' calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """One more header. Those behind a chunked body are none: no proxy has looked at them."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._door.heads.remove(self)
        self._fault = heads.fault_of(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        if self._fault is None and self._door.draining:
            self._fault = Refused(Code.DRAIN, retry_after=1)
        if self._fault is not None:
            raise self._fault
        if not self.parser.should_upgrade():  # else httptools leaves off here: see `_left_off`
            super().on_headers_complete()
            if not self.pipeline:
                self._answering = self.cycle
            self.cycle.on_response = partial(self._answered, self.scope)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._held += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; what follows is the head of the next."""
        self._in_head = True
        self._head_size = self._came = self._held = self._marked = 0
        self._door.heads.remove(self)
        if not self.parser.should_upgrade():
            super().on_message_complete()
            self._over = not self.cycle.keep_alive

    # Parsing, and what is in its way: slow and large heads, slow bodies, requests that do not wait for their turn

    def _parse_slices(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            if self._over or self.transport.is_closing():
                return
            if self.pipeline:
                self._keep(data[start:])
                return
            if not self._parse(data[start : start + SLICE], data, start + SLICE):
                return

    def _parse(self, data: bytes, whole: bytes, end: int = 0) -> bool:
        """Parse `data`, behind which the bytes of `whole` from `end` on have come; False if those are not HTTP's."""
        self._head_size += len(data)
        self._came += 0 if self._in_head else len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            self._left_off(data[stop.args[0] :] + whole[end:])
            return False
        except httptools.HttpParserError:
            if not self._over:
                self._reject(self._fault or Refused(Code.BAD_REQUEST, "this is not HTTP/1.1"))
            return False
        self._check_progress()
        return True

    def _keep(self, data: bytes) -> None:
        self._unparsed += data
        self.flow.pause_reading()
        if len(self._unparsed) > self._door.http_limits.unparsed:
            self.transport.abort()

    def _go_on(self) -> None:
        """Parse what came behind a request that is answered now."""
        data, self._unparsed = self._unparsed, b""
        if data and not self.transport.is_closing():
            self.data_received(data)

    def _expect(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._door.heads.add(self)

    def _check_progress(self) -> None:
        limits = self._door.http_limits
        if not self._in_head:
            if self._came > limits.chunks + (1 + CHUNKS) * self._held:
                self._reject(Refused(Code.BAD_REQUEST, "the chunks say more than they hold"))
            elif self.slot < 0:
                self._expect(limits.body_seconds)
            elif self._held - self._marked >= limits.body_step:
                self._marked = self._held
                self._due = time.monotonic() + limits.body_seconds
        elif self._head_size > limits.head:
            self._reject(Refused(Code.TOO_LARGE, "the head of the request"), HTTPStatus(431))
        elif self._head_size and self.slot < 0:
            self._expect(limits.head_seconds)

    def _answered(self, scope: Any) -> None:
        """The answer to the request of `scope` is written."""
        if self.transport.get_write_buffer_size():
            self._door.unread.note(scope.get(OWNER) or network_of(self._peer), self.transport, scope.get(LARGEST, 0))
        if self.expect_100_continue and self.cycle.response_complete and self.cycle.more_body:
            # A client that was not told to go on with its body may send it or not: nothing can follow that.
            self.transport.close()
        if self.pipeline:
            self._answering = self.pipeline[-1][0]  # it is its turn
        self.on_response_complete()
        if self._unparsed and not self.pipeline:
            self.loop.call_soon(self._go_on)

    # Who it is

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def _discount(self) -> None:
        if self._counted:
            self._counted = False
            self._door.crowding.leave(self._peer)

    def _client_address(self) -> Address:
        peer, port = self.client or ("", 0)
        given = (value.decode("latin-1") for name, value in self.headers if name == b"x-forwarded-for")
        client = self._door.forwarded.client(peer, given)
        return (peer, port) if client == peer else (client, port)

    # From HTTP to a socket

    def _left_off(self, rest: bytes) -> None:
        """httptools has stopped behind a head that asks for another protocol, and takes what follows for that."""
        if self.parser.get_method() == b"CONNECT":
            self._reject(Refused(Code.BAD_REQUEST, "this is no proxy"))
        elif asks_for_socket(self.headers):
            self._upgrade(rest)
        else:
            self._stay(rest)

    def _stay(self, rest: bytes) -> None:
        """Answer a request as if it had not asked for another protocol (RFC 9110, 7.8), and close.

        Its body must be read by its own framing, which httptools does not do for such a head: so a new parser is
        shown the same head without that wish.
        """
        parser = self.parser
        head = heads.plain(parser.get_method(), self.url, parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self._in_head = True
        self._parse_slices(head + rest)

    def _upgrade(self, first: bytes) -> None:
        try:
            key = checked_key(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
            self._check_room()
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
        transport.write(accepted(key))
        transport.set_write_buffer_limits(sockets.limits.high_water, sockets.limits.low_water)
        socket = Socket(transport, listener, remote, sockets)
        Frames(socket, sockets.parsers, sockets.halves, sockets.limits.message).take_over(
            transport, sockets.limits.early
        )
        socket.opened()
        feed(transport, first)

    def _check_room(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            raise Refused(Code.BAD_REQUEST, "an earlier request on this connection is not answered yet")
        if len(self._door.sockets) >= self._door.max_connections:
            raise Refused(Code.OVERLOADED, retry_after=5)

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
        self._answering = None

    # Refusing

    def _reject(self, refusal: Refused, status: HTTPStatus | None = None) -> None:
        """Refuse what is no request, behind the answers that are still to come. No byte that follows is read."""
        self._over = True
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and not cycle.more_body):
            self._refuse(refusal, status)
        elif cycle.response_complete:
            self._end()  # a proxy would take a second answer for that to the next request
        elif not cycle.more_body:
            cycle.keep_alive = False
        elif self.pipeline or cycle.response_started:
            self.transport.abort()
        else:
            self._refuse(refusal, status)

    def _refuse(self, refusal: Refused, status: HTTPStatus | None = None, *, linger: bool = True) -> None:
        """Answer with the problem document, and close. linger: as for `_end`."""
        self._over = True
        self.pipeline.clear()
        self._tell_gone()
        self.transport.write(refusal_bytes(refusal, self.server_state.default_headers, status))
        self._end(linger=linger)

    def _tell_gone(self) -> None:
        """Nobody is there any more for the answer under way. uvicorn tells that to the request which came last."""
        cycle = self._answering
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _end(self, *, linger: bool = True) -> None:
        """Close behind what is written.

        linger: what is still under way is read and dropped, as closing with unread input would send a reset, and that
        can overtake the answer.
        """
        if linger and self.transport.can_write_eof():
            self._refused = True
            self.flow.resume_reading()
            self._expect(self._door.http_limits.linger_seconds)
            try:
                self.transport.write_eof()
            except OSError:  # it has gone already: asyncio's own loop says so here
                self.transport.abort()
        else:
            self.transport.close()
