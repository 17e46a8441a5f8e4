"""The transports, each as a `Link`: the same frames in and out of a device, whatever carries them.

WebSocket carries frames as they are. Beside it what a device says goes out as POSTs, and what it hears comes as a
stream of server-sent events, by long polls or by short ones.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import httpx2
import msgspec
from prove.protocol.hearing import HEARTBEAT, EventStream, frames_of
from prove.protocol.socket import OnFrame
from tests.support.http_link import Hear, HttpLink, Over, check
from tests.support.link import Link, SocketLink

from chinwag.wire.codec import encode
from chinwag.wire.frames import Bye
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
        query = httpx2.QueryParams({**after, "wait": wait if welcome else 0, "follow": link.follows})
        answer = await link.ask("GET", f"/v1/sync?{query}")
        check(answer)
        page = msgspec.json.decode(answer.content, type=SyncPage)
        for frame in frames_of(page, first=not welcome):
            link.frame(encode(frame))
        welcome = True
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
    heard = EventStream()
    async with link.answer("GET", f"/v1/events?follow={link.follows}", cursor=cursor) as answer:
        if not answer.is_success:
            await answer.aread()
            check(answer)
        async for chunk in answer.aiter_raw():
            await link.flowing()
            for frame in heard.feed(chunk):
                if isinstance(frame, Bye):
                    raise Over(frame.code, frame.reconnect_after)
                link.frame(encode(frame))


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
