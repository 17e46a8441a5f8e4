"""A server of HTTP/2 and HTTP/1.1 behind TLS on loopback (hypercorn), for what apps' push services are played by."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from hypercorn.asyncio import serve
from hypercorn.config import Config
from tests.support.certificate import make_certificate

Asgi = Callable[[Mapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
BODY_BYTES: Final = 64 * 1024


class Request(msgspec.Struct, frozen=True):
    """One that arrived. headers: by their names in small letters."""

    version: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Response(msgspec.Struct, frozen=True):
    """What is answered."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}


Answer = Callable[[Request], Response]


@asynccontextmanager
async def http2_server(folder: Path, answer: Answer) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """Its origin, and what its certificate is held against. What `answer` raises is raised at the end."""
    wrong: list[BaseException] = []
    chain, private = make_certificate(folder)
    bound = socket.create_server(("127.0.0.1", 0))
    origin = f"https://127.0.0.1:{bound.getsockname()[1]}"
    config = Config()
    config.bind = [f"fd://{bound.detach()}"]
    config.certfile, config.keyfile = str(chain), str(private)
    config.alpn_protocols = ["h2", "http/1.1"]
    config.errorlog = config.accesslog = None
    config.graceful_timeout = 0.1
    over = asyncio.Event()

    async def app(
        scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (part := await receive())["type"] == "http.request":
            body += part["body"]
            assert len(body) <= BODY_BYTES
            if not part.get("more_body"):
                break
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            said = answer(Request(scope["http_version"], scope["method"], scope["raw_path"].decode(), headers, body))
        except BaseException as error:
            wrong.append(error)
            said = Response(418)
        content = (
            said.body if isinstance(said.body, bytes) else b"" if said.body is None else msgspec.json.encode(said.body)
        )
        lines = {"content-type": "application/json", "content-length": str(len(content))} | said.headers
        head = [(name.encode(), value.encode()) for name, value in lines.items()]
        await send({"type": "http.response.start", "status": said.status, "headers": head})
        await send({"type": "http.response.body", "body": content})

    serving = asyncio.create_task(serve(app, config, shutdown_trigger=over.wait))
    try:
        yield origin, ssl.create_default_context(cafile=str(chain))
        assert wrong == []
    finally:
        over.set()
        await serving
