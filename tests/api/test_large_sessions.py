"""What sessions have of a large group beside their inbox, over sockets, polls and streams of a real server."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.large_scene import Scene, Someone, large_scene

from chinwag.domain.ids import ClientId, ConversationId
from chinwag.flow.large.feed import Feed
from chinwag.flow.trace import Tracer
from chinwag.roles.api.making import OF_OWNER
from chinwag.roles.gateway import pulling
from chinwag.wire.frames import (
    Ack,
    CountedMessage,
    CountedReaction,
    Counts,
    Error,
    Follow,
    Followed,
    Nudge,
    React,
    Unfollow,
    Unfollowed,
    Watch,
)


async def large_group(scene: Scene) -> tuple[ConversationId, Someone, Someone, Someone]:
    """A large group, and those who are in it."""
    anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
    group = await scene.group(anna, ben, carl)
    await scene.turn(group, anna, large=True)
    return group, anna, ben, carl


async def test_who_follows_has_every_number_from_the_switch_on_and_its_inbox_only_what_is_its_own(
    tmp_path: Path,
) -> None:
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        talk = await ben.talk("follow")
        before = await anna.send(tea, "copied")
        switch = await scene.turn(tea, anna, large=True)
        head = await anna.send(tea, "pulled", "too")
        mine = await ben.send(tea, "my own")
        talk.say(Follow(tea, before))
        await talk.until(lambda: mine in talk.fed and mine in talk.posted)
        assert talk.of(Followed) == [Followed(tea, before)]
        assert talk.fed == list(range(switch, mine + 1))
        assert talk.posted == [before, switch, mine]  # a posting more, and one less, would be seen here
        assert head == mine - 1
        tracer = Tracer(
            scene.server.ports.message_store,
            scene.server.ports.inbox,
            scene.server.ports.mark_store,
            scene.server.ports.registry,
            scene.server.ports.questions,
        )
        trace = await tracer.trace(tea, head)
        assert (trace.large, trace.followers) == (True, 1)
        assert (await tracer.trace(tea, before)).followers == 1


async def test_the_feed_ends_with_the_notice_that_the_group_is_small_which_comes_by_the_inbox_too(
    tmp_path: Path,
) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, _ = await large_group(scene)
        talk = await ben.talk("follow")
        head = await anna.send(tea, "one")
        talk.say(Follow(tea, head))
        await talk.some(Followed)
        small = await scene.turn(tea, anna, large=False)
        last = await anna.send(tea, "copied again")
        await talk.until(lambda: last in talk.posted and talk.of(Unfollowed))
        assert talk.of(Unfollowed) == [Unfollowed(tea, small, "small")]
        assert (talk.fed, talk.posted) == ([small], [small, last])


async def test_who_is_removed_is_fed_that_and_nothing_behind_it_and_not_nudged(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, carl = await large_group(scene)
        gone, stays = await ben.talk("follow"), await carl.talk("follow")
        head = await anna.send(tea, "one")
        watches = scene.server.legs.large.watches

        def watching(who: Someone) -> Callable[[], bool]:
            return lambda: tea in watches.of(who.device)

        for talk, who in ((gone, ben), (stays, carl)):
            talk.say(Watch((tea,)))
            talk.say(Follow(tea, head))
            await talk.some(Followed)
            await talk.answered(watching(who))
        removal = await anna.change(tea, type="remove", account=ben.account)
        last = await anna.send(tea, "behind", "their backs")
        await stays.until(lambda: last in stays.fed)
        await gone.until(lambda: gone.of(Unfollowed) and removal in gone.posted)
        await gone.answered()
        assert gone.fed == [removal]
        assert gone.of(Unfollowed) == [Unfollowed(tea, removal, "not_member")]
        assert watches.of(ben.device) == {}
        assert all(nudge.head <= removal for nudge in gone.of(Nudge))
        gone.say(Follow(tea, removal))
        assert (await gone.some(Error))[0].code == "not_member"


async def test_more_follows_than_a_session_may_have_are_refused_and_end_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "FOLLOWS", 1)
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, carl = await large_group(scene)
        other = await scene.group(anna, ben, carl)
        talk = await ben.talk("follow")
        talk.say(Follow(other, 0))
        assert (await talk.some(Error))[0].code == "not_large"
        await scene.turn(other, anna, large=True)
        talk.say(Follow(tea, 0))
        await talk.some(Followed)
        talk.say(Follow(other, 0))
        assert (await talk.some(Error, 2))[1].code == "too_many"
        number = await anna.send(tea, "still fed")
        await talk.until(lambda: number in talk.fed)
        talk.say(Unfollow(tea))
        talk.say(Follow(other, 0))
        await talk.some(Followed, 2)


async def test_heads_and_nudges_and_changes_are_there_without_a_socket(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, carl = await large_group(scene)
        stranger = await scene.person("dora")
        assert await stranger.get(f"/conversations/heads?conversation={tea}") == {"heads": []}
        assert await ben.get("/conversations/heads") == {"heads": []}
        await ben.post("/watch", {"conversations": [tea]})
        cursor = (await ben.get("/sync?follow=true"))["cursor"]
        waiting = asyncio.create_task(ben.get(f"/sync?after={cursor}&wait=25&follow=true"))
        number = await anna.send(tea, "one")
        page = await waiting
        while not page["nudges"]:
            page = await ben.get(f"/sync?after={page['cursor']}&wait=25&follow=true")
        assert (page["nudges"][0]["conversation"], page["nudges"][0]["head"]) == (tea, number)
        asking = asyncio.create_task(anna.get(f"/conversations/{tea}/changes?after={number}&wait=25"))
        last = await carl.send(tea, "two")
        found = await asking
        assert [event["number"] for event in found["events"]] == [last]
        async with carl.stream(f"?after={(await carl.get('/cursor'))['cursor']}&follow=true") as heard:
            await carl.post("/watch", {"conversations": [tea]})
            await anna.send(tea, "three")
            nudge = (await heard.some(Nudge))[0]
            assert nudge.head == last + 1


async def test_who_waits_for_what_comes_in_a_group_keeps_nobody_from_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, beyond = asyncio.Semaphore(0), Feed.beyond

    async def beyond_seen(self: Feed, number: int, seconds: float) -> bool:
        begun.release()
        return await beyond(self, number, seconds)

    monkeypatch.setattr(Feed, "beyond", beyond_seen)
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, _ = await large_group(scene)
        number = await ben.send(tea, "one")
        path = f"/conversations/{tea}/changes?after={number}&wait=25"
        waiting = [asyncio.create_task(anna.get(path)) for _ in range(OF_OWNER)]
        for _ in waiting:
            await begun.acquire()
        me = asyncio.create_task(anna.get("/me"))
        await asyncio.wait([me, *waiting], return_when=asyncio.FIRST_COMPLETED)
        assert not any(one.done() for one in waiting)
        await me  # it was answered, and not refused for want of a place
        last = await ben.send(tea, "two")
        for one in waiting:
            assert [event["number"] for event in (await one)["events"]] == [last]


async def test_reactions_reach_who_follows_as_counts_and_are_asked_for_after_a_hole(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, carl = await large_group(scene)
        talk = await ben.talk("follow")
        last = await anna.send(tea, "like it")
        talk.say(Follow(tea, last))
        await talk.some(Followed)
        talk.say(React(ClientId("mine"), tea, last, "👍"))
        assert (await talk.some(Ack))[0].number == last, "it takes none"
        thumbs = 1
        for who in (anna, carl):
            await who.put(f"/conversations/{tea}/messages/{last}/reactions/%F0%9F%91%8D")
            thumbs += 1
        told = [CountedMessage(last, (CountedReaction("👍", thumbs),))]
        await talk.until(lambda: [one for one in talk.of(Counts) if list(one.messages) == told])
        counts = talk.of(Counts)
        assert (counts[0].before, counts[-1].turn) == (0, thumbs)
        assert [one.before for one in counts[1:]] == [one.turn for one in counts[:-1]], "no hole"
        assert (talk.fed, talk.posted) == ([], [])
        found = await ben.get(f"/conversations/{tea}/reactions?message={last}&message=1")
        on = [{"reaction": "👍", "count": thumbs, "by": [], "mine": True}]
        assert found == {"messages": [{"number": last, "reactions": on}], "turn": thumbs}
        page = await carl.get(f"/conversations/{tea}/messages?limit=1")
        assert (page["events"][0]["reactions"], page["turn"]) == (on, thumbs)
        listed = await anna.get(f"/conversations/{tea}/messages/{last}/reactions?limit=2")
        assert [one["account"] for one in listed["reactions"]] == [ben.account, anna.account]
        rest = f"after={listed['next']}&after_turn={listed['next_turn']}"
        listed = await anna.get(f"/conversations/{tea}/messages/{last}/reactions?{rest}")
        assert [one["account"] for one in listed["reactions"]] == [carl.account]
        assert listed["next"] is None
