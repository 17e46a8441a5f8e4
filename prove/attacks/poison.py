"""A server that lies: a relay before a real one which puts what terminals act on into every text that it passes on."""

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from prove.attacks.raw import Raw

POISON: Final = "\x1b]0;yours\x07\x1b[2J\x1b[1;1Hroot# \x9b31m\r\x08\u202e\u2066\x00\x7f"
"""Sets a title, wipes the screen, moves the cursor, writes a prompt, returns, turns the order of letters."""
_FOR_PEOPLE: Final = frozenset(
    {"title", "detail", "name", "display_name", "about", "text", "message", "description", "version"}
)
_PASSED: Final[frozenset[str]] = frozenset(("authorization", "content-type", "idempotency-key"))
_BODY_MAX: Final = 1 << 20


def poisoned(value: Any, key: str = "") -> Any:
    """A JSON value whose texts for people hold the poison."""
    if isinstance(value, dict):
        return {name: poisoned(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, key) for inner in value]
    return f"{value}{POISON}" if isinstance(value, str) and key in _FOR_PEOPLE else value


class Liar:
    """The relay. garbage: it answers everything with this instead, and closes."""

    def __init__(self, url: str, garbage: bytes = b"") -> None:
        self._url = url
        self._garbage = garbage
        self._http = httpx2.AsyncClient(base_url=url, timeout=30)
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._http.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if self._garbage:
                writer.write(self._garbage)
            elif b"\r\nupgrade: websocket" in head.lower():
                await self._relay(head, reader, writer)
            else:
                writer.write(await self._answer(head, reader))
            await writer.drain()
        writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        """What the real server says, poisoned; one request a connection."""
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(min(int(headers.get("content-length", "0")), _BODY_MAX))
        passed = {name: value for name, value in headers.items() if name in _PASSED}
        answer = await self._http.request(method, path, headers=passed, content=body)
        kind = answer.headers.get("content-type", "")
        said = json.dumps(poisoned(answer.json())).encode() if "json" in kind else answer.content
        return (
            f"HTTP/1.1 {answer.status_code} {POISON[:8]}\r\nContent-Type: {kind}\r\n".encode("latin-1")
            + f"Content-Length: {len(said)}\r\nConnection: close\r\n\r\n".encode()
            + said
        )

    async def _relay(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        real = await Raw.open(self._url)
        real.write(head)
        writer.write(await real.head())

        async def upwards() -> None:
            while data := await reader.read(1 << 16):
                real.write(data)

        sending = asyncio.create_task(upwards())
        try:
            while True:
                opcode, payload = await real.frame()
                if opcode == 1:
                    payload = json.dumps(poisoned(json.loads(payload))).encode()
                writer.write(unmasked(opcode, payload))
                await writer.drain()
        finally:
            sending.cancel()
            real.cut()


def unmasked(opcode: int, payload: bytes) -> bytes:
    """A frame as servers send them."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
