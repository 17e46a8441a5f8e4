"""The Log of one process: a bounded queue per partition. Nothing in it is acked, so nothing in it is on disk."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

import structlog

from chinwag.domain.body import Text, characters_of
from chinwag.domain.command import Send
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import system_clock
from chinwag.ports.log import Log, Lost, Record, Submission, partition_of

CAPACITY: Final = 10_000
"""Records of one partition that are not committed yet."""
CAPACITY_CHARACTERS: Final = 64 << 20
"""Characters of their long texts."""
LONG: Final = 1_000
"""Characters from which a text is long: shorter ones are bounded by the number of records, and not summed up."""
BATCH: Final = 1000
"""Records that a reader gets at once, at most."""
BATCH_CHARACTERS: Final = 8 << 20

_log = structlog.get_logger(__name__)


class _Partition:
    """Records that are not committed yet. The first has sequence `base` + 1, the last `end`."""

    __slots__ = ("base", "characters", "end", "epoch", "long", "read", "reader", "records", "waiter")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.base = 0
        self.end = 0
        self.read = 0  # the highest sequence given to a reader
        self.records: list[Record] = []
        self.long: deque[tuple[int, int]] = deque()  # sequence and characters of each long text
        self.characters = 0  # their sum
        self.waiter: asyncio.Future[None] | None = None
        self.reader: object = None

    def wake(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def after(self, sequence: int) -> list[Record]:
        start = sequence - self.base
        batch = self.records[start : start + BATCH]
        if self.characters <= BATCH_CHARACTERS:
            return batch
        characters = 0
        for place, length in self.long:
            if place > sequence:
                characters += length
                if characters > BATCH_CHARACTERS and place > sequence + 1:
                    return batch[: place - sequence - 1]
        return batch

    def forget(self, sequence: int) -> None:
        count = min(sequence - self.base, len(self.records))
        if count > 0:
            del self.records[:count]
            self.base += count
            while self.long and self.long[0][0] <= self.base:
                self.characters -= self.long.popleft()[1]


class EmbeddedLog(Log):
    """epochs: of each partition, or one of all; higher than any before, as this log begins again at sequence 1.

    A record is kept until its checkpoint. A reader that asks for records below the checkpoint gets those above it.
    """

    def __init__(
        self,
        epochs: int | Sequence[int],
        partitions: int = 1,
        capacity: int = CAPACITY,
        characters: int = CAPACITY_CHARACTERS,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        self._clock = clock
        self._capacity = capacity
        self._characters = characters
        self._partitions = [
            _Partition(epoch) for epoch in ([epochs] * partitions if isinstance(epochs, int) else epochs)
        ]
        self._lost: list[Lost] = []
        self._closed = False

    @property
    def partitions(self) -> int:
        return len(self._partitions)

    @property
    def closed(self) -> bool:
        return self._closed

    def append(self, submission: Submission) -> None:
        if self._closed:
            raise Refused(Code.UNAVAILABLE, "the server is stopping", 1.0)
        command, partitions = submission.command, self._partitions
        many = len(partitions)
        partition = partitions[partition_of(command.conversation, many) if many > 1 else 0]
        action = command.action
        characters = 0
        if type(action) is Send:
            body = action.body
            characters = len(body.text) if type(body) is Text else characters_of(body)
        if characters < LONG:
            characters = 0
        if len(partition.records) >= self._capacity or partition.characters + characters > self._characters:
            raise Refused(Code.OVERLOADED, "too many messages wait", 1.0)
        sequence = partition.end = partition.end + 1
        partition.records.append(Record(Position(partition.epoch, sequence, 0), submission, self._clock()))
        if characters:
            partition.characters += characters
            partition.long.append((sequence, characters))
        if partition.waiter is not None:
            partition.wake()

    def on_lost(self, handler: Lost) -> None:
        self._lost.append(handler)

    def held(self, partition: int) -> Iterable[Submission]:
        return [record.submission for record in self._partitions[partition].records]

    def on_new_owner(self, handler: Callable[[int], None]) -> None:
        """The workers are here, and read on where they were."""

    async def records(self, partition: int, after: Position) -> AsyncIterator[Sequence[Record]]:
        source = self._partitions[partition]
        source.reader = me = object()
        source.wake()  # an earlier reader ends
        done = after.sequence if after.epoch == source.epoch else 0
        while True:
            done = max(done, source.base)
            # A turn of the loop appends all that it has before this reader runs: it gets them together.
            while source.end <= done and not self._closed and source.reader is me:
                source.waiter = asyncio.get_running_loop().create_future()
                await source.waiter
            if self._closed or source.reader is not me:
                return
            batch = source.after(done)
            done = batch[-1].position.sequence
            source.read = max(source.read, done)
            yield batch

    def checkpoint(self, partition: int, position: Position) -> None:
        source = self._partitions[partition]
        if position.epoch == source.epoch:
            source.forget(position.sequence)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for partition in self._partitions:
            partition.wake()
            unread = partition.records[max(0, partition.read - partition.base) :]
            for record in unread:
                self._tell_lost(record.submission)

    def _tell_lost(self, submission: Submission) -> None:
        """No worker has seen it, so it surely did not get in."""
        for told in self._lost:
            try:
                told(submission, Code.UNAVAILABLE)
            except Exception:
                _log.exception("a lost submission could not be told")
