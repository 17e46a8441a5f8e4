"""Pushes beside devices that are connected, or were until a moment ago."""

from pathlib import Path

from tests.flow.test_push_flow import night
from tests.support.push_stage import BEN, GONE_MS, PAIR, push_stage

from chinwag.domain.account import AccountSettings
from chinwag.domain.ids import DeviceId
from chinwag.ports.bus import Reads


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


async def test_what_is_shown_is_taken_back_while_something_newer_waits(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("are you there?")
        await pushing.after()
        pushing.connected = {BEN: [DeviceId("laptop")]}
        number = await pushing.say("and now?")
        await pushing.after()
        assert len(phone.pushed) == 1, "the laptop may show it first"
        await pushing.read(BEN, number)
        pushing.taking_back.on_signal(Reads(((BEN, PAIR),)))
        await pushing.taking_back.heed()
        await pushing.after()
        assert [one["kind"] for one in phone.shown] == ["clear"]


async def test_a_summary_waits_until_it_is_sure_that_its_device_is_there(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.settings(BEN, AccountSettings(quiet_hours=night(pushing)))
        await pushing.say("hello")
        await pushing.after()
        async with pushing.stage.directory.reading() as directory:
            due = await directory.push_jobs.next_due()
        assert due is not None
        pushing.connected = {BEN: [DeviceId("phone")]}
        await pushing.after(due - pushing.clock() + 1_000)
        pushing.connected = {}
        await pushing.after(GONE_MS)
        assert [one.payload["kind"] for one in phone.pushed] == ["summary"]


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
