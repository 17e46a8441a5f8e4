"""Following a large group: every event after a number, in order, read once for all, and nothing behind one's going."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.feed_scene import Scene, Session, scene

from chinwag.domain.body import Text
from chinwag.domain.command import Add, Edit, Leave, Remove
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.large import feeds as feeds_module
from chinwag.flow.large.feeds import FarError
from chinwag.flow.large.follower import WAITING, Follower
from chinwag.ports.bus import Counted, Moved, moved_of
from chinwag.ports.message_store import Commit


async def test_what_lies_after_a_number_comes_first_and_then_what_is_new_without_a_hole(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.say("two", "three")
        ben, _ = await here.follow("2", 1)
        assert (ben.after, ben.numbers) == ([1], [2, 3])
        await here.say("four", "five")
        await ben.until(lambda one: one.numbers == [2, 3, 4, 5])
        assert ben.after == [1]


async def test_events_are_read_once_for_all_who_follow_and_encoded_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        sessions = [(await here.follow(account, 1))[0] for account in ("1", "2", "3", "2")]
        here.store.reads.clear()
        await here.say("two")
        for one in sessions:
            await one.until(lambda one: one.numbers == [2])
        assert here.store.reads == [(2, 2)]
        assert len({id(one.frames[0]) for one in sessions}) == 1
        assert (here.feeds.figures.read, here.feeds.figures.given) == (1, 4)


async def test_the_head_is_looked_at_though_nobody_tells_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ben, _ = await here.follow("2", 1)
        await here.say("never told", told=False)
        assert await here.feeds.job.step() is False
        await ben.until(lambda one: one.numbers == [2])


async def test_what_is_told_before_it_can_be_read_is_fed_once_it_can(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ben, _ = await here.follow("2", 1)
        here.stage.embedded.bus.publish(moved_of(here.group), Moved(here.group, 3, 2, 3))
        await here.say("two", told=False)
        await here.say("three", told=False)
        await here.feeds.job.step()
        await ben.until(lambda one: one.numbers == [2, 3])


@pytest.mark.parametrize("how", ["removed", "left"])
async def test_who_goes_gets_the_notice_of_that_and_nothing_behind_it(tmp_path: Path, how: str) -> None:
    async with scene(tmp_path) as here:
        ben, _ = await here.follow("2", 1)
        carl, _ = await here.follow("3", 1)
        await here.say("two", told=False)
        if how == "removed":
            await here.stage.do("1", here.group, Remove(AccountId("2")))
        else:
            await here.stage.do("2", here.group, Leave())
        await here.say("behind the back of ben")
        await carl.until(lambda one: one.numbers == [2, 3, 4])
        assert ben.numbers == [2, 3]
        assert ben.ends == [(3, "not_member")]
        assert here.feeds.followers == 1


async def test_who_comes_again_begins_with_what_the_new_membership_may_read(tmp_path: Path) -> None:
    async with scene(tmp_path, history="joined") as here:
        await here.say("two")
        await here.stage.do("1", here.group, Remove(AccountId("2")))
        await here.say("behind the back of ben")
        with pytest.raises(Refused) as refused:
            await here.follow("2", 1)
        assert refused.value.code is Code.NOT_MEMBER
        back = (await here.stage.do("1", here.group, Add(AccountId("2")))).number
        await here.say("six")
        ben, _ = await here.follow("2", 1)
        assert ben.numbers == [2, 3, back, back + 1]
        assert ben.after == [1, back - 1]


async def test_a_stranger_is_told_what_everybody_is_told_of_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.stage.people("9")
        with pytest.raises(Refused) as refused:
            await here.follow("9", 0)
        assert refused.value.code is Code.NO_CONVERSATION
        assert here.feeds.followers == len(here.feeds) == 0


async def test_a_small_group_is_not_followed(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        here.store.small = True
        with pytest.raises(Refused) as refused:
            await here.follow("2", 0)
        assert refused.value.code is Code.NOT_LARGE


async def test_a_number_beyond_the_head_begins_at_the_head_and_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ben, _ = await here.follow("2", 40)
        assert (ben.after, ben.numbers) == ([1], [])
        await here.say("two")
        await ben.until(lambda one: one.numbers == [2])


async def test_a_number_that_the_feed_has_not_come_to_yet_is_no_number_beyond_the_head(tmp_path: Path) -> None:
    """The inbox was quicker: what it brought is not fed again, and is no reason to begin anew."""
    async with scene(tmp_path) as here:
        anna, _ = await here.follow("1", 1)
        number = await here.say("two", "three", told=False)
        ben, _ = await here.follow("2", number)
        assert ben.after == [number]
        await here.say("four")
        await ben.until(lambda one: one.numbers == [number + 1])
        await anna.until(lambda one: one.numbers == [2, 3, 4])


async def test_more_than_is_fed_at_once_is_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene(tmp_path) as here:
        number = await here.say("two", "three", "four", "five")
        monkeypatch.setattr(feeds_module, "FAR", 3)
        with pytest.raises(FarError) as far:
            await here.follow("2", 1)
        assert far.value.head == number
        ben, _ = await here.follow("2", 2)
        assert ben.numbers == [3, 4, 5]
        monkeypatch.setattr(feeds_module, "FAR_BYTES", 10)
        monkeypatch.setattr(feeds_module, "STEP", 1)
        with pytest.raises(FarError):
            await here.follow("3", 2)
        assert here.feeds.followers == 1


async def test_an_edit_made_after_one_has_gone_is_not_read_in_the_message_before_it(tmp_path: Path) -> None:
    """All of it is read together: the message is stored with its new text by then."""
    async with scene(tmp_path) as here:
        ben, _ = await here.follow("2", 1)
        carl, _ = await here.follow("3", 1)
        await here.say("before", told=False)
        await here.stage.do("1", here.group, Remove(AccountId("2")))
        await here.stage.do("1", here.group, Edit(2, Text("behind the back of ben")))
        await here.tell()
        await carl.until(lambda one: one.numbers == [2, 3, 4])
        assert b"behind the back" in carl.frames[0]
        assert ben.numbers == [2, 3]
        assert b"behind the back" not in b"".join(ben.frames)


async def test_one_who_takes_nothing_is_ended_as_slow_and_nobody_else_waits(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ben, slow = await here.follow("2", 1)
        carl, _ = await here.follow("3", 1)
        ben.full = True
        slow._bytes = 4 << 20  # as if the texts had been long
        await here.say("two")
        await carl.until(lambda one: one.numbers == [2])
        assert (ben.numbers, ben.ends) == ([], [(1, "slow")])
        await here.say("three")
        await carl.until(lambda one: one.numbers == [2, 3])
        assert ben.numbers == []


async def test_what_waits_for_room_comes_in_order_once_there_is_some(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ben, follower = await here.follow("2", 1)
        carl, _ = await here.follow("3", 1)
        ben.full = True
        await here.say("two", "three")
        await here.stage.do("1", here.group, Remove(AccountId("2")))
        await here.tell()
        await carl.until(lambda one: one.numbers == [2, 3, 4])
        assert (ben.numbers, ben.ends) == ([], [])
        ben.full = False
        follower.resumed()
        assert (ben.numbers, ben.ends) == ([2, 3, 4], [(4, "not_member")])


async def test_so_many_events_wait_and_no_more() -> None:
    ben = Session("2")
    ben.full = True
    follower = Follower(ben, ConversationId("g~1"))
    follower.let_go()
    for number in range(1, WAITING + 1):
        follower.take(number, b"x")
    assert ben.ends == []
    follower.take(WAITING + 1, b"x")
    assert ben.ends == [(0, "slow")]


async def test_a_server_that_ends_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ben, _ = await here.follow("2", 1)
        here.feeds.drain()
        assert ben.ends == [(1, "drain")]
        assert len(here.feeds) == 0


async def test_stores_put_back_end_what_was_fed_beyond_them(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.say("two", "three")
        ben, _ = await here.follow("2", 1)
        here.store.head = 2
        await here.feeds.job.step()
        assert ben.ends == [(3, "drain")]


async def test_who_waits_is_woken_by_what_is_new_and_by_nothing_else(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ben = AccountId("2")
        assert await here.feeds.beyond(ben, here.group, 0, 60)
        assert not await here.feeds.beyond(ben, here.group, 1, 0)
        waiting = asyncio.create_task(here.feeds.beyond(ben, here.group, 1, 60))
        await here.say("two")
        assert await waiting
        assert len(here.feeds) == 0


def _on(session: Session) -> list[Any]:
    """The counts that it was told: before, turn, and the messages."""
    frames = [msgspec.json.decode(frame) for frame in session.frames]
    return [[told[1], told[2], [number for number, _ in told[3]]] for one in frames if (told := one.get("counts"))]


async def _counts_of(here: Scene, turn: int, *numbers: int, told: bool = True) -> None:
    """Somebody has reacted to these messages, and that is committed. told: and followers hear of it."""
    (state,) = await here.stage.embedded.message_store.states([here.group])
    assert state is not None
    state = msgspec.structs.replace(state, reacted=turn)
    counts = [(number, ReactionCounts(state.applied, (("👍", turn),))) for number in numbers]
    await here.stage.embedded.message_store.commit([Commit(state, [], [], [], [], counts=counts)])
    if not told:
        return
    heard, bus = asyncio.Event(), here.stage.embedded.bus
    stop = bus.subscribe(moved_of(here.group), lambda _: heard.set())  # the feeds hear it before
    bus.publish(moved_of(here.group), Counted(here.group, turn - 1, turn, numbers))
    await heard.wait()
    stop()


async def test_counts_are_told_once_a_second_and_not_where_a_socket_is_full(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        last = await here.say("two", "three")
        (ben, _), (carl, _) = await here.follow("2", last), await here.follow("3", last)
        await _counts_of(here, 1, 2)
        await _counts_of(here, 2, 2, 3)
        await here.feeds.job.step()
        assert _on(ben) == _on(carl) == [[0, 2, [2, 3]]]
        assert len({id(one.frames[0]) for one in (ben, carl)}) == 1, "encoded once"
        await here.feeds.job.step()
        carl.full = True
        await _counts_of(here, 3, 3)
        await here.feeds.job.step()
        carl.full = False
        await _counts_of(here, 4, 3)
        await here.feeds.job.step()
        assert _on(ben)[1:] == [[2, 3, [3]], [3, 4, [3]]]
        assert _on(carl)[1:] == [[3, 4, [3]]], "it sees that it has missed something"


async def test_that_counts_have_changed_is_seen_within_two_looks_though_nobody_tells_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        last = await here.say("two")
        ben, _ = await here.follow("2", last)
        await _counts_of(here, 1, last, told=False)
        await here.feeds.job.step()
        carl, _ = await here.follow("3", last)
        assert (_on(ben), _on(carl)) == ([], []), "it may be on its way"
        await here.feeds.job.step()
        assert _on(ben) == _on(carl) == [[1, 1, []]], "who holds turn 0 has missed something"
        await here.feeds.job.step()
        await _counts_of(here, 2, last)
        await here.feeds.job.step()
        assert _on(ben)[1:] == [[1, 2, [last]]]


async def test_who_comes_to_follow_makes_nothing_seem_lost_that_is_on_its_way(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        last = await here.say("two")
        ben, _ = await here.follow("2", last)
        await _counts_of(here, 1, last, told=False)
        await here.follow("3", last)
        await here.follow("3", last)
        await here.feeds.job.step()
        assert _on(ben) == []


async def test_counts_of_what_one_may_not_read_are_not_told(tmp_path: Path) -> None:
    async with scene(tmp_path, history="joined") as here:
        await here.say("two")
        await here.stage.do("1", here.group, Remove(AccountId("2")))
        came = (await here.stage.do("1", here.group, Add(AccountId("2")))).number
        last = await here.say("later")
        (ben, _), (carl, _) = await here.follow("2", came), await here.follow("3", last)
        await _counts_of(here, 1, 2, last)
        await here.feeds.job.step()
        assert (_on(ben), _on(carl)) == ([[0, 1, [last]]], [[0, 1, [2, last]]])


async def test_who_has_left_is_told_no_count_from_after_that(tmp_path: Path) -> None:
    """Also where its going has not been fed yet when they are read."""
    async with scene(tmp_path) as here:
        last = await here.say("two")
        (ben, _), (carl, _) = await here.follow("2", last), await here.follow("3", last)
        gone = (await here.stage.do("2", here.group, Leave())).number
        await _counts_of(here, 1, last)
        await here.feeds.job.step()
        await carl.until(lambda one: bool(_on(one)))
        assert _on(carl) == [[0, 1, [last]]]
        assert (ben.ends, _on(ben)) == ([(gone, "not_member")], [])
