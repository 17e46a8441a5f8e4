"""B5: a thousand devices come back at once, each a thousand events behind, while others chat on."""

import asyncio
import statistics
from pathlib import Path

import data
from chinwag.load.chatting import Chatting
from chinwag.load.figures import Outcome
from chinwag.load.returning import Returning
from course import Course, honest
from data import Book, Person, nonce
from report import Result, result
from rounds import CHINWAG
from works.chat import GROUP

DEVICES = 1_000
BEHIND = 1_000
MEMBERSHIPS = 2
"""Groups that each of the devices is in."""
STRETCH = 10
"""Messages in a row of one group."""
CHATTING = 4


def measure(course: Course) -> list[Result]:
    """B5. In each round the same devices come back with the same cursors.

    Who chats is in a process of its own, as people are elsewhere: in the one that takes in a million events a live
    message would wait for its reader, not for the server.
    """
    folder, devices = course.folder / "away", course.count(DEVICES, GROUP)
    course.say(f"B5: writing {BEHIND:,} events for each of {devices:,} devices")
    people, cursors = asyncio.run(_away(folder, devices))
    came, live = [], []
    with course.chinwag(folder) as server:
        for round_ in range(course.rounds):
            chat = Chatting(server.url, data.logins(folder, people[devices:]), nonce(), quiet_seconds=course.seconds(3))
            job = Returning(server.url, data.logins(folder, people[:devices], cursors), BEHIND)
            beside = course.beside()
            try:
                beside.begin(chat)
                beside.held()
                came.append(course.do("B5", CHINWAG, job))
                live.append(beside.go())
            finally:
                beside.stop()
            honest("B5", CHINWAG, live[-1])
            figures = came[-1].figures | live[-1].figures
            course.say(
                f"B5, round {round_ + 1} of {course.rounds}: {figures['events_s']:,.0f} events/s, "
                f"live p99 {figures['live_p99_ms']} ms beside {figures['quiet_p99_ms']} in quiet, "
                f"generator {came[-1].generator_share:.0%} of its core"
            )
    lower = any(outcome.lower_bound for outcome in came)

    def middle(outcomes: list[Outcome], figure: str) -> float:
        return statistics.median(outcome.figures[figure] for outcome in outcomes)

    quiet = "floor: the same before they return"
    return [
        result("B5.events_s", middle(came, "events_s"), "/s", lower=lower),
        result("B5.device_p99_ms", middle(came, "device_p99_ms"), "ms", note="until a device has everything"),
        result("B5.live_p99_ms", middle(live, "live_p99_ms"), "ms", middle(live, "quiet_p99_ms"), quiet),
    ]


async def _away(folder: Path, devices: int) -> tuple[list[Person], list[str]]:
    people = await data.make_people(folder, devices + CHATTING)
    async with data.opened(folder) as book:
        return people, await _fill(book, people[:devices])


async def _fill(book: Book, away: list[Person]) -> list[str]:
    """Everybody is in `MEMBERSHIPS` groups, which write until each inbox has `BEHIND` more; the cursors before."""
    count = len(away) * MEMBERSHIPS // GROUP
    starts = [index * len(away) // count for index in range(count)]
    groups = [[away[(start + step) % len(away)] for step in range(GROUP)] for start in starts]
    states = [await book.group(members) for members in groups]
    cursors = await book.cursors(away)
    for _ in range(BEHIND // MEMBERSHIPS // STRETCH):
        for index, members in enumerate(groups):
            states[index] = await book.write(states[index], members[0], STRETCH)
    return cursors
