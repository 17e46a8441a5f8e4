"""Pages of a long history: its newest, its middle, its oldest."""

import asyncio
import time
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from chinwag.bench.figures import Outcome, Stopwatch, milliseconds, quantile
from chinwag.bench.peer import Faults, Item, Login, text_of

PAGE: Final = 50
PLACES: Final = ("newest", "middle", "oldest")


class Pages(msgspec.Struct, frozen=True, tag="pages"):
    """Read pages of a conversation of `messages`, whose texts are those of `text_of(conversation, number)`."""

    host: str
    port: int
    login: Login
    conversation: str
    messages: int
    rounds: int = 300


class _Page(msgspec.Struct):
    events: list[Item]


_page: Final = msgspec.json.Decoder(_Page).decode


async def run(job: Pages) -> Outcome:
    """Ask for each place in turn over one connection; the round trip of each, and that of the lightest request."""
    faults = Faults()
    trips: dict[str, list[float]] = {place: [] for place in (*PLACES, "nothing")}
    reader, writer = await asyncio.open_connection(job.host, job.port)
    watch = Stopwatch()
    for turn in range(job.rounds + 20):
        for place in (*PLACES, "nothing"):
            last = _last(job, place, turn)
            query = (
                "cursor"
                if place == "nothing"
                else f"conversations/{quote(job.conversation)}/messages?before={last + 1}"
            )
            request = f"GET /v1/{query} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {job.login.token}\r\n\r\n"
            began = time.perf_counter()
            writer.write(request.encode())
            answer = await _answer(reader)
            if turn >= 20:
                trips[place].append(time.perf_counter() - began)
            if place != "nothing":
                _check(job, place, last, answer, faults)
    share = watch.share
    writer.close()
    figures = {f"{place}_ms": milliseconds(quantile(trips[place], 0.5)) for place in trips}
    figures |= {f"{place}_p99_ms": milliseconds(quantile(trips[place], 0.99)) for place in trips}
    return Outcome(figures, round(share, 2), tuple(faults.first))


def _last(job: Pages, place: str, turn: int) -> int:
    """The last number of the page: another one each time, so that no page is read twice."""
    shift = turn * PAGE
    if place == "newest":
        return job.messages - shift
    if place == "middle":
        return job.messages // 2 + shift
    return PAGE + shift


def _check(job: Pages, place: str, last: int, answer: bytes, faults: Faults) -> None:
    events = _page(answer).events
    expected = [(number, text_of(job.conversation, number)) for number in range(last - PAGE + 1, last + 1)]
    if [(item.number, item.body.text if item.body else "") for item in events] != expected:
        faults.add(f"the {place} page up to {last} is wrong")


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise ConnectionError(head.splitlines()[0].decode())
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


def address(url: str) -> tuple[str, int]:
    """Host and port of a server's address."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80
