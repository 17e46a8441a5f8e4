"""How far a worker of inboxes has come, kept soon after it has; only then its stream lets go of what is applied."""

import asyncio
from typing import Final

import structlog

from chinwag.adapters.inboxes.rows import Checkpoint, InboxRows
from chinwag.adapters.nats.purging import Purging
from chinwag.domain.conversation import START
from chinwag.domain.refusal import Refused

CHECKPOINT_SECONDS: Final = 0.25
"""From a record to the checkpoint that covers it, at most, while the store answers."""

_log = structlog.get_logger(__name__)


class Keeping:
    """Of one partition. done: up to what its stream is applied. seconds: from `advance` to the checkpoint."""

    def __init__(self, partition: int, rows: InboxRows, purging: Purging, seconds: float = CHECKPOINT_SECONDS) -> None:
        self.done = Checkpoint()
        self.seconds = seconds
        self._partition = partition
        self._rows = rows
        self._purging = purging
        self._kept = START
        self._task: asyncio.Task[None] | None = None

    def begin(self, found: Checkpoint) -> None:
        """The checkpoint is `found`; whatever was done before is nothing."""
        self.done, self._kept = found, found.applied

    def advance(self, done: Checkpoint) -> None:
        """So much is applied: keep it soon."""
        self.done = done
        if self._task is None:
            self._task = asyncio.create_task(self._later(), name="inbox checkpoint")

    async def keep(self) -> None:
        """Keep how far the stream is applied, and let go of what is. Raises `Refused(UNAVAILABLE)`."""
        done = self.done
        last = done.applied
        if last > self._kept:
            await self._rows.save_checkpoint(self._partition, done)
            self._kept = max(self._kept, last)
            self._purging.forget(self._partition, last.epoch, last.sequence + 1)

    async def end(self) -> None:
        """Keep all of it now; nothing is kept by itself any more until it advances again. Refusals are logged."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        try:
            await self.keep()
        except Refused as refused:
            _log.warning("how far inboxes have come could not be kept", error=str(refused))

    async def _later(self) -> None:
        """Until all is kept: also what is applied meanwhile, and what could not be kept at first."""
        try:
            while self.done.applied > self._kept:
                await asyncio.sleep(self.seconds)
                try:
                    await self.keep()
                except Refused as refused:
                    _log.warning("how far inboxes have come could not be kept", error=str(refused))
        finally:
            self._task = None
