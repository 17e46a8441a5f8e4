"""B4: fifteen thousand sessions that say nothing but that they are there."""

import asyncio
from pathlib import Path

import msgspec

import data
from chinwag.load.figures import Outcome
from chinwag.load.idle import Idle
from chinwag.load.peer import Login
from course import Course, honest
from processes import Server
from report import Result, result
from rounds import CHINWAG, FLOOR

SESSIONS = 15_000
LEAST = 100
HELD_SECONDS = 12.0
"""Two heartbeats of everybody before the memory is read."""


class Held(msgspec.Struct, frozen=True):
    """What idle sessions cost, in bytes each. kernel: of both ends, as both are on this machine."""

    outcome: Outcome
    memory: float
    kernel: float


def sessions(course: Course) -> int:
    """How many there will be."""
    return course.count(SESSIONS, LEAST)


def measure(course: Course) -> list[Result]:
    """B4: once each, as fifteen thousand samples are in it."""
    count, folder = sessions(course), course.folder / "idle"
    people = asyncio.run(data.make_people(folder, count))
    with course.chinwag(folder) as server:
        taken = _hold(course, CHINWAG, server, data.logins(folder, people))
    with course.floor("idle-floor") as server:
        bare = _hold(course, FLOOR, server, tuple(Login(str(each), str(each)) for each in range(count)))
    connects, other = taken.outcome, bare.outcome
    return [
        result("B4.bytes_per_connection", taken.memory, "B", bare.memory, f"{count:,} sessions, HTTP on the same port"),
        result("B4.kernel_bytes_per_connection", taken.kernel, "B", bare.kernel, "beside it; both ends, whole machine"),
        result(
            "B4.connects_s",
            connects.figures["connects_s"],
            "/s",
            other.figures["connects_s"],
            "socket, hello, welcome",
            lower=connects.lower_bound,
            floor_lower=other.lower_bound,
        ),
    ]


def _hold(course: Course, name: str, server: Server, logins: tuple[Login, ...]) -> Held:
    before, kernel = server.memory, _kernel_bytes()
    course.generator.begin(Idle(server.url, logins, seconds=course.seconds(HELD_SECONDS)))
    course.generator.held()
    memory, kernel = server.memory - before, _kernel_bytes() - kernel
    outcome = course.generator.go()
    honest("B4", name, outcome)
    held = Held(outcome, memory / len(logins), kernel / len(logins))
    course.say(
        f"B4 {len(logins):,} idle sessions: {name} {held.memory:,.0f} B each, {held.kernel:,.0f} B in the kernel, "
        f"{outcome.figures['connects_s']:,.0f} connects/s"
    )
    return held


def _kernel_bytes() -> int:
    """What the kernel holds in its own objects, sockets among them, and in the buffers of TCP."""
    slab = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("Slab:"))
    tcp = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:")).split()
    return (int(slab.split()[1]) << 10) + int(tcp[tcp.index("mem") + 1]) * 4096
