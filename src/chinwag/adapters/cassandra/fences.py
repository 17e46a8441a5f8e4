"""Which epoch of each partition of the log counts: batches of one that is over are refused.

A worker of an epoch that is over may hold records that its log has lost since, and that nobody else will ever see.
What it writes lies below what the next epoch writes, but nothing keeps a request back that is on its way. So a batch
looks before it writes and again after: whoever begins an epoch writes it here before it reads anything, and so it has
read all of which somebody was told that it is stored.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import structlog

from chinwag.adapters.cassandra.database import Database, Guard
from chinwag.adapters.cassandra.epoch_reads import EpochReads
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import insert
from chinwag.ports.message_store import TakenOverError

FRESH_SECONDS: Final = 1.0
"""How long a look holds: no request of a batch is sent without one as young as this."""

_BEGIN: Final = insert("partitions", "partition epoch", 1)

_log = structlog.get_logger(__name__)


class Fences:
    """The epochs as this process has seen them last. database: of its own, as requests that have room in the stores'
    wait for what is looked at here.

    on_fenced: called, on the event loop, with a partition and the epoch in which it is no longer, as a batch found.
    """

    def __init__(self, database: Database) -> None:
        self.on_fenced: list[Callable[[int, int], None]] = []
        self._database = database
        self._reads = EpochReads(database)
        self._looking: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._seen: dict[int, tuple[int, float]] = {}

    async def begin(self, partition: int, epoch: int) -> None:
        """From now on only batches of `epoch` count. Before a worker of a new epoch reads anything; doing it again
        changes nothing. Raises `TakenOverError` if a later one has begun, `BeyondStampError`, and
        `Refused(UNAVAILABLE)`."""
        await self._database.write([(_BEGIN, (partition, epoch, stamp(epoch)))])
        await self.look(partition, epoch)

    async def look(self, partition: int, epoch: int) -> None:
        """Raise `TakenOverError` if `epoch` is over; begin it if nobody has. Raises `Refused(UNAVAILABLE)` too."""
        latest = await self._read(partition)
        if latest < epoch:
            await self.begin(partition, epoch)
        elif latest > epoch:
            _log.warning("an epoch of a partition is over", partition=partition, epoch=epoch, latest=latest)
            for told in self.on_fenced:
                told(partition, epoch)
            raise TakenOverError

    def guard(self, partition: int, epoch: int) -> Guard:
        """What to call before each request of a batch: it looks again if the last look is too old."""

        async def fresh() -> None:
            async with self._looking[partition]:  # many requests at once need one look
                latest, at = self._seen.get(partition, (0, 0.0))
                if latest != epoch or time.monotonic() - at > FRESH_SECONDS:
                    await self.look(partition, epoch)

        return fresh

    async def write_again(self, partition: int) -> None:
        """Write what is there already: it shows whether writes are taken. Raises `Refused(UNAVAILABLE)`."""
        epoch = await self._read(partition)
        await self._database.write([(_BEGIN, (partition, epoch, stamp(epoch)))])

    async def read_any(self) -> None:
        """Raise `Refused(UNAVAILABLE)` if no quorum answers."""
        await self._read(0)

    async def latest(self, partition: int) -> int:
        """The latest epoch that this process has seen there; it looks if it has seen none."""
        seen = self._seen.get(partition)
        return seen[0] if seen is not None else await self._read(partition)

    def known(self, partition: int) -> int:
        """The latest epoch that this process has seen there, however long ago."""
        return self._seen.get(partition, (0, 0.0))[0]

    async def recent(self, partition: int) -> int:
        """The latest epoch, by a look that is as young as one before a request."""
        latest, at = self._seen.get(partition, (0, -FRESH_SECONDS))
        if time.monotonic() - at < FRESH_SECONDS:
            return latest
        async with self._looking[partition]:  # many who ask at once need one look
            latest, at = self._seen.get(partition, (0, -FRESH_SECONDS))
            return latest if time.monotonic() - at < FRESH_SECONDS else await self._read(partition)

    async def _read(self, partition: int) -> int:
        latest, began = await self._reads.read(partition)
        if latest >= self._seen.get(partition, (0, 0.0))[0]:
            self._seen[partition] = latest, began
        return latest
