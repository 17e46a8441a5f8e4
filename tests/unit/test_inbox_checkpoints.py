"""How far a worker of inboxes has come is kept, whatever comes while it is being kept."""

import asyncio
from typing import Any, cast

from chinwag.adapters.inboxes.keeping import Keeping
from chinwag.adapters.inboxes.rows import Checkpoint
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


def _keeping(rows: _Rows) -> Keeping:
    return Keeping(0, cast("Any", rows), cast("Any", _Purging()), 0.0)


def _apply(keeping: Keeping, sequence: int) -> None:
    keeping.advance(Checkpoint(Position(1, sequence, 0), {}))


async def _kept(keeping: Keeping) -> None:
    async with asyncio.timeout(30):
        while (task := keeping._task) is not None:
            await asyncio.wait([task])


async def test_what_is_applied_while_a_checkpoint_is_on_its_way_is_kept_without_another_record() -> None:
    rows = _Rows()
    keeping = _keeping(rows)
    _apply(keeping, 1)
    await rows.asked.wait()
    _apply(keeping, 2)
    rows.go.set()
    await _kept(keeping)
    assert rows.kept == [1, 2]


async def test_a_checkpoint_that_the_store_did_not_take_is_kept_later_without_another_record() -> None:
    rows = _Rows(refusals=2)
    rows.go.set()
    keeping = _keeping(rows)
    _apply(keeping, 1)
    await _kept(keeping)
    assert rows.kept == [1]
