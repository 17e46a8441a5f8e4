"""Pushes of a large group: to whom a message speaks, and to those who chose to be told of each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.push_receiver import Subscription
from tests.support.push_stage import ANN, BEN, CYD, PushStage, push_stage

from chinwag.domain.command import Command, Deliver, Join, Leave, Rules
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.preferences import Preferences
from chinwag.flow.accept import AcceptRules
from chinwag.flow.own_commands import acting_for
from chinwag.flow.push import spread
from chinwag.ports.directory.push_spreads import EVERY_MS

RULES = AcceptRules(group_members=4, large_group_members=20, wide_above=4, large_above=5, large_seconds=0)
EVERY = Preferences(every=True)
OTHERS = [AccountId(str(one)) for one in range(4, 9)]


@asynccontextmanager
async def large(data: Path, history: str = "all") -> AsyncIterator[tuple[PushStage, ConversationId]]:
    """A large group of ann, who owns it, ben, cyd and three others."""
    async with push_stage(data, rules=RULES) as pushing:
        settings = GroupSettings(join="open", large=True, mention_all="members", history=history)  # type: ignore[arg-type]
        await pushing.stage.people(*OTHERS)
        tea = await pushing.stage.group(ANN, "Tea", settings, BEN, CYD)
        for one in OTHERS[:3]:
            await pushing.do(Join(), one, tea)
        assert (await pushing.stage.state(tea)).large
        await pushing.follow()
        yield pushing, tea


def numbers(browser: Subscription) -> list[object]:
    return [pushed.payload["number"] for pushed in browser.pushed]


async def test_all_that_is_said_is_pushed_to_those_who_chose_that_and_to_nobody_else(tmp_path: Path) -> None:
    async with large(tmp_path / "data") as (pushing, tea):
        hers, his, theirs = [await pushing.subscribe(one, f"phone{one}") for one in (ANN, BEN, CYD)]
        muted, none = await pushing.subscribe(OTHERS[0], "muted"), await pushing.subscribe(OTHERS[1], "none")
        await pushing.prefer(ANN, EVERY, tea)
        await pushing.prefer(BEN, EVERY, tea)
        await pushing.prefer(CYD, Preferences(pinned=True), tea)
        await pushing.prefer(OTHERS[0], Preferences(every=True, muted_until=1 << 52), tea)
        await pushing.prefer(OTHERS[1], Preferences(every=True, notify="none"), tea)
        said = await pushing.say("hello", ANN, tea)
        await pushing.after()
        assert [numbers(one) for one in (hers, his, theirs, muted, none)] == [[], [said], [], [], []]
        more = await pushing.say("and hello to cyd", ANN, tea, CYD)
        await pushing.after(EVERY_MS)
        assert [numbers(one) for one in (hers, his, theirs, muted, none)] == [[], [said, more], [more], [], []]


async def test_a_mention_that_is_gone_lets_nothing_else_be_told(tmp_path: Path) -> None:
    """Of a large group one is told of nothing but what speaks to one, also of what was said just before."""
    async with large(tmp_path / "data") as (pushing, tea):
        phone = await pushing.subscribe(CYD, "phone")
        await pushing.say("of no concern", ANN, tea)
        named = await pushing.say("cyd?", ANN, tea, CYD)
        await pushing.say("of no concern either", ANN, tea)
        await pushing.after()
        assert numbers(phone) == [named]


async def test_what_speaks_to_all_is_pushed_to_all_members(tmp_path: Path) -> None:
    async with large(tmp_path / "data") as (pushing, tea):
        browsers = [await pushing.subscribe(one, f"phone{one}") for one in (ANN, BEN, CYD, *OTHERS)]
        await pushing.do(Leave(), OTHERS[1], tea)
        said = await pushing.say("listen", ANN, tea, AccountId("*"))
        await pushing.do(Join(), OTHERS[3], tea)
        await pushing.after()
        here = [OTHERS[0], OTHERS[2], BEN, CYD]
        assert [numbers(one) for one in browsers] == [[said] if one in here else [] for one in (ANN, BEN, CYD, *OTHERS)]


async def test_whoever_came_later_is_pushed_nothing_of_before(tmp_path: Path) -> None:
    async with large(tmp_path / "data", history="joined") as (pushing, tea):
        phone = await pushing.subscribe(OTHERS[4], "phone")
        await pushing.say("secret", ANN, tea, AccountId("*"))
        await pushing.follow()
        await pushing.do(Join(), OTHERS[4], tea)
        await pushing.prefer(OTHERS[4], EVERY, tea)
        await pushing.after(EVERY_MS)
        assert phone.pushed == []
        said = await pushing.say("hello", ANN, tea)
        await pushing.after(EVERY_MS)
        assert numbers(phone) == [said]


async def test_they_have_their_turns_a_few_at_a_time_and_so_many_in_one_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "TOGETHER", 2)
    monkeypatch.setattr(spread, "MOST", 4)
    async with large(tmp_path / "data") as (pushing, tea):
        everybody = [BEN, CYD, *OTHERS[:3]]
        browsers = [await pushing.subscribe(one, f"phone{one}") for one in everybody]
        for one in everybody:
            await pushing.prefer(one, EVERY, tea)
        said = await pushing.say("one", ANN, tea)
        await pushing.follow()
        pushing.ahead += 1_000
        await pushing.spreading.step()
        await pushing.send()
        assert [numbers(one) for one in browsers] == [[said], [said], [], [], []]
        more = await pushing.say("two", ANN, tea)
        await pushing.follow()
        await pushing.spreading.step()
        await pushing.send()
        # Whoever had its turn before hears of it in the next round; and of so many the last one never has one.
        assert [numbers(one) for one in browsers] == [[said], [said], [more], [more], []]
        await pushing.spread()
        await pushing.send()
        assert [numbers(one) for one in browsers] == [[said], [said], [more], [more], []]
        pushing.ahead += EVERY_MS
        await pushing.spread()
        await pushing.send()
        assert [numbers(one) for one in browsers] == [[said, more], [said, more], [more], [more], []]
        pushing.ahead += EVERY_MS
        assert await pushing.spreading.step() is False
        await pushing.send()
        assert sum(len(one.pushed) for one in browsers) == 6


async def test_what_is_pushed_to_one_waits_for_no_more_than_a_few_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "TOGETHER", 1)
    monkeypatch.setattr(spread, "BEHIND", 2)
    async with large(tmp_path / "data") as (pushing, tea):
        everybody = [BEN, CYD, *OTHERS[:3]]
        browsers = [await pushing.subscribe(one, f"phone{one}") for one in everybody]
        for one in everybody:
            await pushing.prefer(one, EVERY, tea)
        said = await pushing.say("to many", ANN, tea)
        await pushing.follow()
        pushing.ahead += 1_000
        for _ in range(4):
            await pushing.spreading.step()
        assert pushing.spreading.turns == 2
        assert [len(await pushing.jobs(f"phone{one}")) for one in everybody] == [1, 1, 0, 0, 0]
        for _ in everybody:  # nothing is lost: all the others have their turn as those before are sent
            await pushing.send()
            await pushing.spreading.step()
        await pushing.send()
        assert [numbers(one) for one in browsers] == [[said]] * 5


async def test_pushes_of_large_groups_leave_half_of_what_may_wait_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "TOGETHER", 1)
    async with large(tmp_path / "data") as (pushing, tea):
        stage = pushing.stage
        spreading = spread.Spreading(stage.directory, stage.embedded.message_store, pushing.clock, most=4)
        for one in (BEN, CYD, *OTHERS[:3]):
            await pushing.subscribe(one, f"phone{one}")
            await pushing.prefer(one, EVERY, tea)
        await pushing.say("to many", ANN, tea)
        await pushing.follow()
        pushing.ahead += 1_000
        for _ in range(4):
            await spreading.step()
        async with stage.directory.reading() as reading:
            assert await reading.push_jobs.waiting() == spreading.turns == 2


async def test_two_who_spread_at_once_give_everybody_one_turn(tmp_path: Path) -> None:
    async with large(tmp_path / "data") as (pushing, tea):
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.prefer(BEN, EVERY, tea)
        said = await pushing.say("one", ANN, tea)
        await pushing.follow()
        pushing.ahead += 1_000
        other = spread.Spreading(pushing.stage.directory, pushing.stage.embedded.message_store, pushing.clock)
        pushing.stage.directory.failing = 1
        with pytest.raises(Exception, match="the test says so"):
            await other.step()
        await pushing.spreading.step()
        await other.step()
        await pushing.send()
        assert numbers(phone) == [said]
        assert [job.number for job in await pushing.jobs("phone")] == [said]


async def test_a_group_that_is_small_again_is_pushed_to_all_as_ever(tmp_path: Path) -> None:
    async with large(tmp_path / "data") as (pushing, tea):
        phone = await pushing.subscribe(CYD, "phone")
        await pushing.do(Leave(), OTHERS[0], tea)
        own, rules = pushing.stage.own, Rules(large_group_members=20, wide_above=4, large_above=5)
        name, device = own.new_id("deliver"), acting_for(ANN)
        assert isinstance(
            await own.number(Command(tea, ANN, device, name, pushing.clock(), Deliver(False), rules)), int
        )
        said = await pushing.say("hello", ANN, tea)
        await pushing.after()
        assert numbers(phone) == [said]
