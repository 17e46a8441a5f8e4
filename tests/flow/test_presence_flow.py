"""Presence on the real embedded stores and Bus: what is told, what is stored, who may ask, and what comes back."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec
import pytest
from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Command, Create, Decline, Leave, Rules, Send
from chinwag.domain.conversation import Conversation, GroupSettings, Position
from chinwag.domain.decide import Noted, Numbered, decide
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.domain.presence import GRACE_MS, PresenceOf
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.signals import Presence
from chinwag.flow.ask_presence import ASKED_MAX, AskPresence
from chinwag.flow.presence import Presences
from chinwag.flow.presence_audience import CACHE_SECONDS, FRIENDS_SECONDS, TOLD_MAX, Audience
from chinwag.ports.bus import PEOPLE, RECOUNT, SESSIONS, NodeId, Publication, Recount, SessionChange, Tell
from chinwag.ports.mark_store import Seen
from chinwag.ports.message_store import Commit
from chinwag.ports.registry import Node
from chinwag.roles.presence.role import NODES_SECONDS, PresenceRole

ANN, BEN, CAT, DAN, EVE = map(AccountId, ["1", "2", "3", "4", "5"])
T = 1_800_000_000_000


class Time:
    """A clock that stands still until it is moved, or goes on by `step` milliseconds each time it is read."""

    def __init__(self) -> None:
        self.now = T
        self.step = 0

    def __call__(self) -> int:
        self.now += self.step
        return self.now

    def seconds(self) -> float:
        return self.now / 1000


class Disk:
    """Writes as the embedded store does, unless full."""

    full = False

    def __call__(self, db: Rdict, rows: WriteBatch) -> None:
        if self.full:
            raise OSError("no space left on device")
        write_synced(db, rows)


class World:
    """One process: its stores and Bus, friends as the directory knows them, and what the Bus carried."""

    def __init__(self, embedded: Embedded, disk: Disk) -> None:
        self.embedded = embedded
        self.disk = disk
        self.time = Time()
        self.friends: dict[AccountId, list[AccountId]] = {}
        self.directory_away = False
        self.friends_asked = 0
        self.told: list[tuple[frozenset[AccountId], Presence]] = []
        self.arrived = asyncio.Event()
        embedded.bus.subscribe(PEOPLE, self._on_people)
        self.restart()

    def restart(self) -> None:
        """A new presence role's memory, on the same stores."""
        self.audience = Audience(self.embedded.message_store, self.friends_of, self.time.seconds)
        self.presences = Presences(self.embedded.mark_store, self.embedded.bus, self.audience.of, self.time)
        self.asking = AskPresence(self.presences, self.audience)

    async def friends_of(self, account: AccountId) -> Iterable[AccountId]:
        self.friends_asked += 1
        if self.directory_away:
            raise Refused(Code.UNAVAILABLE)
        return self.friends.get(account, ())

    def _on_people(self, publication: Publication) -> None:
        assert isinstance(publication, Tell)
        self.told.append((frozenset(publication.to), msgspec.json.decode(publication.signal, type=Presence)))
        self.arrived.set()

    def note(self, account: AccountId, state: str, session: str = "s", device: str = "", at: int = 0) -> None:
        device = device or "d" + account
        at = at or self.time.now
        self.presences.note(SessionChange(account, DeviceId(device), NodeId("n1"), session, state, at))

    async def settle(self) -> list[tuple[AccountId, bool]]:
        """Let all be done that is due by the clock; who was told to be online or not since the last call."""
        self.presences.turn()
        while self.presences.dirty:
            await self.presences.flush()
        await asyncio.sleep(0)  # the Bus delivers on the next turn of the loop
        told, self.told = self.told, []
        return [(signal.account, signal.online) for _, signal in told]

    async def pass_time(self, ms: int) -> list[tuple[AccountId, bool]]:
        self.time.now += ms
        return await self.settle()

    async def stored(self, account: AccountId) -> Seen | None:
        return (await self.embedded.mark_store.seen([account]))[0]

    async def act(self, conversation: ConversationId, account: AccountId, action: Action) -> None:
        """Let a command take effect, as delivery would."""
        state = (await self.embedded.message_store.states([conversation]))[0]
        position = Position(1, state.applied.sequence + 1 if state else 1, 0)
        command = Command(
            conversation, account, DeviceId("d"), ClientId("x"), T, action, Rules(group_members=500), True
        )
        decision = decide(state, command, position)
        assert isinstance(decision, Numbered | Noted)
        spans = list(decision.spans) if isinstance(decision, Numbered) else []
        after: Conversation = decision.state
        await self.embedded.message_store.commit([Commit(after, [], [], [], spans)])

    async def group(self, name: str, *members: AccountId) -> ConversationId:
        conversation = group_id(name)
        await self.act(conversation, members[0], Create(name, members[1:], GroupSettings()))
        return conversation


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    disk = Disk()
    embedded = await open_embedded(tmp_path, write=disk)
    try:
        yield World(embedded, disk)
    finally:
        await embedded.close()


async def test_coming_and_going_is_told_and_stored_once_each(world: World) -> None:
    world.note(ANN, "up")
    assert await world.settle() == [(ANN, True)]
    assert await world.stored(ANN) == Seen(ANN, True, T)
    assert await world.pass_time(1000) == []
    world.note(ANN, "down")
    assert await world.pass_time(GRACE_MS - 1) == []
    assert await world.stored(ANN) == Seen(ANN, True, T + 1000)
    assert await world.pass_time(1) == [(ANN, False)]
    assert await world.stored(ANN) == Seen(ANN, False, T + 1001)
    assert await world.pass_time(10 * GRACE_MS) == []


async def test_a_flap_is_invisible(world: World) -> None:
    world.note(ANN, "up", "one")
    await world.settle()
    world.note(ANN, "down", "one")
    assert await world.pass_time(GRACE_MS - 1) == []
    world.note(ANN, "up", "two")
    assert await world.pass_time(10 * GRACE_MS) == []
    assert await world.stored(ANN) == Seen(ANN, True, T + GRACE_MS - 1)


@pytest.mark.parametrize("seed", range(8))
async def test_when_somebody_was_last_active_never_goes_back_whenever_the_process_is_killed(
    world: World, seed: int
) -> None:
    """Whoever asks is shown no time that a kill at that moment would undo."""
    chance = random.Random(seed)
    shown, sessions = 0, ["s0"]
    for step in range(150):
        world.time.now += chance.choice((0, 1, 700, GRACE_MS // 3, 2 * GRACE_MS))
        match chance.randrange(6):
            case 0:
                sessions.append(f"s{step}")
                world.note(ANN, "up", sessions[-1])
            case 1:
                world.note(ANN, chance.choice(("up", "down")), chance.choice(sessions[-3:]))
            case 2:
                world.note(ANN, "out", sessions[-1])
            case 3:
                await world.settle()
            case 4:
                world.disk.full = chance.random() < 0.3
            case _:
                world.restart()
        with contextlib.suppress(Refused):  # the store takes nothing just now: it is not asked either
            (seen,) = await world.presences.read([ANN])
            assert seen.last_active_at >= shown, step
            shown = seen.last_active_at
    assert shown > T


async def test_logging_out_is_told_at_once_and_later_than_the_log_in(world: World) -> None:
    """In the same millisecond, too: the store and clients keep the later of two."""
    world.note(ANN, "up")
    assert await world.settle() == [(ANN, True)]
    world.note(ANN, "out")
    assert await world.settle() == [(ANN, False)]
    assert await world.stored(ANN) == Seen(ANN, False, T + 1)


async def test_copies_and_late_reports_are_not_told(world: World) -> None:
    for session, state, at in [
        ("new", "up", T + 5),
        ("old", "down", T + 3),
        ("old", "up", T),
        ("new", "up", T + 5),
        ("old", "down", T + 3),
    ]:
        world.time.now = T + 10
        world.note(ANN, state, session, at=at)
    assert await world.settle() == [(ANN, True)]
    assert await world.pass_time(10 * GRACE_MS) == []


async def test_an_unknown_state_is_ignored(world: World) -> None:
    world.note(ANN, "sideways")
    assert await world.settle() == []
    assert len(world.presences) == 0


async def test_an_account_is_online_while_a_device_is(world: World) -> None:
    world.note(ANN, "up", "one", "phone")
    world.note(ANN, "up", "two", "laptop")
    await world.settle()
    world.note(ANN, "out", "one", "phone")
    assert await world.settle() == []
    assert [at.device for at in world.asking.devices(ANN)] == ["laptop"]


async def test_who_is_gone_takes_no_memory(world: World) -> None:
    for state in ("up", "out"):
        world.note(ANN, state)
        await world.settle()
    await world.pass_time(GRACE_MS)
    assert len(world.presences) == 0
    assert world.presences.next_turn() is None
    assert await world.asking.ask(ANN, [ANN]) == [PresenceOf(ANN, False, T + 1)]


async def test_friends_and_people_of_small_conversations_are_told_and_oneself(world: World) -> None:
    world.friends = {ANN: [BEN]}
    await world.group("1", CAT, ANN)
    await world.act(direct_id(ANN, DAN), DAN, Send(Text("hi")))
    large = [AccountId(str(number)) for number in range(100, 200)]
    await world.group("2", EVE, ANN, *large[:99])  # more than the seed's hundred, as a server may allow
    world.note(ANN, "up")
    world.presences.turn()
    await world.presences.flush()
    await asyncio.sleep(0)
    [(to, signal)] = world.told
    assert to == {ANN, BEN, CAT, DAN}
    assert signal == Presence(ANN, True, T)


async def test_who_left_or_is_refused_is_not_told(world: World) -> None:
    group = await world.group("1", CAT, ANN)
    await world.act(group, CAT, Leave())
    await world.act(direct_id(ANN, DAN), DAN, Send(Text("hi")))
    await world.act(direct_id(ANN, DAN), ANN, Decline(on=True))
    assert await world.audience.of(ANN) == {ANN}
    assert await world.audience.of(CAT) == {CAT}
    assert await world.asking.ask(CAT, [ANN]) == []
    assert await world.asking.ask(DAN, [ANN]) == []


async def test_with_the_directory_away_groups_are_told_still(world: World) -> None:
    world.friends = {ANN: [BEN]}
    await world.group("1", CAT, ANN)
    world.directory_away = True
    assert await world.audience.of(ANN) == {ANN, CAT}
    assert await world.audience.of(CAT) == {ANN, CAT}
    assert world.friends_asked == 1, "others need not find out again"
    world.directory_away = False
    world.time.now += int(max(CACHE_SECONDS, FRIENDS_SECONDS) * 1000)
    assert await world.audience.of(ANN) == {ANN, BEN, CAT}


async def test_an_audience_is_bounded_and_cached(world: World) -> None:
    world.friends = {ANN: [AccountId(str(number)) for number in range(100, 100 + 2 * TOLD_MAX)]}
    audience = await world.audience.of(ANN)
    assert len(audience) == TOLD_MAX
    world.audience.forget_old()
    assert await world.audience.of(ANN) is audience
    assert world.friends_asked == 1
    world.time.now += int(CACHE_SECONDS * 1000)
    world.audience.forget_old()
    assert not world.audience._cache
    assert world.audience._cached == 0


async def test_strangers_are_answered_nothing(world: World) -> None:
    world.friends = {ANN: [BEN]}
    await world.group("1", CAT, ANN)
    for account in (ANN, BEN, CAT, DAN):
        world.note(account, "up")
    await world.settle()
    answers = await world.asking.ask(ANN, [CAT, DAN, BEN, AccountId("nobody"), ANN, CAT])
    assert answers == [PresenceOf(account, True, T) for account in (CAT, BEN, ANN)]


async def test_members_of_a_large_group_are_not_told_and_may_ask(world: World) -> None:
    crowd = [AccountId(str(number)) for number in range(100, 200)]
    await world.group("1", CAT, *crowd)
    await world.group("2", ANN, *crowd)
    assert await world.audience.of(ANN) == {ANN}
    assert await world.asking.ask(ANN, [CAT, crowd[0]]) == [PresenceOf(crowd[0], False, 0)]


async def test_no_more_than_a_hundred_are_asked_for(world: World) -> None:
    with pytest.raises(Refused) as refused:
        await world.asking.ask(ANN, [ANN] * (ASKED_MAX + 1))
    assert refused.value.code is Code.TOO_MANY


@pytest.mark.parametrize("asked", [True, False])
async def test_a_restart_is_invisible_to_who_comes_back(world: World, asked: bool) -> None:
    world.note(ANN, "up")
    await world.settle()
    world.restart()
    if asked:
        assert await world.asking.ask(ANN, [ANN]) == [PresenceOf(ANN, True, T)]
    world.time.now += 10_000
    world.note(ANN, "up")
    assert await world.settle() == []
    assert await world.pass_time(10 * GRACE_MS) == []


async def test_who_does_not_come_back_after_a_restart_goes_offline(world: World) -> None:
    world.note(ANN, "up")
    await world.settle()
    world.restart()
    await world.asking.ask(ANN, [ANN])
    assert await world.pass_time(GRACE_MS) == [(ANN, False)]
    assert await world.stored(ANN) == Seen(ANN, False, T + 1)


async def test_whoever_stays_away_after_a_kill_is_announced_offline_unasked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chinwag.flow.presence.SLICE", 2)  # a page ends between them
    for account in (ANN, BEN, CAT, DAN, EVE):
        world.note(account, "up")
    await world.settle()
    world.note(EVE, "out")
    await world.settle()
    world.restart()  # nothing was said at the end
    world.note(BEN, "up", session="new")
    while await world.presences.recall():
        pass
    assert not await world.presences.recall()
    assert await world.settle() == []
    world.time.now += GRACE_MS // 2
    world.note(CAT, "up", session="new")
    assert await world.settle() == []
    assert await world.pass_time(GRACE_MS // 2) == [(ANN, False), (DAN, False)]
    assert await world.pass_time(10 * GRACE_MS) == []
    stored = await world.embedded.mark_store.seen([ANN, BEN, CAT, DAN, EVE])
    assert [seen.account for seen in stored if seen is not None and seen.online] == [BEN, CAT]


async def test_who_is_asked_for_long_after_a_restart_is_offline(world: World) -> None:
    world.note(ANN, "up")
    await world.settle()
    world.restart()
    world.time.now += GRACE_MS
    assert await world.asking.ask(ANN, [ANN]) == [PresenceOf(ANN, False, T)]
    assert await world.settle() == [(ANN, False)]
    stored = await world.stored(ANN)
    assert stored is not None
    assert not stored.online


async def test_what_a_recount_does_not_confirm_goes_offline(world: World) -> None:
    world.note(ANN, "up")
    world.note(BEN, "up")
    await world.pass_time(10 * GRACE_MS)
    asked = world.time.now
    world.note(BEN, "up")
    await world.pass_time(GRACE_MS)
    await world.presences.recounted(asked)
    assert await world.settle() == [(ANN, False)]


async def test_a_dead_node_s_people_go_offline_unless_they_come_back(world: World) -> None:
    world.note(ANN, "up")
    world.note(BEN, "up")
    await world.settle()
    await world.presences.node_gone("n1")
    world.note(BEN, "up", "elsewhere")
    assert await world.pass_time(GRACE_MS - 1) == []
    assert await world.pass_time(1) == [(ANN, False)]


async def test_what_the_store_does_not_take_is_told_and_stored_later(world: World) -> None:
    world.disk.full = True
    world.note(ANN, "up")
    assert await world.settle() == [(ANN, True)]
    assert world.presences.unsaved
    world.disk.full = False
    await world.embedded.engine.reopen()
    assert await world.stored(ANN) is None
    await world.presences.flush()
    assert not world.presences.unsaved
    assert await world.stored(ANN) == Seen(ANN, True, T)


async def test_closing_stores_when_people_were_last_active(world: World) -> None:
    world.note(ANN, "up")
    await world.settle()
    world.time.now += 5000
    world.note(ANN, "up")
    await world.presences.close()
    assert await world.stored(ANN) == Seen(ANN, True, T + 5000)


def role_of(world: World) -> PresenceRole:
    stores = world.embedded
    return PresenceRole(
        stores.bus, stores.mark_store, stores.message_store, stores.registry, world.friends_of, world.time
    )


async def test_the_role_asks_for_a_recount_and_tells_what_it_hears(world: World) -> None:
    """Over the Bus, with its own tasks: no call but start, stop, ask and devices."""

    def answer(publication: Publication) -> None:
        assert isinstance(publication, Recount)
        change = SessionChange(ANN, DeviceId("phone"), NodeId("n1"), "s", "up", world.time.now)
        world.embedded.bus.publish(SESSIONS, change)

    world.embedded.bus.subscribe(RECOUNT, answer)
    role = role_of(world)
    await role.start()
    try:
        async with asyncio.timeout(60):
            await world.arrived.wait()
            assert await role.ask(ANN, [ANN]) == [PresenceOf(ANN, True, T)]
            assert [(at.device, at.node) for at in role.devices(ANN)] == [("phone", "n1")]
            world.arrived.clear()
            gone = SessionChange(ANN, DeviceId("phone"), NodeId("n1"), "s", "down", world.time.now)
            world.embedded.bus.publish(SESSIONS, gone)
            await asyncio.sleep(0)
            world.time.now += GRACE_MS
            await world.arrived.wait()
    finally:
        await role.stop()
    assert [signal.online for _, signal in world.told] == [True, False]


async def test_the_role_tells_unasked_of_those_whom_a_kill_left_online(world: World) -> None:
    world.note(ANN, "up")
    await world.settle()
    world.arrived.clear()
    role = role_of(world)
    world.time.step = GRACE_MS // 8  # time goes on while the role looks at it
    await role.start()
    try:
        async with asyncio.timeout(60):
            await world.arrived.wait()
    finally:
        await role.stop()
    assert [(signal.account, signal.online) for _, signal in world.told] == [(ANN, False)]


async def test_the_role_notices_a_node_that_is_gone(world: World) -> None:
    registry = world.embedded.registry
    await registry.register(Node(NodeId("n1"), ("gateway",)))
    role = role_of(world)
    await role.start()
    try:
        async with asyncio.timeout(10 * NODES_SECONDS):
            change = SessionChange(ANN, DeviceId("phone"), NodeId("n1"), "s", "up", world.time.now)
            world.embedded.bus.publish(SESSIONS, change)
            await world.arrived.wait()
            world.arrived.clear()
            await registry.withdraw(NodeId("n1"))
            world.time.step = 1000
            await world.arrived.wait()
    finally:
        await role.stop()
    assert world.told[-1][1].online is False


async def test_stopping_twice_or_before_the_start_does_no_harm(world: World) -> None:
    role = role_of(world)
    await role.stop()
    await role.start()
    await role.stop()
    await role.stop()
