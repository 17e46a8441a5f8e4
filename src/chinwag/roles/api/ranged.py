"""Answers with the bytes of a blob, or a range of them (RFC 9110, 14), written no faster than they are read."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final
from urllib.parse import quote

import msgspec
import structlog
from litestar import Response
from litestar.response.base import ASGIResponse

from chinwag.domain.media import clean_name

SHOWN: Final = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/gif",
        "image/avif",
        "video/mp4",
        "video/webm",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
    }
)
"""Types, as found in the content, that are shown in place. Everything else is a file to be saved."""
STUCK_SECONDS: Final = 60.0
"""How long one piece may wait to be written; then whoever reads has gone."""
_DIGITS: Final = 15
_log = structlog.get_logger(__name__)


class Served(msgspec.Struct, frozen=True):
    """What is answered with. tag: the entity tag, opaque. read: the bytes from a start to before an end. apart: media
    are on an origin of their own."""

    name: str
    media_type: str
    size: int
    tag: str
    read: Callable[[int, int], AsyncIterator[bytes]]
    apart: bool = False


class RangedAnswer(Response[bytes]):
    """The answer to a request with these headers."""

    def __init__(self, served: Served, headers: dict[str, str]) -> None:
        super().__init__(b"")
        self._served = served
        self._asked = headers

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """As the framework asks for it."""
        return _Ranged(self._served, self._asked)


class _Ranged(ASGIResponse):
    def __init__(self, served: Served, asked: dict[str, str]) -> None:
        super().__init__(body=b"")
        self._served = served
        self._asked = asked

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        served = self._served
        status, start, end = answer_to(served.size, served.tag, self._asked)
        headers = headers_of(served)
        if status == 206:
            headers["content-range"] = f"bytes {start}-{end - 1}/{served.size}"
        elif status == 416:
            headers["content-range"] = f"bytes */{served.size}"
        if status != 304:
            headers["content-length"] = str(end - start)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        left = 0 if scope["method"] == "HEAD" else end - start
        if left:
            pieces = served.read(start, end)
            try:
                async for piece in pieces:
                    left -= len(piece)
                    async with asyncio.timeout(STUCK_SECONDS):
                        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
                    if left <= 0:
                        return
            finally:
                await pieces.aclose()  # type: ignore[attr-defined]
            raise ConnectionError("the store has less than it said")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def headers_of(served: Served) -> dict[str, str]:
    """What every answer says: nothing in it may act as a page of ours, and nobody may keep it unasked."""
    shown = served.media_type in SHOWN
    return {
        "content-type": served.media_type if shown else "application/octet-stream",
        "content-disposition": disposition(served.name, shown=shown),
        "etag": served.tag,
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "cross-origin" if served.apart else "same-origin",
    }


def disposition(name: str, *, shown: bool) -> str:
    """`Content-Disposition` (RFC 6266) with a name as RFC 8187 writes it."""
    cleaned = clean_name(name)
    plain = "".join(one if one.isascii() and one not in '"\\%' else "_" for one in cleaned)
    kind = "inline" if shown else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(cleaned, safe='')}"


def answer_to(size: int, tag: str, asked: dict[str, str]) -> tuple[int, int, int]:
    """Status, and the bytes from a start to before an end: for a request's headers `range`, `if-range` and
    `if-none-match`. Of several ranges none is honoured, and the whole is answered with, as RFC 9110 allows."""
    if {tag, "*"}.intersection(one.strip().removeprefix("W/") for one in asked.get("if-none-match", "").split(",")):
        return 304, 0, 0
    ends = _range_of(asked.get("range", ""))
    if ends is None or asked.get("if-range", tag) != tag:
        return 200, 0, size
    first, last = ends
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return 200, 0, size
    else:
        start, end = max(0, size - int(last)), size
    return (206, start, end) if start < end else (416, 0, 0)


def _range_of(text: str) -> tuple[str, str] | None:
    """The two ends of a single range of bytes, of which one may be empty; None for anything else."""
    unit, _, ends = text.partition("=")
    first, dash, last = ends.partition("-")
    first, last = first.strip(), last.strip()
    fit = all(not one or (one.isascii() and one.isdecimal() and len(one) <= _DIGITS) for one in (first, last))
    return (first, last) if unit.strip().lower() == "bytes" and dash and fit and (first or last) else None
