"""A storm from its first account to its last question. What it leaves is a record, for the checks, and a tally."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, Literal, Protocol, TypeVar

import msgspec
from prove.facts import Acked, ChangeTried, Keeps
from prove.record import Recorder
from prove.storm.account_changes import change_accounts
from prove.storm.changes import Groups, revoke
from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.storm.ending import come_to_rest, read_afresh, read_all
from prove.storm.loading import ask
from prove.storm.looks import Looks
from prove.storm.moods import beat, live
from prove.storm.outcome import TURNS
from prove.storm.people import Person
from prove.storm.plan import Plan, keeps
from prove.storm.probes import Probes
from prove.storm.tally import Tally
from prove.storm.tides import TIDAL, Sizes, Tides
from prove.storm.world import Stuck

from chinwag.wire.conversations import Placed
from chinwag.wire.values import AccountId, ConversationId, GroupSettings, direct_id

TURNS_SECONDS: Final = 240.0
"""Without enough switches of groups so long after the last trouble likewise."""
READING_SECONDS: Final = 120.0
LOADING: Final = 8
"""Devices that load at a time."""

Say = Callable[[str], None]
"""Takes a line of progress, for people."""


class Due(Protocol):
    """Something that is to be done `acks` acks after what was before it."""

    @property
    def acks(self) -> int: ...


class Beside(Protocol):
    """Somebody beside the crowd."""

    async def live(self) -> None:
        """Be there until the world is over."""
        ...

    async def rest(self) -> None:
        """See what has become of all, once it is."""
        ...

    async def close(self) -> None:
        """Be gone."""
        ...


Planned = TypeVar("Planned", bound=Due, contravariant=True)


class Hands(Protocol[Planned]):
    """Whoever starts the server, and does to it what is planned. last: what was done last, for people."""

    last: str

    async def begin(self, world: Crowd) -> None:
        """Start it, and say where it is."""
        ...

    async def make(self, planned: Planned) -> None:
        """Do it, and see the server come back."""
        ...

    async def end(self) -> None:
        """Leave no process behind."""
        ...


class Storm(Generic[Planned]):
    """One run of a plan against a server."""

    def __init__(
        self,
        plan: Plan,
        people: list[Person],
        hands: Hands[Planned],
        troubles: Sequence[Planned],
        recorder: Recorder,
        say: Say,
        sizes: Sizes | None = None,
    ) -> None:
        """people: one for each device of the plan. sizes: of large groups, if the first two of the plan may be such."""
        self._plan = plan
        self._say = say
        self._hands = hands
        self._troubles = troubles
        self.world = Crowd(recorder, plan.seed)
        self.world.devices = [
            Device(self.world, planned, person.account, person.device, person.token)
            for planned, person in zip(plan.devices, people, strict=True)
        ]
        self._accounts: list[AccountId] = list(dict.fromkeys(person.account for person in people))
        self._began = time.monotonic()
        self.enough = math.inf
        """Seconds after the beginning from which nothing planned is begun any more."""
        self.left = 0
        """How much of what was planned was not begun for that."""
        self._sizes = sizes
        self._tides: Tides | None = None
        self.beside: list[Beside] = []
        """Who else is there, and does things of its own."""

    @property
    def tally(self) -> Tally:
        """What was counted so far."""
        return self.world.tally

    async def run(self) -> None:
        """All of it. Raises Stuck when something does not happen that must, with what it was."""
        world = self.world
        try:
            for number, account in enumerate(self._accounts):
                if keeps(number):
                    world.write(Keeps(account))
            await self._hands.begin(world)
            sizes = await self._begin_groups()
            await self._begin_devices(sizes)
            living = [asyncio.create_task(one.live()) for one in self.beside]
            try:
                await self._blow_and_rest()
                await asyncio.gather(*living)
                await asyncio.gather(*(one.rest() for one in self.beside))
            finally:
                for task in living:
                    task.cancel()
                await asyncio.gather(*living, return_exceptions=True)
            self._say(f"reading afresh, {self._seconds():.0f} s after the start")
            await read_afresh(world)
        finally:
            await asyncio.gather(*(one.close() for one in self.beside))
            await world.close()
            await self._hands.end()

    async def _blow_and_rest(self) -> None:
        try:
            await self._blow()
            if self._tides is not None:
                turns = self.world.tally.turns
                await self.world.until(lambda: len(turns) >= TURNS, f"{TURNS} switches of groups", TURNS_SECONDS)
            self._say("quiet: everything is answered, everybody catches up")
            await come_to_rest(self.world, self._tides)
        except (Stuck, TimeoutError):
            # It has failed; what can be read all the same tells more than that something never came.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(READING_SECONDS):
                    await read_all(self.world)
            raise

    async def _begin_groups(self) -> dict[ConversationId, int]:
        sizes: dict[ConversationId, int] = {}
        for turn, members in enumerate(self._plan.groups):
            owner = next(one for one in self.world.devices if one.account == self._accounts[members[0]])
            accounts = tuple(self._accounts[number] for number in members)
            # Every second one shows newcomers nothing that was said before they came.
            history: Literal["all", "joined"] = "joined" if turn % 2 else "all"
            settings = GroupSettings(history, large=self._sizes is not None and turn < TIDAL)
            name = await self._begin_group(owner, f"group-{turn}", accounts, settings)
            sizes[name] = len(accounts)
        return sizes

    async def _begin_group(
        self, owner: Device, key: str, accounts: tuple[AccountId, ...], settings: GroupSettings
    ) -> ConversationId:
        world = self.world
        nowhere = ConversationId("")
        world.write(ChangeTried(owner.id, owner.account, nowhere, key, "created", accounts, world.now()))
        body = {"title": key, "members": accounts[1:], "settings": settings}
        answer = await ask(world, "POST", "/v1/conversations", owner.token, body=body, key=key)
        if answer.status != 201:
            raise Stuck(f"no group could be made: {answer.status} {answer.body.decode(errors='replace')}")
        placed = msgspec.json.decode(answer.body, type=Placed)
        fact = Acked(owner.id, placed.conversation, key, placed.number, placed.sent_at, 0, world.now())
        world.write(fact)
        return placed.conversation

    async def _begin_devices(self, sizes: dict[ConversationId, int]) -> None:
        world = self.world
        for one, other in self._plan.pairs:
            pair = self._accounts[one], self._accounts[other]
            for device in world.devices:
                if device.account in pair:
                    device.outbox.directs.append(direct_id(*pair))
        waiting = iter(world.devices)

        async def some() -> None:
            for device in waiting:
                await device.load()

        await asyncio.gather(*(some() for _ in range(LOADING)))
        looks = Looks(world)
        probes = Probes(world, looks)
        for device in world.devices:
            probes.watch(device)
            world.spawn(device.run())
            world.spawn(live(device))
        world.spawn(beat(world.devices))
        world.spawn(probes.marks())
        world.spawn(looks.all_around())
        world.spawn(change_accounts(world))
        world.spawn(Groups(world, sizes, self._accounts).change())
        if self._sizes is not None:
            self._tides = Tides(world, self._sizes, sizes)
            world.spawn(self._tides.flow())

    async def _blow(self) -> None:
        """One trouble after the other, each after enough acks; revocations spread evenly between them."""
        world, troubles = self.world, self._troubles
        doomed = [device for device in world.devices if device.plan.doomed]
        every = max(1, len(troubles) // max(1, len(doomed)))
        for turn, trouble in enumerate(troubles):
            if self._seconds() >= self.enough:
                self.left = len(troubles) - turn
                self._say(f"{self.left} of {len(troubles)} are left out: {self._seconds():.0f} s are over")
                return
            if turn % every == every // 2 and doomed:
                victim = doomed.pop()
                by = next(one for one in world.devices if one.account == victim.account and not one.plan.doomed)
                await revoke(world, victim, by)
            wanted = world.tally.acked + trouble.acks
            await self._acks(wanted)
            await self._hands.make(trouble)
            self._say(f"{turn + 1}/{len(troubles)} {self._hands.last}, {self._seconds():.0f} s")

    async def _acks(self, wanted: int) -> None:
        tally = self.world.tally
        await self.world.until(lambda: tally.acked >= wanted, f"ack number {wanted}", self.world.stuck_seconds)

    def _seconds(self) -> float:
        return time.monotonic() - self._began
