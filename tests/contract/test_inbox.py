"""The contract of the `Inbox` port, over every adapter."""

import asyncio
import random
from collections.abc import Sequence

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, Harness, commit, entries, event

from chinwag.domain.ids import AccountId, group_id
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.refusal import Refused
from chinwag.ports.inbox import Arrival, Inline, Posting, Run
from chinwag.ports.mark_store import Advance
from chinwag.ports.message_store import Fanout


def inline(*texts: str, account: AccountId = ANN) -> list[Posting]:
    return [Posting(account, text.encode()) for text in texts]


async def test_an_inbox_that_was_never_posted_to_is_empty(ports: Harness) -> None:
    bounds = await ports.inbox.bounds(ANN)
    assert (bounds.floor, bounds.head) == (0, 0)
    page = await ports.inbox.read(ANN, 0, 10)
    assert (page.entries, page.bounds) == ([], bounds)


async def test_entries_of_one_call_keep_their_order(ports: Harness) -> None:
    await ports.inbox.post([])
    await ports.inbox.post(inline("a", "b") + inline("x", account=BEN) + inline("c"))
    await ports.inbox.post(inline("d"))
    assert await entries(ports.inbox, ANN) == ["a", "b", "c", "d"]
    assert await entries(ports.inbox, BEN) == ["x"]
    assert (await ports.inbox.bounds(ANN)).head == 4


async def test_entries_are_there_after_a_restart_under_the_same_epoch(ports: Harness) -> None:
    await ports.inbox.post(inline("a"))
    before = await ports.inbox.bounds(ANN)
    await ports.stop()
    await ports.start()
    assert await ports.inbox.bounds(ANN) == before
    await ports.inbox.post(inline("b"))
    assert await entries(ports.inbox, ANN) == ["a", "b"]


async def test_runs_join_over_commits(ports: Harness) -> None:
    await ports.store.commit([commit(1, 3)])
    await ports.store.commit([commit(4, 5)])
    page = await ports.inbox.read(ANN, 0, 100)
    assert page.entries == [Run(1, PAIR, 1, 5)]


async def test_runs_and_inline_entries_keep_their_order(ports: Harness) -> None:
    other = group_id("9")
    await ports.store.commit([commit(1, 2), commit(1, 1, other)])
    await ports.inbox.post(inline("a"))
    await ports.store.commit([commit(3, 3)])
    page = await ports.inbox.read(ANN, 0, 100)
    assert page.entries == [Run(1, PAIR, 1, 2), Run(3, other, 1, 1), Inline(4, b"a"), Run(5, PAIR, 3, 1)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
async def test_reading_in_pages_gives_every_entry_once(ports: Harness, limit: int) -> None:
    await ports.store.commit([commit(1, 9)])
    await ports.inbox.post(inline("a", "b", "c"))
    await ports.store.commit([commit(10, 20), commit(1, 4, group_id("5"))])
    whole = await entries(ports.inbox, ANN)
    assert len(whole) == 27
    found: list[str] = []
    while page := await entries(ports.inbox, ANN, len(found), limit):
        assert len(page) <= limit
        found += page
    assert found == whole


async def test_reading_from_every_position_gives_the_rest(ports: Harness) -> None:
    await ports.store.commit([commit(1, 5)])
    await ports.inbox.post(inline("a", "b"))
    whole = await entries(ports.inbox, ANN)
    for after in range(len(whole) + 1):
        assert await entries(ports.inbox, ANN, after) == whole[after:]
    beyond = await ports.inbox.read(ANN, 8, 10)
    assert (beyond.entries, beyond.bounds.head) == ([], 7)


async def test_one_call_may_post_a_lot_to_one_inbox(ports: Harness) -> None:
    texts = [f"{n}:" + "x" * 900 for n in range(500)]
    await ports.inbox.post(inline(*texts))
    assert await entries(ports.inbox, ANN) == texts
    assert await entries(ports.inbox, ANN, 123, 100) == texts[123:223]


async def test_many_inboxes_are_posted_to_at_once(ports: Harness) -> None:
    members = tuple(AccountId(f"m{n}") for n in range(500))
    await ports.store.commit([msgspec.structs.replace(commit(1, 8), fanouts=[Fanout(1, 8, members)], spans=[])])
    for member in (members[0], members[250], members[-1]):
        assert await entries(ports.inbox, member) == [f"{PAIR}#{n}" for n in range(1, 9)]


async def test_a_posting_that_failed_leaves_no_hole(ports: Harness) -> None:
    await ports.inbox.post(inline("a"))
    for where in ("before", "after"):
        ports.fault.fail = where
        with pytest.raises(Refused, match="unavailable"):
            await ports.inbox.post(inline(where))
        ports.fault.fail = ""
        await ports.inbox.post(inline("next"))
    assert await entries(ports.inbox, ANN) in (["a", "next", "after", "next"], ["a", "next", "next"])


class Reader:
    """Follows the feed as a gateway does, and asserts that each account's positions follow each other."""

    LAST = AccountId("the last to be told")

    def __init__(self, ports: Harness) -> None:
        self.got: dict[AccountId, list[str]] = {}
        self.next: dict[AccountId, int] = {}
        self._ports = ports
        self._told = asyncio.Event()
        ports.inbox.hold(self.LAST)
        ports.inbox.feed(self._take)

    async def settled(self) -> None:
        """What was posted before has been told: the feed is in order."""
        self._told.clear()
        await self._ports.inbox.post([Posting(self.LAST, b"")])
        await asyncio.wait_for(self._told.wait(), 10)

    def _take(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            if arrival.account == self.LAST:
                self._told.set()
                continue
            assert arrival.position == self.next.setdefault(arrival.account, arrival.position)
            self.next[arrival.account] += len(arrival.events)
            self.got.setdefault(arrival.account, []).extend(one.decode() for one in arrival.events)


async def test_the_feed_tells_of_held_accounts_what_has_become_readable(ports: Harness) -> None:
    reader = Reader(ports)
    ports.inbox.hold(ANN)
    await ports.store.commit([commit(1, 2)])
    await ports.inbox.post(inline("a") + inline("x", account=BEN))
    await ports.marks.advance([Advance(PAIR, BEN, Marks(Mark(2, 2, 5)), stepped=False)], inline("mark"))
    await reader.settled()
    assert reader.got == {ANN: [event(1).decode(), event(2).decode(), "a", "mark"]}


async def test_what_the_feed_tells_is_readable(ports: Harness) -> None:
    seen: list[int] = []
    told = asyncio.Event()

    async def look(position: int) -> None:
        seen.append((await ports.inbox.bounds(ANN)).head - position)
        told.set()

    tasks: list[asyncio.Task[None]] = []
    ports.inbox.feed(lambda arrivals: tasks.append(asyncio.create_task(look(arrivals[-1].position))))
    ports.inbox.hold(ANN)
    await ports.inbox.post(inline("a"))
    await asyncio.wait_for(told.wait(), 10)
    assert seen == [0]


async def test_holding_is_counted(ports: Harness) -> None:
    reader = Reader(ports)
    ports.inbox.hold(ANN)
    ports.inbox.hold(ANN)
    ports.inbox.release(ANN)
    await ports.inbox.post(inline("a"))
    await reader.settled()
    ports.inbox.release(ANN)
    await ports.inbox.post(inline("b"))
    await reader.settled()
    ports.inbox.release(ANN)  # once too often: as if it had not been
    ports.inbox.hold(ANN)
    reader.next.clear()
    await ports.inbox.post(inline("c"))
    await reader.settled()
    assert reader.got == {ANN: ["a", "c"]}


async def test_who_holds_and_then_reads_misses_nothing(ports: Harness) -> None:
    """Also an entry that is on its way at that moment is told."""
    reader = Reader(ports)
    ports.fault.passing.clear()
    posting = asyncio.create_task(ports.inbox.post(inline("a")))
    await asyncio.sleep(0)
    ports.inbox.hold(ANN)
    assert await entries(ports.inbox, ANN) == []
    ports.fault.passing.set()
    await posting
    await reader.settled()
    assert reader.got == {ANN: ["a"]}


async def test_a_handler_that_raises_harms_nobody(ports: Harness) -> None:
    def broken(_: object) -> None:
        raise ValueError("broken on purpose")

    ports.inbox.hold(ANN)
    ports.inbox.feed(broken)
    await ports.inbox.post(inline("a"))
    reader = Reader(ports)
    await ports.inbox.post(inline("b"))
    await reader.settled()
    assert await entries(ports.inbox, ANN) == ["a", "b"]
    assert reader.got[ANN][-1] == "b"


async def test_feed_and_inbox_agree_under_concurrent_posting(ports: Harness) -> None:
    reader = Reader(ports)
    accounts = [ANN, BEN, CYD]
    for account in accounts:
        ports.inbox.hold(account)
    chance = random.Random(7)

    async def chat(conversation: str) -> None:
        number = 0
        for _ in range(20):
            count = chance.randint(1, 4)
            audience = tuple(chance.sample(accounts, chance.randint(1, 3)))
            await ports.store.commit([commit(number + 1, number + count, group_id(conversation), audience)])
            number += count
            await ports.inbox.post([Posting(account, conversation.encode()) for account in accounts])

    await asyncio.gather(*(chat(str(n)) for n in range(8)))
    await reader.settled()
    for account in accounts:
        stored = await entries(ports.inbox, account)
        told = reader.got[account]
        assert len(stored) == len(told)
        for one, other in zip(stored, told, strict=True):
            assert (msgspec.json.decode(other)["number"] == int(one.rsplit("#")[1])) if "#" in one else one == other


async def test_trimming_forgets_what_is_old_and_raises_the_floor(ports: Harness) -> None:
    await ports.store.commit([commit(1, 4)])
    ports.now += 1000
    await ports.inbox.post(inline("a"))
    assert await ports.inbox.trim(ports.now - 1000, 100) == 0
    assert await ports.inbox.trim(ports.now, 100) == 8
    assert await ports.inbox.trim(ports.now, 100) == 0
    ann, ben = await ports.inbox.bounds(ANN), await ports.inbox.bounds(BEN)
    assert (ann.floor, ann.head, ben.floor, ben.head) == (4, 5, 4, 4)
    below = await ports.inbox.read(ANN, 2, 10)
    assert (below.entries, below.bounds) == ([], ann)
    assert await entries(ports.inbox, ANN, 4) == ["a"]
    assert await ports.store.events(PAIR, 1, 4) == [event(n) for n in range(1, 5)]


async def test_a_trimmed_inbox_goes_on_from_its_head(ports: Harness) -> None:
    await ports.inbox.post(inline("a", "b"))
    assert await ports.inbox.trim(ports.now + 1, 100) == 2
    await ports.inbox.post(inline("c"))
    assert await entries(ports.inbox, ANN, 2) == ["c"]
    assert await ports.inbox.trim(ports.now + 1, 100) == 1
    await ports.stop()
    await ports.start()
    await ports.inbox.post(inline("d"))
    bounds = await ports.inbox.bounds(ANN)
    assert (bounds.floor, bounds.head) == (3, 4)
    assert await entries(ports.inbox, ANN, 3) == ["d"]


@pytest.mark.parametrize("limit", [1, 3, 4, 10])
async def test_trimming_takes_at_most_what_is_asked_and_gets_through(ports: Harness, limit: int) -> None:
    accounts = [AccountId(f"a{n}") for n in range(7)]
    for account in accounts:
        await ports.inbox.post(inline(*"abcde", account=account))
    ports.now += 1
    await ports.inbox.post(inline("new", account=accounts[3]))
    total = 0
    while (gone := await ports.inbox.trim(ports.now, limit)) == limit:
        total += gone
    assert gone < limit
    assert total + gone == 35
    for account in accounts:
        bounds = await ports.inbox.bounds(account)
        assert bounds.floor == 5
        assert bounds.head == (6 if account == accounts[3] else 5)


async def test_reading_while_trimming_never_shows_a_hole(ports: Harness) -> None:
    for step in range(30):
        ports.now += 1
        await ports.inbox.post(inline(*(f"{step}.{n}" for n in range(5))))

    async def trim() -> None:
        for before in range(ports.now - 30, ports.now, 3):
            await ports.inbox.trim(before, 4)

    trimming = asyncio.create_task(trim())
    while not trimming.done():
        page = await ports.inbox.read(ANN, 0, 300)
        floor = page.bounds.floor
        page = await ports.inbox.read(ANN, floor, 300)
        if page.bounds.floor == floor:
            assert [entry.position for entry in page.entries] == list(range(floor + 1, 151))
        await asyncio.sleep(0)
    await trimming
