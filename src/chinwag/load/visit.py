"""The works against a server that one knows only from outside: which, how large, and what comes of them."""

import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.load import chatting, group, idle, pairs, returning
from chinwag.load.figures import Outcome
from chinwag.load.guests import Guests

WORKS: Final = ("B1", "B2", "B3", "B4", "B5")
IN_FLIGHT: Final = 16
IN_FLIGHT_GROUP: Final = 8
GROUP_MOST: Final = 100
WARM_SECONDS: Final = 1.0
HELD_SECONDS: Final = 6.0

Say = Callable[[str], None]


class Plan(msgspec.Struct, frozen=True):
    """url: of the sockets. seconds: of each measurement. sessions: idle ones, shared out among the people."""

    url: str
    works: frozenset[str]
    seconds: float
    sessions: int


class Figure(msgspec.Struct, frozen=True):
    """One figure. lower_bound: this program may have been the limit. limited: the server's own limits were."""

    id: str
    value: float
    unit: str
    note: str = ""
    lower_bound: bool = False
    limited: bool = False
    generator_share: float = 0.0


class FaultyError(Exception):
    """The server did something wrong, so there is no figure; the message says what."""


class Visit:
    """One run with some guests, who are in already."""

    def __init__(self, plan: Plan, guests: Guests, say: Say) -> None:
        self._plan = plan
        self._guests = guests
        self._say = say
        self.figures: list[Figure] = []

    async def run(self) -> None:
        """Do what is planned, and note the figures as they come. Raises `FaultyError`, `ApiError` and OSError."""
        works = self._plan.works
        if "B1" in works:
            await self._one_to_one()
        if "B2" in works:
            await self._many_pairs()
        if works & {"B3", "B5"}:
            await self._group()
        if "B4" in works:
            await self._idle()

    async def _one_to_one(self) -> None:
        self._say(f"B1: two people write to each other for {self._plan.seconds:g} s")
        job = self._pairs(2, in_flight=1, both=True)
        outcome = _honest("B1", await pairs.run(job))
        self._add(outcome, "B1.p50_ms", "p50_ms", "ms", "send to delivered, one message at a time")
        self._add(outcome, "B1.p99_ms", "p99_ms", "ms")

    async def _many_pairs(self) -> None:
        count = len(self._guests.people) // 2
        self._say(f"B2: {count} pairs, {IN_FLIGHT} messages in flight each, for {self._plan.seconds:g} s")
        outcome = _honest("B2", await pairs.run(self._pairs(2 * count, in_flight=IN_FLIGHT, both=False)))
        self._add(outcome, "B2.messages_s", "acked_s", "/s", f"{count} pairs")
        self._add(outcome, "B2.p50_ms", "p50_ms", "ms")
        self._add(outcome, "B2.p99_ms", "p99_ms", "ms")

    async def _group(self) -> None:
        size = min(GROUP_MOST, len(self._guests.people))
        self._say(f"B3: one writes to a group of {size} for {self._plan.seconds:g} s")
        cursors = await self._guests.cursors()
        name, nonce = await self._guests.group(size), _nonce()
        job = group.Group(
            self._plan.url,
            self._guests.logins()[:size],
            name,
            nonce,
            in_flight=IN_FLIGHT_GROUP,
            limited=True,
            warm_seconds=WARM_SECONDS,
            seconds=self._plan.seconds,
        )
        outcome = _honest("B3", await group.run(job))
        if "B3" in self._plan.works:
            self._add(outcome, "B3.deliveries_s", "deliveries_s", "/s", f"a group of {size}")
            self._add(outcome, "B3.p99_ms", "p99_ms", "ms", "to the last member")
        if "B5" in self._plan.works:
            await self._returning(nonce, int(outcome.figures["sent"]), cursors[2:size])

    async def _returning(self, nonce: str, behind: int, cursors: list[str]) -> None:
        """All but two who chat come back to what the group has written."""
        logins = self._guests.logins()
        away = tuple(
            msgspec.structs.replace(login, cursor=cursor)
            for login, cursor in zip(logins[2 : 2 + len(cursors)], cursors, strict=True)
        )
        if not away:
            return
        self._say(f"B5: {len(away)} devices come back at once, {behind:,} messages behind")
        came: list[Outcome] = []

        async def come_back() -> None:
            came.append(_honest("B5", await returning.run(returning.Returning(self._plan.url, away, behind, nonce))))

        chat = chatting.Chatting(self._plan.url, logins[:2], _nonce(), limited=True)
        live = _honest("B5", await chatting.run(chat, come_back))
        self._add(came[0], "B5.events_s", "events_s", "/s", f"{len(away)} devices, {behind:,} messages each")
        self._add(live, "B5.live_p99_ms", "live_p99_ms", "ms", f"quiet: {live.figures['quiet_p99_ms']} ms")

    async def _idle(self) -> None:
        logins, count = self._guests.logins(), self._plan.sessions
        self._say(f"B4: {count:,} idle sessions for {HELD_SECONDS:g} s")
        shared = tuple(logins[index % len(logins)] for index in range(count))
        job = idle.Idle(self._plan.url, shared, seconds=HELD_SECONDS)
        outcome = _honest("B4", await idle.run(job, lambda: None))
        note = f"{count:,} sessions; their memory is seen on the server only"
        self._add(outcome, "B4.connects_s", "connects_s", "/s", note)

    def _pairs(self, people: int, *, in_flight: int, both: bool) -> pairs.Pairs:
        return pairs.Pairs(
            self._plan.url,
            self._guests.logins()[:people],
            _nonce(),
            in_flight=in_flight,
            both=both,
            limited=True,
            warm_seconds=WARM_SECONDS,
            seconds=self._plan.seconds,
        )

    def _add(self, outcome: Outcome, name: str, figure: str, unit: str, note: str = "") -> None:
        limited = outcome.refused > 0 and figure in {"acked_s", "deliveries_s"}
        if limited:
            note = f"{note}; held back by the server's limits, {outcome.refused:,} times"
        value, share = outcome.figures[figure], outcome.generator_share
        self.figures.append(Figure(name, value, unit, note, outcome.lower_bound, limited, share))


def _honest(title: str, outcome: Outcome) -> Outcome:
    if outcome.faults:
        raise FaultyError(f"{title}: the server did wrong, so there is no figure: {'; '.join(outcome.faults[:3])}")
    return outcome


def _nonce() -> str:
    return secrets.token_hex(4)
