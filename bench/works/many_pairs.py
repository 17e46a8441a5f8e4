"""B2: a hundred pairs, one of each sends with sixteen unacked messages in flight."""

from collections.abc import Sequence

from chinwag.load.pairs import Pairs
from chinwag.load.peer import Login
from course import Course
from data import nonce
from report import Result
from rounds import Side, beside, turns

IN_FLIGHT = 16
"""Unacked messages of one sender."""


def pairs(course: Course, url: str, logins: Sequence[Login]) -> Pairs:
    """The load of B2."""
    return Pairs(
        url,
        tuple(logins),
        nonce(),
        in_flight=IN_FLIGHT,
        warm_seconds=course.warm(1),
        seconds=course.seconds(4),
    )


def measure(course: Course, sides: list[Side]) -> list[Result]:
    """B2."""
    title = f"B2 {len(sides[0].logins) // 2} pairs, {IN_FLIGHT} in flight"
    taken = turns(course, title, sides, lambda side: pairs(course, side.server.url, side.logins), "acked_s")
    return [
        beside("B2.messages_s", "/s", taken, "acked_s", "acked; the floor sends no copy to the sender"),
        beside("B2.delivered_s", "/s", taken, "delivered_s"),
        beside("B2.p50_ms", "ms", taken, "p50_ms"),
        beside("B2.p99_ms", "ms", taken, "p99_ms", "send to delivered"),
    ]
