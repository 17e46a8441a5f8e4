"""Who comes and goes while its follow is being looked into, or while the feed is behind."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.feed_scene import Session, scene

from chinwag.domain.command import Add, Remove
from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.large import feed as feed_module
from chinwag.flow.large.feed import Feed
from chinwag.flow.large.follower import Follower
from chinwag.flow.large.recount import Recounted


async def test_who_goes_while_the_follow_is_being_looked_into_is_fed_nothing_behind_it(tmp_path: Path) -> None:
    """The spans are read, then the account is removed and more is said, and all of that is committed before the feed
    begins: it is never seen going by."""
    for looks in (1, 2):
        async with scene(tmp_path / str(looks)) as here:

            async def put_out() -> None:
                await here.stage.do("1", here.group, Remove(AccountId("2")))
                await here.say("behind the back of ben")

            async def nothing() -> None:
                pass

            here.store.on_spans = [*[nothing] * (looks - 1), put_out]
            ben = Session("2")
            if looks == 1:
                with pytest.raises(Refused) as refused:
                    await here.feeds.follow(Follower(ben, here.group), 1)
                assert refused.value.code is Code.NOT_MEMBER
            else:
                await here.feeds.follow(Follower(ben, here.group), 1)
                await ben.until(lambda one: bool(one.ends))
                assert ben.ends == [(2, "not_member")]
            await here.say("and more")
            await here.feeds.job.step()
            assert set(ben.numbers) <= {2}


async def test_a_follow_that_begins_behind_the_notice_that_the_group_is_small_is_ended_too(tmp_path: Path) -> None:
    """The state was read before, and the feed was behind that notice by then."""
    async with scene(tmp_path) as here:
        await here.say("two")
        ben, _ = await here.follow("2", 1)
        assert (ben.numbers, ben.ends) == ([2], [])
        here.store.small = True
        await here.feeds.job.step()
        assert (ben.ends, len(here.feeds)) == ([(2, "small")], 0)


async def test_a_membership_that_was_read_before_one_went_is_none_behind_that(tmp_path: Path) -> None:
    """The spans are slow: when they come, the feed has given all that was said since to those who follow."""
    async with scene(tmp_path) as here:
        carl, _ = await here.follow("3", 1)

        async def put_out() -> None:
            await here.stage.do("1", here.group, Remove(AccountId("2")))
            await here.say("behind the back of ben")
            await carl.until(lambda one: one.numbers == [2, 3])

        async def nothing() -> None:
            pass

        here.store.on_spans = [nothing, put_out]
        ben, _ = await here.follow("2", 1)
        assert (ben.numbers, ben.ends) == ([2], [(2, "not_member")])


async def test_who_comes_while_the_feed_is_behind_is_fed_from_its_joining_on(tmp_path: Path) -> None:
    """The feed hears late of what was said before, by its look in the next second."""
    async with scene(tmp_path, history="joined") as here:
        anna, _ = await here.follow("1", 1)
        await here.stage.people("4")
        await here.say("two", "not for dora", told=False)
        joined = (await here.stage.do("1", here.group, Add(AccountId("4")))).number
        dora, _ = await here.follow("4", 1)
        await here.say("five")
        await dora.until(lambda one: one.numbers[-1:] == [joined + 1])
        assert (dora.after, dora.numbers) == ([joined - 1], [joined, joined + 1])
        await anna.until(lambda one: one.numbers == [2, 3, 4, 5])


async def test_who_was_put_out_and_is_back_is_fed_on_though_the_feed_is_behind(tmp_path: Path) -> None:
    async with scene(tmp_path, history="joined") as here:
        anna, _ = await here.follow("1", 1)
        await here.stage.do("1", here.group, Remove(AccountId("2")))
        await here.say("behind the back of ben", told=False)
        back = (await here.stage.do("1", here.group, Add(AccountId("2")))).number
        ben, _ = await here.follow("2", 1)
        await here.say("five")
        await anna.until(lambda one: one.numbers == [2, 3, 4, 5])
        await ben.until(lambda one: one.numbers[-1:] == [5] or bool(one.ends))
        assert (ben.numbers, ben.after, ben.ends) == ([2, back, 5], [1, back - 1], [])


@pytest.mark.parametrize("said", [(), ("behind the back of ben",)])
async def test_who_was_put_out_and_came_back_while_that_is_looked_into_is_told_to_ask_again(
    tmp_path: Path, said: Sequence[str]
) -> None:
    async with scene(tmp_path, history="joined") as here:

        async def put_out() -> None:
            await here.stage.do("1", here.group, Remove(AccountId("2")))

        async def come_back() -> None:
            await here.say(*said)
            await here.stage.do("1", here.group, Add(AccountId("2")))

        looked = here.store.states

        async def slowly(conversations: Sequence[ConversationId]) -> list[Conversation | None]:
            here.store.states = looked  # type: ignore[method-assign]
            states = await looked(conversations)
            await come_back()
            return states

        here.store.on_spans = [put_out]
        here.store.states = slowly  # type: ignore[method-assign]
        ben = Session("2")
        with pytest.raises(Refused) as refused:
            await here.feeds.follow(Follower(ben, here.group), 1)
        assert refused.value.code is Code.UNAVAILABLE
        last = await here.say("more")
        await here.feeds.job.step()
        assert ben.numbers == []
        ben, _ = await here.follow("2", 1)
        assert (ben.numbers, ben.after) == ([2, *(last - 1, last)], [1, *([last - 2] if said else [])])


async def test_of_a_follow_that_is_taken_back_while_it_is_looked_into_nothing_is_said(tmp_path: Path) -> None:
    """An answer would be taken for that of the next one."""
    async with scene(tmp_path) as here:
        await here.say("two")
        ben = Session("2")
        follower = Follower(ben, here.group)

        async def take_back() -> None:
            here.feeds.leave(follower)

        async def nothing() -> None:
            pass

        here.store.on_spans = [nothing, take_back]
        await here.feeds.follow(follower, 0)
        await here.say("three")
        assert (ben.after, ben.numbers, ben.ends) == ([], [], [])
        assert here.feeds.followers == 0


async def test_who_goes_with_an_event_that_many_are_being_given_is_told_no_counts_from_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is on its way to all who follow, a few at a time, when the counts are known."""
    monkeypatch.setattr(feed_module, "SLICE", 1)
    async with scene(tmp_path) as here:
        feed = Feed(here.group, 1, 0)
        sessions = [Session(account) for account in ("2", "3", "1")]
        for session in sessions:
            follower = Follower(session, here.group)
            feed.attach(follower, 1)
            follower.let_go()
        gone = (await here.stage.do("1", here.group, Remove(AccountId("2")))).number
        store: Any = here.store
        giving = asyncio.create_task(
            feed.give(store, await here.store.events(here.group, gone, gone), lambda _, event: event)
        )
        await sessions[0].until(lambda one: one.numbers == [gone])
        assert not giving.done()
        feed.hold(Recounted(gone, 0, 1, []))
        await feed.tell(lambda _, told: b"counts")
        await giving
        await feed.tell(lambda _, told: b"counts")
        assert [session.frames.count(b"counts") for session in sessions] == [0, 1, 1]
