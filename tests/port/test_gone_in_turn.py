"""A connection that ends while one of its requests is answered and others wait behind it."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from litestar import get
from litestar.response import Stream
from tests.port.house import House, Start

from chinwag.roles.port.http import UpgradingHttp

STREAM = b"GET /stream HTTP/1.1\r\nHost: l\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: l\r\n\r\n"
NEXT = b"GET /hi HTTP/1.1\r\nHost: l\r\n\r\n"


@pytest.fixture
async def lost(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when the port has noticed that a connection is gone."""
    noticed = asyncio.Event()
    lose = UpgradingHttp.connection_lost

    def connection_lost(http: UpgradingHttp, exc: Exception | None) -> None:
        lose(http, exc)
        noticed.set()

    monkeypatch.setattr(UpgradingHttp, "connection_lost", connection_lost)
    return noticed


@pytest.fixture
async def streamed(start: Start) -> "Streamed":
    return Streamed(await start())


class Streamed:
    """A house with a stream that says `here`, and then a little each turn until it is ended."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.over = asyncio.Event()

        @get("/stream")
        async def stream() -> Stream:
            return Stream(self._said(), media_type="text/plain")

        house.application.register(stream)

    async def _said(self) -> AsyncIterator[bytes]:
        try:
            yield b"here"
            while True:
                await asyncio.sleep(0)
                yield b"."
        finally:
            self.over.set()


async def all_end(house: House) -> None:
    """Let requests that are held go on, and wait until none is left."""
    under_way = tuple(house.port._server.server_state.tasks)
    assert under_way
    house.hold.set()
    await asyncio.wait(under_way)


@pytest.mark.parametrize(("before", "behind"), [(b"", b""), (b"", NEXT), (NEXT, NEXT)])
async def test_a_stream_ends_with_its_connection_whatever_waits_behind_it(
    streamed: Streamed, before: bytes, behind: bytes
) -> None:
    client = await streamed.house.connect()
    client.write(before + STREAM + behind)
    await client.reader.readuntil(b"here")
    client.writer.transport.abort()
    await streamed.over.wait()


async def test_an_answer_that_comes_too_late_is_no_mistake_of_the_application(
    house: House, lost: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    client = await house.connect()
    with caplog.at_level(logging.ERROR):
        client.write(NEXT + SLOW + NEXT)
        await house.held.wait()
        client.writer.transport.abort()
        await lost.wait()
        await all_end(house)
    assert not caplog.records


async def test_nor_is_one_for_whom_an_upgrade_was_refused_meanwhile(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    client = await house.connect()
    with caplog.at_level(logging.ERROR):
        client.write(SLOW + NEXT + client.upgrade())
        await house.held.wait()
        client.writer.write_eof()
        await all_end(house)
        answer = await client.reader.read()
    assert not caplog.records
    assert answer.count(b"HTTP/1.1") == 1
