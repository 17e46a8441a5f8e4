"""Which epoch of each partition of the log counts: batches of one that is over are refused.

A worker of an epoch that is over may hold records that its log has lost since, and that nobody else will ever see.
What it writes lies below what the next epoch writes, but nothing keeps a request back that is on its way. So a batch
looks before it writes and again after: whoever begins an epoch writes it here before it reads anything, and so it has
read all of which somebody was told that it is stored.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Final

import structlog

from chinwag.adapters.cassandra.database import Database, Guard
from chinwag.adapters.cassandra.epoch_reads import EpochReads
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import insert
from chinwag.domain.refusal import Refused
from chinwag.ports.message_store import TakenOverError

FRESH_SECONDS: Final = 1.0
"""How long a look holds: no request of a batch is sent without one as young as this."""
LATELY_SECONDS: Final = 5.0
"""How old a look may be by which it is judged what of an epoch that is over is void, before there is another."""
LONG_AGO_SECONDS: Final = 60.0
"""And before that other one is waited for."""
SETTLED_SECONDS: Final = 60.0
"""So long after another epoch has begun nothing of the ones before is on its way to the store any more."""

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
        self._since: dict[int, float] = {}
        self._behind: dict[int, asyncio.Task[None]] = {}

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

    def known(self, partition: int) -> int:
        """The latest epoch that this process has seen there, however long ago."""
        return self._seen.get(partition, (0, 0.0))[0]

    def settled(self, partition: int, at: float) -> bool:
        """Whether at a time (`time.monotonic`) this process had seen the epoch that is the latest now for so long that
        all of the ones before had come to rest."""
        since = self._since.get(partition)
        return since is not None and at - since >= SETTLED_SECONDS

    async def recent(self, partition: int) -> int:
        """The latest epoch, by a look that is as young as one before a request."""
        latest, at = self._seen.get(partition, (0, -FRESH_SECONDS))
        if time.monotonic() - at < FRESH_SECONDS:
            return latest
        async with self._looking[partition]:  # many who ask at once need one look
            latest, at = self._seen.get(partition, (0, -FRESH_SECONDS))
            return latest if time.monotonic() - at < FRESH_SECONDS else await self._read(partition)

    async def lately(self, partitions: Collection[int]) -> dict[int, int]:
        """The latest epochs of these, for whoever reads rows of many. Where the last look is not of the last minute it
        waits for another; where it is of the last seconds it does not look, and else it looks without waiting."""
        now = time.monotonic()
        never = 0, now - LONG_AGO_SECONDS
        unknown = [one for one in partitions if self._seen.get(one, never)[1] <= now - LONG_AGO_SECONDS]
        if unknown:
            await asyncio.gather(*(self._read(partition) for partition in unknown))
        old = now - LATELY_SECONDS
        found: dict[int, int] = {}
        for partition in partitions:
            found[partition], at = self._seen[partition]
            if at < old and partition not in self._behind:
                self._behind[partition] = asyncio.create_task(self._look_behind(partition))
        return found

    async def close(self) -> None:
        """Look at nothing more."""
        tasks = list(self._behind.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_behind(self, partition: int) -> None:
        try:
            await self._read(partition)
        except Refused:
            _log.debug("an epoch could not be looked at", partition=partition)
        finally:
            del self._behind[partition]

    async def _read(self, partition: int) -> int:
        latest, began = await self._reads.read(partition)
        before = self._seen.get(partition, (-1, 0.0))[0]
        if latest > before:
            self._since[partition] = time.monotonic()
        if latest >= before:
            self._seen[partition] = latest, began
        return latest
