"""What goes on besides in wide groups: how they are delivered, who owns them, what is kept of who left."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from tests.flow.test_wide_readers import wide
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Add, Command, Deliver, Heir, Join, Leave, Rules, Send, SetRole
from chinwag.domain.conversation import Conversation, GroupSettings, Role
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import AcceptRules
from chinwag.flow.clock import DAY_MS, system_clock
from chinwag.flow.large.activity import Activity, Sizes
from chinwag.flow.large.census import census
from chinwag.flow.large.forget_left import ForgetLeft
from chinwag.flow.large.heirs import Heirs
from chinwag.flow.large.rounds import Rounds
from chinwag.flow.own_commands import SERVER
from chinwag.ports.mark_store import Seen

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
SIZES: Final = Sizes(Rules(group_members=4, large_group_members=20, wide_above=5, large_above=8), 5, 4)
RULES: Final = AcceptRules(group_members=4, large_group_members=20, wide_above=5, large_above=8, large_seconds=0)
OPEN: Final = GroupSettings(join="open", large=True)


class Hour:
    """A clock that a test sets, and the counting job by it."""

    def __init__(self, stage: Backstage, marks: Any = None) -> None:
        self.now = system_clock()
        self.activity = Activity(
            stage.embedded.message_store, marks or stage.embedded.mark_store, stage.own, lambda: self.now, SIZES
        )

    async def passes(self) -> None:
        """An hour goes by, minute after minute, as far as the job looks."""
        for _ in range(60):
            self.now += MINUTE_MS
            while await self.activity.step():
                pass


class Asked:
    """A mark store that counts of whom it is asked."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.asked = 0

    async def seen(self, accounts: Sequence[AccountId]) -> list[Seen | None]:
        self.asked += len(accounts)
        found: list[Seen | None] = await self._inner.seen(accounts)
        return found


async def seen(stage: Backstage, at: int, *accounts: int) -> None:
    """These were there at that time."""
    rows = [Seen(AccountId(str(one)), False, at) for one in accounts]
    await stage.embedded.mark_store.save_seen(rows)


async def state_of(stage: Backstage, group: ConversationId) -> Conversation:
    (state,) = await stage.embedded.message_store.states([group])
    assert state is not None
    return state


async def newest(stage: Backstage, group: ConversationId) -> dict[str, Any]:
    state = await state_of(stage, group)
    (row,) = await stage.embedded.message_store.events(group, state.head, state.head)
    assert isinstance(row, bytes)
    found: dict[str, Any] = msgspec.json.decode(row)
    return found


@asynccontextmanager
async def group_of(data: Path, members: int) -> AsyncIterator[tuple[Backstage, ConversationId]]:
    """A wide group; its owner is 1."""
    async with backstage(data, rules=RULES) as stage:
        await stage.people(*(str(one) for one in range(1, 13)))
        group = await stage.group("1", "Tea", OPEN, "2", "3")
        for one in range(4, members + 1):
            await stage.do(str(one), group, Join())
        yield stage, group


async def test_a_group_is_large_while_many_are_there(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 6) as (stage, group):
        hour = Hour(stage)
        await hour.passes()
        assert not (await state_of(stage, group)).large, "nobody was seen"
        await seen(stage, hour.now, 1, 2, 3, 4)
        await hour.passes()
        assert not (await state_of(stage, group)).large, "four were"
        await seen(stage, hour.now, 1, 2, 3, 4, 5)
        before = await state_of(stage, group)
        await hour.passes()
        after = await state_of(stage, group)
        assert (after.large, after.head) == (True, before.head + 1)
        notice = await newest(stage, group)
        assert (notice["from"], notice["change"]) == (SERVER, {"type": "delivery", "large": True})
        for one in ("1", "6"):  # the last event that is copied to all
            assert (await newest_in(stage, one)) == (group, after.head)
        await hour.passes()
        assert (await state_of(stage, group)).head == after.head, "and it stays so"
        hour.now += DAY_MS
        await seen(stage, hour.now, 1, 2, 3, 4)
        await hour.passes()
        assert (await state_of(stage, group)).large, "four of them are as many as it needs to stay so"
        hour.now += DAY_MS
        await seen(stage, hour.now, 1, 2, 3)
        await hour.passes()
        assert not (await state_of(stage, group)).large
        assert (hour.activity.made_large, hour.activity.made_small) == (1, 1)


async def newest_in(stage: Backstage, account: str) -> tuple[ConversationId, int]:
    inbox = stage.embedded.inbox
    bounds = await inbox.bounds(AccountId(account))
    entry = (await inbox.read(AccountId(account), bounds.head - 1, 1)).entries[-1]
    return entry.conversation, entry.first  # type: ignore[union-attr]


async def test_a_group_of_few_is_small_however_many_of_them_are_there(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 6) as (stage, group):
        hour = Hour(stage)
        await stage.embedded.mark_store.save_seen([Seen(AccountId(str(one)), True, 1) for one in range(1, 7)])
        await hour.passes()
        assert (await state_of(stage, group)).large, "they are there now, since when it may be"
        await stage.do("5", group, Leave())
        await stage.do("6", group, Leave())
        await hour.passes()
        assert (await state_of(stage, group)).large, "four members"
        await stage.do("4", group, Leave())
        await hour.passes()
        state = await state_of(stage, group)
        assert (state.large, state.wide, state.count) == (False, True, 3)


async def test_what_is_said_at_the_switch_reaches_whom_it_should(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 6) as (stage, group):
        hour = Hour(stage)
        await seen(stage, hour.now, *range(1, 7))
        said = await stage.do("1", group, Send(Text("to all")))
        assert await newest_in(stage, "6") == (group, said.number)
        await hour.passes()
        switch = (await state_of(stage, group)).head
        await stage.do("1", group, Send(Text("to who asks")))
        assert await newest_in(stage, "6") == (group, switch)
        hour.now += 2 * DAY_MS
        await hour.passes()
        assert await newest_in(stage, "6") == (group, switch + 2), "the notice is the first one again"


async def test_above_the_highest_number_nobody_is_counted(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 9) as (stage, group):
        assert (await state_of(stage, group)).large
        asked = Asked(stage.embedded.mark_store)
        hour = Hour(stage, asked)
        await hour.passes()
        assert (await state_of(stage, group)).large
        assert asked.asked == 0
        # A server whose limit was lower goes by it from the next hour on.
        lower = Sizes(msgspec.structs.replace(SIZES.rules, large_above=100), 5, 4)
        hour.activity._sizes = lower
        await hour.passes()
        assert not (await state_of(stage, group)).large
        hour.activity._sizes = SIZES
        await hour.passes()
        assert (await state_of(stage, group)).large


async def test_what_the_group_s_log_refuses_is_no_failure(tmp_path: Path) -> None:
    """A joining that came in between makes it too large to be small; whoever asked is told so, not `unavailable`."""
    async with group_of(tmp_path / "data", 9) as (stage, group):
        server = AccountId(SERVER), DeviceId(SERVER)
        command = Command(group, *server, stage.own.new_id("deliver"), system_clock(), Deliver(False), SIZES.rules)
        assert await stage.own.ask([command]) == [Code.NOT_ALLOWED]
        assert await stage.own.ask([command]) == [Code.NOT_ALLOWED], "for ever"


async def test_counting_ends_where_the_answer_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chinwag.flow.large.activity.ASKED", 1)
    async with group_of(tmp_path / "data", 8) as (stage, group):
        await seen(stage, system_clock(), *range(1, 9))
        asked = Asked(stage.embedded.mark_store)
        hour = Hour(stage, asked)
        await hour.passes()
        assert ((await state_of(stage, group)).large, asked.asked) == (True, 5)
        await hour.passes()
        assert asked.asked == 5 + 4


async def test_each_group_is_due_once_a_round_and_not_all_at_once(tmp_path: Path) -> None:
    class Named:
        names: Final = [ConversationId(f"g~{one}") for one in range(1_200)]

        async def wide_groups(self, after: ConversationId, limit: int) -> list[ConversationId]:
            first = self.names.index(after) + 1 if after else 0
            return self.names[first : first + limit]

    store: Any = Named()
    begun = 27_000_000 * MINUTE_MS
    rounds = Rounds(store, 60)
    each = [await rounds.due(begun + minute * MINUTE_MS) for minute in range(60)]
    assert sorted(one for some in each for one in some) == sorted(Named.names)
    assert max(map(len, each)) < 60
    assert await rounds.due(begun + 59 * MINUTE_MS) == []
    assert await rounds.due(begun + 60 * MINUTE_MS) == each[0]
    assert sorted(await rounds.due(begun + 600 * MINUTE_MS)) == sorted(Named.names), "after a long pause each once"
    taken_over = Rounds(store, 60)
    assert await taken_over.due(begun + 61 * MINUTE_MS) == each[1]


async def test_a_group_that_lost_its_owner_gets_the_one_that_came_first(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 9) as (stage, group):
        heirs = Heirs(stage.embedded.message_store, stage.own, system_clock)
        await stage.do("2", group, Leave())
        await stage.do("2", group, Join())  # it is the last now
        await stage.do("1", group, Leave())
        state = await state_of(stage, group)
        assert (state.members, state.count) == ({}, 8)
        for one in ("3", "9"):  # nobody may do what an owner does
            with pytest.raises(Refused) as refused:
                await stage.do(one, group, SetRole(AccountId("4"), Role.ADMIN))
            assert refused.value.code is Code.NOT_ALLOWED
        await heirs.step()
        state = await state_of(stage, group)
        assert {one: member.role for one, member in state.members.items()} == {AccountId("3"): Role.OWNER}
        assert (await newest(stage, group))["change"] == {"type": "role", "account": "3", "role": "owner"}
        assert await newest_in(stage, "3") == (group, state.head)
        await heirs.step()
        assert ((await state_of(stage, group)).head, heirs.found) == (state.head, 1)
        assert (heirs.wide, heirs.large) == (1, 1)


async def test_an_heir_that_goes_in_the_same_moment_leaves_it_to_the_next(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 7) as (stage, group):
        heirs = Heirs(stage.embedded.message_store, stage.own, system_clock)
        await stage.do("1", group, Leave())
        seen_before = await state_of(stage, group)
        await stage.do("2", group, Leave())
        await heirs._see_to(seen_before)
        assert (await state_of(stage, group)).members == {}
        await heirs.step()
        assert list((await state_of(stage, group)).members) == [AccountId("3")]


async def test_a_group_with_an_owner_inherits_nothing(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 7) as (stage, group):
        before = await state_of(stage, group)
        command = Command(
            group, AccountId("4"), DeviceId("~4"), stage.own.new_id("heir"), system_clock(), Heir(AccountId("4"))
        )
        assert await stage.own.ask([command]) == [None]
        after = await state_of(stage, group)
        assert (after.head, after.members) == (before.head, before.members)


async def test_joinings_of_who_left_go_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chinwag.flow.large.forget_left.ROWS", 2)
    async with wide(tmp_path / "data", members=7) as (stage, group):
        store = stage.embedded.message_store
        await stage.do("4", group, Leave())
        await stage.do("5", group, Leave())
        await stage.do("5", group, Join())
        now = system_clock()
        forgetting = ForgetLeft(store, lambda: now)

        async def day() -> None:
            nonlocal now
            for _ in range(24 * 60):
                now += MINUTE_MS
                while await forgetting.step():
                    pass

        async def kept() -> list[tuple[str, bool]]:
            return [(account, left > 0) for _, account, left in await store.joinings(group, None, 100)]

        everybody = await kept()
        assert [account for account, left in everybody if left] == ["4", "5"]
        head = (await state_of(stage, group)).head
        forgetting_too_early = ForgetLeft(store, lambda: now)
        assert await forgetting_too_early._old(await state_of(stage, group)) == 0
        await day()
        await day()
        assert await kept() == [one for one in everybody if not one[1]]
        assert forgetting.forgotten == 2
        state = await state_of(stage, group)
        assert (state.head, state.count) == (head, 6)
        await stage.do("4", group, Join())
        assert await kept() == [*[one for one in everybody if not one[1]], ("4", False)]


async def test_up_to_which_number_leavings_are_old_is_found_among_the_events(tmp_path: Path) -> None:
    async with wide(tmp_path / "data", members=7) as (stage, group):
        state = await state_of(stage, group)
        times = []
        for row in await stage.embedded.message_store.events(group, 1, state.head):
            assert isinstance(row, bytes)
            times.append(msgspec.json.decode(row)["sent_at"])
        for at in {*times, times[-1] + 1}:
            forgetting = ForgetLeft(stage.embedded.message_store, lambda at=at: at + DAY_MS)  # type: ignore[misc]
            assert await forgetting._old(state) == sum(one < at for one in times)


async def test_groups_are_counted_by_how_they_are_kept(tmp_path: Path) -> None:
    async with group_of(tmp_path / "data", 9) as (stage, _):
        small = await stage.group("1", "Small", OPEN, "2", "3")
        other = await stage.group("1", "Other", OPEN, "2", "3")
        for one in ("4", "5", "6"):
            await stage.do(one, other, Join())
        counted = await census(stage.embedded.message_store)
        assert (counted.wide, counted.large) == (2, 1)
        assert not (await state_of(stage, small)).wide


async def test_one_may_be_added_to_a_group_only_while_its_owner_lets_it_grow(tmp_path: Path) -> None:
    from chinwag.domain.command import SetSettings

    async with group_of(tmp_path / "data", 7) as (stage, group):
        await stage.do("1", group, SetRole(AccountId("2"), Role.ADMIN))
        with pytest.raises(Refused) as refused:
            await stage.do("2", group, SetSettings(GroupSettings(join="open")))
        assert refused.value.code is Code.NOT_ALLOWED
        await stage.do("2", group, SetSettings(GroupSettings(join="open", large=True, slow=1)))
        await stage.do("1", group, SetSettings(GroupSettings(join="open")))
        for action, who in ((Join(), "9"), (Add(AccountId("9")), "1")):
            with pytest.raises(Refused) as refused:
                await stage.do(who, group, action)
            assert refused.value.code is Code.GROUP_FULL
        assert (await state_of(stage, group)).count == 7, "nobody goes"
        await stage.do("1", group, SetSettings(OPEN))
        await stage.do("9", group, Join())
