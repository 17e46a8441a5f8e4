"""The contract of the `Directory` port, over every adapter."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.contract.directories import Open, Place, account, device, eventually, migrate, people

from chinwag.adapters.relational import NewerDatabaseError
from chinwag.domain.account import AccountSettings, NameKey, name_key
from chinwag.domain.account_friendship import Bond, befriend, unfriend
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.look_alike import look_alike_key
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import (
    KNOWN_FRESH_MS,
    KNOWN_MAX,
    Directory,
    Invitation,
    RefreshToken,
    Standing,
    Transaction,
)


async def test_an_account_is_found_by_id_and_folded_name(directory: Directory) -> None:
    made = account("1", "Ann")
    async with directory.transaction() as transaction:
        await transaction.accounts.create(made, name_key("Ann"), "hash")
    async with directory.reading() as transaction:
        assert await transaction.accounts.get(AccountId("1")) == made
        assert await transaction.accounts.named(name_key("aNN")) == made
        assert await transaction.accounts.named(name_key("bob")) is None
        assert await transaction.accounts.get(AccountId("2")) is None
        assert await transaction.accounts.password(AccountId("1")) == "hash"
        assert await transaction.accounts.password(AccountId("2")) == ""
        assert await transaction.accounts.many([AccountId("1"), AccountId("2")]) == [made]


async def test_a_taken_name_is_refused_and_nothing_of_the_transaction_stays(directory: Directory) -> None:
    await people(directory, "1")

    async def both() -> None:
        async with directory.transaction() as transaction:
            await transaction.accounts.create(account("2"), name_key("name2"), "hash")
            await transaction.accounts.create(account("3", "NAME1"), name_key("NAME1"), "hash")

    with pytest.raises(Refused) as refusal:
        await both()
    assert refusal.value.code is Code.NAME_TAKEN
    async with directory.reading() as transaction:
        assert [one.id for one in await transaction.accounts.page(None, 10)] == ["1"]


async def test_every_change_raises_the_version(directory: Directory) -> None:
    await people(directory, "1")
    one = AccountId("1")
    async with directory.transaction() as transaction:
        assert (await transaction.accounts.set_profile(one, "Ann", "me")).version == 2
        assert (await transaction.accounts.set_settings(one, AccountSettings(direct_from="friends"))).version == 3
        assert (await transaction.accounts.set_disabled(one, True)).disabled
        assert await transaction.accounts.touch(one) == 5
        await transaction.accounts.set_password(one, "other")
    async with directory.reading() as transaction:
        found = await transaction.accounts.get(one)
        assert found is not None
        assert (found.version, found.about, found.settings.direct_from, found.disabled) == (5, "me", "friends", True)
    async with directory.transaction() as transaction:
        closed = await transaction.accounts.close(one, 9)
        assert (closed.closed, closed.name, closed.display_name, closed.about) == (True, "", "", "")
        assert await transaction.accounts.password(one) == ""


async def test_changing_nobody_is_refused(directory: Directory) -> None:
    changes: list[Callable[[Transaction], Awaitable[object]]] = [
        lambda t: t.accounts.touch(AccountId("9")),
        lambda t: t.accounts.set_password(AccountId("9"), "hash"),
        lambda t: t.devices.create(device("1", "9")),
    ]
    for change in changes:
        with pytest.raises(Refused) as refusal:
            async with directory.transaction() as transaction:
                await change(transaction)
        assert refusal.value.code is Code.NO_ACCOUNT


async def test_accounts_are_paged_in_one_order(directory: Directory) -> None:
    await people(directory, *"3142")
    async with directory.reading() as transaction:
        first = await transaction.accounts.page(None, 3)
        rest = await transaction.accounts.page(first[-1].id, 3)
    assert [one.id for one in first + rest] == ["1", "2", "3", "4"]


async def test_devices_are_revoked_for_ever(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        for number, owner in (("11", "1"), ("12", "1"), ("13", "1"), ("21", "2")):
            await transaction.devices.create(device(number, owner, at=int(number)))
        await transaction.refresh_tokens.put(RefreshToken(DeviceId("11"), b"digest", None, 99))
        assert await transaction.devices.revoke(DeviceId("11"), 50)
        assert not await transaction.devices.revoke(DeviceId("11"), 60)
        assert not await transaction.devices.revoke(DeviceId("77"), 60)
        assert await transaction.refresh_tokens.of(DeviceId("11")) is None
        assert await transaction.devices.revoke_all(AccountId("1"), 70, but=DeviceId("12")) == ["13"]
    async with directory.reading() as transaction:
        assert [one.id for one in await transaction.devices.of(AccountId("1"))] == ["12"]
        assert [one.id for one in await transaction.devices.of(AccountId("2"))] == ["21"]
        found = await transaction.devices.get(DeviceId("11"))
        assert found is not None
        assert found.revoked_at == 50
        standing = Standing(AccountId("1"), DeviceId("11"), revoked=True, disabled=False, closed=False, admin=False)
        standings = await transaction.devices.standings([DeviceId("77"), DeviceId("11")])
        assert standings == {DeviceId("11"): standing}


async def test_last_seen_only_moves_forward(directory: Directory) -> None:
    await people(directory, "1")
    async with directory.transaction() as transaction:
        await transaction.devices.create(device("11", "1", at=5))
        await transaction.devices.seen(DeviceId("11"), 9)
        await transaction.devices.seen(DeviceId("11"), 7)
        found = await transaction.devices.get(DeviceId("11"))
    assert found is not None
    assert found.last_seen_at == 9


async def test_a_device_has_one_refresh_token(directory: Directory) -> None:
    await people(directory, "1")
    second = RefreshToken(DeviceId("11"), b"second", b"first", 20)
    async with directory.transaction() as transaction:
        await transaction.devices.create(device("11", "1"))
        await transaction.refresh_tokens.put(RefreshToken(DeviceId("11"), b"first", None, 10))
        await transaction.refresh_tokens.put(second)
    async with directory.reading() as transaction:
        assert await transaction.refresh_tokens.of(DeviceId("11")) == second


async def test_a_pair_is_one_whoever_asks_and_keeps_its_version(directory: Directory) -> None:
    await people(directory, "1", "2", "3")
    one, two, three = AccountId("1"), AccountId("2"), AccountId("3")
    async with directory.transaction() as transaction:
        friends = transaction.friends
        await friends.put(befriend(await friends.pair(two, one), two, 5))
        await friends.put(befriend(await friends.pair(one, two), one, 6))
        await friends.put(befriend(await friends.pair(three, one), three, 7))
    async with directory.reading() as transaction:
        friends = transaction.friends
        pair = await friends.pair(one, two)
        assert pair == await friends.pair(two, one)
        assert (pair.bond, pair.by, pair.version) == (Bond.FRIENDS, "1", 2)
        assert await friends.friends_of(one) == [two]
        assert await friends.friends_of(two) == [one]
        assert await friends.friends_of(three) == []
        assert await friends.friends_of_each([one, two, three]) == {one: [two], two: [one], three: []}
        assert [await friends.count(who) for who in (one, two, three)] == [2, 1, 1]
        assert [found.other(one) for found in await friends.page(one, Bond.REQUESTED, None, 9)] == [three]
        assert await friends.page(one, Bond.FRIENDS, two, 9) == []
    async with directory.transaction() as transaction:
        await transaction.friends.put(unfriend(await transaction.friends.pair(one, two), one, 8))
    async with directory.reading() as transaction:
        ended = await transaction.friends.pair(one, two)
        assert (ended.bond, ended.version) == (Bond.NONE, 3)
        assert await transaction.friends.friends_of(one) == []


async def test_an_invitation_is_used_up(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        await transaction.invitations.create(Invitation(b"code", 2, 100, None, 1))
    uses = []
    for now in (50, 100, 99, 99):
        async with directory.transaction() as transaction:
            uses.append(await transaction.invitations.use(b"code", now))
    assert uses == [True, False, True, False]


async def test_an_invitation_is_usable_as_long_as_it_could_be_used(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        await transaction.invitations.create(Invitation(b"code", 1, 100, None, 1))
    for now, good in ((50, True), (99, True), (100, False)):
        async with directory.reading() as transaction:
            assert await transaction.invitations.usable(b"code", now) is good
            assert not await transaction.invitations.usable(b"other", now)
    async with directory.transaction() as transaction:
        assert await transaction.invitations.use(b"code", 50)
        assert not await transaction.invitations.usable(b"code", 50)


async def test_a_name_is_taken_from_the_account_on_and_for_ever(directory: Directory) -> None:
    key, other = name_key("name1"), name_key("another")
    like, unlike = look_alike_key(account("1").name), look_alike_key("another")
    async with directory.transaction() as transaction:
        assert not await transaction.accounts.taken(key, like)
        await transaction.accounts.create(account("1"), key, "hash")
        for _ in range(2):
            assert await transaction.accounts.taken(key, unlike)
            assert await transaction.accounts.taken(other, like)
            assert not await transaction.accounts.taken(other, unlike)
            await transaction.accounts.close(AccountId("1"), 5)


async def test_a_name_that_looks_like_one_that_is_taken_is_taken(directory: Directory) -> None:
    anna = msgspec.structs.replace(account("1"), name="anna")
    near = msgspec.structs.replace(account("2"), name="\u0430nna")
    async with directory.transaction() as transaction:
        await transaction.accounts.create(anna, name_key(anna.name), "hash")
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            async with directory.transaction() as transaction:
                await transaction.accounts.create(near, name_key(near.name), "hash")
        assert refusal.value.code is Code.NAME_TAKEN
        async with directory.transaction() as transaction:
            assert await transaction.accounts.named(name_key(near.name)) is None
            await transaction.accounts.close(AccountId("1"), 5)


async def test_known_networks_are_the_latest_of_each_account_and_go_with_it(directory: Directory) -> None:
    await people(directory, "1", "2")
    one, two = AccountId("1"), AccountId("2")
    digests = [bytes([number]) * 16 for number in range(KNOWN_MAX + 2)]
    async with directory.transaction() as transaction:
        known = transaction.known_networks
        await known.remember(two, digests[0], 1)
        for at, digest in enumerate(digests[:KNOWN_MAX]):
            await known.remember(one, digest, at)
        await known.remember(one, digests[0], KNOWN_FRESH_MS - 1)  # noted not long ago: nothing is written
        await known.remember(one, digests[1], KNOWN_FRESH_MS + 1)
        for digest in digests[KNOWN_MAX:]:
            await known.remember(one, digest, KNOWN_FRESH_MS + 2)
    async with directory.reading() as transaction:
        held = [await transaction.known_networks.has(one, digest) for digest in digests]
        assert [number for number, there in enumerate(held) if not there] == [0, 2]
        assert await transaction.known_networks.has(two, digests[0])
        assert not await transaction.known_networks.has(two, digests[5])
    async with directory.transaction() as transaction:
        await transaction.accounts.close(one, 9)
        await transaction.erasures.begin(one, 9)
    async with directory.reading() as transaction:
        assert not any([await transaction.known_networks.has(one, digest) for digest in digests])
        assert await transaction.known_networks.has(two, digests[0])


async def test_a_created_group_is_remembered_by_device_and_key(directory: Directory) -> None:
    await people(directory, "1")
    first, second = ConversationId("g~1"), ConversationId("g~2")
    async with directory.transaction() as transaction:
        for number in ("11", "12"):
            await transaction.devices.create(device(number, "1"))
        groups = transaction.created_groups
        assert await groups.remember(DeviceId("11"), "key", first, 1) == first
        assert await groups.remember(DeviceId("11"), "key", second, 2) == first
        assert await groups.remember(DeviceId("12"), "key", second, 3) == second


async def test_a_request_whose_group_was_not_made_is_forgotten_and_begins_anew(directory: Directory) -> None:
    await people(directory, "1")
    one, first, second = DeviceId("11"), ConversationId("g~1"), ConversationId("g~2")
    async with directory.transaction() as transaction:
        await transaction.devices.create(device("11", "1"))
        groups = transaction.created_groups
        assert await groups.get(one, "key") is None
        await groups.remember(one, "key", first, 10)
        await groups.remember(one, "made", ConversationId("g~3"), 20)
        assert await groups.get(one, "key") == first
        assert await groups.unsettled(10, 9) == []
        rows = await groups.unsettled(21, 9)
        assert [(row.key, row.conversation, row.at) for row in rows] == [("key", "g~1", 10), ("made", "g~3", 20)]
        assert await groups.unsettled(21, 1) == rows[:1]
        # Asked for again while somebody looks whether it was made: it may be made yet, and stays.
        assert await groups.remember(one, "key", second, 30) == first
        await groups.settle(rows[0], made=False)
        assert await groups.get(one, "key") == first
        await groups.settle(rows[1], made=True)
        await groups.settle(rows[1], made=False)
        assert await groups.get(one, "made") == "g~3"
        [again] = await groups.unsettled(99, 9)
        await groups.settle(again, made=False)
        assert await groups.get(one, "key") is None
        assert await groups.remember(one, "key", second, 40) == second
        await groups.settle(again, made=False)  # an old look at what is another group now
        assert await groups.get(one, "key") == second


async def test_the_outbox_keeps_what_was_committed_until_done(opener: Open, directory: Directory) -> None:
    async with directory.transaction() as transaction:
        await transaction.outbox.add(AccountId("1"), b"one", 1)
        await transaction.outbox.add(AccountId("2"), b"two", 2)
    with contextlib.suppress(KeyError):
        async with directory.transaction() as transaction:
            await transaction.outbox.add(AccountId("1"), b"never", 3)
            raise KeyError
    await directory.close()
    again = await opener()
    async with again.transaction() as transaction:
        rows = await transaction.outbox.pending(10)
        assert [(row.account, row.payload, row.version) for row in rows] == [("1", b"one", 1), ("2", b"two", 2)]
        assert await transaction.outbox.pending(1) == rows[:1]
        await transaction.outbox.done([row.id for row in rows])
        await transaction.outbox.add(AccountId("1"), b"three", 3)
        [last] = await transaction.outbox.pending(10)
    assert last.id > rows[-1].id, "an id never comes twice"
    await again.close()


async def test_a_relay_is_told_of_postings(directory: Directory) -> None:
    assert await directory.wait_for_outbox(0), "an earlier process may have left some"
    assert not await directory.wait_for_outbox(0)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(directory.wait_for_outbox(30))
        async with directory.transaction() as transaction:
            await transaction.outbox.add(AccountId("1"), b"one", 1)
    assert waiting.result()
    await people(directory, "1")
    assert not await directory.wait_for_outbox(0), "no postings, no news"


async def test_transactions_at_once_decide_one_after_another(directory: Directory) -> None:
    """Many take the last place, and counters lose nothing."""
    await people(directory, "1")
    async with directory.transaction() as transaction:
        await transaction.invitations.create(Invitation(b"code", 1, 100, None, 1))

    async def take(number: int) -> bool:
        async with directory.transaction() as transaction:
            await transaction.accounts.touch(AccountId("1"))
            found = await transaction.accounts.get(AccountId("1"))
            assert found is not None
            await transaction.accounts.set_profile(AccountId("1"), f"{found.version}", "")
            return await transaction.invitations.use(b"code", number)

    taken = await asyncio.gather(*(take(number) for number in range(20)))
    assert sum(taken) == 1
    async with directory.reading() as transaction:
        found = await transaction.accounts.get(AccountId("1"))
    assert found is not None
    assert (found.version, found.display_name) == (41, "40")


async def test_two_processes_share_one_directory(opener: Open, directory: Directory) -> None:
    other = await opener()
    await people(directory, "1")

    async def touch(where: Directory) -> None:
        async with where.transaction() as transaction:
            found = await transaction.accounts.get(AccountId("1"))
            assert found is not None
            await transaction.accounts.set_profile(AccountId("1"), f"{found.version}", "")

    await asyncio.gather(*(touch(where) for where in (directory, other) * 10))
    async with other.reading() as transaction:
        found = await transaction.accounts.get(AccountId("1"))
    assert found is not None
    assert (found.version, found.display_name) == (21, "20")
    await other.close()


async def test_readers_see_one_state_and_cannot_write(directory: Directory) -> None:
    await people(directory, "1")
    async with directory.reading() as reading:
        before = await reading.accounts.get(AccountId("1"))
        async with directory.transaction() as transaction:
            await transaction.accounts.touch(AccountId("1"))
        assert await reading.accounts.get(AccountId("1")) == before
    with pytest.raises(Refused):
        async with directory.reading() as reading:
            await reading.accounts.touch(AccountId("1"))
    async with directory.reading() as reading:
        found = await reading.accounts.get(AccountId("1"))
    assert before is not None
    assert found == msgspec.structs.replace(before, version=2)


async def test_a_closed_directory_is_unavailable(directory: Directory) -> None:
    await directory.close()
    for block in (directory.transaction, directory.reading):
        with pytest.raises(Refused) as refusal:
            async with block():
                pass
        assert refusal.value.code is Code.UNAVAILABLE


async def test_a_locked_database_is_unavailable_in_bounded_time_and_comes_back(
    directory: Directory, place: Place
) -> None:
    await people(directory, "1")
    async with place.locked():
        with pytest.raises(Refused) as refusal:
            await people(directory, "2")
        assert refusal.value.code is Code.UNAVAILABLE
    await people(directory, "3")
    async with directory.reading() as transaction:
        assert [one.id for one in await transaction.accounts.page(None, 9)] == ["1", "3"]


async def test_a_database_that_is_gone_is_unavailable_and_comes_back(directory: Directory, place: Place) -> None:
    await people(directory, "1")
    async with place.away():
        for attempt in (lambda: people(directory, "2"), directory.reading().__aenter__):
            with pytest.raises(Refused) as refusal:
                await attempt()
            assert refusal.value.code is Code.UNAVAILABLE
    await eventually(lambda: people(directory, "3"))
    async with directory.reading() as transaction:
        assert [one.id for one in await transaction.accounts.page(None, 9)] == ["1", "3"]


async def test_what_was_committed_is_there_again(opener: Open, directory: Directory) -> None:
    await people(directory, "1")
    await directory.close()
    again = await opener()
    async with again.reading() as transaction:
        assert await transaction.accounts.named(NameKey("name1")) is not None
    await again.close()


async def test_a_newer_database_is_refused_by_name_and_left_alone(
    opener: Open, directory: Directory, place: Place
) -> None:
    await directory.close()
    await place.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabaseError, match="9999"):
        await opener()
    assert await place.execute("SELECT version_num FROM alembic_version") == [("9999",)]


async def test_migrations_make_the_schema_that_the_code_knows(place: Place) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from chinwag.adapters.relational.schema import METADATA

    await migrate(place)
    found = await place.inspect(lambda connection: compare_metadata(MigrationContext.configure(connection), METADATA))
    assert found == []


@pytest.mark.parametrize("text", ["a\0b", "\0", "\U0010fffe", "\U0010fffe0\0", "\U0010ffff"], ids=ascii)
async def test_any_text_is_kept_and_found_as_it_is(directory: Directory, text: str) -> None:
    """Nobody may have such a name, but everybody may ask for one."""
    key = NameKey(text)
    async with directory.reading() as transaction:
        assert await transaction.accounts.named(key) is None
        assert await transaction.devices.get(DeviceId(text)) is None
        assert await transaction.accounts.page(None, 9, search=key) == []
        assert await transaction.accounts.search([text], None, 9) == []
        assert await transaction.listing.page(text, None, 9) == []
    async with directory.transaction() as transaction:
        await transaction.accounts.create(account("1", "ann"), key, "hash")
        await transaction.accounts.create(account("2", "bob"), NameKey("other"), "hash")
        await transaction.accounts.set_profile(AccountId("1"), text, text)
    async with directory.reading() as transaction:
        found = await transaction.accounts.named(key)
        assert found is not None
        assert (found.id, found.display_name, found.about) == ("1", text, text)


async def test_a_refusal_inside_a_transaction_leaves_it_good(directory: Directory) -> None:
    """Which some engines would take for the end of it."""
    await people(directory, "1")
    async with directory.transaction() as transaction:
        with pytest.raises(Refused):
            await transaction.devices.create(device("11", "9"))
        with pytest.raises(Refused):
            await transaction.accounts.create(account("2"), name_key("name1"), "hash")
        await transaction.devices.create(device("11", "1"))
    async with directory.reading() as transaction:
        assert await transaction.devices.get(DeviceId("11")) is not None


async def test_blocks_of_one_account_wait_for_one_another_and_for_all_others(
    opener: Open, directory: Directory
) -> None:
    other = await opener()
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        await transaction.devices.create(device("11", "1"))

    async def raised(where: Directory, **whose: Any) -> None:
        async with where.transaction(**whose) as transaction:
            found = await transaction.accounts.get(AccountId("1"))
            assert found is not None
            await transaction.accounts.set_profile(AccountId("1"), f"{found.version}", "")

    whose: list[dict[str, str]] = [{"account": "1"}, {"device": "11"}, {}]
    # One that a busy machine lets wait for longer than a transaction may is made again, as callers do.
    await asyncio.gather(
        *(
            eventually(lambda where=where, one=one: raised(where, **one))  # type: ignore[misc]
            for where in (directory, other)
            for one in whose * 5
        )
    )
    async with other.reading() as transaction:
        found = await transaction.accounts.get(AccountId("1"))
    assert found is not None
    assert (found.version, found.display_name) == (31, "30")
    await other.close()
