"""What follows for the inboxes when a partition of the log begins another epoch, because its stream has lost something.

Its former worker may have told devices of events of records that are lost, before any state said so, and it may go on
for a while. The next worker gives the numbers of these events to others. So before that reads anything, no inbox takes
a posting of the former epoch any more, and all devices load afresh.
"""

import asyncio
from typing import Final

import structlog

from chinwag.adapters.cassandra.fences import FRESH_SECONDS, Fences
from chinwag.adapters.cassandra.log_places import LogPlaces
from chinwag.adapters.inboxes.epoch import InboxEpoch
from chinwag.adapters.inboxes.numbering import LOG
from chinwag.adapters.inboxes.publisher import Publisher
from chinwag.adapters.inboxes.rows import InboxRows
from chinwag.domain.conversation import START, Position
from chinwag.domain.refusal import Code, Refused

APPLIED_SECONDS: Final = 20.0
"""How long it may take until all inbox partitions have heard of it."""
_LOOK_SECONDS: Final = 0.1

_log = structlog.get_logger(__name__)


class Renewal:
    """Of one process. quiet: seconds after which nobody of a former epoch sends anything to the store any more."""

    def __init__(
        self,
        fences: Fences,
        publisher: Publisher,
        rows: InboxRows,
        places: LogPlaces,
        epoch: InboxEpoch,
        quiet: float = FRESH_SECONDS,
    ) -> None:
        self._fences = fences
        self._publisher = publisher
        self._rows = rows
        self._places = places
        self._epoch = epoch
        self._quiet = quiet

    async def begin(self, partition: int, epoch: int) -> None:
        """An epoch of a partition of the log begins: before its worker reads anything. Doing it again changes nothing.

        Raises `TakenOverError` if a later one has begun, and `Refused(UNAVAILABLE)`: it is to be done again.
        """
        await self._fences.begin(partition, epoch)
        known = await self._places.applied(partition)
        if known.epoch >= epoch or (known == START and epoch == 1):
            return
        _log.warning("all devices load afresh, as the log has lost something", partition=partition, epoch=epoch)
        await asyncio.sleep(self._quiet)
        await self._publisher.log_begun(partition, epoch)
        await self._heard(f"{LOG}{partition}", Position(epoch, 0, 0))
        # All that was ever told of the former epoch has its place in some inbox by now, and lies below the new one.
        await self._epoch.renew()
        await self._places.save(partition, Position(epoch, 0, 0))

    async def _heard(self, source: str, place: Position) -> None:
        """Wait until the workers of all inbox partitions have kept that `source` is at `place`."""
        partitions = range(self._publisher.partitions)
        try:
            async with asyncio.timeout(APPLIED_SECONDS):
                for inboxes in partitions:
                    while (await self._rows.checkpoint(inboxes)).seen.get(source, START) < place:  # noqa: ASYNC110
                        await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise Refused(Code.UNAVAILABLE, "the inboxes have not heard of a new epoch of the log", 1.0) from None
