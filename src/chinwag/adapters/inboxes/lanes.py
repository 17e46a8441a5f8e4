"""The ways into the streams of the inbox partitions, one of each source: a record is tried until it is in.

Whoever appends learns here that a stream has gone back: nothing is ever at or below what was acked in its epoch.
"""

import asyncio
import math
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from chinwag.adapters.inboxes import records
from chinwag.adapters.inboxes.records import Posted
from chinwag.adapters.inboxes.rows import InboxRows
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.adapters.nats.streams import FullError, NobodyTookError, Streams
from chinwag.domain.conversation import START, Position
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.cancelled import told_to_end

PATIENCE_SECONDS: Final = 10.0
"""How long a record is tried. Whoever waits for what was sent gives up after 20 s."""
PAUSE_FIRST: Final = 0.02
PAUSE_MOST: Final = 0.25
"""Seconds between two tries."""

_log = structlog.get_logger(__name__)


class _Lane:
    """The way of one source into one partition. highest: where its last record is, so that the next is behind it."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.highest = START
        self.number = 0


class Lanes:
    """Of one process. epochs: of the inbox partitions. rows: where it is kept how far the streams have come. patience:
    seconds for which a record is tried."""

    def __init__(
        self,
        streams: Streams,
        epochs: StreamEpochs,
        rows: InboxRows,
        *,
        patience: float = PATIENCE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sender: Final = secrets.token_hex(8)
        """This process, among all that append."""
        self._streams = streams
        self._epochs = epochs
        self._rows = rows
        self._patience = patience
        self._now = now
        self._lanes: dict[tuple[str, int], _Lane] = defaultdict(_Lane)
        self._acked: dict[int, Position] = {}
        """By partition, where the highest record is that was acked to any lane of this process."""

    def highest(self) -> dict[int, Position]:
        """Where the last record is that this process has appended, by inbox partition."""
        found: dict[int, Position] = {}
        for (_, partition), lane in self._lanes.items():
            found[partition] = max(found.get(partition, START), lane.highest)
        return found

    async def append(self, source: str, partition: int, found: Sequence[Posted], due: float = math.inf) -> Position:
        """Append records of one source in their order; where in the partition's stream the last one is.

        due: a time of `now` after which nothing of it is tried any more. Raises `Refused(UNAVAILABLE)`: some may be in.
        """
        lane = self._lanes[source, partition]
        async with lane.lock:
            if lane.highest == START:
                lane.highest = max(lane.highest, await self._rows.acked(partition))
            for record in found:
                lane.number += 1
                await self._tried(lane, partition, records.encode(record), f"{self.sender}-{source}-{lane.number}", due)
            return lane.highest

    async def _tried(self, lane: _Lane, partition: int, record: bytes, label: str, due: float) -> None:
        """Try, with the same content, until it is in, or its time is over."""
        due, pause = min(due, self._now() + self._patience), PAUSE_FIRST
        while True:
            if self._now() > due:  # this process may have stood still
                raise Refused(Code.UNAVAILABLE, "it took too long to post this", 1.0)
            try:
                await self._once(lane, partition, record, label)
            except Refused:
                if self._now() + pause >= due or told_to_end():
                    raise
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_MOST)

    async def _once(self, lane: _Lane, partition: int, record: bytes, label: str) -> None:
        epoch = await self._epochs.current(partition)
        if not epoch:
            self._epochs.doubt(partition)
            raise Refused(Code.UNAVAILABLE, "the inboxes have not begun", 1.0)
        # As of now: other lanes may be acked what comes behind this while it is on its way.
        before = max(lane.highest, self._acked.get(partition, START))
        try:
            taken = await self._streams.append(partition, epoch, record, label)
        except NobodyTookError:
            self._epochs.doubt(partition)
            raise Refused(Code.UNAVAILABLE, "nobody takes what is posted to inboxes", 1.0) from None
        except FullError:
            _log.warning("a stream of inboxes is full", partition=partition, epoch=epoch)
            raise Refused(Code.UNAVAILABLE, "the inboxes take nothing more for now", 1.0) from None
        place = Position(epoch, taken.sequence, 0)
        if not taken.copy and before.epoch == epoch and place <= before:
            _log.error("a stream of inboxes has gone back", partition=partition, epoch=epoch, acked=before)
            await self._epochs.begin(partition, epoch)
            raise Refused(Code.UNAVAILABLE, "the inboxes' stream has gone back", 1.0)
        lane.highest = max(lane.highest, place)
        self._acked[partition] = max(self._acked.get(partition, START), place)
