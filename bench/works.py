"""The works B1 to B6: what is set up, who does it, and which figures come of it.

A work that the floor can do is done by both in turns, and the middle one of the rounds counts: machines are noisy,
and the floor beside a figure is worth nothing if it was taken at another time.
"""

import statistics
from collections.abc import Callable
from pathlib import Path

import msgspec

import data
import processes
from chinwag.bench.figures import Outcome
from chinwag.bench.group import Group
from chinwag.bench.idle import Idle
from chinwag.bench.pages import PLACES, Pages
from chinwag.bench.pairs import Pairs
from chinwag.bench.peer import Login
from chinwag.bench.returning import Returning
from chinwag.domain.ids import ConversationId
from data import Person, nonce

PEOPLE = 200
GROUP = 100
IN_FLIGHT = 16
"""Unacked messages of one sender."""
IN_FLIGHT_GROUP = 8
IDLE = 15_000
AWAY = 1_000
"""Devices that come back at once."""
BEHIND = 1_000
MEMBERSHIPS = 2
"""Groups that each of those is in."""
STRETCH = 10
"""Messages in a row of one group, of those that wait for the devices that are away."""
HISTORY = 1_000_000

Say = Callable[[str], None]


class Result(msgspec.Struct, frozen=True):
    """One figure beside its floor. lower_bound: the generator may have been the limit."""

    id: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    note: str = ""
    lower_bound: bool = False


class Side(msgspec.Struct):
    """A server and who uses it."""

    name: str
    server: processes.Server
    logins: tuple[Login, ...]
    group: str


class Turn(msgspec.Struct, frozen=True):
    """One outcome, and the server's own time for it, in seconds."""

    outcome: Outcome
    busy: float


class Bench:
    """Runs works in `folder`, which it fills and whoever made it empties."""

    def __init__(self, folder: Path, rounds: int, scale: float, say: Say) -> None:
        self._folder = folder
        self._rounds = rounds
        self._scale = scale
        self._say = say
        self._generator = processes.Generator()

    def close(self) -> None:
        """End the generator."""
        self._generator.stop()

    # B1, B2, B3: Chinwag and the floor in turns

    async def chat(self, wanted: frozenset[str]) -> list[Result]:
        """B1, B2 and B3, those that are wanted."""
        folder = self._folder / "chat"
        people = await data.make_people(folder, PEOPLE)
        async with data.opened(folder) as book:
            group = (await book.group(people[:GROUP])).id
        chinwag = processes.start_chinwag(folder, self._folder / "chat.log")
        try:
            floor = processes.start_floor(self._folder / "floor", self._folder / "floor.log")
            try:
                sides = [
                    Side("floor", floor, tuple(Login(str(each), str(each)) for each in range(PEOPLE)), "all"),
                    Side("Chinwag", chinwag, data.logins(folder, people), group),
                ]
                results: list[Result] = []
                if "B1" in wanted:
                    results += self._b1(sides)
                if "B2" in wanted:
                    results += self._b2(sides)
                if "B3" in wanted:
                    results += self._b3(sides)
                return results
            finally:
                floor.stop()
        finally:
            chinwag.stop()

    def _b1(self, sides: list[Side]) -> list[Result]:
        def job(side: Side) -> Pairs:
            return Pairs(
                side.server.url,
                side.logins[:2],
                nonce(),
                both=True,
                warm_seconds=self._seconds(1),
                seconds=self._seconds(3),
            )

        taken = self._turns("B1 one to one, one at a time", sides, job, "acked_s")
        return [
            _beside("B1.p50_ms", "ms", taken, "p50_ms"),
            _beside("B1.p99_ms", "ms", taken, "p99_ms"),
        ]

    def _b2(self, sides: list[Side]) -> list[Result]:
        def job(side: Side) -> Pairs:
            return Pairs(
                side.server.url,
                side.logins,
                nonce(),
                in_flight=IN_FLIGHT,
                warm_seconds=self._seconds(1),
                seconds=self._seconds(5),
            )

        taken = self._turns(f"B2 {PEOPLE // 2} pairs, {IN_FLIGHT} in flight", sides, job, "acked_s")
        return [
            _beside("B2.messages_s", "/s", taken, "acked_s"),
            _beside("B2.delivered_s", "/s", taken, "delivered_s"),
            _beside("B2.p50_ms", "ms", taken, "p50_ms"),
            _beside("B2.p99_ms", "ms", taken, "p99_ms"),
        ]

    def _b3(self, sides: list[Side]) -> list[Result]:
        def job(side: Side, in_flight: int = IN_FLIGHT_GROUP, marks: bool = False) -> Group:
            return Group(
                side.server.url,
                side.logins[:GROUP],
                side.group,
                nonce(),
                in_flight=in_flight,
                marks=marks,
                warm_seconds=self._seconds(1),
                seconds=self._seconds(4),
            )

        taken = self._turns(f"B3 group of {GROUP}, {IN_FLIGHT_GROUP} in flight", sides, job, "deliveries_s")
        single = self._turns("B3 one at a time", sides, lambda side: job(side, 1), "deliveries_s")
        marked = self._turns("B3 with marks", sides[1:], lambda side: job(side, marks=True), "deliveries_s")
        marked["floor"] = taken["floor"]
        return [
            _beside("B3.deliveries_s", "/s", taken, "deliveries_s"),
            _beside("B3.p99_ms", "ms", taken, "p99_ms"),
            _beside("B3.deliveries_s_single", "/s", single, "deliveries_s"),
            _beside("B3.p99_ms_single", "ms", single, "p99_ms"),
            _beside("B3.deliveries_s_marks", "/s", marked, "deliveries_s", "floor: without marks"),
            _beside("B3.p99_ms_marks", "ms", marked, "p99_ms", "floor: without marks"),
        ]

    def _turns(
        self, title: str, sides: list[Side], job: Callable[[Side], Pairs | Group], rate: str
    ) -> dict[str, list[Turn]]:
        taken: dict[str, list[Turn]] = {side.name: [] for side in sides}
        for turn in range(self._rounds):
            for side in sides:
                work, before = job(side), side.server.busy
                outcome = self._generator.do(work)
                busy = side.server.busy - before
                _honest(title, side.name, outcome)
                taken[side.name].append(Turn(outcome, busy))
                units = outcome.figures[rate] * (work.seconds + work.warm_seconds)
                self._say(
                    f"{title}: {side.name} {turn + 1}/{self._rounds}: {outcome.figures[rate]:,.0f}/s, "
                    f"p50 {outcome.figures['p50_ms']} ms, p99 {outcome.figures['p99_ms']} ms, "
                    f"{busy / max(units, 1) * 1e6:.1f} us of the server's time each"
                )
        return taken

    # B4: idle sessions

    async def idle(self) -> list[Result]:
        """B4."""
        count = max(100, int(IDLE * self._scale))
        folder = self._folder / "idle"
        people = await data.make_people(folder, count)
        chinwag = processes.start_chinwag(folder, self._folder / "idle.log")
        taken = self._hold("Chinwag", chinwag, data.logins(folder, people))
        floor = processes.start_floor(self._folder / "idle-floor", self._folder / "idle-floor.log")
        bare = self._hold("floor", floor, tuple(Login(str(each), str(each)) for each in range(count)))
        kernel = f"{count:,} sessions; the kernel holds {taken.kernel / count / 1024:.1f} KB for each pair of sockets"
        return [
            _result("B4.bytes_per_connection", taken.memory / count, "B", bare.memory / count, note=kernel),
            _result(
                "B4.connects_s",
                taken.outcome.figures["connects_s"],
                "/s",
                bare.outcome.figures["connects_s"],
                lower=taken.outcome.lower_bound,
            ),
        ]

    def _hold(self, name: str, server: processes.Server, logins: tuple[Login, ...]) -> "Held":
        try:
            before, kernel = server.memory, _kernel_socket_bytes()
            self._generator.begin(Idle(server.url, logins, seconds=12 * self._scale))
            self._generator.held()
            memory, kernel = server.memory - before, _kernel_socket_bytes() - kernel
            outcome = self._generator.go()
        finally:
            server.stop()
        _honest("B4", name, outcome)
        self._say(
            f"B4 {len(logins):,} idle sessions: {name}: {memory / len(logins):,.0f} B each, "
            f"{outcome.figures['connects_s']:,.0f} connects/s"
        )
        return Held(outcome, memory, kernel)

    # B5: everybody comes back

    async def returning(self) -> list[Result]:
        """B5."""
        folder, behind = self._folder / "away", BEHIND
        devices = max(GROUP, int(AWAY * self._scale))
        people = await data.make_people(folder, devices + 4)
        away, chatting = people[:devices], people[devices:]
        self._say(f"B5: writing {behind} events for each of {devices} devices")
        async with data.opened(folder) as book:
            cursors = await self._fill_inboxes(book, away, behind)
        server = processes.start_chinwag(folder, self._folder / "away.log")
        try:
            url = server.url
            job = Returning(
                url,
                data.logins(folder, away, cursors),
                behind,
                data.logins(folder, chatting),
                nonce(),
                quiet_seconds=self._seconds(4),
            )
            outcome = self._generator.do(job)
        finally:
            server.stop()
        _honest("B5", "Chinwag", outcome)
        figures = outcome.figures
        self._say(f"B5: {figures['events_s']:,.0f} events/s, live p99 {figures['live_p99_ms']} ms")
        quiet, lower = figures["quiet_p99_ms"], outcome.lower_bound
        return [
            _result("B5.events_s", figures["events_s"], "/s", None, lower=lower),
            _result("B5.device_p99_ms", figures["device_p99_ms"], "ms", None, note="until a device has everything"),
            _result("B5.live_p99_ms", figures["live_p99_ms"], "ms", quiet, note="floor: the same before they return"),
        ]

    async def _fill_inboxes(self, book: data.Book, away: list[Person], behind: int) -> list[str]:
        """Everybody is in `MEMBERSHIPS` groups, which write until each inbox has `behind` more; the cursors."""
        count = len(away) * MEMBERSHIPS // GROUP
        starts = [index * len(away) // count for index in range(count)]
        groups = [[away[(start + step) % len(away)] for step in range(GROUP)] for start in starts]
        states = [await book.group(members) for members in groups]
        cursors = await book.cursors(away)
        for _ in range(behind // MEMBERSHIPS // STRETCH):
            for index, members in enumerate(groups):
                states[index] = await book.write(states[index], members[0], STRETCH)
        return cursors

    # B6: pages of a long history

    async def pages(self) -> list[Result]:
        """B6."""
        count, folder = max(50_000, int(HISTORY * self._scale)), self._folder / "history"
        people = await data.make_people(folder, 2)
        self._say(f"B6: writing a conversation of {count:,} messages")
        conversation = await self._history(folder, people, count)
        server = processes.start_chinwag(folder, self._folder / "history.log")
        try:
            login = data.logins(folder, people)[0]
            outcome = self._generator.do(Pages(server.host, server.port, login, conversation, count))
        finally:
            server.stop()
        _honest("B6", "Chinwag", outcome)
        figures = outcome.figures
        places = {place: figures[f"{place}_ms"] for place in PLACES}
        slowest = max(places, key=lambda place: places[place])
        told = ", ".join(f"{place} {value}" for place, value in places.items())
        note = f"{told}; whole round trip over HTTP; floor: a request that reads next to nothing"
        self._say(f"B6: {told} ms")
        return [_result("B6.page_ms", places[slowest], "ms", figures["nothing_ms"], note=note)]

    async def _history(self, folder: Path, people: list[Person], count: int) -> ConversationId:
        async with data.opened(folder) as book:
            return (await book.write(book.direct(*people), people[0], count)).id

    def _seconds(self, seconds: float) -> float:
        return max(0.3, seconds * self._scale)


class Held(msgspec.Struct, frozen=True):
    """What idle sessions cost, in bytes."""

    outcome: Outcome
    memory: int
    kernel: int


def _honest(title: str, side: str, outcome: Outcome) -> None:
    if outcome.faults:
        raise RuntimeError(f"{title}: {side} did wrong: {'; '.join(outcome.faults[:5])}")


def _beside(name: str, unit: str, taken: dict[str, list[Turn]], figure: str, note: str = "") -> Result:
    values = {side: statistics.median(turn.outcome.figures[figure] for turn in turns) for side, turns in taken.items()}
    lower = any(turn.outcome.lower_bound for turn in taken["Chinwag"])
    return _result(name, values["Chinwag"], unit, values["floor"], note, lower)


def _result(name: str, value: float, unit: str, floor: float | None, note: str = "", lower: bool = False) -> Result:
    ratio = round(value / floor, 3) if floor else None
    return Result(name, round(value, 3), unit, floor and round(floor, 3), ratio, note, lower)


def _kernel_socket_bytes() -> int:
    """Memory that the kernel holds for TCP sockets: their buffers and their structs."""
    pages = 0
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        fields = line.split()
        if fields[0] == "TCP:":
            pages = int(fields[fields.index("mem") + 1])
    return pages * 4096
