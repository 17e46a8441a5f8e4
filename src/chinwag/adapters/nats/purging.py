"""What is applied is taken away from its stream: now and then, and never more than that."""

import asyncio
import contextlib
from typing import Final

import structlog

from chinwag.adapters.nats.streams import NoStreamError, Streams
from chinwag.domain.refusal import Refused
from chinwag.flow.cancelled import told_to_end

PAUSE_SECONDS: Final = 0.5
"""Between two purges of one stream: each is agreed upon by all of its servers."""

_log = structlog.get_logger(__name__)


class Purging:
    """Of the streams of one process's partitions. What is below a place only rises."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._wanted: dict[int, tuple[int, int]] = {}  # by partition: epoch, and the first sequence that stays
        self._done: dict[int, tuple[int, int]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def forget(self, partition: int, epoch: int, below: int) -> None:
        """All records below a sequence are applied. A lower one than before is void."""
        if (epoch, below) <= self._wanted.get(partition, (0, 0)):
            return
        self._wanted[partition] = epoch, below
        if partition not in self._tasks:
            self._tasks[partition] = asyncio.create_task(self._purge(partition), name="purging")

    async def close(self) -> None:
        """Purge nothing more: whoever reads next passes over what is applied."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _purge(self, partition: int) -> None:
        try:
            while not told_to_end() and (wanted := self._wanted[partition]) > self._done.get(partition, (0, 0)):
                try:
                    with contextlib.suppress(NoStreamError):  # it is another epoch's turn
                        await self._streams.forget(partition, *wanted)
                    self._done[partition] = wanted
                except Refused as refused:
                    _log.warning("what is applied could not be purged yet", partition=partition, error=str(refused))
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            del self._tasks[partition]
