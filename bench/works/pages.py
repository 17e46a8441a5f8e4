"""B6: pages of fifty from a conversation of a million messages: its newest, its middle, its oldest.

`B6.page_ms` is what a client waits: the middle of the whole round trips over HTTP at the slowest place, so an upper
bound of the time in the server. `B6.server_ms` is the processor time that the server spends on such a page, all its
threads together, from the request's first byte to the answer's last; it waits for no disk, as what was just written
is still in memory. `B6.places` is the slowest place over the quickest.
"""

import asyncio
import statistics
from pathlib import Path

import data
from chinwag.load.pages import NOTHING, PLACES, Pages
from course import Course
from data import Person
from processes import Server
from report import Result, result
from rounds import CHINWAG

MESSAGES = 1_000_000
LEAST = 50_000
ASKED = 100
"""Pages of one place in one round, no page twice."""
TURNS = 5
"""How often the places take turns; more would run out of pages that nobody has read."""


def measure(course: Course) -> list[Result]:
    """B6."""
    count, folder = course.count(MESSAGES, LEAST), course.folder / "history"
    people = asyncio.run(data.make_people(folder, 2))
    course.say(f"B6: writing a conversation of {count:,} messages")
    conversation = asyncio.run(_history(folder, people, count))
    trips: dict[str, list[float]] = {place: [] for place in (*PLACES, NOTHING)}
    spent: dict[str, list[float]] = {place: [] for place in trips}
    with course.chinwag(folder) as server:
        job = Pages(server.host, server.port, data.logins(folder, people)[0], conversation, count, asked=ASKED)
        for turn in range(TURNS):
            for place in trips:
                trip, busy = _ask(course, server, job.at(place, turn))
                trips[place].append(trip)
                spent[place].append(busy)
    trips_ms = {place: statistics.median(samples) for place, samples in trips.items()}
    server_ms = {place: statistics.median(samples) for place, samples in spent.items()}
    told = ", ".join(f"{place} {trips_ms[place]:.2f}" for place in PLACES)
    slowest, quickest = max(trips_ms[place] for place in PLACES), min(trips_ms[place] for place in PLACES)
    own = max(server_ms[place] for place in PLACES)
    course.say(f"B6: round trips {told} ms; the server's own {own:.2f} ms")
    note = f"whole round trip: {told}; floor: a request that reads next to nothing"
    return [
        result("B6.page_ms", slowest, "ms", trips_ms[NOTHING], note),
        result("B6.server_ms", own, "ms", server_ms[NOTHING], "the server's processor time; floor as above"),
        result("B6.places", slowest / quickest, "times", note="slowest place over quickest"),
    ]


def _ask(course: Course, server: Server, job: Pages) -> tuple[float, float]:
    """The round trip of a page and the server's own time for it, in milliseconds."""
    before = server.busy
    outcome = course.do("B6", CHINWAG, job)
    return outcome.figures["p50_ms"], (server.busy - before) * 1000 / job.asked


async def _history(folder: Path, people: list[Person], count: int) -> str:
    async with data.opened(folder) as book:
        return (await book.write(book.direct(*people), people[0], count)).id
