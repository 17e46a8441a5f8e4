"""Pushes beside devices that are connected, or were until a moment ago."""

from pathlib import Path

from tests.support.push_stage import BEN, push_stage

from chinwag.domain.ids import DeviceId


async def test_what_is_written_once_the_last_tab_is_closed_waits_for_nothing_older(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        pushing.connected = {BEN: [DeviceId("phone")]}
        number = await pushing.say("are you there?")
        await pushing.after()
        await pushing.read(BEN, number)
        pushing.connected = {}
        await pushing.say("when do you come?")
        await pushing.after()
        assert [one.payload["text"] for one in phone.pushed] == ["when do you come?"]


async def test_what_just_came_is_not_pushed_for_what_was_read(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        pushing.connected = {BEN: [DeviceId("laptop")]}
        pushing.ahead = -30_000  # messages are stamped by the machine's clock
        number = await pushing.say("are you there?")
        await pushing.after()
        await pushing.read(BEN, number)
        await pushing.say("good")
        await pushing.after(30_000)
        assert phone.pushed == [], "it is looked at on the laptop right now"


async def test_who_is_away_unnoticed_is_pushed_what_it_missed(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        pushing.connected = {BEN: [DeviceId("phone")]}
        await pushing.say("hello")
        await pushing.after()
        await pushing.after(30_000)
        pushing.connected = {}
        await pushing.after(5_000)
        assert [one.payload["text"] for one in phone.pushed] == ["hello"]
