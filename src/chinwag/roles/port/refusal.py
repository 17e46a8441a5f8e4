"""A refusal as the port itself answers it, without the application."""

import math
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from chinwag.roles.port.handshake import UPGRADE_HEADERS, Headers
from chinwag.wire.errors import Code, Refused, problem


def refusal_bytes(refusal: Refused, defaults: Sequence[tuple[bytes, bytes]], status: HTTPStatus | None = None) -> bytes:
    """The whole answer: the problem document, and that the connection ends. defaults: headers of every answer."""
    document = problem(refusal)
    status = status or HTTPStatus(document.status)
    document.status = status
    body = msgspec.json.encode(document)
    headers: Headers = [
        *defaults,
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
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + lines + b"\r\n" + body
