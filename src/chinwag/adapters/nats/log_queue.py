"""What one process has taken of a partition under one epoch, until it is committed: a bounded queue in memory."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice
from typing import Final

from chinwag.domain.conversation import Position
from chinwag.ports.log import Record, Submission

CAPACITY: Final = 20_000
"""Records of one partition that are not committed yet."""
CAPACITY_BYTES: Final = 64 << 20
"""Bytes of them."""
BATCH: Final = 1_000
"""Records that a reader gets at once, at most."""
BATCH_BYTES: Final = 8 << 20
SENDERS: Final = 10_000
"""Processes whose last batch is remembered."""


class LogQueue:
    """Records that are not committed yet. The first has sequence `base` + 1, the last `end`."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.base = 0
        self._records: list[Record] = []
        self._sizes: list[int] = []
        self._bytes = 0
        self._senders: OrderedDict[str, int] = OrderedDict()

    @property
    def end(self) -> int:
        """The sequence of the last record."""
        return self.base + len(self._records)

    def knows(self, sender: str, number: int) -> bool:
        """Whether this batch was taken, or a later one of that sender, which then has given this one up."""
        return number <= self._senders.get(sender, 0)

    def take(self, sender: str, number: int, batch: Sequence[tuple[Submission, int]], at: int) -> bool:
        """Append a batch, each with its length; False if there is no room. at: the log's time."""
        size = sum(length for _, length in batch)
        if self._records and (len(self._records) + len(batch) > CAPACITY or self._bytes + size > CAPACITY_BYTES):
            return False
        for submission, length in batch:
            self._records.append(Record(Position(self.epoch, self.end + 1, 0), submission, at))
            self._sizes.append(length)
        self._bytes += size
        self._senders[sender] = number
        self._senders.move_to_end(sender)
        if len(self._senders) > SENDERS:
            self._senders.popitem(last=False)
        return True

    def after(self, sequence: int) -> list[Record]:
        """The records after `sequence`, which is `base` at least and below `end`, as many as go together."""
        start = sequence - self.base
        count = size = 0
        for length in islice(self._sizes, start, start + BATCH):
            size += length
            if count and size > BATCH_BYTES:
                break
            count += 1
        return self._records[start : start + count]

    def forget(self, sequence: int) -> None:
        """What is up to `sequence` is committed."""
        count = min(sequence - self.base, len(self._records))
        if count > 0:
            self._bytes -= sum(self._sizes[:count])
            del self._records[:count], self._sizes[:count]
            self.base += count
