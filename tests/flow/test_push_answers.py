"""What becomes of pushes and subscriptions by what push services answer, and after a crash at any step."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.push_browser import base64url
from tests.support.push_receiver import CutOff, Garbage, Hang, Say
from tests.support.push_stage import ANN, BEN, HOURS, PushStage, push_stage

from chinwag.adapters.push_services import breakers
from chinwag.adapters.push_services.breakers import FAILURES
from chinwag.domain.account_change import PushGone
from chinwag.domain.ids import DeviceId
from chinwag.flow.access.rotate_keys import replace_keys
from chinwag.flow.push.send import LEASE_MS
from chinwag.flow.push.weigh import Weigh, Weighed
from chinwag.ports.directory import PUSHES, PushJob


async def hello(pushing: PushStage) -> None:
    """A message, and a second later."""
    await pushing.say("hello")
    await pushing.after()


async def test_a_push_that_fails_twice_arrives_the_third_time(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        phone.answers.extend([Say(503), CutOff()])
        await hello(pushing)
        await pushing.after(9_000)
        assert len(phone.pushed) == 1
        await pushing.after(1_500)
        assert len(phone.pushed) == 2
        await pushing.after(89_000)
        assert len(phone.pushed) == 2
        await pushing.after(2_000)
        assert len(phone.pushed) == 3
        await pushing.after(3_600_000)
        assert len(phone.pushed) == 3
        assert (pushing.sender.counts["sent"], pushing.sender.counts["failed"]) == (1, 2)


@pytest.mark.parametrize("answer", [Say(500), Garbage()])
async def test_a_fourth_attempt_is_never_made_and_the_next_message_begins_anew(
    tmp_path: Path, answer: Say | Garbage
) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        phone.always = answer
        await hello(pushing)
        for _ in range(5):
            await pushing.after(120_000)
        assert len(phone.pushed) == 3
        assert pushing.sender.counts["gave_up"] == 1
        assert await pushing.jobs("phone") == []
        phone.always = Say(201)
        await pushing.say("again")
        await pushing.after()
        assert len(phone.pushed) == 4


async def test_a_service_is_left_alone_as_long_as_it_asks(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        phone.answers.append(Say(429, {"retry-after": "600"}))
        await hello(pushing)
        (job,) = await pushing.jobs("phone")
        assert job.due is not None
        assert 599_000 <= job.due - pushing.clock() <= 601_000


async def test_a_clock_that_is_set_back_keeps_no_push_waiting(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        phone.answers.append(Say(503))
        await hello(pushing)
        pushing.ahead -= HOURS
        await pushing.after(0)
        assert [one.payload["text"] for one in phone.pushed] == ["hello"] * 2


async def test_a_clock_that_is_set_back_keeps_no_push_waiting_for_another_device(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        laptop = await pushing.device(BEN, "laptop")
        assert pushing.connected is not None
        pushing.connected[BEN] = [laptop]
        await pushing.say("hello")
        await pushing.after()
        pushing.ahead -= HOURS
        await pushing.after(0)
        await pushing.after(31_000)
        assert [one.payload["text"] for one in phone.pushed] == ["hello"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_over_goes_and_its_account_is_told(tmp_path: Path, status: int) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone, tablet = await pushing.subscribe(BEN, "phone"), await pushing.subscribe(BEN, "tablet")
        phone.always = Say(status)
        await hello(pushing)
        assert (len(phone.pushed), len(tablet.pushed)) == (1, 1)
        async with pushing.stage.directory.reading() as directory:
            assert await directory.push_subscriptions.of(DeviceId("phone")) is None
            assert await directory.push_subscriptions.of(DeviceId("tablet"))
        gone = [one for one in await pushing.changes(BEN) if isinstance(one, PushGone)]
        assert [one.device for one in gone] == ["phone"]
        assert await pushing.jobs("phone") == []
        await hello(pushing)
        assert len(phone.pushed) == 1


async def test_a_push_that_is_too_large_goes_without_words(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        phone.answers.append(Say(413))
        await hello(pushing)
        large, small = phone.pushed
        assert large.payload["text"] == "hello"
        assert not {"text", "sender", "title"} & {name for name, value in small.payload.items() if value}
        assert small.payload["number"] == large.payload["number"]


async def test_a_service_that_refuses_this_server_loses_nothing(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        phone.answers.append(Say(403))
        await hello(pushing)
        (job,) = await pushing.jobs("phone")
        assert job.due is not None
        assert job.due - pushing.clock() > 500_000
        assert job.attempt == 0, "it was no attempt"


async def test_a_key_that_is_gone_ends_the_subscriptions_made_with_it(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        pushing.keys.rotate()
        tablet = await pushing.subscribe(BEN, "tablet")
        assert phone.key != tablet.key
        await hello(pushing)
        assert (len(phone.pushed), len(tablet.pushed)) == (1, 1), "each by the key that it knows"
        await pushing.keys.keep(pushing.stage.directory)
        assert len(pushing.keys.older) == 1
        async with pushing.stage.directory.transaction() as transaction:
            await transaction.push_subscriptions.remove(DeviceId("phone"))
        await pushing.keys.keep(pushing.stage.directory)
        assert pushing.keys.older == []
        await hello(pushing)
        assert len(tablet.pushed) == 2


async def test_a_browser_that_subscribes_anew_is_pushed_what_waits_and_still_shows_what_it_did(
    tmp_path: Path,
) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("before")
        await pushing.after()
        phone.always = Say(500)
        number = await pushing.say("what must not be lost")
        await pushing.after()
        key = pushing.subscriptions.web_key
        assert key is not None
        anew = pushing.receiver.subscribe(key)
        await pushing.subscriptions.put_web(
            BEN,
            DeviceId("phone"),
            anew.endpoint,
            base64url(anew.browser.p256dh),
            base64url(anew.browser.auth),
            key,
        )
        await pushing.after(1)
        assert [one.payload["text"] for one in anew.pushed] == ["what must not be lost"]
        await pushing.read(BEN, number)
        await pushing.after(61_000)
        assert [one["kind"] for one in anew.shown] == ["clear"]


async def test_nothing_is_weighed_for_a_service_that_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        browsers = [await pushing.subscribe(BEN, f"browser {number}") for number in range(FAILURES)]
        for browser in browsers:
            browser.always = Say(500)
        weighed: list[PushJob] = []
        weigh = Weigh.__call__

        async def counted(self: Weigh, jobs: Sequence[PushJob]) -> list[Weighed]:
            weighed.extend(jobs)
            return await weigh(self, jobs)

        monkeypatch.setattr(Weigh, "__call__", counted)
        monkeypatch.setattr(breakers, "REST_SECONDS", breakers.REST_MOST)
        await hello(pushing)
        assert len(weighed) == FAILURES
        await pushing.after(10_000)
        await hello(pushing)
        assert len(weighed) == FAILURES
        for number in range(FAILURES):
            assert [job.attempt for job in await pushing.jobs(f"browser {number}")] == [1], "they wait on"


async def test_after_a_leak_browsers_subscribe_anew(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await replace_keys(pushing.stage.accounts)
        pushing.ahead += 2_000
        await pushing.keys.keep(pushing.stage.directory)
        newest = pushing.keys.newest()
        assert newest is not None
        assert newest.public != phone.key
        await hello(pushing)
        assert phone.pushed == [], "nobody has the key any more that it knows"
        assert any(isinstance(one, PushGone) for one in await pushing.changes(BEN))
        tablet = await pushing.subscribe(BEN, "tablet")
        await hello(pushing)
        assert len(tablet.pushed) == 1


async def test_what_a_crash_leaves_is_sent_once_its_lease_is_over(tmp_path: Path) -> None:
    """After each step the process dies, and another one goes on."""
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("taken, and nothing sent")
        await pushing.follow()
        pushing.ahead += 1_000
        async with pushing.stage.directory.transaction(account=PUSHES) as transaction:
            now = pushing.clock()
            assert len(await transaction.push_jobs.take(now, now + LEASE_MS, 10)) == 1
        await pushing.after(LEASE_MS - 1_000)
        assert phone.pushed == []
        await pushing.after(2_000)
        assert len(phone.pushed) == 1

        await pushing.say("sent, and nobody answered")
        phone.answers.append(Hang())
        await pushing.follow()
        pushing.ahead += 1_000
        await pushing.sender.step()
        await pushing.receiver.until(phone, 2)
        await pushing.sender.close()
        pushing.sender = pushing.new_sender()
        await pushing.after(LEASE_MS + 1_000)
        assert [one.payload["text"] for one in phone.pushed[1:]] == ["sent, and nobody answered"] * 2

        await pushing.say("sent, and not written down")
        await pushing.follow()
        pushing.ahead += 1_000
        await pushing.sender.step()
        while pushing.sender.under_way:
            await pushing.sender.wait(60)
        pushing.sender = pushing.new_sender()
        await pushing.after(LEASE_MS + 1_000)
        assert [one.payload["text"] for one in phone.pushed[3:]] == ["sent, and not written down"] * 2
        assert len(phone.shown) == 1, "of one topic the last"
        assert await pushing.jobs("phone") != []
        await pushing.after(3 * LEASE_MS)
        assert len(phone.pushed) == 5


async def test_a_crash_of_the_reader_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("one")
        pushing.stage.directory.failing = 1
        with pytest.raises(Exception, match="the test says so"):
            await pushing.follow()
        assert await pushing.jobs("phone") == []
        pushing.follower = pushing.new_follower()
        await pushing.follow()
        (job,) = await pushing.jobs("phone")
        await pushing.new_follower().step()
        assert await pushing.jobs("phone") == [job]
        await pushing.after()
        assert len(phone.pushed) == 1


async def test_two_readers_and_two_senders_push_once(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        readers, senders = [pushing.new_follower() for _ in range(2)], [pushing.new_sender() for _ in range(2)]
        for text in ("one", "two", "three"):
            await pushing.say(text)
            for reader in readers:
                while await reader.step():
                    pass
            pushing.ahead += 1_000
            for sender in senders:
                await sender.step()
            for sender in senders:
                while sender.under_way:
                    await sender.wait(60)
                await sender.step()
        assert [one.payload["text"] for one in phone.pushed] == ["one", "two", "three"]
        for sender in senders:
            await sender.close()


async def test_what_waits_longest_goes_unsent_if_too_much_does(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        browsers = [await pushing.subscribe(BEN, f"browser {number}") for number in range(4)]
        pushing.follower = pushing.new_follower(most=3)
        await hello(pushing)
        assert sorted(len(one.pushed) for one in browsers) == [0, 1, 1, 1]
        assert pushing.follower.dropped == 1


async def test_a_directory_that_is_away_keeps_what_became_of_pushes(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        await pushing.say("hello")
        await pushing.follow()
        pushing.ahead += 1_000
        await pushing.sender.step()
        while pushing.sender.under_way:
            await pushing.sender.wait(60)
        pushing.stage.directory.failing = 2
        for _ in range(2):
            with pytest.raises(Exception, match="the test says so"):
                await pushing.sender.step()
        await pushing.send()
        (job,) = await pushing.jobs("phone")
        assert (job.shown, job.due) == (2, None)
        await pushing.after(10 * LEASE_MS)
        assert len(phone.pushed) == 1
        assert await pushing.stage.write(ANN, BEN) is None, "people chat on"
