"""B7: B2 with no messages stored, with a million and with ten million.

Each round starts from the same messages, in a copy of them, with a server just started. The three take turns.
"""

import shutil

import msgspec

from chinwag.load.pairs import Pairs
from chinwag.load.peer import Login
from course import Course
from report import Result, number, result
from rounds import CHINWAG, Side, Turn, limited, middle, turn
from stored import Sets
from works.many_pairs import pairs

WARM_SECONDS = 2.0
"""A server just started has caches to fill, and conversations to begin."""


def measure(course: Course, sets: Sets) -> list[Result]:
    """B7. `B7.slowdown` is how many times faster B2 is with none stored than with the most; 1 is flat."""
    if not sets.there:
        course.say("B7: writing the messages that are to be stored; they are kept for the next time")
    sets.prepare()
    taken: dict[int, list[Turn]] = {count: [] for count in sets.counts}
    folder = course.folder / "stored"
    for round_ in range(course.rounds):
        for count in sets.counts:
            logins = sets.copy(count, folder)
            title = f"B7 {count:,} stored, round {round_ + 1} of {course.rounds}"
            with course.chinwag(folder) as server:
                side = Side(CHINWAG, server, logins)
                taken[count].append(turn(course, title, side, _load(course, server.url, logins), "acked_s"))
            shutil.rmtree(folder)
    rates = {count: middle(turns, "acked_s") for count, turns in taken.items()}
    none, some, most = (rates[count] for count in sets.counts)
    lower = any(limited(turns) for turns in taken.values())
    told = ", ".join(f"{number(rates[count])}/s with {count:,}" for count in sets.counts)
    return [
        result("B7.slowdown", none / most, "times", note=f"{told} messages stored; 1.15 is allowed", lower=lower),
        result("B7.slowdown_1m", none / some, "times", note=f"with {sets.counts[1]:,} stored", lower=lower),
        *(
            result(f"B7.messages_s_{label}", rates[count], "/s", note=f"B2 with {count:,} stored", lower=lower)
            for label, count in zip(("none", "1m", "10m"), sets.counts, strict=True)
        ),
    ]


def _load(course: Course, url: str, logins: tuple[Login, ...]) -> Pairs:
    return msgspec.structs.replace(pairs(course, url, logins), warm_seconds=WARM_SECONDS)
