"""What a hostile push host says is read little by little, however little of it is an answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpcore2
import pytest

from chinwag.adapters.outgoing.guarded import GuardedWeb
from chinwag.adapters.outgoing.slowly import BURST_BYTES, READ_BYTES, SECOND_BYTES, SlowStream

INTERIM: Final = b"HTTP/1.1 103 Early Hints\r\n\r\n"


class Flood(httpcore2.AsyncNetworkStream):
    """Says as much as is asked for, at once."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return bytes(max_bytes)


async def test_a_connection_says_so_much_in_a_second_and_little_at_a_time() -> None:
    now = 0.0

    async def passes(seconds: float) -> None:
        nonlocal now
        now += seconds

    stream = SlowStream(Flood(), lambda: now, passes)
    said = 0
    while now < 10.0:
        found = await stream.read(65_536)
        assert len(found) == READ_BYTES
        said += len(found)
    assert said <= BURST_BYTES + 10 * SECOND_BYTES + 2 * READ_BYTES
    assert said >= 10 * SECOND_BYTES


async def test_who_says_little_never_waits() -> None:
    async def never(seconds: float) -> None:
        pytest.fail(f"{seconds} s")

    stream = SlowStream(Flood(), lambda: 0.0, never)
    for _ in range(BURST_BYTES // 200):
        assert len(await stream.read(200)) == 200


@asynccontextmanager
async def flooding(interim: int) -> AsyncIterator[int]:
    """A server that says so many interim answers before each of its answers; its port."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(INTERIM * interim + b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_flood_of_interim_answers_is_taken_apart_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is read together is taken apart without letting anybody else in."""
    together: list[int] = []

    class Counted(SlowStream):
        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
            found = await super().read(max_bytes, timeout)
            together.append(found.count(b"HTTP/1.1 103"))
            return found

    monkeypatch.setattr("chinwag.adapters.outgoing.dialling.SlowStream", Counted)
    async with flooding(interim=3_000) as port:
        web = GuardedWeb(("*",), dangerous=True)
        answered = await web.post(f"http://127.0.0.1:{port}/x", b"x", {})
        await web.close()
    assert answered.status == 201
    assert max(together) <= READ_BYTES // len(INTERIM) + 1
    assert sum(together) > 2_900
