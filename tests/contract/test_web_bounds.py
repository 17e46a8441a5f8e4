"""The Web's bounds as they are in production: how long an answer may take, and how long it may be."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chinwag.adapters.web import HttpWeb
from chinwag.ports.web import ANSWER_BYTES, ANSWER_SECONDS, AwayError

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"


class StoppedClock:
    """The running loop's time, which stands still until it is moved: nothing is late on a busy machine."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        patch.setattr(loop, "time", lambda: self._now)

    async def forward(self, seconds: float) -> None:
        """Move it, and let everything that is due then happen."""
        self._now += seconds
        for _ in range(200):
            await asyncio.sleep(0)


class Slow:
    """A server that says what it is told, part by part."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Slow"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        yield self
        for writer in self._writers:
            writer.close()
        server.close()

    async def say(self, part: bytes) -> None:
        (writer,) = self._writers
        writer.write(part)
        await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self._writers.append(writer)
        self.asked.set()


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    async with Slow().serving() as serving:
        yield serving


@pytest.fixture
async def web() -> AsyncIterator[HttpWeb]:
    made = HttpWeb()
    yield made
    await made.close()


def test_what_is_promised() -> None:
    assert (ANSWER_SECONDS, ANSWER_BYTES) == (5.0, 256 * 1024)


Ask = Callable[[HttpWeb, str], Any]


@pytest.mark.parametrize("ask", [HttpWeb.get, lambda web, url: web.post(url, {"a": "b"})], ids=["get", "post"])
async def test_who_never_answers_is_given_up_after_5_s(
    slow: Slow, web: HttpWeb, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    clock = StoppedClock(monkeypatch)
    asking = asyncio.create_task(ask(web, slow.url))
    await slow.asked.wait()
    await clock.forward(4.99)
    assert not asking.done()
    await clock.forward(0.02)
    assert asking.done()
    with pytest.raises(AwayError):
        await asking


async def test_who_answers_by_drops_is_given_up_after_5_s_in_all(
    slow: Slow, web: HttpWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part comes soon after the one before: only the whole is late."""
    clock = StoppedClock(monkeypatch)
    asking = asyncio.create_task(web.get(slow.url))
    await slow.asked.wait()
    await slow.say(HEAD + b"content-length: 100\r\n\r\n")
    for _ in range(4):
        await clock.forward(1.2)
        assert not asking.done()
        await slow.say(b"{")
    await clock.forward(0.3)
    assert asking.done()
    with pytest.raises(AwayError, match="5 s"):
        await asking


@pytest.mark.parametrize(
    ("length", "taken"), [(ANSWER_BYTES, True), (ANSWER_BYTES + 1, False)], ids=["as long as it may be", "longer"]
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_an_answer_has_256_kb_at_most(slow: Slow, web: HttpWeb, length: int, taken: bool, chunked: bool) -> None:
    asking = asyncio.create_task(web.get(slow.url))
    await slow.asked.wait()
    body = b"x" * length
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (length, body) if chunked else body
    length_said = b"transfer-encoding: chunked\r\n\r\n" if chunked else b"content-length: %d\r\n\r\n" % length
    await slow.say(HEAD + length_said + framed)
    if taken:
        assert (await asking).body == body
    else:
        with pytest.raises(AwayError, match="256 KB"):
            await asking
