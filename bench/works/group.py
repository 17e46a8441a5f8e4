"""B3: one sender in a group of a hundred, everybody on a socket of their own; then one at a time; then with marks."""

from chinwag.load.group import Group
from course import Course
from data import nonce
from report import Result
from rounds import CHINWAG, FLOOR, Side, beside, turns
from works.chat import GROUP

IN_FLIGHT = 8
"""Messages that have not reached everybody yet."""
NO_MARKS = "floor: without marks"


def measure(course: Course, sides: list[Side]) -> list[Result]:
    """B3. The p99 is until the last of the others has a message."""

    def job(side: Side, in_flight: int = IN_FLIGHT, marks: bool = False) -> Group:
        return Group(
            side.server.url,
            side.logins[:GROUP],
            side.group,
            nonce(),
            in_flight=in_flight,
            marks=marks,
            warm_seconds=course.warm(0.5),  # twice: before the first message, and after it
            seconds=course.seconds(3),
        )

    chinwag = [side for side in sides if side.name == CHINWAG]
    taken = turns(course, f"B3 group of {GROUP}, {IN_FLIGHT} in flight", sides, job, "deliveries_s")
    single = turns(course, "B3 one at a time", sides, lambda side: job(side, 1), "deliveries_s")
    marked = turns(course, "B3 with marks", chinwag, lambda side: job(side, marks=True), "deliveries_s")
    marked[FLOOR] = taken[FLOOR]
    return [
        beside("B3.deliveries_s", "/s", taken, "deliveries_s", f"{IN_FLIGHT} in flight"),
        beside("B3.p99_ms", "ms", taken, "p99_ms", "to the last member"),
        beside("B3.deliveries_s_single", "/s", single, "deliveries_s", "one message at a time"),
        beside("B3.p99_ms_single", "ms", single, "p99_ms"),
        beside("B3.deliveries_s_marks", "/s", marked, "deliveries_s", NO_MARKS),
        beside("B3.p99_ms_marks", "ms", marked, "p99_ms", NO_MARKS),
    ]
