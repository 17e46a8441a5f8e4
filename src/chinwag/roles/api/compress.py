"""Answers in gzip, for clients that take it (RFC 9110, 8.4): a list of groups is mostly the same words again.

Only what a GET reads is compressed, and nothing that holds a secret: of an answer that holds both a secret and
something that a stranger chose, the length of the compressed form tells about the secret (the attack known as BREACH).
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from chinwag.roles.api.addresses import plain_path

_Message = MutableMapping[str, Any]
Send = Callable[[_Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application."""

SMALLEST: Final = 1024
"""Bytes; a shorter answer goes out as it is."""
ON_THE_LOOP: Final = 32 << 10
"""Bytes that are compressed at once, in about a millisecond; more goes to a thread, as others wait."""
LEVEL: Final = 5
"""Of gzip: beyond it, JSON gets hardly smaller and takes much longer."""
SECRET: Final = frozenset({"/v1/gateways"})
"""What holds a secret though it is asked for by GET."""
_TYPES: Final = (b"application/json", b"application/problem+json")


class Compress:
    """An ASGI application in front of `app`."""

    def __init__(self, app: Application) -> None:
        """Answers of `app` that come in one piece are compressed; streams go through."""
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Let the application answer, and write its answer smaller."""
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and plain_path(scope["path"]) not in SECRET
            and takes_gzip(scope)
        ):
            await self._app(scope, receive, _Answer(send))
        else:
            await self._app(scope, receive, send)


class _Answer:
    """Holds the head of an answer back until it is known whether its body comes in one piece."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._head: _Message | None = None

    async def __call__(self, message: _Message) -> None:
        if message["type"] == "http.response.start" and _may_shrink(message["headers"]):
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            body = message.get("body", b"")
            if not message.get("more_body", False):
                head["headers"] = [*head["headers"], (b"vary", b"accept-encoding")]
                if len(body) >= SMALLEST:
                    body = await _gzip(body)
                    head["headers"] = _shrunk(head["headers"], len(body))
                    message = {**message, "body": body}
            await self._send(head)
        await self._send(message)


def compressed(body: bytes) -> bytes:
    """`body` in gzip."""
    return gzip.compress(body, LEVEL, mtime=0)


async def _gzip(body: bytes) -> bytes:
    if len(body) <= ON_THE_LOOP:
        return compressed(body)
    return await asyncio.to_thread(compressed, body)


def takes_gzip(scope: Any) -> bool:
    """Whether the client of a request takes gzip (RFC 9110, 12.5.3)."""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            for part in value.lower().split(b","):
                coding, _, rest = part.partition(b";")
                if coding.strip() == b"gzip":
                    return rest.replace(b" ", b"").rstrip(b"0") not in {b"q=", b"q=0."}
    return False


def _may_shrink(headers: list[tuple[bytes, bytes]]) -> bool:
    given = dict(headers)
    return b"content-encoding" not in given and given.get(b"content-type", b"").startswith(_TYPES)


def _shrunk(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [pair for pair in headers if pair[0] != b"content-length"]
    return [*kept, (b"content-encoding", b"gzip"), (b"content-length", str(length).encode())]
