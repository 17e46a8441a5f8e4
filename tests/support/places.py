"""Where devices connect to: a server in this process, or one in a process of its own."""

from typing import Any, Protocol

import httpx2
from prove.protocol.socket import OnFrame
from tests.support.link import Link, MemoryLink
from tests.support.transports import WEBSOCKET, Transport

from chinwag.assembly import Server


class Listening(Protocol):
    """A server with an address."""

    @property
    def url(self) -> str:
        """Where it listens now."""
        ...


class AtHand:
    """A server in this process that listens as well."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.port.port}"


class Place(Protocol):
    """A server, as devices reach it.

    signals: whether typing and presence come by themselves. several: whether many processes answer here, so that one
    hears within a second (P10) what another has done. posted_later: whether what was acked is in inboxes only soon
    after, as on streams.
    """

    name: str
    signals: bool
    several: bool
    posted_later: bool

    async def request(
        self, method: str, path: str, *, token: str = "", json: object = None, key: str | None = None
    ) -> httpx2.Response:
        """One HTTP request; `key` is its Idempotency-Key."""
        ...

    async def link(self, on_frame: OnFrame, *, small: bool = False) -> Link:
        """A new connection for frames. small: one that holds little before its reader counts as slow."""
        ...

    async def close(self) -> None:
        """Let go of what was opened for requests."""
        ...


class _Http:
    """Requests over any transport."""

    def __init__(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._client = httpx2.AsyncClient(transport=transport, timeout=90)

    async def request(self, method: str, url: str, token: str, json: object, key: str | None) -> httpx2.Response:
        headers: dict[str, str] = {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if key is not None:
            headers["idempotency-key"] = key
        more: dict[str, Any] = {} if json is None else {"json": json}
        written = {name.encode(): value.encode() for name, value in headers.items()}  # a key is UTF-8
        return await self._client.request(method, url, headers=written, **more)

    async def close(self) -> None:
        await self._client.aclose()


class Sockets:
    """A server over loopback, by one transport. Follows it to its new port when it starts again."""

    def __init__(
        self,
        process: Listening,
        transport: Transport = WEBSOCKET,
        *,
        several: bool = False,
        posted_later: bool = False,
    ) -> None:
        self.process = process
        self.name = transport.name
        self.signals = transport.signals
        self.several = several
        self.posted_later = posted_later
        self._transport = transport
        self._http = _Http()

    async def request(
        self, method: str, path: str, *, token: str = "", json: object = None, key: str | None = None
    ) -> httpx2.Response:
        return await self._http.request(method, self.process.url + path, token, json, key)

    async def link(self, on_frame: OnFrame, *, small: bool = False) -> Link:
        return await self._transport.open(self.process.url, on_frame, small)

    async def close(self) -> None:
        await self._http.close()


class InProcess:
    """A whole server in this process, reached without a network: frames by calls, HTTP by ASGI."""

    name = "process"
    signals = True
    several = False
    posted_later = False

    def __init__(self, server: Server) -> None:
        self.server = server
        self._http = _Http(httpx2.ASGITransport(server.app))

    async def request(
        self, method: str, path: str, *, token: str = "", json: object = None, key: str | None = None
    ) -> httpx2.Response:
        return await self._http.request(method, "http://memory" + path, token, json, key)

    async def link(self, on_frame: OnFrame, *, small: bool = False) -> Link:
        del small
        return MemoryLink.open(self.server.gateway, on_frame)

    async def close(self) -> None:
        await self._http.close()
