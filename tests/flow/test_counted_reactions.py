"""Reactions in large groups: they take no number, everybody is shown how many there are, and each what is its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.client.events import decode_numbered
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Delete, Deliver, Join, Leave, React, Rules, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.events import Message, Reaction
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import AcceptRules
from chinwag.flow.clock import system_clock
from chinwag.flow.history import History
from chinwag.ports.bus import Answers, Counted, NodeId, Publication, answers_to, moved_of
from chinwag.ports.log import Submission
from chinwag.ports.message_store import EventName

RULES = AcceptRules(group_members=4, large_group_members=20, wide_above=4, large_above=7, large_seconds=0)
EVERYBODY = [str(one) for one in range(1, 12)]
PATIENCE = 60.0
THUMB, HEART = "👍", "❤"
Shown = dict[str, tuple[int, bool]]


class Tea:
    """A group of eleven, where nine are members and large is what nine are."""

    def __init__(self, stage: Backstage, group: ConversationId) -> None:
        self.stage = stage
        self.group = group
        self.store = stage.embedded.message_store
        self.history = History(self.store, stage.embedded.mark_store, stage.states)
        self.told: list[Counted] = []
        self._refs = count(1)
        stage.embedded.bus.subscribe(moved_of(group), self._told)

    def _told(self, publication: Publication) -> None:
        if isinstance(publication, Counted):
            self.told.append(publication)

    async def say(self, text: str = "hello", account: str = "1") -> int:
        return (await self.stage.do(account, self.group, Send(Text(text)))).number

    async def react(self, account: str, number: int, reaction: str = THUMB, *, on: bool = True) -> int:
        return (await self.stage.do(account, self.group, React(number, reaction, on))).number

    async def turn(self, large: bool) -> None:
        """Have it delivered so, as the server does."""
        ref, node = next(self._refs), NodeId("switch")
        answered = asyncio.get_running_loop().create_future()

        def heard(publication: Publication) -> None:
            assert isinstance(publication, Answers)
            answered.set_result(publication.answers[0])

        stop = self.stage.embedded.bus.subscribe(answers_to(node), heard)
        rules = Rules(group_members=4, large_group_members=20, wide_above=4, large_above=7)
        command = Command(
            self.group, AccountId("1"), DeviceId("~1"), ClientId(f"s{ref}"), system_clock(), Deliver(large), rules
        )
        self.stage.embedded.log.append(Submission(command, node, ref))
        async with asyncio.timeout(PATIENCE):
            answer = await answered
        stop()
        assert answer.refused is None

    async def shown(self, account: str, number: int) -> Shown:
        """What is on a message, as its page says."""
        page = await self.history.page_around(AccountId(account), self.group, number, 1)
        (event,) = map(decode_numbered, page.events)
        assert isinstance(event, Message)
        return {one.reaction: (one.count, one.mine) for one in event.reactions}

    async def counts(self, account: str, *numbers: int) -> dict[int, Shown]:
        """The same as it is asked for."""
        page = await self.history.reaction_counts(AccountId(account), self.group, numbers)
        return {
            found.number: {one.reaction: (one.count, one.mine) for one in found.reactions} for found in page.messages
        }

    async def head(self) -> int:
        return (await self.stage.state(self.group)).head


class Meanwhile:
    """A store in which something happens just before counts are read, once."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.happens: Callable[[], Awaitable[None]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def reaction_counts(self, names: Sequence[EventName]) -> Any:
        happens, self.happens = self.happens, None
        if happens is not None:
            await happens()
        return await self._store.reaction_counts(names)


@asynccontextmanager
async def tea(data: Path, *, large: bool = True, history: str = "all") -> AsyncIterator[Tea]:
    async with backstage(data, rules=RULES) as stage:
        await stage.people(*EVERYBODY)
        settings = GroupSettings(join="open", large=True, history=history)  # type: ignore[arg-type]
        group = Tea(stage, await stage.group("1", "Tea", settings, "2", "3"))
        for one in EVERYBODY[3 : 8 if large else 5]:
            await stage.do(one, group.group, Join())
        state = await stage.state(group.group)
        assert (state.wide, state.large) == (True, large)
        yield group


async def test_a_reaction_takes_no_number_and_all_are_shown_how_many_there_are(tmp_path: Path) -> None:
    async with tea(tmp_path / "data") as group:
        number = await group.say()
        for one in EVERYBODY[1:6]:
            assert await group.react(one, number) == number, "the last number stays"
        await group.react("2", number, HEART)
        assert await group.react("2", number) == number
        await group.react("3", number, on=False)
        await group.react("3", number, on=False)
        assert await group.head() == number
        (state,) = await group.store.states([group.group])
        assert state is not None
        assert state.reacted == 7, "what changes nothing is no turn"
        assert await group.shown("2", number) == {THUMB: (4, True), HEART: (1, True)}
        assert await group.shown("1", number) == {THUMB: (4, False), HEART: (1, False)}
        assert await group.counts("3", number, 1, 10**9) == {number: {THUMB: (4, False), HEART: (1, False)}}
        page = await group.history.page_before(AccountId("1"), group.group, None, 50)
        assert page.turn == 7
        turns = [(one.before, one.turn, one.messages) for one in group.told]
        assert turns == [(turn, turn + 1, (number,)) for turn in range(7)]


async def test_who_put_what_on_is_read_page_by_page(tmp_path: Path) -> None:
    async with tea(tmp_path / "data") as group:
        number = await group.say()
        for one in EVERYBODY[:8]:
            await group.react(one, number)
        found: list[str] = []
        after: int | None = 0
        turn = 0
        while after is not None:
            page = await group.history.reactions(AccountId("5"), group.group, number, after, 3, turn)
            assert 0 < len(page.reactions) <= 3
            found += [one.account for one in page.reactions]
            after, turn = page.next, page.next_turn
        assert found == EVERYBODY[:8], "all, in the order in which they did"


async def test_counts_stay_right_across_both_switches(tmp_path: Path) -> None:
    async with tea(tmp_path / "data", large=False) as group:
        old, other = await group.say(), await group.say("other")
        await group.react("2", old)
        await group.react("3", old, HEART)
        assert await group.shown("2", old) == {THUMB: (1, True), HEART: (1, False)}
        await group.turn(large=True)
        assert await group.shown("2", old) == {THUMB: (1, True), HEART: (1, False)}, "nobody has reacted since"
        head = await group.head()
        await group.react("4", old)
        await group.react("3", old, HEART, on=False)
        await group.react("2", other)
        assert await group.head() == head
        assert await group.counts("3", old, other) == {old: {THUMB: (2, False)}, other: {THUMB: (1, False)}}
        await group.turn(large=False)
        assert await group.shown("4", old) == {THUMB: (2, True)}
        assert await group.shown("4", other) == {THUMB: (1, False)}
        back = await group.react("4", old, on=False)
        assert back == await group.head() == head + 2, "it is an event again"
        [raw] = (await group.history.changes(AccountId("1"), group.group, back - 1, 9)).events
        assert isinstance(event := decode_numbered(raw), Reaction)
        assert (event.target, event.on) == (old, False)
        await group.react("5", other)
        with pytest.raises(Refused) as refused:
            await group.counts("3", old)
        assert refused.value.code is Code.NOT_LARGE
        await group.turn(large=True)
        assert await group.counts("2", old, other) == {old: {THUMB: (1, True)}, other: {THUMB: (2, True)}}
        await group.react("4", old)
        assert await group.shown("4", old) == {THUMB: (2, True)}


async def test_who_has_left_is_shown_what_was_there_until_then(tmp_path: Path) -> None:
    async with tea(tmp_path / "data") as group:
        number = await group.say()
        await group.react("2", number)
        await group.stage.do("3", group.group, Leave())
        await group.react("4", number)
        await group.say("later")
        assert await group.shown("3", number) == {THUMB: (1, False)}
        with pytest.raises(Refused) as refused:
            await group.counts("3", number)
        assert refused.value.code is Code.NOT_MEMBER
        with pytest.raises(Refused) as refused:
            await group.counts("11", number)
        assert refused.value.code is Code.NO_CONVERSATION


async def test_who_goes_while_counts_are_read_is_told_none_from_after_that(tmp_path: Path) -> None:
    async with tea(tmp_path / "data") as group:
        number = await group.say()
        await group.react("2", number)
        store: Any = Meanwhile(group.store)
        group.history = History(store, group.stage.embedded.mark_store, group.stage.states)

        async def go() -> None:
            await group.stage.do("3", group.group, Leave())
            await group.react("4", number)

        store.happens = go
        assert await group.shown("3", number) in ({}, {THUMB: (1, False)})
        assert store.happens is None
        assert await group.shown("3", number) == {THUMB: (1, False)}


async def test_of_what_one_may_not_read_no_count_is_told(tmp_path: Path) -> None:
    async with tea(tmp_path / "data", history="joined") as group:
        number = await group.say()
        await group.react("2", number)
        await group.stage.do("10", group.group, Join())
        later = await group.say()
        await group.react("10", later)
        assert await group.counts("10", number, later) == {later: {THUMB: (1, True)}}


async def test_what_is_on_a_message_goes_with_it(tmp_path: Path) -> None:
    async with tea(tmp_path / "data") as group:
        number = await group.say()
        await group.react("2", number)
        await group.stage.do("1", group.group, Delete(number))
        assert await group.store.reaction_counts([(group.group, number)]) == [None]
        assert await group.counts("2", number) == {}
        page = await group.history.page_around(AccountId("2"), group.group, number, 1)
        assert b"reactions" not in bytes(page.events[0])


async def test_what_is_on_a_message_is_shown_in_the_order_in_which_it_was_put_on_first(tmp_path: Path) -> None:
    async with tea(tmp_path / "data") as group:
        number = await group.say()
        (state,) = await group.store.states([group.group])
        assert state is not None
        emoji = [chr(0x1F600 + one) for one in range(10)]
        for one in emoji:
            await group.react("2", number, one)
        with pytest.raises(Refused) as refused:
            await group.react("2", number, THUMB)
        assert refused.value.code is Code.TOO_MANY
        assert list(await group.shown("2", number)) == emoji, "in the order in which they were put on first"
