"""The Python client and the terminal in large groups: what is open is followed, the rest is told of by nudges."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cli.terminals import Pipes
from tests.support.large_scene import Scene, Someone, large_scene
from tests.support.reader import PATIENCE, Reader, reading_as

from chinwag.client import (
    Client,
    Counts,
    FeedBegan,
    FeedEnded,
    Mirror,
    Slowed,
    catch_up,
    load,
    open_large,
)
from chinwag.wire.values import ConversationId

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"


@asynccontextmanager
async def reading(scene: Scene) -> AsyncIterator[Reader]:
    """Somebody who uses the client."""
    url = scene.place.process.url
    async with (
        await Client.sign_up(url, f"ben-{secrets.token_hex(4)}", PASSWORD) as client,
        reading_as(client) as reader,
    ):
        yield reader


async def large_group(scene: Scene, reader: Reader) -> tuple[ConversationId, Someone, Someone]:
    """One that the reader is in, at number 4."""
    anna, carl = await scene.person("anna"), await scene.person("carl")
    tea = await scene.group(anna, carl)
    await reader.client.join(tea)
    await scene.turn(tea, anna, large=True)
    await reader.until(lambda: reader.head(tea) == 4)
    return tea, anna, carl


async def same_as_loaded(reader: Reader) -> bool:
    fresh = Mirror(reader.client.account)
    await load(fresh, reader.client)
    return fresh.comparable({}) == reader.mirror.comparable({})


async def test_what_is_watched_is_counted_and_what_is_open_is_followed(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene, reading(scene) as reader:
        tea, anna, carl = await large_group(scene, reader)
        assert (reader.held(tea).wide, reader.held(tea).large, reader.held(tea).member_count) == (True, True, 3)
        await anna.send(tea, "one")
        await reader.until(lambda: reader.held(tea).unread == 1)  # by a nudge, or the look after `watch`
        assert reader.held(tea).behind
        assert reader.head(tea) == 4
        open_large(reader.mirror, reader.client, tea)
        last = await carl.send(tea, "two")
        await reader.until(lambda: reader.head(tea) == last)
        assert sorted(reader.held(tea).messages)[-2:] == [5, 6]
        # its own, by feed and by inbox, and over an interruption
        await reader.client.send("three", conversation=tea)
        reader.client._link.close("a test")
        last = await carl.send(tea, "four")
        await reader.until(lambda: reader.head(tea) == last)
        assert len(reader.of(FeedBegan)) == 2
        assert await same_as_loaded(reader)


async def test_it_goes_on_by_the_inbox_when_the_group_is_small_again(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene, reading(scene) as reader:
        tea, anna, carl = await large_group(scene, reader)
        missed = [await anna.send(tea, "missed"), await carl.send(tea, "missed too")]
        await scene.turn(tea, anna, large=False)
        last = await anna.send(tea, "copied")
        await reader.until(lambda: reader.head(tea) == last)
        assert set(missed) <= reader.held(tea).messages.keys(), "taken by number: no gap to load afresh"
        assert await same_as_loaded(reader)
        await scene.turn(tea, anna, large=True)
        await reader.until(lambda: reader.held(tea).large)
        open_large(reader.mirror, reader.client, tea)
        await reader.until(lambda: reader.of(FeedBegan))
        small = await scene.turn(tea, anna, large=False)
        await reader.until(lambda: reader.of(FeedEnded))
        assert reader.of(FeedEnded) == [FeedEnded(tea, small, "small")]
        assert not reader.client.follows(tea)
        assert await same_as_loaded(reader)


async def test_reactions_are_counted_live_after_a_hole_and_by_events_when_it_is_small(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene, reading(scene) as reader:
        tea, anna, carl = await large_group(scene, reader)
        last = await anna.send(tea, "like it")
        thumb = f"/conversations/{tea}/messages/{last}/reactions/%F0%9F%91%8D"
        await anna.put(thumb)
        open_large(reader.mirror, reader.client, tea)

        def thumbs() -> tuple[int, bool] | None:
            known = reader.held(tea).reactions.get(last)
            return None if known is None else known.counted().get("👍")

        await reader.until(lambda: reader.head(tea) == last)
        await carl.put(thumb)
        await reader.until(lambda: thumbs() == (2, False))  # told, or asked for because the first was not
        reader.held(tea).turn = 1  # as if a count was lost
        reader.held(tea).reactions.clear()
        await reader.client.react(tea, last, "👍")
        await reader.until(lambda: thumbs() == (3, True))
        assert reader.of(Counts)
        await scene.turn(tea, anna, large=False)
        await carl.put(f"/conversations/{tea}/messages/{last}/reactions/%F0%9F%8E%89")
        await reader.until(lambda: "🎉" in reader.mirror.reactions(tea).get(last, {}))
        assert reader.mirror.reactions(tea)[last] == {"👍": (3, True), "🎉": (1, False)}


async def test_a_number_beyond_the_group_is_dropped_and_far_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chinwag.flow.large.feeds.FAR", 2)
    async with large_scene(tmp_path) as scene, reading(scene) as reader:
        tea, anna, carl = await large_group(scene, reader)
        reader.held(tea).head = 99  # as after a backup was brought back
        open_large(reader.mirror, reader.client, tea)
        await reader.until(lambda: reader.of(FeedBegan))
        await reader.until(lambda: reader.head(tea) == 4)
        reader.client.unfollow(tea)
        for one in ("a", "b"):
            await anna.send(tea, one)
            await carl.send(tea, one)
        open_large(reader.mirror, reader.client, tea)
        await reader.until(lambda: reader.head(tea) == 8)
        last = await anna.send(tea, "c")
        await reader.until(lambda: reader.head(tea) == last)
        assert await catch_up(reader.mirror, reader.client, tea)
        assert await same_as_loaded(reader)


async def test_who_went_and_came_again_while_it_was_away_has_it_all_again(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        url = scene.place.process.url
        async with await Client.sign_up(url, f"ben-{secrets.token_hex(4)}", PASSWORD) as ben:
            anna, carl = await scene.person("anna"), await scene.person("carl")
            tea = await scene.group(anna, carl)
            await ben.join(tea)
            text = await anna.send(tea, "edited while ben was out")
            await scene.turn(tea, anna, large=True)
            mirror, fresh = Mirror(ben.account), Mirror(ben.account)
            await load(mirror, ben, messages=10)
            await carl.send(tea, "missed")
            await anna.change(tea, type="remove", account=ben.account)
            await carl.send(tea, "not for ben")
            await anna.edit(tea, text, "as it is now")
            await anna.change(tea, type="add", account=ben.account)
            last = await carl.send(tea, "and on")
            async with asyncio.timeout(PATIENCE):
                assert await catch_up(mirror, ben, tea)
            await load(fresh, ben)
            assert mirror.conversations[tea].head == last
            assert mirror.comparable({}) == fresh.comparable({})
            assert text not in mirror.conversations[tea].messages  # what it says now was told to nobody who was out


async def test_who_writes_too_soon_is_told_and_it_goes_out_by_itself(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        url = scene.place.process.url
        async with await Client.sign_up(url, f"ben-{secrets.token_hex(4)}", PASSWORD) as ben:
            anna, carl = await scene.person("anna"), await scene.person("carl")
            tea = await scene.group(anna, carl)
            await ben.join(tea)
            await scene.turn(tea, anna, large=True)
            sent = [ben.post(text, conversation=tea) for text in ("one", "two")]
            slowed = None
            async with asyncio.timeout(PATIENCE):
                async for update in ben.updates():
                    if isinstance(update, Slowed):
                        slowed = update
                        break
            assert slowed is not None
            assert slowed.conversation == tea
            assert 0 < slowed.retry_in <= 1
            assert [(await one.answer()).number for one in sent] == [5, 6]


async def test_the_terminal_says_what_a_large_group_is_and_shows_what_is_said_there(tmp_path: Path) -> None:
    async with large_scene(tmp_path / "server") as scene:
        anna, carl = await scene.person("anna"), await scene.person("carl")
        tea = await scene.group(anna, carl)
        flags = ("--server", scene.place.process.url, "--name", "ben", "--sign-up")
        chat = await Pipes.open(tmp_path / "home", *flags)
        await chat.sees("No conversations yet")
        chat.type(f"/join {tea}")
        await chat.sees("3 members: nobody is told who reads or types here")
        await scene.turn(tea, anna, large=True)
        await chat.sees("the group is large now")
        await anna.send(tea, "live")
        await chat.sees(": live")
        chat.type("/react 🎉")
        await chat.sees("🎉 1*")
        chat.type("/members")
        await chat.sees("(owner)")
        await chat.sees("ben (you)")
        chat.type("/members nobody")
        await chat.sees("Nobody of that name is in here.")
        chat.type("one")
        chat.type("two")
        await chat.sees("takes your messages more slowly: the next one goes out by itself in 1 second")
        await chat.sees("you: two  ✓")
        assert await chat.leave() == 0
