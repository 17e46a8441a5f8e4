"""Nudges: who watches a large group is told that it has moved, seldom, and not once it is no member."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.backstage import backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Add, Remove, Send
from chinwag.domain.conversation import GroupSettings, Span
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.large import watches as watches_module
from chinwag.flow.large.moved import MovedHere
from chinwag.flow.large.watches import WATCHES, Watches
from chinwag.ports.bus import Moved, moved_of
from chinwag.ports.message_store import MessageStore


class Session:
    """What a session is to the watches."""

    def __init__(self, account: str) -> None:
        self.account = AccountId(account)
        self.device = DeviceId(f"d{account}")
        self.watched: dict[ConversationId, int | None] = {}
        self.heads: list[int] = []
        self._changed = asyncio.Event()

    def nudged(self, moved: Moved, frame: bytes) -> None:
        self.heads.append(int(frame))
        self._changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not true():
                self._changed.clear()
                await self._changed.wait()


async def test_who_watches_is_told_once_and_then_of_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches_module, "EVERY_SECONDS", 0.2)
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "9")
        tea = await stage.group("1", "Tea", GroupSettings(), "2")
        bus = stage.embedded.bus
        watches = Watches(stage.embedded.message_store, MovedHere(bus), lambda moved: b"%d" % moved.head)
        ben, stranger = Session("2"), Session("9")
        await watches.watch(ben, [tea])
        await watches.watch(stranger, [tea])
        assert (list(ben.watched), stranger.watched) == ([tea], {})
        for head in (5, 7, 6):
            bus.publish(moved_of(tea), Moved(tea, head, head, head))
        await ben.until(lambda: len(ben.heads) == 2)
        assert (ben.heads, stranger.heads) == ([5, 7], [])
        await watches.watch(ben, [])
        assert (len(watches), ben.watched) == (0, {})


async def test_a_going_of_long_ago_ends_no_watch_of_one_who_is_back(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(), "2")
        await stage.do("1", tea, Remove(AccountId("2")))
        await stage.do("1", tea, Add(AccountId("2")))
        bus = stage.embedded.bus
        watches = Watches(stage.embedded.message_store, MovedHere(bus), lambda moved: b"%d" % moved.head)
        ben = Session("2")
        await watches.watch(ben, [tea])
        watches.left(ben, tea)  # as its inbox brings it, which it reads from where it was
        await asyncio.gather(*watches._tasks)
        assert ben.watched == {tea: 1}
        bus.publish(moved_of(tea), Moved(tea, 5, 3, 5, 3))
        await ben.until(lambda: ben.heads == [5])
        await stage.do("1", tea, Remove(AccountId("2")))
        watches.left(ben, tea)
        assert watches.of(ben.device) == {}
        await asyncio.gather(*watches._tasks)
        watches.left(ben, tea)
        assert (ben.watched, len(watches)) == ({}, 0)


class LateStore:
    """A store whose first answer about spans is from before, and comes when the test says so."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self.read, self.answer = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        found = await self._store.spans(account, conversation)
        if not self.read.is_set():
            self.read.set()
            await self.answer.wait()
        return found


async def test_a_look_from_before_the_going_begins_no_watch_after_it(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(), "2")
        store = LateStore(stage.embedded.message_store)
        watches = Watches(store, MovedHere(stage.embedded.bus), lambda moved: b"%d" % moved.head)  # type: ignore[arg-type]
        ben = Session("2")
        watching = asyncio.create_task(watches.watch(ben, [tea]))
        await store.read.wait()
        await stage.do("1", tea, Remove(AccountId("2")))
        store.answer.set()
        watches.left(ben, tea)  # in the turn in which that answer comes
        await watching
        await asyncio.gather(*watches._tasks)
        assert (ben.watched, len(watches)) == ({}, 0)


async def test_who_was_removed_and_never_reads_that_is_told_no_more_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_module, "TURN", 2)
    async with backstage(tmp_path / "data") as stage:
        names = [str(one) for one in range(2, 8)]
        await stage.people("1", *names)
        tea = await stage.group("1", "Tea", GroupSettings(), *names)
        bus, now = stage.embedded.bus, 0.0
        watches = Watches(
            stage.embedded.message_store, MovedHere(bus), lambda moved: b"%d" % moved.head, lambda: float(now)
        )
        sessions = [Session(one) for one in names]
        for one in sessions:
            await watches.watch(one, [tea])
        gone, stays = sessions[-1], sessions[:-1]
        await stage.do("1", tea, Remove(gone.account))

        async def told(head: int) -> None:
            bus.publish(moved_of(tea), Moved(tea, head, head, head))
            await stays[0].until(lambda: head in stays[0].heads)
            await asyncio.gather(*watches._tasks)

        await told(5)
        assert tea in gone.watched, "its inbox says so first, in general"
        now = watches_module.AGAIN_SECONDS
        for head in range(6, 9):  # some at a time
            await told(head)
            now += watches_module.EVERY_SECONDS
        assert (gone.watched, watches.of(gone.device)) == ({}, {})
        await told(9)
        assert gone.heads == [5, 6, 7, 8]
        assert [one.heads[-1] for one in stays] == [9] * 5
        assert [one.watched for one in stays] == [{tea: 1}] * 5
        for one in stays:
            watches.gone(one)
        assert len(watches) == 0


async def test_nobody_is_told_of_what_spoke_to_all_before_one_came(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        tea = await stage.group("1", "Tea", GroupSettings(history="joined"), "2")
        for text in ("one", "two"):
            await stage.do("1", tea, Send(Text(text)))
        await stage.do("1", tea, Add(AccountId("3")))
        bus = stage.embedded.bus
        watches = Watches(stage.embedded.message_store, MovedHere(bus), lambda moved: b"%d" % moved.all)
        ben, carl = Session("2"), Session("3")
        for one in (ben, carl):
            await watches.watch(one, [tea])
        bus.publish(moved_of(tea), Moved(tea, 5, 3, 5, 3))
        await carl.until(lambda: len(carl.heads) == 1)
        assert (ben.heads, carl.heads) == ([3], [0])


async def test_of_a_group_that_one_was_removed_from_there_is_no_watch(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(), "2")
        await stage.do("1", tea, Remove(AccountId("2")))
        watches = Watches(stage.embedded.message_store, MovedHere(stage.embedded.bus), lambda _: b"1")
        ben = Session("2")
        await watches.watch(ben, [tea])
        assert (len(watches), ben.watched) == (0, {})
        assert await watches.may(ben.account, ben.device, [tea]) == {}


async def test_more_watches_than_a_session_may_have_are_refused_and_change_nothing(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        watches = Watches(stage.embedded.message_store, MovedHere(stage.embedded.bus), lambda _: b"1")
        ben = Session("2")
        with pytest.raises(Refused) as refused:
            await watches.watch(ben, [ConversationId(f"g~{count}") for count in range(WATCHES + 1)])
        assert refused.value.code is Code.TOO_MANY
        assert ben.watched == {}


async def test_who_asks_about_ever_other_groups_waits_and_watches_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_module, "LOOKS", Rate(0.001, 3))
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        teas = [await stage.group("1", f"Tea {one}", GroupSettings(), "2") for one in range(5)]
        watches = Watches(stage.embedded.message_store, MovedHere(stage.embedded.bus), lambda moved: b"")
        ben = Session("2")
        await watches.watch(ben, teas[:2])
        for _ in range(5):
            await watches.watch(ben, teas[:2])  # what is known costs nothing
            assert set(await watches.may(ben.account, ben.device, teas[:2])) == set(teas[:2])
        for others in (teas, [ConversationId("g~1"), ConversationId("g~2")]):
            with pytest.raises(Refused) as refused:
                await watches.watch(ben, others)
            assert refused.value.code is Code.RATE_LIMITED
            assert refused.value.retry_after is not None
            assert set(ben.watched) == set(teas[:2])
            with pytest.raises(Refused) as refused:
                await watches.may(ben.account, ben.device, others)
            assert refused.value.code is Code.RATE_LIMITED
        assert set(await watches.may(ben.account, ben.device, teas[:3])) == set(teas[:3])
        await watches.watch(ben, teas, asked=False)  # as the server itself looks for an old client
        await watches.watch(ben, teas[:1])
        assert (len(watches), set(ben.watched)) == (1, set(teas[:1]))
