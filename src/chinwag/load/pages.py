"""Pages of a long history: its newest, its middle, its oldest."""

import asyncio
import time
from typing import Final
from urllib.parse import quote

import msgspec

from chinwag.load.figures import Outcome, Stopwatch, milliseconds, quantile
from chinwag.load.peer import Faults, Item, Login, text_of

PAGE: Final = 50
PLACES: Final = ("newest", "middle", "oldest")
NOTHING: Final = "nothing"
"""No place in the history: the lightest request there is."""


class Pages(msgspec.Struct, frozen=True, tag="pages"):
    """Read `asked` pages at one place of a conversation of `messages`, whose texts are `text_of(conversation, number)`.

    turn: how often that place was read before, so that no page is read twice.
    """

    host: str
    port: int
    login: Login
    conversation: str
    messages: int
    place: str = PLACES[0]
    turn: int = 0
    asked: int = 100

    def at(self, place: str, turn: int) -> "Pages":
        """The same at another place, at another time."""
        return msgspec.structs.replace(self, place=place, turn=turn)

    def last(self, index: int) -> int:
        """The last number of page `index`."""
        shift = (self.turn * self.asked + index) * PAGE
        if self.place == "newest":
            return self.messages - shift
        if self.place == "middle":
            return self.messages // 2 + shift
        return PAGE + shift


class _Page(msgspec.Struct):
    events: list[Item]


_page: Final = msgspec.json.Decoder(_Page).decode


async def run(job: Pages) -> Outcome:
    """Ask for one page after the other over one connection; the round trips."""
    faults = Faults()
    trips: list[float] = []
    reader, writer = await asyncio.open_connection(job.host, job.port)
    watch = Stopwatch()
    for index in range(job.asked):
        last = job.last(index)
        query = (
            "cursor"
            if job.place == NOTHING
            else f"conversations/{quote(job.conversation)}/messages?before={last + 1}&limit={PAGE}"
        )
        request = f"GET /v1/{query} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {job.login.token}\r\n\r\n"
        began = time.perf_counter()
        writer.write(request.encode())
        answer = await _answer(reader)
        trips.append(time.perf_counter() - began)
        if job.place != NOTHING:
            _check(job, last, answer, faults)
    share = watch.share
    writer.close()
    figures = {"p50_ms": milliseconds(quantile(trips, 0.5)), "p99_ms": milliseconds(quantile(trips, 0.99))}
    return Outcome(figures, round(share, 2), tuple(faults.first))


def _check(job: Pages, last: int, answer: bytes, faults: Faults) -> None:
    events = _page(answer).events
    expected = [(number, text_of(job.conversation, number)) for number in range(last - PAGE + 1, last + 1)]
    if [(item.number, item.body.text if item.body else "") for item in events] != expected:
        faults.add(f"the {job.place} page up to {last} is wrong")


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise ConnectionError(head.splitlines()[0].decode())
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)
