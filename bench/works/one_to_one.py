"""B1: two people write to each other, both one message at a time: send to delivered."""

from chinwag.load.pairs import Pairs
from course import Course
from data import nonce
from report import Result
from rounds import Side, beside, turns


def measure(course: Course, sides: list[Side]) -> list[Result]:
    """B1."""

    def job(side: Side) -> Pairs:
        return Pairs(
            side.server.url,
            side.logins[:2],
            nonce(),
            both=True,
            warm_seconds=course.warm(1),
            seconds=course.seconds(3),
        )

    taken = turns(course, "B1 one to one, one at a time", sides, job, "acked_s")
    return [
        beside("B1.p50_ms", "ms", taken, "p50_ms"),
        beside("B1.p99_ms", "ms", taken, "p99_ms"),
    ]
