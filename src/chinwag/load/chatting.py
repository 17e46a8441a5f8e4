"""Pairs who chat on, one message at a time and at an easy pace, while something else goes on."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from chinwag.load.figures import Outcome, Stopwatch, milliseconds, quantile
from chinwag.load.pairs import LAST_SECONDS, Line, Pairs, begin, check, lines_of
from chinwag.load.peer import Faults, Login, connect, until

PAUSE_SECONDS = 0.005
"""Between an answer and the next message of its sender."""


class Chatting(msgspec.Struct, frozen=True, tag="chatting"):
    """`logins` two by two. quiet_seconds: how long nothing else goes on, first. limited: as in `Pairs`."""

    url: str
    logins: tuple[Login, ...]
    nonce: str
    quiet_seconds: float = 4.0
    limited: bool = False


async def run(job: Chatting, meanwhile: Callable[[], Awaitable[None]]) -> Outcome:
    """Delivery while nothing else goes on, then until `meanwhile` returns."""
    faults = Faults()
    chat = Pairs(job.url, job.logins, job.nonce, both=True, pause=PAUSE_SECONDS, limited=job.limited)
    people, lines = lines_of(chat, faults)
    await connect(job.url, people)
    await begin(lines, faults)
    await asyncio.sleep(1.0)
    firsts = _counts(lines)
    await asyncio.sleep(job.quiet_seconds)
    marks = _counts(lines)
    watch = Stopwatch()
    await meanwhile()
    share = watch.share
    # What was under way at the end felt it as well, and may be all there is.
    await until(lambda: all(now > mark for now, mark in zip(_counts(lines), marks, strict=True)), LAST_SECONDS)
    ends = _counts(lines)
    for line in lines:
        line.stopping = True
    await until(lambda: all(line.quiet for line in lines), LAST_SECONDS)
    for person in people:
        person.end()
    check(lines, faults)
    return Outcome(
        {
            "quiet_p99_ms": milliseconds(quantile(_between(lines, firsts, marks), 0.99)),
            "live_p99_ms": milliseconds(quantile(_between(lines, marks, ends), 0.99)),
        },
        round(share, 2),
        tuple(faults.first),
        refused=sum(line.patience.refused for line in lines),
    )


def _counts(lines: list[Line]) -> list[int]:
    return [len(line.latencies) for line in lines]


def _between(lines: list[Line], firsts: list[int], lasts: list[int]) -> list[float]:
    return [one for line, first, last in zip(lines, firsts, lasts, strict=True) for one in line.latencies[first:last]]
