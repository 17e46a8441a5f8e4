"""The contract of `Inbox.trim`, over the adapters whose entries do not go by themselves."""

import asyncio

import pytest
from tests.contract.harness import ANN, BEN, PAIR, Stores, commit, entries, event
from tests.contract.test_inbox import inline

from chinwag.domain.ids import AccountId

pytestmark = pytest.mark.parametrize("harness", ["embedded", "postgres", "nats"], indirect=True)


async def test_trimming_forgets_what_is_old_and_raises_the_floor(stores: Stores) -> None:
    await stores.store.commit([commit(1, 4)])
    stores.now += 1000
    await stores.inbox.post(inline("a"))
    assert await stores.inbox.trim(stores.now - 1000, 100) == 0
    assert await stores.inbox.trim(stores.now, 100) == 8
    assert await stores.inbox.trim(stores.now, 100) == 0
    ann, ben = await stores.inbox.bounds(ANN), await stores.inbox.bounds(BEN)
    assert (ann.floor, ann.head, ben.floor, ben.head) == (4, 5, 4, 4)
    below = await stores.inbox.read(ANN, 2, 10)
    assert (below.entries, below.bounds) == ([], ann)
    assert await entries(stores, ANN, 4) == ["a"]
    assert await stores.store.events(PAIR, 1, 4) == [event(n) for n in range(1, 5)]


async def test_a_trimmed_inbox_goes_on_from_its_head(stores: Stores) -> None:
    await stores.inbox.post(inline("a", "b"))
    assert await stores.inbox.trim(stores.now + 1, 100) == 2
    await stores.inbox.post(inline("c"))
    assert await entries(stores, ANN, 2) == ["c"]
    assert await stores.inbox.trim(stores.now + 1, 100) == 1
    await stores.stop()
    await stores.start()
    await stores.inbox.post(inline("d"))
    bounds = await stores.inbox.bounds(ANN)
    assert (bounds.floor, bounds.head) == (3, 4)
    assert await entries(stores, ANN, 3) == ["d"]


@pytest.mark.parametrize("limit", [1, 3, 4, 10])
async def test_trimming_takes_at_most_what_is_asked_and_gets_through(stores: Stores, limit: int) -> None:
    accounts = [AccountId(f"a{n}") for n in range(7)]
    for account in accounts:
        await stores.inbox.post(inline(*"abcde", account=account))
    stores.now += 1
    await stores.inbox.post(inline("new", account=accounts[3]))
    total = 0
    while (gone := await stores.inbox.trim(stores.now, limit)) == limit:
        total += gone
    assert gone < limit
    assert total + gone == 35
    for account in accounts:
        bounds = await stores.inbox.bounds(account)
        assert bounds.floor == 5
        assert bounds.head == (6 if account == accounts[3] else 5)


async def test_reading_while_trimming_never_shows_a_hole(stores: Stores) -> None:
    for step in range(30):
        stores.now += 1
        await stores.inbox.post(inline(*(f"{step}.{n}" for n in range(5))))

    async def trim() -> None:
        for before in range(stores.now - 30, stores.now, 3):
            await stores.inbox.trim(before, 4)

    trimming = asyncio.create_task(trim())
    while not trimming.done():
        page = await stores.inbox.read(ANN, 0, 300)
        floor = page.bounds.floor
        page = await stores.inbox.read(ANN, floor, 300)
        if page.bounds.floor == floor:
            assert [entry.position for entry in page.entries] == list(range(floor + 1, 151))
        await asyncio.sleep(0)
    await trimming
