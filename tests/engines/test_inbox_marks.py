"""Marks that two processes move at once: nobody hears of the lower one last, or of one that is not readable yet."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, PAIR
from tests.contract.over_inbox_streams import InboxProcess
from tests.engines.inbox_world import InboxWorld, entries, until

from chinwag.adapters.cassandra.mark_store import TELL_SECONDS, CassandraMarkStore
from chinwag.adapters.inboxes.rows import Moved
from chinwag.domain.events import Delivered
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.refusal import Refused
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance

BOUND: Final = 60.0


def told(number: int) -> str:
    return msgspec.json.encode(Delivered(conversation=PAIR, account=BEN, number=number, at=1)).decode()


def move(number: int) -> list[Advance]:
    """Ben has what Ann wrote up to `number`, and she is told."""
    to_ann = [Posting(ANN, told(number).encode())]
    return [Advance(PAIR, BEN, Marks(delivered=Mark(number, 0, 1)), stepped=False, told=to_ann)]


class Held:
    """In the place of what a mark store posts with: waits before it posts, which is as if it had taken `seconds`."""

    def __init__(self, process: InboxProcess, seconds: float = 0.0) -> None:
        store = process.stores.mark_store
        assert isinstance(store, CassandraMarkStore)
        self._poster = store._poster
        self._took = seconds
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        store._poster = self  # type: ignore[assignment]

    async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None:
        self.asked.set()
        await self.go.wait()
        await self._poster.moved(postings, moved, seconds - self._took)


async def test_of_two_processes_that_move_a_mark_at_once_nobody_hears_of_the_lower_last(inboxes: InboxWorld) -> None:
    one, other = await inboxes.process(works=True), await inboxes.process(works=False)
    held = Held(other)
    lower = asyncio.create_task(other.stores.mark_store.advance(move(7)))
    await held.asked.wait()
    await one.stores.mark_store.advance(move(14))
    held.go.set()
    await lower
    await one.inbox.post([Posting(ANN, b'"last"')])

    async def all_there() -> bool:
        return '"last"' in await entries(one)

    await until(all_there)
    assert await entries(one) == [told(14), '"last"']
    assert (await one.stores.mark_store.marks([(PAIR, BEN)]))[0].delivered.number == 14


async def test_who_is_told_of_a_mark_finds_it_moved_though_its_process_died_in_between(inboxes: InboxWorld) -> None:
    one, dying = await inboxes.process(works=True), await inboxes.process(works=False)
    store = dying.stores.mark_store
    assert isinstance(store, CassandraMarkStore)

    async def nothing(*_: object) -> None:
        raise asyncio.CancelledError

    store._database.write = nothing  # type: ignore[method-assign,assignment]
    with pytest.raises(asyncio.CancelledError):
        await store.advance(move(14))

    async def is_told() -> bool:
        return await entries(one) == [told(14)]

    await until(is_told)
    assert (await one.stores.mark_store.marks([(PAIR, BEN)]))[0].delivered.number == 14


async def test_a_process_that_stood_still_after_it_had_looked_tells_nothing(inboxes: InboxWorld) -> None:
    """By then it may be forgotten that others were told of a higher mark."""
    one = await inboxes.process(works=True)
    held = Held(one, TELL_SECONDS)
    late = asyncio.create_task(one.stores.mark_store.advance(move(7)))
    await held.asked.wait()
    held.go.set()
    with pytest.raises(Refused):
        await late
    assert await entries(one) == []


async def test_marks_of_an_account_that_was_forgotten_do_not_come_back_with_what_was_told_late(
    inboxes: InboxWorld,
) -> None:
    one = await inboxes.process(works=True)
    await one.stores.mark_store.advance(move(14))
    moved = Moved(PAIR, BEN, 0, Marks(delivered=Mark(20, 0, 1)))
    await one.stores.mark_store.forget(AccountId(BEN), [PAIR])
    await one.rows.move([moved])
    assert await one.stores.mark_store.marks([(PAIR, BEN)]) == [Marks()]
