"""Where devices connect to: a server in this process, or one in a process of its own."""

from typing import Any, Protocol

import httpx2
from tests.support.link import Link, MemoryLink, OnFrame, SocketLink
from tests.support.process import ServerProcess

from chinwag.assembly import Server


class Place(Protocol):
    """A server, as devices reach it."""

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
        self._client = httpx2.AsyncClient(transport=transport, timeout=30)

    async def request(self, method: str, url: str, token: str, json: object, key: str | None) -> httpx2.Response:
        headers: dict[str, str] = {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if key is not None:
            headers["idempotency-key"] = key
        more: dict[str, Any] = {} if json is None else {"json": json}
        return await self._client.request(method, url, headers=headers, **more)

    async def close(self) -> None:
        await self._client.aclose()


class Sockets:
    """A server process, over loopback. Follows it to its new port when it starts again."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process
        self._http = _Http()

    async def request(
        self, method: str, path: str, *, token: str = "", json: object = None, key: str | None = None
    ) -> httpx2.Response:
        return await self._http.request(method, self.process.url + path, token, json, key)

    async def link(self, on_frame: OnFrame, *, small: bool = False) -> Link:
        return await SocketLink.open(self.process.url, on_frame, small=small)

    async def close(self) -> None:
        await self._http.close()


class InProcess:
    """A whole server in this process, reached without a network: frames by calls, HTTP by ASGI."""

    def __init__(self, server: Server) -> None:
        self.server = server
        app: Any = server.port._server.config.loaded_app
        self._http = _Http(httpx2.ASGITransport(app))

    async def request(
        self, method: str, path: str, *, token: str = "", json: object = None, key: str | None = None
    ) -> httpx2.Response:
        return await self._http.request(method, "http://memory" + path, token, json, key)

    async def link(self, on_frame: OnFrame, *, small: bool = False) -> Link:
        del small
        return MemoryLink.open(self.server._gateway, on_frame)

    async def close(self) -> None:
        await self._http.close()
