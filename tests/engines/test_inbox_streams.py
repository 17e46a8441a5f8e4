"""Inboxes as streams: workers that overlap or die make the same rows, and what was seen outlives them."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, commit
from tests.engines.inbox_world import InboxWorld, entries, happened, is_there, pair, settled, texts, until, worker_of

from chinwag.adapters.inboxes.rows import InboxRow
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.inbox import Inline


async def test_what_two_overlapping_workers_of_the_log_post_is_there_once(inboxes: InboxWorld) -> None:
    one, other = await inboxes.process(works=True), await inboxes.process(works=False)
    await one.publisher.commits([commit(1, 5)])
    await other.publisher.commits([commit(1, 3)])
    await other.publisher.commits([commit(4, 8)])
    await one.publisher.commits([commit(6, 9)])
    await one.inbox.settled()
    assert await entries(one) == pair(1, 9)
    assert await entries(other, BEN) == pair(1, 9)


async def test_what_was_seen_outlives_the_worker(inboxes: InboxWorld) -> None:
    """The vector is kept with the checkpoint: the stream is purged, and what is posted again is known all the same."""
    first, sender = await inboxes.process(works=True), await inboxes.process(works=False)
    await sender.publisher.commits([commit(1, 5)])
    await first.inbox.settled()
    await until(lambda: settled(sender))
    await inboxes.end(first)
    second = await inboxes.process(works=True)
    await sender.publisher.commits([commit(3, 7)])
    await sender.inbox.settled()
    assert await entries(second) == pair(1, 7)


async def test_a_worker_that_died_before_its_checkpoint_makes_the_same_rows(
    inboxes: InboxWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, sender = await inboxes.process(works=True), await inboxes.process(works=False)

    async def nothing(*_: object) -> None:
        """As if it had died."""

    monkeypatch.setattr(worker_of(first).keeping, "keep", nothing)
    await sender.publisher.commits([commit(1, 5)])
    await sender.inbox.post(texts("a"))
    await until(lambda: is_there(sender, [*pair(1, 5), "a"]))
    await inboxes.end(first)
    assert (await sender.rows.checkpoint(0)).applied == Position(0, 0, 0)
    monkeypatch.undo()
    second = await inboxes.process(works=True)
    await sender.inbox.post(texts("b"))
    await sender.inbox.settled()
    assert await entries(second) == [*pair(1, 5), "a", "b"]


async def test_a_worker_that_died_before_any_state_makes_the_same_rows_of_other_batches(inboxes: InboxWorld) -> None:
    """It had made a row of the first record; the next one reads that and more at once."""
    first, sender = await inboxes.process(works=True), await inboxes.process(works=False)
    written, write = asyncio.Event(), first.rows.write

    async def and_no_state(rows: Sequence[InboxRow]) -> None:
        await write(rows)
        written.set()
        raise Refused(Code.UNAVAILABLE, "as if it had died")

    first.rows.write = and_no_state  # type: ignore[method-assign]
    await sender.publisher.commits([commit(1, 2)])
    await happened(written)
    await inboxes.end(first)
    for last in range(3, 9):  # as workers of the log that overlap do
        await sender.publisher.commits([commit(2, last)])
    second = await inboxes.process(works=True)
    await sender.inbox.settled()
    assert await entries(second) == pair(1, 8)


async def test_two_workers_of_one_partition_make_the_same_rows(inboxes: InboxWorld) -> None:
    """One of them stands still with records in its hands, is purged past, and goes on."""
    slow, quick, sender = (
        await inboxes.process(works=True),
        await inboxes.process(works=True),
        await inboxes.process(works=False),
    )
    await sender.publisher.commits([commit(1, 3)])
    await until(lambda: is_there(sender, pair(1, 3)))
    standing, going_on = asyncio.Event(), asyncio.Event()
    write = slow.rows.write

    async def stand_still(rows: object) -> None:
        standing.set()
        await going_on.wait()
        await write(rows)  # type: ignore[arg-type]

    slow.rows.write = stand_still  # type: ignore[method-assign]
    await sender.publisher.commits([commit(4, 6)])
    await happened(standing)
    for number in range(7, 60):
        await sender.publisher.commits([commit(number, number)])
        await sender.inbox.post(texts(f"t{number}"))
    await sender.inbox.settled()
    wanted = pair(1, 6) + [word for number in range(7, 60) for word in (*pair(number, number), f"t{number}")]
    assert await entries(quick) == wanted
    going_on.set()
    await sender.inbox.post(texts("last"))
    await sender.inbox.settled()
    applied = (await sender.rows.checkpoint(0)).applied

    async def caught_up() -> bool:
        return worker_of(slow).keeping.done.applied >= applied

    await until(caught_up)
    assert await entries(slow) == [*wanted, "last"]


async def test_a_checkpoint_holds_nothing_that_is_not_rows_yet(inboxes: InboxWorld) -> None:
    """What was seen is as old as what is applied: else what is in a worker's hands would be dropped after its death."""
    process = await inboxes.process(works=True)
    worker = worker_of(process)
    worker.keeping.seconds = 1_000.0
    await process.publisher.commits([commit(1, 3)])
    await until(lambda: is_there(process, pair(1, 3)))
    standing, going_on = asyncio.Event(), asyncio.Event()
    write = process.rows.write

    async def stand_still(rows: object) -> None:
        standing.set()
        await going_on.wait()
        await write(rows)  # type: ignore[arg-type]

    process.rows.write = stand_still  # type: ignore[method-assign]
    await process.publisher.commits([commit(4, 6)])
    await happened(standing)
    await worker.keeping.keep()
    kept = await process.rows.checkpoint(0)
    assert (kept.applied, dict(kept.seen)) == (Position(1, 1, 0), {"log.0": Position(1, 3, 0)})
    going_on.set()
    await until(lambda: is_there(process, pair(1, 6)))


async def test_what_is_forgotten_is_unreadable_and_overwritten(inboxes: InboxWorld) -> None:
    process = await inboxes.process(works=True)
    await process.publisher.commits([commit(1, 3)])
    await process.inbox.post(texts("secret"))
    await process.inbox.settled()
    await process.inbox.forget(ANN)
    await process.inbox.post(texts("later"))
    await process.inbox.settled()
    bounds = await process.inbox.bounds(ANN)
    assert (bounds.floor, bounds.head) == (4, 5)
    assert (await process.inbox.read(ANN, 0, 10)).entries == []
    assert (await process.inbox.read(ANN, 4, 10)).entries == [Inline(5, b"later")]
    assert all(row.parts == [] for row in await process.rows.rows(ANN, 0, 4, 10))
    assert await entries(process, BEN) == pair(1, 3)


async def test_what_is_older_than_is_kept_is_below_the_floor(inboxes: InboxWorld) -> None:
    process = await inboxes.process(works=True)
    await process.inbox.post(texts("a", "b"))
    await process.inbox.settled()
    now = process.now()
    process.now = lambda: now + 29 * 86_400_000
    assert (await process.inbox.bounds(ANN)).floor == 0
    (state,) = await process.rows.states([ANN])
    day = state.days[0][0]
    await process.rows.save(
        {ANN: msgspec.structs.replace(state, days=((day, 0), (day + 1, 2)), applied=Position(1, 50, 0))}
    )
    process.now = lambda: (day + 31) * 86_400_000
    assert (await process.inbox.bounds(ANN)).floor == 2
    assert (await process.inbox.read(ANN, 0, 10)).entries == []
