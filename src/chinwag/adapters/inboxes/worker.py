"""The worker of one inbox partition: reads its stream, numbers what is posted, keeps the rows, and tells of them.

Contiguous or start afresh: what it has cached is a function of the stream's prefix, so at any jump or failure it drops
all of it and begins again at its checkpoint. The same records then make the same rows, whoever reads them.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from chinwag.adapters.inboxes import records
from chinwag.adapters.inboxes.epoch import InboxEpoch
from chinwag.adapters.inboxes.keeping import CHECKPOINT_SECONDS, Keeping
from chinwag.adapters.inboxes.numbering import Made, Numbering, Told, accounts_of
from chinwag.adapters.inboxes.records import NewerRecordError, Posted
from chinwag.adapters.inboxes.rows import Checkpoint, InboxRows, InboxState
from chinwag.adapters.nats.purging import Purging
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.adapters.nats.stream_reader import End, StreamReader, StreamRecord
from chinwag.adapters.nats.streams import Streams
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Refused

CACHED: Final = 100_000
"""States of accounts that all workers of a process keep, each that has a partition an equal part."""
PAUSE_FIRST: Final = 0.05
PAUSE_MOST: Final = 2.0
"""Seconds between two tries, at first and at most."""
LOOK_AGAIN_SECONDS: Final = 0.25
"""A stream is gone when it is not there at two looks."""

_log = structlog.get_logger(__name__)


class Figures(msgspec.Struct):
    """What a worker has done since it began."""

    records: int = 0
    rows: int = 0
    dropped: int = 0
    set_aside: int = 0
    failed: int = 0


class Reading(Protocol):
    """Makes a reader of the stream of a partition and epoch."""

    def __call__(self, partition: int, epoch: int) -> StreamReader: ...


class InboxWorker:
    """Of one partition. told: called, on the event loop, with the inboxes' epoch and what has become readable."""

    def __init__(
        self,
        partition: int,
        streams: Streams,
        epochs: StreamEpochs,
        rows: InboxRows,
        purging: Purging,
        reading: Reading,
        epoch: InboxEpoch,
        told: Callable[[int, Sequence[Told]], None],
        kept_days: int,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ) -> None:
        self.figures = Figures()
        self.given_up = False
        """Whether something came that only a newer version can read."""
        self.cached = CACHED
        """States of accounts that this worker may keep."""
        self.keeping: Final = Keeping(partition, rows, purging, checkpoint_seconds)
        self._partition = partition
        self._streams = streams
        self._epochs = epochs
        self._rows = rows
        self._reading = reading
        self._epoch = epoch
        self._tell = told
        self._kept_days = kept_days
        self._owned = False
        self._closed = False
        self._changed = asyncio.Event()
        self._stream: StreamReader | None = None
        self._states: OrderedDict[AccountId, InboxState] = OrderedDict()
        self._numbering = Numbering({}, kept_days)
        self._jumped: Position | None = None

    def own(self, owned: bool) -> None:
        """Work from now on, or no longer."""
        if self._owned != owned:
            self._owned, self.given_up = owned, False
            self._wake()

    def wake(self) -> None:
        """There may be another epoch: look again."""
        self._wake()

    async def run(self) -> None:
        """Work until `close`."""
        pause = PAUSE_FIRST
        while not self._closed:
            if not self._owned or self.given_up:
                await self._wait(None)
                continue
            before = self.figures.records
            try:
                await self._work()
            except NewerRecordError as newer:
                _log.error("inboxes are left to a newer version", partition=self._partition, version=str(newer))
                self.given_up = True
            except Exception as failure:
                self.figures.failed += 1
                if not isinstance(failure, Refused):
                    _log.exception("a worker of inboxes begins again", partition=self._partition)
                else:
                    _log.warning("inboxes wait", partition=self._partition, error=str(failure))
            finally:
                self._forget()
            pause = PAUSE_FIRST if self.figures.records > before else min(2 * pause, PAUSE_MOST)
            if not self._closed:
                await self._wait(pause)

    async def close(self) -> None:
        """Let `run` end."""
        self._closed = True
        self._wake()

    async def _work(self) -> None:
        """Take over and read on, until there is a reason to begin again."""
        found = await self._rows.checkpoint(self._partition)
        acked = await self._rows.acked(self._partition)
        epoch = await self._taken_over(max(found.applied, acked))
        if not epoch:
            return
        self._numbering = Numbering(found.seen, self._kept_days, found.told)
        self.keeping.begin(found)
        begun = found.applied.sequence if found.applied.epoch == epoch else 0
        known = max((place.sequence for place in (found.applied, acked) if place.epoch == epoch), default=0)
        stream = self._stream = self._reading(self._partition, epoch)
        try:
            end = await stream.begin(begun, known)
            if end is None and stream.last > begun:
                # Another worker has come further, and purged that: its checkpoint is there by now, or it never was.
                end = End.JUMPED if self._jumped != found.applied else End.LOST
                self._jumped = found.applied
            while end is None:
                some = await stream.next()
                if isinstance(some, End):
                    end = some
                elif self._owned and not self._closed:
                    await self._apply(epoch, some)
                else:
                    end = End.TOLD
            if end is End.LOST and self._owned:
                _log.error("a stream of inboxes has lost what it held", partition=self._partition, epoch=epoch)
                await self._epochs.begin(self._partition, epoch)
        finally:
            self._stream = None
            await stream.close()
            await self.keeping.end()

    async def _taken_over(self, known: Position) -> int:
        """The partition's epoch, with a stream; 0 if there is to be no work now."""
        epoch = await self._epochs.current(self._partition)
        if not epoch or epoch < known.epoch:
            epoch = await self._epochs.begin(self._partition, epoch)
        there = await self._streams.epochs(self._partition)
        if epoch not in there:  # servers that have just begun may not know it yet
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            there = await self._streams.epochs(self._partition)
        if epoch not in there:
            if known.epoch == epoch or any(each > epoch for each in there):
                _log.error("a stream of inboxes is gone", partition=self._partition, epoch=epoch)
                epoch = await self._epochs.begin(self._partition, epoch)
            await self._streams.make(self._partition, epoch)
        for old in there:
            if old < epoch:
                await self._streams.delete(self._partition, old)
        return epoch if self._owned and not self._closed else 0

    async def _apply(self, epoch: int, some: Sequence[StreamRecord]) -> None:
        """Make rows of records, and then everybody's states; only then tell."""
        read = [(each, posted) for each in some if (posted := self._read(each)) is not None]
        accounts = accounts_of(posted for _, posted in read)
        await self._load(accounts)
        made = Made()
        for each, posted in read:
            self._numbering.apply(made, posted, Position(epoch, each.sequence, 0), each.at, self._states)
        if made.moved:
            await self._rows.move(made.moved)
        if made.rows:
            await self._rows.write(made.rows)
        if made.states:
            await self._rows.save(made.states)
        self._states.update(made.states)
        # Both as they are now: a vector that is further than what is applied would drop what is not.
        numbering = self._numbering
        done = Checkpoint(Position(epoch, some[-1].sequence, 0), dict(numbering.seen), numbering.told.kept())
        self.figures.records += len(some)
        self.figures.rows += len(made.rows)
        self.figures.dropped += made.dropped
        self.keeping.advance(done)
        if made.told:
            self._tell(await self._epoch.value(), made.told)
        while len(self._states) > self.cached:
            self._states.popitem(last=False)

    def _read(self, record: StreamRecord) -> Posted | None:
        try:
            return records.decode(record.data)
        except msgspec.DecodeError as error:
            self.figures.set_aside += 1
            _log.error("postings are set aside", partition=self._partition, sequence=record.sequence, error=str(error))
            return None

    async def _load(self, accounts: Sequence[AccountId]) -> None:
        missing = [account for account in accounts if account not in self._states]
        if missing:
            found = await self._rows.states(missing)
            self._states.update(zip(missing, found, strict=True))
        for account in accounts:
            self._states.move_to_end(account)

    def _forget(self) -> None:
        self._states.clear()
        self.keeping.begin(Checkpoint())

    def _wake(self) -> None:
        self._changed.set()
        if self._stream is not None:
            self._stream.end()

    async def _wait(self, seconds: float | None) -> None:
        """Until something changes, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()
