"""The transports, each as a `Link`: the same frames in and out of a device, whatever carries them.

WebSocket carries frames as they are. Beside it what a device says goes out as POSTs, and what it hears comes as a
stream of server-sent events, by long polls or by short ones.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import httpx2
import msgspec
from tests.support.http_link import HEARTBEAT, Hear, HttpLink, Over, check
from tests.support.link import Link, OnFrame, SocketLink

from chinwag.wire.codec import encode, parse_cursor
from chinwag.wire.frames import Bye, Event, Reset
from chinwag.wire.sync import SyncPage

WAIT: Final = 25
"""Seconds that a long poll waits: as long as one may."""
PAUSE: Final = 0.05
"""Seconds between two short polls that brought nothing. It is the server that keeps pollers to their budget."""


class Transport(msgspec.Struct, frozen=True):
    """One way to be connected. signals: whether typing and presence come by themselves."""

    name: str
    title: str
    open: Callable[[str, OnFrame, bool], Awaitable[Link]]
    signals: bool


# Long and short polls


async def _poll(link: HttpLink, cursor: str | None, wait: int) -> None:
    welcome = False
    while True:
        after = {} if cursor is None else {"after": cursor}
        # The first asks only whether there is a way in: a session that is on says so at once.
        query = httpx2.QueryParams({**after, "wait": wait if welcome else 0})
        answer = await link.ask("GET", f"/v1/sync?{query}")
        check(answer)
        page = msgspec.json.decode(answer.content, type=SyncPage)
        end = parse_cursor(page.cursor)
        if not welcome:
            welcome = True
            link.begin(end)
        if page.reset is not None:
            link.frame(encode(Reset(page.reset, end.epoch, end.position)))
        for event in page.events:
            link.frame(encode(event))
        if page.events:
            assert page.events[-1].position == end.position, "a page ends where its cursor is"
        cursor = page.cursor
        if not page.events and not page.more and not wait:
            await asyncio.sleep(PAUSE)


async def long_poll(link: HttpLink, cursor: str | None) -> None:
    """Ask, wait, ask again."""
    await _poll(link, cursor, WAIT)


async def short_poll(link: HttpLink, cursor: str | None) -> None:
    """Ask from time to time."""
    await _poll(link, cursor, 0)


# Server-sent events


async def stream(link: HttpLink, cursor: str | None) -> None:
    """One stream, with heartbeats beside it."""
    beating = asyncio.create_task(_beat(link))
    try:
        await _stream(link, cursor)
    finally:
        beating.cancel()


async def _beat(link: HttpLink) -> None:
    with contextlib.suppress(httpx2.TransportError):  # the stream itself tells that the server is gone
        while True:
            await asyncio.sleep(HEARTBEAT)
            await link.ask("POST", "/v1/heartbeat")


async def _stream(link: HttpLink, cursor: str | None) -> None:
    begun = False
    async with link.answer("GET", "/v1/events", cursor=cursor) as answer:
        if not answer.is_success:
            await answer.aread()
            check(answer)
        async for kind, name, data in _server_sent(answer, link):
            if name is not None:
                at = parse_cursor(name)
                if not begun:
                    begun = True
                    link.begin(at)
                if kind == "event":
                    event = msgspec.json.decode(data, type=Event)
                    assert event.position == at.position, "the id of an event is the cursor after it"
            if kind == "bye":
                bye = msgspec.json.decode(data, type=Bye)
                raise Over(bye.code, bye.reconnect_after)
            if data:
                link.frame(data)


async def _server_sent(answer: httpx2.Response, link: HttpLink) -> AsyncIterator[tuple[str, str | None, bytes]]:
    """Type, id and data of what comes (WHATWG HTML, 9.2.6). The server ends its lines with LF alone."""
    rest = bytearray()
    async for chunk in answer.aiter_raw():
        await link.flowing()
        rest += chunk
        *blocks, last = bytes(rest).split(b"\n\n")
        rest = bytearray(last)
        for block in blocks:
            fields: dict[bytes, bytes] = {}
            for line in block.split(b"\n"):
                field, _, value = line.partition(b":")
                fields[field] = value.removeprefix(b" ")
            name = fields.get(b"id")
            kind, data = fields.get(b"event", b""), fields.get(b"data", b"")
            yield kind.decode(), name.decode() if name is not None else None, data


def _by(hear: Hear) -> Callable[[str, OnFrame, bool], Awaitable[Link]]:
    async def open_link(url: str, on_frame: OnFrame, small: bool) -> Link:
        return HttpLink(url, on_frame, hear, small=small)

    return open_link


async def _socket(url: str, on_frame: OnFrame, small: bool) -> Link:
    return await SocketLink.open(url, on_frame, small=small)


WEBSOCKET: Final = Transport("websocket", "WebSocket", _socket, signals=True)
SSE: Final = Transport("sse", "server-sent events and POST", _by(stream), signals=True)
LONG_POLL: Final = Transport("long-poll", "long polling", _by(long_poll), signals=False)
SHORT_POLL: Final = Transport("short-poll", "short polling", _by(short_poll), signals=False)
TRANSPORTS: Final = (WEBSOCKET, SSE, LONG_POLL, SHORT_POLL)
