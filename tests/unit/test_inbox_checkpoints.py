"""How far a worker of inboxes has come is kept, whatever comes while it is being kept."""

import asyncio
from typing import Any, cast

from chinwag.adapters.inboxes.rows import Checkpoint
from chinwag.adapters.inboxes.worker import InboxWorker
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused


class _Rows:
    """Keeps a checkpoint once it is let; refuses the first ones if it is to."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.kept: list[int] = []
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def save_checkpoint(self, _: int, checkpoint: Checkpoint) -> None:
        self.asked.set()
        await self.go.wait()
        if self.refusals:
            self.refusals -= 1
            raise Refused(Code.UNAVAILABLE, "away", 1.0)
        self.kept.append(checkpoint.applied.sequence)


class _Purging:
    def forget(self, partition: int, epoch: int, sequence: int) -> None: ...


def _worker(rows: _Rows) -> InboxWorker:
    nothing = cast("Any", None)
    made = (0, nothing, nothing, cast("Any", rows), cast("Any", _Purging()), nothing, nothing, nothing, 30, 0.0)
    return InboxWorker(*made)


def _apply(worker: InboxWorker, sequence: int) -> None:
    worker._done = Checkpoint(Position(1, sequence, 0), {})
    worker._keep_soon()


async def _kept(worker: InboxWorker) -> None:
    async with asyncio.timeout(30):
        while (keeping := worker._keeping) is not None:
            await asyncio.wait([keeping])


async def test_what_is_applied_while_a_checkpoint_is_on_its_way_is_kept_without_another_record() -> None:
    rows = _Rows()
    worker = _worker(rows)
    _apply(worker, 1)
    await rows.asked.wait()
    _apply(worker, 2)
    rows.go.set()
    await _kept(worker)
    assert rows.kept == [1, 2]


async def test_a_checkpoint_that_the_store_did_not_take_is_kept_later_without_another_record() -> None:
    rows = _Rows(refusals=2)
    rows.go.set()
    worker = _worker(rows)
    _apply(worker, 1)
    await _kept(worker)
    assert rows.kept == [1]
