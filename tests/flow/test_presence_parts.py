"""Presence kept in parts by several processes: each judges its own accounts alone, and a hand-over shows to nobody."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.presence import GRACE_MS, PARTS, part_of
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.signals import Presence
from chinwag.ports.bus import (
    PEOPLE,
    RECOUNT,
    RECOUNT_WANTED,
    NodeId,
    Publication,
    Recount,
    SessionChange,
    Tell,
    Work,
    sessions_of,
)
from chinwag.roles.presence.role import PresenceRole

ANN, BEN = AccountId("1"), AccountId("2")
ANNS, BENS = frozenset({part_of(ANN)}), frozenset({part_of(BEN)})
T = 1_800_000_000_000


class World:
    """A gateway at which Ann and Ben are connected, and processes that may keep presence."""

    def __init__(self, embedded: Embedded) -> None:
        self.embedded = embedded
        self.now = T
        self.connected = {ANN, BEN}
        self.recounts: list[tuple[int, ...]] = []
        self.told: list[tuple[AccountId, bool]] = []
        self._more = asyncio.Event()
        embedded.bus.subscribe(RECOUNT, self._recount)
        embedded.bus.subscribe(PEOPLE, self._hear)

    def role(self) -> PresenceRole:
        """One that keeps nothing yet."""
        stores = self.embedded
        return PresenceRole(
            stores.bus, stores.mark_store, stores.message_store, stores.registry, _friends, lambda: self.now, parts=()
        )

    def report(self, account: AccountId, state: str) -> None:
        change = SessionChange(account, DeviceId("d" + account), NodeId("n1"), "s" + account, state, self.now)
        self.embedded.bus.publish(sessions_of(part_of(account)), change)

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not enough():
                self._more.clear()
                await self._more.wait()

    def _recount(self, publication: Publication) -> None:
        assert isinstance(publication, Recount)
        self.recounts.append(publication.parts)
        for account in self.connected:
            if part_of(account) in publication.parts:
                self.report(account, "up")
        self._more.set()

    def _hear(self, publication: Publication) -> None:
        assert isinstance(publication, Tell)
        signal = msgspec.json.decode(publication.signal, type=Presence)
        self.told.append((signal.account, signal.online))
        self._more.set()


async def _friends(_: AccountId) -> list[AccountId]:
    return []


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    embedded = await open_embedded(tmp_path / "data")
    yield World(embedded)
    await embedded.close()


def test_the_parts_are_all_used_and_the_same_for_ever() -> None:
    assert {part_of(AccountId(str(number))) for number in range(1000)} == set(range(PARTS))
    assert (part_of(ANN), part_of(BEN)) == (7, 13)
    assert ANNS != BENS


async def test_each_keeps_its_own_parts_and_answers_for_no_others(world: World) -> None:
    one, two = world.role(), world.role()
    await one.start()
    await two.start()
    try:
        one.own(ANNS)
        two.own(BENS)
        await world.until(lambda: set(world.told) == {(ANN, True), (BEN, True)})
        assert world.told == list(dict.fromkeys(world.told)), "nobody tells twice"
        assert [each.online for each in await one.ask(ANN, [ANN])] == [True]
        assert [each.device for each in two.devices(BEN)] == ["d2"]
        with pytest.raises(Refused) as refused:
            await two.ask(ANN, [ANN])
        assert refused.value.code is Code.UNAVAILABLE
        with pytest.raises(Refused):
            one.devices(BEN)
    finally:
        await one.stop()
        await two.stop()


async def test_a_part_that_changes_hands_shows_to_nobody(world: World) -> None:
    one, two = world.role(), world.role()
    await one.start()
    await two.start()
    try:
        one.own(ANNS | BENS)
        await world.until(lambda: set(world.told) == {(ANN, True), (BEN, True)})
        asked = len(world.recounts)
        two.own(BENS)
        one.own(ANNS)
        await world.until(lambda: tuple(BENS) in world.recounts[asked:])
        # The former owner says nothing of Ben any more, whatever it had heard.
        world.now += GRACE_MS + 1
        world.report(ANN, "up")
        world.report(BEN, "down")
        world.report(BEN, "out")
        await world.until(lambda: (BEN, False) in world.told)
        assert world.told.count((BEN, False)) == 1
        assert (ANN, False) not in world.told
        assert [each.online for each in await two.ask(BEN, [BEN])] == [False]
        with pytest.raises(Refused):
            await one.ask(BEN, [BEN])
    finally:
        await one.stop()
        await two.stop()


async def test_whoever_takes_over_finds_those_whom_nobody_reports_any_more(world: World) -> None:
    one, two = world.role(), world.role()
    await one.start()
    one.own(ANNS)
    await world.until(lambda: world.told == [(ANN, True)])
    await one.stop()
    world.connected.clear()  # its gateway died as well
    await two.start()
    try:
        two.own(ANNS)
        await world.until(lambda: bool(world.recounts))
        world.now += GRACE_MS + 1
        two._work.set()
        await world.until(lambda: world.told[-1] == (ANN, False))
    finally:
        await two.stop()


async def test_a_gateway_whose_reports_were_lost_has_them_asked_for(world: World) -> None:
    role = world.role()
    await role.start()
    try:
        role.own(ANNS)
        await world.until(lambda: world.told == [(ANN, True)])
        world.connected.clear()
        asked = len(world.recounts)
        world.embedded.bus.publish(RECOUNT_WANTED, Work())
        await world.until(lambda: len(world.recounts) > asked)
        assert world.recounts[-1] == tuple(ANNS)
    finally:
        await role.stop()
