"""Chinwag and the floor in turns, and what the rounds come to.

Of each figure the middle one of its rounds counts, for each side by itself. Not all figures of the middle round by
rate: a p99 hangs on a few moments of a round, and that round's may have been bad ones.
"""

import statistics
from collections.abc import Callable, Sequence

import msgspec

from chinwag.load.figures import Outcome
from chinwag.load.group import Group
from chinwag.load.pairs import Pairs
from chinwag.load.peer import Login
from course import Course
from processes import Server
from report import Result, result

CHINWAG = "Chinwag"
FLOOR = "floor"


class Side(msgspec.Struct):
    """A server and who uses it."""

    name: str
    server: Server
    logins: tuple[Login, ...]
    group: str = ""


class Turn(msgspec.Struct, frozen=True):
    """One outcome, and the server's own time for it, in seconds."""

    outcome: Outcome
    busy: float


Taken = dict[str, list[Turn]]


def turns(course: Course, title: str, sides: Sequence[Side], job: Callable[[Side], Pairs | Group], rate: str) -> Taken:
    """Each side's outcomes, one a round, taken in turns. rate: the figure that counts what was done."""
    taken: Taken = {side.name: [] for side in sides}
    for round_ in range(course.rounds):
        for side in sides:
            taken[side.name].append(
                turn(course, f"{title}, round {round_ + 1} of {course.rounds}", side, job(side), rate)
            )
    return taken


def turn(course: Course, title: str, side: Side, job: Pairs | Group, rate: str) -> Turn:
    """One outcome, told as it comes."""
    before = side.server.busy
    outcome = course.do(title, side.name, job)
    busy, figures = side.server.busy - before, outcome.figures
    units = figures[rate] * (job.seconds + job.warm_seconds)
    course.say(
        f"{title}: {side.name} {figures[rate]:,.0f}/s, p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms, "
        f"{busy / max(units, 1) * 1e6:.1f} us of the server's time each, "
        f"generator {outcome.generator_share:.0%} of its core"
    )
    return Turn(outcome, busy)


def middle(rounds: Sequence[Turn], figure: str) -> float:
    """The middle one of a figure."""
    return statistics.median(each.outcome.figures[figure] for each in rounds)


def beside(name: str, unit: str, taken: Taken, figure: str, note: str = "") -> Result:
    """Chinwag's figure and the floor's."""
    return result(
        name,
        middle(taken[CHINWAG], figure),
        unit,
        middle(taken[FLOOR], figure),
        note,
        lower=limited(taken[CHINWAG]),
        floor_lower=limited(taken[FLOOR]),
    )


def limited(rounds: Sequence[Turn]) -> bool:
    """Whether the generator may have been the limit in any of them."""
    return any(each.outcome.lower_bound for each in rounds)
