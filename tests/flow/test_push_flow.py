"""Pushes over real stores to a push service that opens them: who is pushed, when, and what it says."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from tests.support.push_stage import ANN, BEN, CYD, HOURS, PAIR, PushStage, push_stage

from chinwag.domain.account import AccountSettings
from chinwag.domain.body import Text
from chinwag.domain.command import Delete, Edit, Leave, React, Remove
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Position, Role, Span
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, group_id, stream_of
from chinwag.domain.preferences import Preferences
from chinwag.domain.quiet_hours import QuietHours
from chinwag.flow.access.devices import revoke_device
from chinwag.flow.accounts.block import block
from chinwag.flow.accounts.disable import disable
from chinwag.ports.bus import Reads
from chinwag.ports.follower import Reached
from chinwag.ports.message_store import Commit, Fanout


async def test_what_a_friend_writes_reaches_a_closed_browser(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("come to the river")
        await pushing.follow()
        await pushing.send()
        assert phone.pushed == [], "a moment is waited for more"
        await pushing.after()
        (pushed,) = phone.pushed
        tag = pushed.payload.pop("tag")
        assert pushed.payload == {
            "v": 1,
            "kind": "message",
            "account": BEN,
            "conversation": PAIR,
            "number": number,
            "unread": 1,
            "mentions": 0,
            "title": "name1",
            "sender": "name1",
            "text": "come to the river",
        }
        assert pushed.headers["topic"] == tag
        assert pushed.headers["urgency"] == "high", "it is written to one alone"
        await pushing.after(60 * HOURS)
        assert len(phone.pushed) == 1


async def test_several_messages_are_one_push(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone, tablet = await pushing.subscribe(BEN, "phone"), await pushing.subscribe(BEN, "tablet")
        for text in ("one", "two", "three"):
            await pushing.say(text)
            await pushing.follow()
        await pushing.after()
        for device in (phone, tablet):
            assert [(one.payload["text"], one.payload["unread"]) for one in device.pushed] == [("three", 3)]
        await pushing.say("four")
        await pushing.after()
        assert [one["text"] for one in phone.shown] == ["four"], "in place of the one before"


async def test_nobody_is_pushed_what_it_wrote_or_what_changes_a_message(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("mine", BEN)
        await pushing.do(React(1, "👍", True))
        await pushing.do(Edit(1, Text("said better")))
        await pushing.do(Delete(1))
        await pushing.after()
        assert phone.pushed == []


async def test_what_was_read_meanwhile_is_not_pushed(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("seen already")
        await pushing.follow()
        await pushing.read(BEN, number)
        await pushing.after()
        assert phone.pushed == []
        assert await pushing.jobs("phone") == []


async def test_a_deleted_text_is_in_no_push(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("what is left")
        number = await pushing.say("what nobody shall know")
        await pushing.follow()
        await pushing.do(Delete(number))
        await pushing.after()
        assert [(one.payload["text"], one.payload["number"]) for one in phone.pushed] == [("what is left", number - 1)]
        number = await pushing.say("a slip")
        await pushing.follow()
        await pushing.do(Edit(number, Text("well said")))
        await pushing.after()
        assert phone.pushed[-1].payload["text"] == "well said"


async def test_a_push_is_taken_back_once_it_is_read_elsewhere(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("hello")
        await pushing.after()
        await pushing.read(BEN, number)
        await pushing.after(59_000)
        assert len(phone.pushed) == 1, "no signal came, and a look is due in a minute"
        await pushing.after(2_000)
        message, clear = phone.pushed
        assert (clear.payload["kind"], clear.payload["unread"]) == ("clear", 0)
        assert "text" not in clear.payload
        assert clear.headers["topic"] == message.headers["topic"], "it takes its place where that was not shown yet"
        assert await pushing.jobs("phone") == []
        await pushing.after(10 * HOURS)
        assert len(phone.pushed) == 2


async def test_a_push_is_taken_back_once_it_is_deleted(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("hello")
        await pushing.after()
        await pushing.do(Delete(number))
        await pushing.after(1)
        assert [one["kind"] for one in phone.shown] == ["clear"]
        assert len(phone.pushed) == 2


async def test_what_is_read_at_once_is_taken_back_by_one_push(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        groups = [await pushing.stage.group(ANN, f"trip {at}", GroupSettings(), BEN) for at in range(24)]
        await pushing.follow()
        read = {group: await pushing.say("hello all", ANN, group) for group in groups}
        await pushing.after()
        assert len(phone.pushed) == len(groups)
        for group, number in read.items():
            await pushing.read(BEN, number, group)
        pushing.taking_back.on_signal(reads(*((BEN, group) for group in groups)))
        await pushing.taking_back.heed()
        await pushing.after(1_000)
        assert [one.payload["kind"] for one in phone.pushed[24:]] == ["clear"]
        assert len([one for one in phone.shown if one["kind"] == "message"]) == 4, "as many as one push names"
        await pushing.after(60_000)
        assert [one.payload["kind"] for one in phone.pushed[25:]] == ["clear"]
        assert {one["kind"] for one in phone.shown} == {"clear"}
        assert await pushing.jobs("phone") == []
        tags = {tag for one in phone.pushed[24:] for _, tag in one.payload["also"]}
        assert tags == {one.headers["topic"] for one in phone.pushed[:24]}
        assert not tags & {one.headers["topic"] for one in phone.pushed[24:]}, "no later message takes its place"


async def test_a_signal_takes_back_at_once_but_once_a_minute_a_device(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        group = await pushing.stage.group(ANN, "trip", GroupSettings(), BEN)
        await pushing.follow()
        first = await pushing.say("hello")
        second = await pushing.say("hello all", ANN, group)
        await pushing.after()
        assert len(phone.pushed) == 2
        for number, where in ((first, PAIR), (second, group)):
            await pushing.read(BEN, number, where)
            pushing.taking_back.on_signal(reads((BEN, where)))
            await pushing.taking_back.heed()
            await pushing.after(1_000)
            assert len(phone.pushed) == 3
        await pushing.after(60_000)
        assert [one["kind"] for one in phone.shown] == ["clear", "clear"]
        assert len(phone.pushed) == 4


async def test_a_device_that_is_connected_is_told_nothing_that_it_knows(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("hello")
        await pushing.after()
        pushing.connected = {BEN: [DeviceId("phone")]}
        await pushing.read(BEN, number)
        await pushing.after(61_000)
        assert len(phone.pushed) == 1
        assert await pushing.jobs("phone") == []


async def test_a_revoked_device_is_pushed_nothing(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone, tablet = await pushing.subscribe(BEN, "phone"), await pushing.subscribe(BEN, "tablet")
        await pushing.say("hello")
        await pushing.follow()
        await revoke_device(pushing.stage.accounts, BEN, DeviceId("phone"))
        assert await pushing.jobs("phone") == []
        await pushing.after()
        assert (len(phone.pushed), len(tablet.pushed)) == (0, 1)
        await pushing.say("again")
        await pushing.after()
        assert (len(phone.pushed), len(tablet.pushed)) == (0, 2)


async def test_a_device_that_is_revoked_while_its_push_is_weighed_is_pushed_nothing(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("hello")
        await pushing.follow()

        async def revoked_meanwhile(_account: str) -> list[DeviceId]:
            await revoke_device(pushing.stage.accounts, BEN, DeviceId("phone"))
            return []

        pushing.devices = revoked_meanwhile  # type: ignore[method-assign, assignment]
        pushing.sender = pushing.new_sender()
        await pushing.after()
        assert phone.pushed == []


async def test_who_is_out_is_pushed_nothing(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        ben, cyd = await pushing.subscribe(BEN, "ben"), await pushing.subscribe(CYD, "cyd")
        group = await pushing.stage.group(ANN, "trip", GroupSettings(), BEN, CYD)
        await pushing.follow()
        await pushing.say("hello all", ANN, group)
        await pushing.follow()
        await pushing.do(Remove(BEN), ANN, group)
        await pushing.do(Leave(), CYD, group)
        await pushing.say("they are gone", ANN, group)
        await pushing.after()
        assert ben.pushed == cyd.pushed == []


async def test_what_is_shown_of_a_group_goes_with_the_place_in_it(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        ben = await pushing.subscribe(BEN, "ben")
        group = await pushing.stage.group(ANN, "trip", GroupSettings(), BEN)
        await pushing.follow()
        await pushing.say("hello all", ANN, group)
        await pushing.after()
        await pushing.do(Remove(BEN), ANN, group)
        await pushing.after(61_000)
        assert [one["kind"] for one in ben.shown] == ["clear"]


@pytest.mark.parametrize("way", ["blocked", "disabled"])
async def test_nothing_comes_of_somebody_blocked_or_to_somebody_locked_out(tmp_path: Path, way: str) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("hello")
        await pushing.follow()
        if way == "blocked":
            await block(pushing.stage.accounts, BEN, ANN)
        else:
            await disable(pushing.stage.accounts, BEN)
        await pushing.after()
        assert phone.pushed == []


async def test_an_account_is_pushed_what_it_wants_to_hear_of(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        group = await pushing.stage.group(ANN, "trip", GroupSettings(), BEN)
        await pushing.follow()
        await pushing.prefer(BEN, Preferences(notify="mentions"), group)
        await pushing.prefer(BEN, Preferences(muted_until=1 << 52))
        await pushing.say("to nobody in particular", ANN, group)
        await pushing.say("hello")
        await pushing.after()
        assert phone.pushed == []
        await pushing.say("to you", ANN, group, BEN)
        await pushing.say("and to nobody", ANN, group)
        await pushing.after()
        (pushed,) = phone.pushed
        assert (pushed.payload["text"], pushed.payload["title"]) == ("to you", "trip")
        assert (pushed.payload["mentions"], pushed.payload["unread"]) == (1, 3), "what is muted counts for nothing"
        await pushing.prefer(BEN, Preferences(notify="none"), group)
        await pushing.say("again", ANN, group, BEN)
        await pushing.after()
        assert len(phone.pushed) == 1


@pytest.mark.parametrize(("preview", "words"), [("none", (None, None, None)), ("sender", ("trip", "name1", None))])
async def test_a_push_says_as_much_as_its_account_wants(
    tmp_path: Path, preview: str, words: tuple[str | None, ...]
) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        group = await pushing.stage.group(ANN, "trip", GroupSettings(), BEN)
        await pushing.settings(BEN, AccountSettings(push_preview=preview))  # type: ignore[arg-type]
        await pushing.say("what is nobody's business", ANN, group)
        await pushing.after()
        (pushed,) = phone.pushed
        assert tuple(pushed.payload.get(name) or None for name in ("title", "sender", "text")) == words


async def test_quiet_hours_end_with_one_summary(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        group = await pushing.stage.group(ANN, "trip", GroupSettings(), BEN)
        await pushing.follow()
        await pushing.settings(BEN, AccountSettings(quiet_hours=night(pushing)))
        await pushing.say("hello")
        await pushing.say("hello all", ANN, group)
        await pushing.after()
        await pushing.say("still there?")
        await pushing.after(2 * HOURS)
        assert phone.pushed == []
        await pushing.say("you, now", ANN, group, BEN)
        await pushing.after()
        assert [one.payload["text"] for one in phone.pushed] == ["you, now"], "what speaks to one passes"
        await pushing.after(7 * HOURS)
        assert [one.payload["kind"] for one in phone.pushed] == ["message", "summary"]
        assert phone.pushed[1].payload["unread"] == 4
        assert "conversation" not in phone.pushed[1].payload
        await pushing.after(1 * HOURS)
        assert len(phone.pushed) == 2


async def test_quiet_hours_end_without_a_word_if_all_is_read(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.settings(BEN, AccountSettings(quiet_hours=night(pushing)))
        number = await pushing.say("hello")
        await pushing.after()
        await pushing.read(BEN, number)
        await pushing.after(9 * HOURS)
        assert phone.pushed == []
        assert await pushing.jobs("phone") == []


async def test_a_tab_that_stays_open_silences_a_phone_for_half_a_minute(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone, laptop = await pushing.subscribe(BEN, "phone"), await pushing.subscribe(BEN, "laptop")
        pushing.connected = {BEN: [DeviceId("laptop")]}
        await pushing.say("hello")
        await pushing.after()
        await pushing.after(28_000)
        assert phone.pushed == []
        await pushing.after(2_000)
        assert (len(phone.pushed), len(laptop.pushed)) == (1, 0)


async def test_a_tab_that_stays_open_silences_a_phone_if_its_server_wants_it_so(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data", unread_ms=0) as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        pushing.connected = {BEN: [DeviceId("laptop")]}
        await pushing.say("hello")
        await pushing.after(60_000)
        assert phone.pushed == []
        pushing.connected = {}
        await pushing.say("hello?")
        await pushing.after()
        assert len(phone.pushed) == 1


async def test_rather_a_push_than_none_if_nobody_knows_who_is_connected(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        pushing.connected = None
        await pushing.say("hello")
        await pushing.after()
        assert len(phone.pushed) == 1


async def test_everybody_of_a_group_of_five_hundred_is_pushed_to_once(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        everybody = [AccountId(str(1_000 + number)) for number in range(500)]
        await pushing.stage.people(*everybody)
        browsers = {account: await pushing.subscribe(account, f"of {account}") for account in everybody}
        members = {account: Member(Role.MEMBER) for account in everybody}
        author = everybody[0]
        state = Conversation(group_id("5"), False, members, head=1, ordinal=1, title="all", applied=Position(9, 1, 0))
        said = Message(
            conversation=state.id,
            number=1,
            ordinal=1,
            sender=author,
            device=DeviceId("x"),
            id=ClientId("x"),
            sent_at=pushing.clock(),
            body=Text("everybody up"),
        )
        spans = [Span(account, state.id, 1) for account in everybody]
        fanouts = [Fanout(1, 1, (*everybody, stream_of(0)))]
        commit = Commit(state, [(1, msgspec.json.encode(said))], fanouts, [], spans)
        await pushing.stage.embedded.message_store.commit([commit])
        await pushing.after()
        assert [len(browser.pushed) for browser in browsers.values()] == [0] + [1] * 499
        tags = {browser.pushed[0].headers["topic"] for browser in list(browsers.values())[1:]}
        assert len(tags) == 499, "nobody outside sees who is in one group"


async def test_a_test_reaches_the_device_itself(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone, tablet = await pushing.subscribe(BEN, "phone"), await pushing.subscribe(BEN, "tablet")
        pushing.connected = {BEN: [DeviceId("phone")]}
        await pushing.subscriptions.test(BEN, DeviceId("phone"))
        await pushing.after()
        assert ([one.payload["kind"] for one in phone.pushed], tablet.pushed) == (["test"], [])
        assert await pushing.jobs("phone") == []


async def test_several_tests_are_one_push(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        for _ in range(5):
            await pushing.subscriptions.test(BEN, DeviceId("phone"))
            await pushing.after(1)
        await pushing.after()
        assert [one.payload["kind"] for one in phone.pushed] == ["test"]


async def test_what_was_said_before_there_were_pushes_is_nobodys_news(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        async with pushing.stage.directory.transaction() as transaction:
            await transaction.push_jobs.reach(await place_of(pushing, epoch=0))
        await pushing.say("long ago")
        await pushing.after()
        assert phone.pushed == []
        await pushing.say("now")
        await pushing.after()
        assert [one.payload["text"] for one in phone.pushed] == ["now"]


def night(pushing: PushStage) -> QuietHours:
    """Quiet hours that began an hour ago and last eight more."""
    start, end = (
        datetime.fromtimestamp(pushing.clock() / 1000 + hours * 3_600, UTC).strftime("%H:%M") for hours in (-1, 8)
    )
    return QuietHours(start=start, end=end, zone="UTC", mentions=True)


async def place_of(pushing: PushStage, epoch: int) -> Reached:
    """A place in other streams than those that there are."""
    async with pushing.stage.directory.reading() as directory:
        place = await directory.push_jobs.reached()
    assert place is not None
    return Reached(epoch, place.positions)


def reads(*pairs: tuple[AccountId, ConversationId]) -> Reads:
    """The signal that these have read on."""
    return Reads(pairs)
