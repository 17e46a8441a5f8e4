"""The contract of the `Inbox` port, over every adapter."""

import asyncio
import random
from collections.abc import Sequence

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, Stores, commit, entries, event

from chinwag.domain.ids import AccountId, group_id, stream_of
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.refusal import Refused
from chinwag.ports.inbox import Arrival, Inline, Posting, Run
from chinwag.ports.mark_store import Advance
from chinwag.ports.message_store import Fanout

pytestmark = pytest.mark.parametrize("harness", ["embedded", "postgres", "nats", "streams"], indirect=True)


def inline(*texts: str, account: AccountId = ANN) -> list[Posting]:
    return [Posting(account, text.encode()) for text in texts]


async def test_a_stream_holds_what_is_placed_in_order_wherever_one_reads_on(stores: Stores) -> None:
    stream = stream_of(0)
    groups = [group_id(str(number)) for number in range(6)]
    expected: list[str] = []
    for turn in range(3):
        batch = []
        for group in groups:
            one = commit(1 + 3 * turn, 3 + 3 * turn, group, (ANN, stream))
            fanouts = [
                Fanout(1 + 3 * turn, 1 + 3 * turn, (ANN, stream)),
                Fanout(2 + 3 * turn, 3 + 3 * turn, (BEN, stream)),
            ]
            batch.append(msgspec.structs.replace(one, fanouts=fanouts, spans=[]))
            expected += [f"{group}#{number}" for number in range(1 + 3 * turn, 4 + 3 * turn)]
        await stores.store.commit(batch)
        await stores.inbox.post([Posting(ANN, b"{}")])
    assert await entries(stores, stream) == expected
    for after in range(len(expected)):
        for limit in (1, 2, 5, 40):
            page = await stores.inbox.read(stream, after, limit)
            found = [
                f"{run.conversation}#{run.first + step}"
                for run in page.entries
                if isinstance(run, Run)
                for step in range(run.count)
            ]
            assert page.entries[0].position == after + 1
            assert found == expected[after : after + limit][: len(found)]
            assert len(found) == min(limit, len(expected) - after)
    assert await stores.inbox.heads([stream, ANN, CYD]) == (
        (await stores.inbox.bounds(stream)).epoch,
        [len(expected), 6 * 3 + 3, 0],
    )
    # What is rewritten in an inbox is what it holds itself, and a stream holds nothing.
    assert await stores.inbox.rewrite(stream, lambda event: b"changed") == 0
    assert await entries(stores, stream) == expected
    await stores.stop()
    await stores.start()
    assert await entries(stores, stream) == expected


async def test_an_inbox_that_was_never_posted_to_is_empty(stores: Stores) -> None:
    bounds = await stores.inbox.bounds(ANN)
    assert (bounds.floor, bounds.head) == (0, 0)
    page = await stores.inbox.read(ANN, 0, 10)
    assert (page.entries, page.bounds) == ([], bounds)


async def test_entries_of_one_call_keep_their_order(stores: Stores) -> None:
    await stores.inbox.post([])
    await stores.inbox.post(inline("a", "b") + inline("x", account=BEN) + inline("c"))
    await stores.inbox.post(inline("d"))
    assert await entries(stores, ANN) == ["a", "b", "c", "d"]
    assert await entries(stores, BEN) == ["x"]
    assert (await stores.inbox.bounds(ANN)).head == 4


async def test_entries_are_there_after_a_restart_under_the_same_epoch(stores: Stores) -> None:
    await stores.inbox.post(inline("a"))
    before = await stores.inbox.bounds(ANN)
    await stores.stop()
    await stores.start()
    assert await stores.inbox.bounds(ANN) == before
    await stores.inbox.post(inline("b"))
    assert await entries(stores, ANN) == ["a", "b"]


async def test_runs_join_over_commits(stores: Stores) -> None:
    await stores.store.commit([commit(1, 3)])
    await stores.store.commit([commit(4, 5)])
    page = await stores.inbox.read(ANN, 0, 100)
    assert page.entries == [Run(1, PAIR, 1, 5)]


async def test_runs_and_inline_entries_keep_their_order(stores: Stores) -> None:
    other = group_id("9")
    await stores.store.commit([commit(1, 2), commit(1, 1, other)])
    await stores.inbox.post(inline("a"))
    await stores.store.commit([commit(3, 3)])
    page = await stores.inbox.read(ANN, 0, 100)
    assert page.entries == [Run(1, PAIR, 1, 2), Run(3, other, 1, 1), Inline(4, b"a"), Run(5, PAIR, 3, 1)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
async def test_reading_in_pages_gives_every_entry_once(stores: Stores, limit: int) -> None:
    await stores.store.commit([commit(1, 9)])
    await stores.inbox.post(inline("a", "b", "c"))
    await stores.store.commit([commit(10, 20), commit(1, 4, group_id("5"))])
    whole = await entries(stores, ANN)
    assert len(whole) == 27
    found: list[str] = []
    while page := await entries(stores, ANN, len(found), limit):
        assert len(page) <= limit
        found += page
    assert found == whole


async def test_reading_from_every_position_gives_the_rest(stores: Stores) -> None:
    await stores.store.commit([commit(1, 5)])
    await stores.inbox.post(inline("a", "b"))
    whole = await entries(stores, ANN)
    for after in range(len(whole) + 1):
        assert await entries(stores, ANN, after) == whole[after:]
    beyond = await stores.inbox.read(ANN, 8, 10)
    assert (beyond.entries, beyond.bounds.head) == ([], 7)


async def test_one_call_may_post_a_lot_to_one_inbox(stores: Stores) -> None:
    texts = [f"{n}:" + "x" * 900 for n in range(500)]
    await stores.inbox.post(inline(*texts))
    assert await entries(stores, ANN) == texts
    assert await entries(stores, ANN, 123, 100) == texts[123:223]


async def test_many_inboxes_are_posted_to_at_once(stores: Stores) -> None:
    members = tuple(AccountId(f"m{n}") for n in range(500))
    await stores.store.commit([msgspec.structs.replace(commit(1, 8), fanouts=[Fanout(1, 8, members)], spans=[])])
    for member in (members[0], members[250], members[-1]):
        assert await entries(stores, member) == [f"{PAIR}#{n}" for n in range(1, 9)]


async def test_a_posting_that_failed_leaves_no_hole(stores: Stores) -> None:
    await stores.inbox.post(inline("a"))
    for where in ("before", "after"):
        stores.fault.fail = where
        with pytest.raises(Refused, match="unavailable"):
            await stores.inbox.post(inline(where))
        stores.fault.fail = ""
        await stores.inbox.post(inline("next"))
    assert await entries(stores, ANN) in (["a", "next", "after", "next"], ["a", "next", "next"])


class Reader:
    """Follows the feed as a gateway does, and asserts that each account's positions follow each other."""

    LAST = AccountId("the last to be told")

    def __init__(self, stores: Stores) -> None:
        self.got: dict[AccountId, list[str]] = {}
        self.next: dict[AccountId, int] = {}
        self._stores = stores
        self._told = asyncio.Event()
        stores.inbox.hold(self.LAST)
        stores.inbox.feed(self._take)

    async def settled(self) -> None:
        """What was posted before has been told: the feed is in order."""
        self._told.clear()
        await self._stores.inbox.post([Posting(self.LAST, b"")])
        await asyncio.wait_for(self._told.wait(), 10)

    def _take(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            if arrival.account == self.LAST:
                self._told.set()
                continue
            assert arrival.position == self.next.setdefault(arrival.account, arrival.position)
            self.next[arrival.account] += len(arrival.events)
            self.got.setdefault(arrival.account, []).extend(one.decode() for one in arrival.events)


async def test_the_feed_tells_of_held_accounts_what_has_become_readable(stores: Stores) -> None:
    reader = Reader(stores)
    stores.inbox.hold(ANN)
    await stores.store.commit([commit(1, 2)])
    await stores.inbox.post(inline("a") + inline("x", account=BEN))
    await stores.marks.advance([Advance(PAIR, BEN, Marks(Mark(2, 2, 5)), stepped=False)], inline("mark"))
    await reader.settled()
    assert reader.got == {ANN: [event(1).decode(), event(2).decode(), "a", "mark"]}


async def test_what_the_feed_tells_is_readable(stores: Stores) -> None:
    seen: list[int] = []
    told = asyncio.Event()

    async def look(position: int) -> None:
        seen.append((await stores.inbox.bounds(ANN)).head - position)
        told.set()

    tasks: list[asyncio.Task[None]] = []

    def hear(arrivals: Sequence[Arrival]) -> None:
        if arrivals[-1].events:
            tasks.append(asyncio.create_task(look(arrivals[-1].position)))

    stores.inbox.feed(hear)
    stores.inbox.hold(ANN)
    await stores.inbox.post(inline("a"))
    await asyncio.wait_for(told.wait(), 10)
    assert seen == [0]


async def test_holding_is_counted(stores: Stores) -> None:
    reader = Reader(stores)
    stores.inbox.hold(ANN)
    stores.inbox.hold(ANN)
    stores.inbox.release(ANN)
    await stores.inbox.post(inline("a"))
    await reader.settled()
    stores.inbox.release(ANN)
    await stores.inbox.post(inline("b"))
    await reader.settled()
    stores.inbox.release(ANN)  # once too often: as if it had not been
    stores.inbox.hold(ANN)
    reader.next.clear()
    await stores.inbox.post(inline("c"))
    await reader.settled()
    assert reader.got == {ANN: ["a", "c"]}


async def test_who_holds_and_then_reads_misses_nothing(stores: Stores) -> None:
    """Also an entry that is on its way at that moment is told."""
    reader = Reader(stores)
    stores.fault.hold()
    posting = asyncio.create_task(stores.inbox.post(inline("a")))
    await asyncio.sleep(0)
    stores.inbox.hold(ANN)
    assert await entries(stores, ANN) == []
    stores.fault.go()
    await posting
    await reader.settled()
    assert reader.got == {ANN: ["a"]}


async def test_a_handler_that_raises_harms_nobody(stores: Stores) -> None:
    def broken(_: object) -> None:
        raise ValueError("broken on purpose")

    stores.inbox.hold(ANN)
    stores.inbox.feed(broken)
    await stores.inbox.post(inline("a"))
    reader = Reader(stores)
    await stores.inbox.post(inline("b"))
    await reader.settled()
    assert await entries(stores, ANN) == ["a", "b"]
    assert reader.got[ANN][-1] == "b"


async def test_feed_and_inbox_agree_under_concurrent_posting(stores: Stores) -> None:
    reader = Reader(stores)
    accounts = [ANN, BEN, CYD]
    for account in accounts:
        stores.inbox.hold(account)
    chance = random.Random(7)

    async def chat(conversation: str) -> None:
        number = 0
        for _ in range(20):
            count = chance.randint(1, 4)
            audience = tuple(chance.sample(accounts, chance.randint(1, 3)))
            await stores.store.commit([commit(number + 1, number + count, group_id(conversation), audience)])
            number += count
            await stores.inbox.post([Posting(account, conversation.encode()) for account in accounts])

    await asyncio.gather(*(chat(str(n)) for n in range(8)))
    await reader.settled()
    for account in accounts:
        stored = await entries(stores, account)
        told = reader.got[account]
        assert len(stored) == len(told)
        for one, other in zip(stored, told, strict=True):
            assert (msgspec.json.decode(other)["number"] == int(one.rsplit("#")[1])) if "#" in one else one == other
