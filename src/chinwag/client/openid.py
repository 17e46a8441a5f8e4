"""Logging in by a provider, for a program on its user's own machine: a browser does the rest, and comes back to a port
that is open here for as long as that takes (RFC 8252, 7.3)."""

import asyncio
import hashlib
import secrets
from base64 import urlsafe_b64encode
from types import TracebackType
from typing import Final
from urllib.parse import parse_qs

from chinwag.client.errors import ApiError

WAIT_SECONDS: Final = 600.0
"""How long somebody may take in the browser: as long as the server waits."""
HEAD_MAX: Final = 16 * 1024
BODY_MAX: Final = 8 * 1024
REQUEST_SECONDS: Final = 10.0
CONNECTIONS: Final = 16
"""At once; one more is closed unheard."""

# What stands behind the # never leaves the browser by itself: the page hands it over, and to nobody but this program.
_SCRIPT: Final = (
    "const said = location.hash.slice(1); history.replaceState(null, '', '/');"
    "fetch('/done', {method: 'POST', body: said}).then(() => { document.body.textContent ="
    " said.includes('openid_code=') ? 'You are logged in. This page can be closed.'"
    " : 'That did not work. The terminal says why; this page can be closed.'; });"
)
_PAGE: Final = f"<!doctype html><meta charset=utf-8><title>Chinwag</title><body>One moment …<script>{_SCRIPT}</script>"


class Listener:
    """A port of this machine to which a browser comes back. `async with` opens and closes it."""

    def __init__(self) -> None:
        self.secret: Final = secrets.token_urlsafe(32)
        self.address = ""
        self._back: asyncio.Future[str] | None = None
        self._server: asyncio.Server | None = None
        self._open = 0

    @property
    def binding(self) -> str:
        """What the server is told of the secret at first."""
        return urlsafe_b64encode(hashlib.sha256(self.secret.encode()).digest()).rstrip(b"=").decode()

    async def __aenter__(self) -> "Listener":
        self._back = asyncio.get_running_loop().create_future()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_MAX)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    async def code(self) -> str:
        """The code that the browser has brought. Raises `ApiError` with what it has brought instead, and for nobody who
        came in time."""
        assert self._back is not None
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                said = parse_qs(await asyncio.shield(self._back))
        except TimeoutError:
            raise ApiError("openid_state", "Nobody came back from the provider in time.") from None
        if "openid_code" in said:
            return said["openid_code"][0]
        code, detail = (said.get(name, [""])[0] for name in ("openid_error", "openid_detail"))
        raise ApiError(code or "openid_failed", f"The log-in did not work: {detail or code or 'no reason given'}.")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= CONNECTIONS:
                async with asyncio.timeout(REQUEST_SECONDS):
                    await self._answer(reader, writer)
        except (TimeoutError, ConnectionError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever this was, it was no browser that came back
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, path = request.split()[:2]
        # A page of another site, by a name that leads here, is none of ours.
        ours = headers.get("host") == self.address.removeprefix("http://").rstrip("/")
        status, body = "404 Not Found", ""
        if ours and method == "GET" and path == "/":
            status, body = "200 OK", _PAGE
        elif ours and method == "POST" and path == "/done" and int(headers.get("content-length", "0")) <= BODY_MAX:
            self._take((await reader.readexactly(int(headers.get("content-length", "0")))).decode("ascii", "replace"))
            status = "200 OK"
        content = body.encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(content)}\r\n"
            f"Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n".encode()
            + content
        )
        await writer.drain()

    def _take(self, said: str) -> None:
        """The first that says anything of a log-in."""
        assert self._back is not None
        if not self._back.done() and ("openid_code=" in said or "openid_error=" in said):
            self._back.set_result(said)
