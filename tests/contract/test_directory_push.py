"""The contract of the Directory's subscriptions and jobs of pushes, over every adapter."""

import asyncio

import msgspec
import pytest
from tests.contract.directories import Open, Place, PostgresPlace, people

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.push_notice import ApnsAddress, FcmAddress, WebAddress
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import (
    PUSHES,
    Device,
    Directory,
    PushJob,
    PushSubscription,
    PushWanted,
)
from chinwag.ports.follower import Reached

ANN, BEN = AccountId("1"), AccountId("2")
PHONE, LAPTOP, HIS = DeviceId("10"), DeviceId("11"), DeviceId("20")
WEB = WebAddress(endpoint="https://push.example/" + "x" * 2_000, p256dh=b"\4" + b"\0" * 64, auth=b"a" * 16, key="k1")
APP = ApnsAddress(token="ab" * 32, topic="org.example", sandbox=True, registered_at=5)
DIRECT, GROUP = ConversationId("d~1~2"), ConversationId("g~1")
WAITS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
"""How many wait for a lock of this database."""
HERS = PushSubscription(PHONE, ANN, WEB, 100)


async def devices(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        for device, account in ((PHONE, ANN), (LAPTOP, ANN), (HIS, BEN)):
            await transaction.devices.create(Device(device, account, "", 1, 1))


async def jobs(directory: Directory, device: DeviceId = PHONE) -> list[PushJob]:
    async with directory.reading() as reading:
        return await reading.push_jobs.of_device(device)


async def add(directory: Directory, *wanted: PushWanted, now: int = 1_000) -> None:
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_jobs.add(wanted, now, now + 1_000)


async def take(directory: Directory, now: int, limit: int = 9) -> list[PushJob]:
    async with directory.transaction(account=PUSHES) as transaction:
        return await transaction.push_jobs.take(now, now + 30_000, limit)


async def settle(directory: Directory, job: PushJob, now: int, **changes: object) -> bool:
    async with directory.transaction(account=PUSHES) as transaction:
        (settled,) = await transaction.push_jobs.settle([msgspec.structs.replace(job, **changes)], now)
    return settled


def wanted(number: int, device: DeviceId = PHONE, conversation: ConversationId = DIRECT) -> PushWanted:
    return PushWanted(device, ANN, conversation, number)


async def test_a_subscription_is_kept_until_another_takes_its_place(directory: Directory, opener: Open) -> None:
    await devices(directory)
    async with directory.transaction() as transaction:
        subscriptions = transaction.push_subscriptions
        assert not await subscriptions.any()
        await subscriptions.put(PushSubscription(PHONE, ANN, FcmAddress(token="t"), 50))
        await subscriptions.put(HERS)
        await subscriptions.put(PushSubscription(HIS, BEN, APP, 60))
    again = await opener()
    async with again.reading() as reading:
        subscriptions = reading.push_subscriptions
        assert await subscriptions.of(PHONE) == HERS
        assert await subscriptions.of(LAPTOP) is None
        found = {one.device: one for one in await subscriptions.of_many([PHONE, LAPTOP, HIS])}
        assert (set(found), found[PHONE]) == ({PHONE, HIS}, HERS)
        assert await subscriptions.holder(msgspec.structs.replace(WEB, auth=b"b" * 16)) == HERS
        assert await subscriptions.holder(FcmAddress(token="t")) is None
        assert await subscriptions.any()
        assert sorted(await subscriptions.devices_of([ANN, BEN, AccountId("3")])) == [(ANN, PHONE), (BEN, HIS)]
        assert await subscriptions.keys_used(["k0", "k1"]) == {"k1"}
    await again.close()


async def test_two_devices_are_not_reached_at_one_place(directory: Directory) -> None:
    await devices(directory)
    async with directory.transaction() as transaction:
        await transaction.push_subscriptions.put(HERS)
    other = PushSubscription(HIS, BEN, msgspec.structs.replace(WEB, auth=b"b" * 16), 200)
    with pytest.raises(Refused) as refusal:
        async with directory.transaction() as transaction:
            await transaction.push_subscriptions.put(other)
    assert refusal.value.code is Code.ENDPOINT_TAKEN
    async with directory.transaction() as transaction:
        assert await transaction.push_subscriptions.remove(PHONE)
        assert not await transaction.push_subscriptions.remove(PHONE)
        await transaction.push_subscriptions.put(PushSubscription(HIS, BEN, WEB, 200))
        assert await transaction.push_subscriptions.of(HIS)


async def test_a_device_is_cleared_once_in_a_while(directory: Directory) -> None:
    await devices(directory)
    async with directory.transaction() as transaction:
        await transaction.push_subscriptions.put(HERS)
        assert await transaction.push_subscriptions.clears(PHONE, 1_000, 0)
        assert not await transaction.push_subscriptions.clears(PHONE, 1_500, 900)
        assert await transaction.push_subscriptions.clears(PHONE, 2_000, 1_000)
        assert not await transaction.push_subscriptions.clears(LAPTOP, 2_000, 1_000)
        assert await transaction.push_subscriptions.clears(PHONE, 500, 0), "the clock was set back"


@pytest.mark.parametrize("way", ["revoke", "revoke_all", "close", "forget"])
async def test_what_a_device_had_goes_with_it(directory: Directory, way: str) -> None:
    await devices(directory)
    async with directory.transaction() as transaction:
        await transaction.push_subscriptions.put(HERS)
        await transaction.push_subscriptions.put(PushSubscription(HIS, BEN, APP, 60))
        his = PushWanted(HIS, BEN, DIRECT, 3)
        await transaction.push_jobs.add([wanted(3), wanted(4, conversation=GROUP), his], 1, 2)
    taken = await take(directory, 5)
    async with directory.transaction() as transaction:
        match way:
            case "revoke":
                assert await transaction.devices.revoke(PHONE, 9)
            case "revoke_all":
                assert await transaction.devices.revoke_all(ANN, 9, LAPTOP) == [PHONE]
            case "close":
                await transaction.erasures.begin(ANN, 9)
            case "forget":
                await transaction.erasures.forget(ANN)
        assert await transaction.push_subscriptions.of(PHONE) is None
        assert await transaction.push_subscriptions.of(HIS)
    assert await jobs(directory) == []
    assert len(await jobs(directory, HIS)) == 1
    for job in taken:
        assert await settle(directory, job, 10, due=20) is (job.device == HIS)
    assert await jobs(directory) == []


async def test_how_far_was_read_is_kept_with_what_was_made(directory: Directory, opener: Open) -> None:
    place = Reached(3, (1, 2, 3))
    async with directory.transaction(account=PUSHES) as transaction:
        assert await transaction.push_jobs.reached() is None
        await transaction.push_jobs.reach(Reached(2, (1, 1, 1)))
        await transaction.push_jobs.reach(place)
    again = await opener()
    async with again.reading() as reading:
        assert await reading.push_jobs.reached() == place
    await again.close()


async def test_one_push_waits_for_a_device_and_a_conversation(directory: Directory) -> None:
    await add(directory, wanted(3), wanted(7, LAPTOP), now=1_000)
    await add(directory, wanted(5), wanted(1, conversation=GROUP), now=1_500)
    await add(directory, wanted(4), now=1_600)
    assert [(one.conversation, one.number, one.since, one.due) for one in await jobs(directory)] == [
        (DIRECT, 5, 1_000, 2_000),
        (GROUP, 1, 1_500, 2_500),
    ]
    async with directory.reading() as reading:
        assert (await reading.push_jobs.waiting(), await reading.push_jobs.next_due()) == (3, 2_000)


async def test_a_job_is_one_takers_until_its_lease_ends(directory: Directory) -> None:
    await add(directory, wanted(3), wanted(4, LAPTOP))
    assert await take(directory, 1_999) == []
    (first,) = await take(directory, 2_000, 1)
    (second,) = await take(directory, 2_000)
    assert {first.device, second.device} == {PHONE, LAPTOP}
    assert await take(directory, 31_999) == []
    again = await take(directory, 32_000)
    assert sorted((one.device, one.attempt) for one in again) == [(PHONE, 2), (LAPTOP, 2)]
    assert not await settle(directory, first, 32_001, due=None), "it is somebody else's by now"
    assert await settle(directory, again[0], 32_002, due=None)
    assert not await settle(directory, again[0], 32_003, due=None), "once"
    async with directory.reading() as reading:
        assert await reading.push_jobs.waiting() == 1


async def test_how_many_are_due_is_counted_without_those_that_are_being_sent(directory: Directory) -> None:
    await add(directory, wanted(3), wanted(4, LAPTOP), wanted(5, conversation=GROUP))

    async def overdue(now: int, most: int = 9) -> int:
        async with directory.reading() as reading:
            return await reading.push_jobs.overdue(now, most)

    assert [await overdue(1_999), await overdue(2_000), await overdue(2_000, 2)] == [0, 3, 2]
    await take(directory, 2_000, 1)
    assert [await overdue(2_000), await overdue(32_000)] == [2, 3]


async def test_what_comes_while_a_push_is_sent_waits_for_the_next(directory: Directory) -> None:
    await add(directory, wanted(3))
    (job,) = await take(directory, 2_000)
    await add(directory, wanted(4), now=2_100)
    assert (await jobs(directory))[0].due == 32_000, "nobody else takes it meanwhile"
    assert await settle(directory, job, 2_200, due=None, attempt=0, shown=3, shown_at=2_200)
    (left,) = await jobs(directory)
    assert (left.number, left.due, left.since, left.attempt, left.shown) == (4, 3_200, 2_200, 0, 3)


async def test_what_was_put_off_is_looked_at_anew_once_something_newer_comes(directory: Directory) -> None:
    await add(directory, wanted(3), wanted(3, LAPTOP), now=1_000)
    for job in await take(directory, 2_000):
        failed = job.device == LAPTOP
        assert await settle(directory, job, 2_000, due=60_000, attempt=1 if failed else 0)
    await add(directory, wanted(4), wanted(4, LAPTOP), now=5_000)
    assert [(one.number, one.due, one.since) for one in await jobs(directory)] == [(4, 6_000, 1_000)]
    assert [(one.number, one.due) for one in await jobs(directory, LAPTOP)] == [(4, 60_000)], "it has failed"
    (job,) = await take(directory, 6_000)
    await add(directory, wanted(5), now=6_100)
    assert await settle(directory, job, 6_200, due=60_000, attempt=0)
    assert [(one.number, one.due) for one in await jobs(directory)] == [(5, 7_200)], "it came while this was weighed"


async def test_what_quiet_hours_hold_back_stays_if_too_much_waits(directory: Directory) -> None:
    await add(directory, wanted(3))
    (job,) = await take(directory, 2_000)
    assert await settle(directory, job, 2_000, due=None, held=True)
    await add(directory, wanted(1, LAPTOP), wanted(2, LAPTOP, GROUP), now=3_000)
    async with directory.transaction(account=PUSHES) as transaction:
        assert await transaction.push_jobs.shorten(1) == 1
    assert [(one.number, one.held) for one in await jobs(directory)] == [(3, True)]
    assert len(await jobs(directory, LAPTOP)) == 1


async def test_what_waits_longest_goes_if_too_much_does(directory: Directory) -> None:
    await add(directory, wanted(1), now=3_000)
    await add(directory, wanted(2, conversation=GROUP), now=1_000)
    await add(directory, wanted(3, LAPTOP), now=2_000)
    async with directory.transaction(account=PUSHES) as transaction:
        assert await transaction.push_jobs.shorten(3) == 0
        assert await transaction.push_jobs.shorten(2) == 1
    assert [one.conversation for one in await jobs(directory)] == [DIRECT]
    async with directory.reading() as reading:
        assert await reading.push_jobs.waiting() == 2


async def test_what_is_shown_is_due_once_it_may_have_to_be_taken_back(directory: Directory) -> None:
    await add(directory, wanted(3), wanted(5, conversation=GROUP), wanted(3, LAPTOP))
    for job in await take(directory, 2_000):
        assert await settle(directory, job, 2_000, due=None, attempt=0, shown=job.number, shown_at=2_000)
    async with directory.transaction(account=PUSHES) as transaction:
        repository = transaction.push_jobs
        assert await repository.next_due() is None
        assert not await repository.anything_shown(61_999)
        assert await repository.shown(61_999, 99_999, 9) == []
        assert await repository.anything_shown(62_000)
        assert len(await repository.shown(62_000, 122_000, 2)) == 2
        assert len(await repository.shown(62_000, 122_000, 9)) == 1
        assert await repository.shown(62_000, 122_000, 9) == []
        pairs = [(ANN, DIRECT), (BEN, DIRECT), (ANN, GROUP), (ANN, ConversationId("g~2"))]
        assert sorted(await repository.pushed(pairs)) == [(ANN, DIRECT), (ANN, GROUP)]
        await repository.undo(GROUP, [4], 70_000)
        await repository.read([(BEN, DIRECT), (ANN, ConversationId("g~2"))], 70_000)
        assert await repository.next_due() is None
        await repository.undo(GROUP, [4, 5], 70_000)
        await repository.read([(ANN, DIRECT)], 70_001)
    due = await take(directory, 70_001)
    assert (due[0].conversation, due[0].shown, due[0].attempt) == (GROUP, 5, 1)
    assert sorted(one.device for one in due) == sorted([PHONE, PHONE, LAPTOP])
    for job in due:
        assert await settle(directory, job, 70_002, due=None, shown=0)
    assert await jobs(directory) == await jobs(directory, LAPTOP) == []


async def test_what_is_over_while_it_is_sent_or_something_newer_waits_is_looked_at_at_once(
    directory: Directory,
) -> None:
    await add(directory, wanted(3), wanted(3, conversation=GROUP), wanted(3, LAPTOP))
    async with directory.reading() as reading:
        assert await reading.push_jobs.pushed([(ANN, DIRECT)]) == []
    taken = {(job.device, job.conversation): job for job in await take(directory, 2_000)}
    async with directory.reading() as reading:
        assert await reading.push_jobs.pushed([(ANN, DIRECT)]) == [(ANN, DIRECT)]
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_jobs.undo(GROUP, [2], 2_100)
        await transaction.push_jobs.read([(ANN, DIRECT)], 2_100)
        await transaction.push_jobs.undo(ConversationId("g~2"), [2], 2_100)
    for job in taken.values():
        assert await settle(directory, job, 2_200, due=None, attempt=0, shown=3, shown_at=2_200)
    async with directory.transaction(account=PUSHES) as transaction:
        over = await transaction.push_jobs.shown(2_200, 62_200, 9)
        assert {(job.device, job.conversation) for job in over} == set(taken)
        assert await transaction.push_jobs.shown(62_000, 99_000, 9) == [], "once"
    await add(directory, wanted(4), wanted(4, LAPTOP), now=70_000)
    for job in await take(directory, 71_000):
        failed = job.device == LAPTOP
        assert await settle(directory, job, 71_000, due=99_000, attempt=1 if failed else 0)
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_jobs.read([(ANN, DIRECT)], 72_000)
    assert [(job.number, job.due, job.since) for job in await jobs(directory) if job.due] == [(4, 72_000, 70_000)]
    assert [(job.number, job.due) for job in await jobs(directory, LAPTOP)] == [(4, 99_000)], "it has failed"


async def test_what_waits_is_due_once_its_device_is_reached_elsewhere(directory: Directory) -> None:
    await add(directory, wanted(3), wanted(3, conversation=GROUP), wanted(3, LAPTOP))
    (sending, put_off, _) = sorted(await take(directory, 2_000), key=lambda job: (job.device, job.conversation))
    assert await settle(directory, put_off, 2_000, due=99_000, attempt=2)
    async with directory.transaction() as transaction:
        await transaction.push_jobs.hasten(PHONE, 3_000)
    assert [(job.due, job.attempt, job.lease) for job in await jobs(directory)] == [(3_000, 0, 0)] * 2
    assert [job.due for job in await jobs(directory, LAPTOP)] == [32_000]
    assert not await settle(directory, sending, 3_100, due=None), "it went to the address before"


async def test_nothing_waits_longer_once_the_clock_is_set_back(directory: Directory) -> None:
    hour = 3_600_000
    await add(directory, wanted(3), now=hour)
    await add(directory, wanted(3, conversation=GROUP), now=2 * hour)
    await add(directory, wanted(3, LAPTOP), now=9 * hour)
    taken = await take(directory, 3 * hour)
    failed, sending = sorted(taken, key=lambda job: job.conversation)
    assert await settle(directory, failed, 3 * hour, due=3 * hour + 10_000, shown=2)
    now = hour + 1_000
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_jobs.set_back(now, now + 30_000)
    found = [(job.due, job.since, job.attempt) for job in await jobs(directory)]
    assert found == [(now, hour, 1), (now + 30_000, now, 1)]
    assert [(job.due, job.since) for job in await jobs(directory, LAPTOP)] == [(now, now)]
    assert await settle(directory, sending, now, due=None)
    for again in await take(directory, now):
        assert await settle(directory, again, 3 * hour, due=None)
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_jobs.set_back(now, now + 30_000)
        (shown,) = await transaction.push_jobs.shown(now + 60_000, now + 120_000, 9)
    assert shown.conversation == failed.conversation


async def test_a_revoked_device_waits_for_nobody_who_waits_for_it(directory: Directory, place: Place) -> None:
    await devices(directory)
    await add(directory, wanted(3), wanted(3, conversation=GROUP))

    async def revoked() -> None:
        async with directory.transaction(account=ANN) as transaction:
            assert await transaction.devices.revoke(PHONE, 9)

    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_jobs.add([wanted(4, conversation=GROUP)], 1_000, 2_000)
        revoking = asyncio.create_task(revoked())
        if isinstance(place, PostgresPlace):
            while not (await place.execute(WAITS))[0][0]:
                pass
        await transaction.push_jobs.add([wanted(4)], 1_000, 2_000)
    await revoking
    assert await jobs(directory) == []


async def test_what_quiet_hours_held_back_is_let_go_together(directory: Directory) -> None:
    await add(directory, wanted(3), wanted(5, conversation=GROUP))
    for job in await take(directory, 2_000):
        assert await settle(directory, job, 2_000, due=None, held=True, shown=1 if job.conversation == GROUP else 0)
    assert [one.held for one in await jobs(directory)] == [True, True]
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_jobs.release(PHONE)
    assert [(one.conversation, one.held) for one in await jobs(directory)] == [(GROUP, False)]
    await add(directory, wanted(6, conversation=GROUP), now=5_000)
    assert [(one.number, one.due, one.held) for one in await jobs(directory)] == [(6, 6_000, False)]
