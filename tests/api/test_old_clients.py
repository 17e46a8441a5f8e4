"""Clients that know nothing of large groups are told to load afresh, and seldom; others never are."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.large_scene import large_scene

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow import afresh
from chinwag.flow.access.admission import Principal
from chinwag.flow.large import outdated, watches
from chinwag.ports.inbox import Bounds
from chinwag.ports.message_store import MessageStore
from chinwag.roles.api.old import OldDevices
from chinwag.wire.frames import Event, Nudge, Reset, Watch, Welcome


class _Heard:
    """Of the devices that are heard of, what is told of their going."""

    def __init__(self) -> None:
        self.drop: Callable[[DeviceId], None]

    def on_drop(self, handler: Callable[[DeviceId], None]) -> None:
        self.drop = handler


async def test_a_session_of_an_old_client_is_told_at_hello_and_whenever_its_group_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outdated, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(watches, "EVERY_SECONDS", 0.0)
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        before = await ben.talk()
        await before.answered(lambda: len(scene.server.legs.large.watches))
        assert before.of(Reset) == []
        await scene.turn(tea, anna, large=True)
        await anna.send(tea, "one")
        told = (await before.some(Reset))[0]
        assert (told.cause, told.epoch) == ("old", before.of(Welcome)[0].epoch)

        talk, knows = await ben.talk(), await ben.talk("follow")
        assert (await talk.some(Reset))[0].cause == "old"
        await anna.change(tea, type="remove", account=ben.account)
        await talk.until(lambda: talk.posted)
        at = len(talk.of(Reset))
        witness = await carl.talk("follow")
        witness.say(Watch((tea,)))
        await witness.answered(lambda: tea in scene.server.legs.large.watches.of(carl.device))
        number = await anna.send(tea, "two")
        await witness.until(lambda: any(nudge.head >= number for nudge in witness.of(Nudge)))
        for one in (talk, knows):
            await one.answered()
        assert len(talk.of(Reset)) == at
        assert knows.of(Reset) == []


async def test_who_was_told_just_now_is_told_of_what_moves_only_after_a_while(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        await scene.turn(tea, anna, large=True)
        talk = await ben.talk()
        await talk.some(Reset)
        for text in ("one", "two", "three"):
            await anna.send(tea, text)
        await ben.send(tea, "mine")
        await talk.until(lambda: talk.posted)
        assert len(talk.of(Reset)) == 1


async def test_a_device_that_polls_is_told_in_time_and_its_cursor_loses_nothing(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        cursor = (await ben.get("/sync?follow=true"))["cursor"]
        told = await scene.turn(tea, anna, large=True)
        page = await ben.get(f"/sync?after={cursor}&follow=true")
        assert (page["reset"], page["events"][-1]["event"]["number"]) == (None, told)
        clients = scene.server.legs.large.old
        knowing = len(clients)
        page = await ben.get(f"/sync?after={cursor}")
        assert len(clients) == knowing + 1
        while page["reset"] is None:
            page = await ben.get(f"/sync?after={page['cursor']}&wait=25")
        assert (page["reset"], page["events"]) == ("old", [])
        page = await ben.get(f"/sync?after={page['cursor']}")
        assert page["reset"] is None


async def test_a_device_that_polls_seldom_is_not_told_with_each_poll(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        await scene.turn(tea, anna, large=True)
        legs, heard = scene.server.legs.large, _Heard()
        devices: Any = OldDevices(legs.old, heard)  # type: ignore[arg-type]  # all of it that they use
        principal = Principal(ben.account, ben.device, 0)
        for times in range(3):
            devices.came(principal, False, False)
            await asyncio.gather(*legs.old._tasks)  # its groups are looked up by then
            assert list(legs.watches.of(ben.device)) == [tea]
            assert devices.take(ben.device) is (times == 0)
            heard.drop(ben.device)


async def test_a_stream_of_an_old_client_is_told_and_one_that_follows_is_not(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        await scene.turn(tea, anna, large=True)
        of_ben, of_carl = [(await one.get("/cursor"))["cursor"] for one in (ben, carl)]
        async with (
            ben.stream(f"?after={of_ben}") as heard,
            carl.stream(f"?after={of_carl}&follow=true") as follows,
        ):
            assert (await heard.some(Reset))[0].cause == "old"
            await carl.send(tea, "mine")
            await follows.until(lambda: follows.posted)
            assert follows.of(Reset) == []


async def test_whoever_is_told_is_given_once_more_what_no_state_holds_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def before_the_last(_inbox: object, _store: object, _account: AccountId, bounds: Bounds) -> int:
        return bounds.head - 1

    monkeypatch.setattr(afresh, "afresh", before_the_last)
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        number = await scene.turn(tea, anna, large=True)
        monkeypatch.setattr(MessageStore, "posts_first", True)
        of_ben, of_carl, of_anna = [(await one.get("/cursor"))["cursor"] for one in (ben, carl, anna)]
        head = int(of_ben.split(".")[1])
        talk = await ben.talk(cursor=of_ben)
        async with carl.stream(f"?after={of_carl}") as heard:
            for one in (talk, heard):
                (event,) = await one.some(Event)
                (told,) = one.of(Reset)
                assert (one.posted, told.cause, told.position + 1) == ([number], "old", event.position)
                assert one.frames.index(told) < one.frames.index(event)
        assert talk.of(Event)[0].position == head
        page = await anna.get(f"/sync?after={of_anna}&wait=25")
        assert (page["reset"], page["events"]) == ("old", [])
        page = await anna.get(f"/sync?after={page['cursor']}")
        assert [each["event"]["number"] for each in page["events"]] == [number]
