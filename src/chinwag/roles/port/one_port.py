"""HTTP and WebSocket on one public port: uvicorn listens and speaks HTTP, picows parses the frames of sockets.

Both are used from within (see `http.py` and `parsers.py`), so their versions are pinned and
`tests/port/test_one_port.py` fails when an upgrade moves what this leans on.
"""

import asyncio
import socket as net
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from email.utils import formatdate
from functools import partial
from typing import Any, Final, TypeAlias, cast

import msgspec
import structlog
import uvicorn

from chinwag.roles.port.certificate import Certificate, tls_context
from chinwag.roles.port.crowding import Crowding
from chinwag.roles.port.door import HttpLimits, Slow
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.handshake import SOCKET_PATH, UPGRADE_HEADERS, ListenerFactory
from chinwag.roles.port.http import UpgradingHttp
from chinwag.roles.port.listener import Address, SocketLimits
from chinwag.roles.port.listening import BACKLOG, bind
from chinwag.roles.port.sockets import Sockets
from chinwag.roles.port.unread import LARGEST, Unread
from chinwag.roles.port.wheel import Wheel
from chinwag.wire.errors import Code, Refused, problem

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application; it must take part in the lifespan protocol."""

_SERVICE_RESTART: Final = 1012  # IANA's registry of WebSocket close codes
_APPLICATION_STOP_SECONDS: Final = 5.0
_CANCEL_SECONDS: Final = 1.0
"""How long requests that are cut may take to end."""
_log = structlog.get_logger(__name__)


class OnePort:
    """One listening port. HTTP requests go to `app`; a WebSocket at `/v1/socket` goes to a listener.

    It installs no signal handlers and touches no logging configuration: its caller owns both.
    """

    def __init__(
        self,
        app: Application,
        listener_factory: ListenerFactory,
        *,
        host: str = "127.0.0.1",
        port: int = 8420,
        certificate: Certificate | None = None,
        max_connections: int = 100_000,
        per_address: int = 2_000,
        socket_limits: SocketLimits | None = None,
        http_limits: HttpLimits | None = None,
        trusted_proxies: Sequence[str] = (),
        unread: Unread | None = None,
    ) -> None:
        """`port` 0 takes a free one; `max_connections` bounds the sockets, one more is answered 503 `overloaded`.

        `per_address` bounds the connections of one address, answered 429 `rate_limited`: of one client behind
        `trusted_proxies` (addresses or networks, whose X-Forwarded-For is believed) its sockets.
        """
        self.listener_factory: Final = listener_factory
        self.max_connections = max_connections
        self.http_limits = http_limits or HttpLimits()
        self.draining = False
        self._host = host
        self._asked_port = port
        self._addresses: list[Address] = []
        self._listening: list[net.socket] = []
        self._date_timer: asyncio.TimerHandle | None = None
        self._http_none = asyncio.Event()
        self.forwarded: Final = Forwarded(trusted_proxies)
        self.crowding: Final = Crowding(per_address)
        self.sockets = Sockets(socket_limits or SocketLimits(), _report, self.crowding)
        self.unread: Final = unread or Unread()
        self.heads = Wheel[Slow](_give_up, slots=16)
        self._certificate = certificate
        config = uvicorn.Config(
            partial(_route, self, app),
            interface="asgi3",
            http=cast("Any", partial(UpgradingHttp, self)),
            ws=cast("Any", UpgradingHttp),  # never made by uvicorn: its presence is what allows upgrades
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=self.http_limits.keep_alive_seconds,
            ssl_context_factory=(lambda *_: tls_context(certificate)) if certificate else None,
        )
        self._server = uvicorn.Server(config)

    @property
    def port(self) -> int:
        """The port that was bound; only after `start`."""
        return self._addresses[0][1]

    @property
    def addresses(self) -> list[Address]:
        """All that is listened on."""
        return list(self._addresses)

    def renew_certificate(self) -> None:
        """Read the files of the certificate anew, for connections that begin from now on. Raises `BadCertificate`."""
        context = self._server.config.ssl
        if context is not None and self._certificate is not None:
            tls_context(self._certificate)  # so that nothing half-read is put in the place of what works
            context.load_cert_chain(self._certificate.chain, self._certificate.key)

    async def start(self) -> None:
        """Bind, start `app`, accept.

        Raises `OSError` when the address cannot be had, `BadCertificate`, `RuntimeError` from `app`.
        """
        server = self._server
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        listening = await bind(self._host, self._asked_port)
        try:
            await server.startup(sockets=listening)
        except SystemExit:
            # uvicorn ends the process where an application does not start; here that is the caller's to decide.
            for each in listening:
                each.close()
            raise RuntimeError("the HTTP application did not start") from None
        self._listening = listening
        self._addresses = [each.getsockname()[:2] for each in listening]
        self._write_date()
        self.sockets.wheel.start()
        self.heads.start()

    def drain(self) -> None:
        """Stop accepting, connections and requests: say `bye` to the sockets after this, and then `stop`."""
        if not self.draining and self._addresses:
            self.draining = True
            for server in self._server.servers:
                server.close()
            for each in self._listening:
                each.close()
            for connection in tuple(self._server.server_state.connections):
                cast("UpgradingHttp", connection).drain()

    async def stop(self, grace_seconds: float) -> None:
        """Close all sockets with 1012, let HTTP requests end, stop `app`. Call it once; before `start` it does nothing.

        What is left after the grace is cut. Returns within the grace, and 5 s more if `app` hangs while it stops.
        """
        if not self._addresses:
            return
        self.drain()
        self.sockets.close_all(_SERVICE_RESTART, "the server restarts")
        await asyncio.gather(self._stop_sockets(grace_seconds), self._stop_http(grace_seconds))
        self.sockets.wheel.stop()
        self.heads.stop()
        if self._date_timer is not None:
            self._date_timer.cancel()

    def http_gone(self) -> None:
        """A connection is no longer an HTTP one."""
        if not self._server.server_state.connections:
            self._http_none.set()

    async def _stop_sockets(self, grace_seconds: float) -> None:
        try:
            async with asyncio.timeout(grace_seconds):
                await self.sockets.gone()
        except TimeoutError:
            self.sockets.abort_all()

    async def _stop_http(self, grace_seconds: float) -> None:
        state = self._server.server_state
        try:
            async with asyncio.timeout(grace_seconds):
                for connection in tuple(state.connections):
                    connection.shutdown()
                while state.connections:
                    self._http_none.clear()
                    await self._http_none.wait()
                await asyncio.gather(*state.tasks, return_exceptions=True)
        except TimeoutError:
            for connection in tuple(state.connections):
                connection.transport.abort()
            left = tuple(state.tasks)
            _log.warning("requests are cut", seconds=grace_seconds, requests=len(left))
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=_CANCEL_SECONDS)
        try:
            async with asyncio.timeout(_APPLICATION_STOP_SECONDS):
                await self._server.lifespan.shutdown()
        except TimeoutError:
            _log.error("the HTTP application did not stop in time")

    def _write_date(self) -> None:
        # RFC 9110, 6.6.1: an origin server with a clock sends the date.
        config = self._server.config
        self._server.server_state.default_headers = [
            (b"date", formatdate(time.time(), usegmt=True).encode()),
            *config.encoded_headers,
        ]
        self._date_timer = asyncio.get_running_loop().call_later(1.0, self._write_date)


async def _route(port: OnePort, app: Application, scope: Any, receive: _Receive, send: _Send) -> None:
    if scope["type"] == "http" and scope["path"] == SOCKET_PATH:
        await _upgrade_required(send)
        return
    try:
        await app(scope, receive, _to_who_is_there(scope, send) if scope["type"] == "http" else send)
    except asyncio.CancelledError:
        # Cut at the end of a stop: nobody is there to be answered, and it is no mistake that should be logged as one.
        if not port.draining:
            raise


def _to_who_is_there(scope: Any, send: _Send) -> _Send:
    """Answer nobody who has just gone: the loop refuses to write to such a connection before it tells of its end, and
    that is no mistake of ours, which anybody could fill the log with. Notes how long the pieces are."""

    async def told(message: _Message) -> None:
        scope[LARGEST] = max(scope.get(LARGEST, 0), len(message.get("body", b"")))
        try:
            await send(message)
        except RuntimeError as failure:
            if "closed" not in str(failure):
                raise

    return told


async def _upgrade_required(send: _Send) -> None:
    """Answer a request at the socket's address that does not ask for a socket."""
    body = msgspec.json.encode(problem(Refused(Code.UPGRADE_REQUIRED)))
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"Upgrade"),
        *UPGRADE_HEADERS,
    ]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _give_up(connection: Slow) -> None:
    connection.give_up()


def _report(failure: BaseException) -> None:
    _log.error("a socket's listener failed", exc_info=failure)
