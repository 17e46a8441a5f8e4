"""Which answers are compressed, and that what comes out is what went in."""

import asyncio
import gzip
import re
from typing import Any

import pytest
from tools.documents import openapi

from chinwag.roles.api.compress import ON_THE_LOOP, SECRET, Compress

JSON = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


def ask(
    pieces: list[bytes],
    *,
    accept: bytes = b"gzip, br",
    headers: list[tuple[bytes, bytes]] | None = None,
    path: str = "/v1/conversations",
    method: str = "GET",
) -> tuple[dict[bytes, bytes], bytes, int]:
    """Headers, the body as it went out, and in how many pieces."""
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        length = [(b"content-length", str(sum(map(len, pieces))).encode())] if len(pieces) == 1 else []
        await send({"type": "http.response.start", "status": 200, "headers": [*(headers or JSON), *length]})
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [(b"accept-encoding", accept)]}
    asyncio.run(Compress(app)(scope, None, send))
    return dict(sent[0]["headers"]), b"".join(one["body"] for one in sent[1:]), len(sent) - 1


@pytest.mark.parametrize("size", [1024, ON_THE_LOOP, ON_THE_LOOP + 1, 1 << 20])
def test_what_is_long_goes_out_smaller_and_whole(size: int) -> None:
    body = (b'{"id":"g~1","title":"Picnic"}' * (size // 20))[:size]
    headers, given, _ = ask([body])
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"content-length"] == str(len(given)).encode()
    assert headers[b"vary"] == b"accept-encoding"
    assert len(given) < size
    assert gzip.decompress(given) == body


@pytest.mark.parametrize("accept", [b"", b"br", b"identity", b"gzip;q=0", b"gzip; q=0.000", b"xgzip"])
def test_who_does_not_take_gzip_gets_none(accept: bytes) -> None:
    headers, given, _ = ask([b"x" * 5000], accept=accept)
    assert b"content-encoding" not in headers
    assert given == b"x" * 5000


def test_what_is_short_stays_as_it_is_and_caches_are_told_all_the_same() -> None:
    headers, given, _ = ask([b"x" * 1023])
    assert b"content-encoding" not in headers
    assert headers[b"vary"] == b"accept-encoding"
    assert given == b"x" * 1023


def test_streams_go_through_piece_by_piece() -> None:
    headers, given, pieces = ask([b"x" * 5000, b"y" * 5000])
    assert b"content-encoding" not in headers
    assert (given, pieces) == (b"x" * 5000 + b"y" * 5000, 2)
    headers, _, _ = ask([b"x" * 5000], headers=[(b"content-type", b"text/event-stream")])
    assert b"content-encoding" not in headers


def test_answers_with_secrets_are_never_compressed() -> None:
    secret = ("/v1/gateways", "/v1/gateways/", "//v1//gateways")
    for method, path in (("POST", "/v1/sessions"), ("POST", "/v1/accounts"), *(("GET", one) for one in secret)):
        headers, _, _ = ask([b"x" * 5000], method=method, path=path)
        assert b"content-encoding" not in headers


def test_every_get_whose_answer_holds_a_secret_is_known() -> None:
    document = openapi.document()
    schemas = document["components"]["schemas"]

    def fields(part: Any, seen: set[str]) -> set[str]:
        found: set[str] = set()
        if isinstance(part, dict):
            if (reference := part.get("$ref", "").rpartition("/")[2]) and reference not in seen:
                found |= fields(schemas[reference], seen | {reference}) if reference in schemas else set()
            found |= set(part.get("properties", {}))
            for value in part.values():
                found |= fields(value, seen)
        elif isinstance(part, list):
            for value in part:
                found |= fields(value, seen)
        return found

    secret = re.compile(r"token|ticket|secret|password(?!_m)|^code$")
    telling = {
        path
        for path, operations in document["paths"].items()
        if "get" in operations and any(map(secret.search, fields(operations["get"]["responses"].get("200", {}), set())))
    }
    assert telling == SECRET
