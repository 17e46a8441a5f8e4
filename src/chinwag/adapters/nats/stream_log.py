"""The Log on JetStream: a stream of each partition and epoch, which outlives its worker.

A worker that takes a partition over reads on from what is applied, and two that overlap for a while read the same
records. So a partition begins a new epoch only when its stream has lost something: it is gone, or has gone back behind
what was acked or read. The old stream is taken away then: whoever still appends to it finds none, and learns of the new
one.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec
import structlog

from chinwag.adapters.appender import Appender, NotTakenError, Room
from chinwag.adapters.nats import log_messages as messages
from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.log_messages import Batch, NewerError
from chinwag.adapters.nats.purging import Purging
from chinwag.adapters.nats.set_aside import SetAside
from chinwag.adapters.nats.stream_epochs import Applied, Counter, StreamEpochs
from chinwag.adapters.nats.stream_reader import End, StreamReader, StreamRecord
from chinwag.adapters.nats.streams import FullError, NobodyTookError, Streams
from chinwag.domain.conversation import START, Position
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Log, Lost, Record, Submission, partition_of
from chinwag.ports.registry import Registry, log_duty

PAUSE_SECONDS: Final = 0.5
"""Between two tries to take a partition over while JetStream or the counters are away."""
BATCH: Final = 1_000
"""Records that a worker gets at once, or those of one batch that was appended together."""
BATCH_BYTES: Final = 8 << 20
READ: Final = 100_000
"""Batches that were read and are not applied yet, of which it is known how many records they hold."""

Claim = Callable[[int, int], Awaitable[None]]
"""Told a partition and its epoch."""

_log = structlog.get_logger(__name__)


class _Part:
    """One partition, for its reader here. begun: an epoch that began here and may have no stream yet. lengths: how many
    records a batch holds that was read, by its sequence."""

    def __init__(self) -> None:
        self.owned = False
        self.given_up = False
        self.begun = 0
        self.reader: object = None
        self.stream: StreamReader | None = None
        self.lengths: OrderedDict[int, int] = OrderedDict()
        self._waiter = asyncio.Event()

    def wake(self) -> None:
        """Something has changed: whoever reads looks again."""
        self._waiter.set()
        if self.stream is not None:
            self.stream.end()

    async def changed(self, seconds: float | None = None) -> None:
        """Wait for the next `wake`, at most so long."""
        self._waiter.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._waiter.wait()
        except TimeoutError:
            pass


class StreamLog(Log):
    """The log as one process sees it. Made on the event loop.

    node: whom the registry names as an owner if it is this process; None in one that has no workers. applied: what the
    store has seen of a partition. claim: called before a worker reads anything of a partition in an epoch, so that the
    store takes nothing of an earlier one any more; if it raises `Refused` it is tried again. on_given_up: called with a
    partition when a command in it needs a newer version; this process then leaves the partition alone until another one
    has owned it.
    """

    def __init__(
        self,
        connection: NatsConnection,
        streams: Streams,
        counter: Counter,
        registry: Registry,
        partitions: int,
        *,
        applied: Applied,
        node: NodeId | None = None,
        claim: Claim | None = None,
    ) -> None:
        self.on_given_up: list[Callable[[int], None]] = []
        self._connection = connection
        self._streams = streams
        self._duty = log_duty(partitions)
        self._applied = applied
        self._claim = claim
        self._sender = secrets.token_hex(8)
        self._closed = False
        self._lost: list[Lost] = []
        self._new_owner: list[Callable[[int], None]] = []
        self._highest: dict[int, tuple[int, int]] = {}
        self._epochs = StreamEpochs(counter, streams, applied, self._has_begun)
        self._epochs.learn_all(partitions)
        self._purging = Purging(streams)
        room = Room()
        self._appenders = [Appender(number, self, room, self._tell_lost) for number in range(partitions)]
        self._parts = [_Part() for _ in range(partitions)]
        self._encode = msgspec.msgpack.Encoder().encode
        self.aside = SetAside(connection, self._sender, lambda one: self._tell_lost(one, Code.INTERNAL))
        self._stops: list[Callable[[], None]] = []
        connection.on_interruption(self._try_again)
        if node is not None:
            self._stops.append(registry.watch_owned(self._duty, node, self._owned))

    @property
    def partitions(self) -> int:
        return self._duty.parts

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def unreadable(self) -> int:
        """Commands that were set aside here, as nobody can read them."""
        return self.aside.count_of_all

    def append(self, submission: Submission) -> None:
        if self._closed:
            raise Refused(Code.UNAVAILABLE, "the server is stopping", 1.0)
        partition = partition_of(submission.command.conversation, self._duty.parts)
        self._appenders[partition].append(submission, self._encode(submission))

    def on_lost(self, handler: Lost) -> None:
        self._lost.append(handler)

    def held(self, partition: int) -> Iterable[Submission]:
        return self._appenders[partition].held()

    def on_new_owner(self, handler: Callable[[int], None]) -> None:
        self._new_owner.append(handler)

    async def records(self, partition: int, after: Position) -> AsyncIterator[Sequence[Record]]:
        part = self._parts[partition]
        part.reader = me = object()
        part.wake()  # an earlier reader ends
        epoch, known = await self._taken_over(partition, part, me)
        if not epoch:
            return
        known = max(known, after)
        stream = part.stream = StreamReader(self._connection, self._streams, partition, epoch)
        part.lengths.clear()
        try:
            begun = after if after.epoch == epoch else Position(epoch, 0, 0)
            # A record may have been read in part: it comes again, and of it what follows.
            end = await stream.begin(begun.sequence - 1, known.sequence if known.epoch == epoch else 0)
            while end is None:
                found = await stream.next()
                if isinstance(found, End):
                    end = found
                    break
                for batch in self._batches(partition, epoch, found, begun):
                    if self._closed or part.reader is not me:
                        return
                    yield batch
            if end is End.LOST:
                await self._begin_anew(partition, part, me, epoch)
        except NewerError as newer:
            self._give_up(partition, newer)
        finally:
            if part.stream is stream:
                part.stream = None
            await stream.close()

    def checkpoint(self, partition: int, position: Position) -> None:
        # A batch of which a part is applied stays as a whole.
        lengths = self._parts[partition].lengths
        whole = lengths.get(position.sequence) == position.part + 1
        while lengths and next(iter(lengths)) < position.sequence + whole:
            lengths.popitem(last=False)
        if position.epoch and (below := position.sequence + whole) > 1:
            self._purging.forget(partition, position.epoch, below)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for stop in self._stops:
            stop()
        for part in self._parts:
            part.wake()
        for appender in self._appenders:
            await appender.close()
        self.aside.close()
        await self._purging.close()
        await self._epochs.close()

    async def send(self, partition: int, number: int, batch: Sequence[bytes]) -> Collection[int]:
        """As `Sending.send`, for the appenders. What cannot be read is found out later, by whoever reads it."""
        try:
            epoch = await self._epochs.current(partition)
        except Refused:
            epoch = 0
        if not epoch or self._connection.away_since is not None:
            self._epochs.doubt(partition)
            raise NotTakenError
        record = messages.encode_batch(partition, Batch(self._sender, number, [msgspec.Raw(each) for each in batch]))
        try:
            taken = await self._streams.append(partition, epoch, record, f"{self._sender}-{number}")
        except NobodyTookError:
            self._epochs.doubt(partition)
            raise NotTakenError from None
        except FullError:
            _log.warning("a stream of the log is full", partition=partition, epoch=epoch)
            raise NotTakenError from None
        before = self._highest.get(partition, (0, 0))
        if not taken.copy and (epoch, taken.sequence) <= before and epoch == before[0]:
            _log.error("a stream of the log has gone back", partition=partition, epoch=epoch, acked=before[1])
            await self._epochs.begin(partition, epoch)
            raise Refused(Code.UNAVAILABLE, "the log's stream has gone back", 1.0)
        self._highest[partition] = max(before, (epoch, taken.sequence))
        self.aside.remember(partition, number, list(islice(self._appenders[partition].held(), len(batch))))
        return ()

    # The reader's part

    async def _taken_over(self, partition: int, part: _Part, reader: object) -> tuple[int, Position]:
        """The epoch of a partition that is this process's, once it is and has a stream, and what the store has seen of
        it; 0 if the reader is to end."""
        while not self._closed and part.reader is reader:
            if not part.owned or part.given_up:
                await part.changed()
                continue
            try:
                epoch = await self._epochs.current(partition)
                known = await self._applied(partition)
                if not epoch or epoch < known.epoch:
                    epoch = part.begun = await self._epochs.begin(partition, epoch)
                if part.begun == epoch:
                    await self._streams.make(partition, epoch)
                    part.begun = 0
                    for old in await self._streams.epochs(partition):
                        if old < epoch:
                            await self._streams.delete(partition, old)
                if self._claim is not None:
                    await self._claim(partition, epoch)
                if part.reader is reader and not self._closed:
                    return epoch, known
            except Refused as refused:
                _log.warning("a partition could not be taken over", partition=partition, error=str(refused))
                await part.changed(PAUSE_SECONDS)
        return 0, START

    async def _begin_anew(self, partition: int, part: _Part, reader: object, epoch: int) -> None:
        _log.error("a stream of the log has lost what it held", partition=partition, epoch=epoch)
        while not self._closed and part.reader is reader:
            try:
                part.begun = await self._epochs.begin(partition, epoch)
            except Refused as refused:
                _log.warning("an epoch could not begin", partition=partition, error=str(refused))
                await part.changed(PAUSE_SECONDS)
            else:
                return

    def _batches(
        self, partition: int, epoch: int, found: Sequence[StreamRecord], after: Position
    ) -> Iterator[list[Record]]:
        """What stands in these records behind a place, as many at a time as go together. Raises `NewerError`."""
        together: list[Record] = []
        size = 0
        for each in found:
            records = self._read(partition, epoch, each)
            together += [record for record in records if record.position > after]
            size += len(each.data)
            if len(together) >= BATCH or size > BATCH_BYTES:
                if together:
                    yield together
                together, size = [], 0
        if together:
            yield together

    def _read(self, partition: int, epoch: int, record: StreamRecord) -> list[Record]:
        part = self._parts[partition]
        try:
            number, batch = messages.decode_batch(record.data)
        except msgspec.DecodeError as error:
            self.aside.count(partition, record.sequence, str(error))
            return []
        if number != partition:
            self.aside.count(partition, record.sequence, "it is another partition's")
            return []
        contents = messages.contents_of(partition, batch)
        if contents.unreadable:
            self.aside.tell(partition, batch, contents.unreadable)
        part.lengths[record.sequence] = len(batch.submissions)
        if len(part.lengths) > READ:
            part.lengths.popitem(last=False)
        places = [place for place in range(len(batch.submissions)) if place not in contents.unreadable]
        return [
            Record(Position(epoch, record.sequence, place), submission, record.at)
            for place, (submission, _) in zip(places, contents.readable, strict=True)
        ]

    def _give_up(self, partition: int, newer: NewerError) -> None:
        _log.error("a partition is left to a newer version of Chinwag", partition=partition, version=newer.version)
        self._parts[partition].given_up = True
        for told in self.on_given_up:
            told(partition)

    def _owned(self, owned: frozenset[int]) -> None:
        for number, part in enumerate(self._parts):
            if part.owned != (number in owned):
                part.owned = not part.owned
                part.given_up = False
                part.wake()

    # Everybody's part

    def _has_begun(self, partition: int) -> None:
        """The partition is in another epoch."""
        self._parts[partition].wake()
        self._appenders[partition].try_again()
        for handler in self._new_owner:
            try:
                handler(partition)
            except Exception:
                _log.exception("a new epoch of a partition could not be told")

    def _try_again(self) -> None:
        for appender in self._appenders:
            appender.try_again()

    def _tell_lost(self, submission: Submission, code: Code) -> None:
        for told in self._lost:
            try:
                told(submission, code)
            except Exception:
                _log.exception("a lost submission could not be told")
