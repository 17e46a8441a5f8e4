"""Which epoch each partition is in, as one process knows it: appenders and readers go where it says."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

import structlog

from chinwag.adapters.nats.streams import Streams
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Refused
from chinwag.flow.cancelled import told_to_end

PAUSE_SECONDS: Final = 0.5
"""Between two tries to learn of a new epoch while the counters are away."""

_log = structlog.get_logger(__name__)

Applied = Callable[[int], Awaitable[Position]]
"""The highest position of a partition that the store has seen; `START` for none. Raises `Refused` (`unavailable`)."""


class Counter(Protocol):
    """A counter for each partition, which only rises, also over the loss of what keeps it if it is told of a floor."""

    async def current(self, partition: int, changed: Callable[[], None] | None = None) -> int:
        """The partition's epoch; 0 before the first. changed: called once, on the event loop, when there is another, or
        may be. Raises `Refused` (`unavailable`)."""
        ...

    async def begin(self, partition: int, after: int, floor: int = 0) -> int:
        """Begin the epoch that follows `after`, if nobody has, above `floor`; returns the one that is. Raises `Refused`
        (`unavailable`)."""
        ...


class StreamEpochs:
    """The epochs of all partitions of one kind. changed: called with a partition that has begun another one."""

    def __init__(self, counter: Counter, streams: Streams, applied: Applied, changed: Callable[[int], None]) -> None:
        self._counter = counter
        self._streams = streams
        self._applied = applied
        self._changed = changed
        self._known: dict[int, int] = {}
        self._doubted: set[int] = set()
        self._watched: set[int] = set()
        self._learning: dict[int, asyncio.Task[None]] = {}
        self._closed = False

    async def current(self, partition: int) -> int:
        """The epoch that the partition is in, as was learnt last if the counters are away; 0 before the first. Raises
        `Refused` (`unavailable`)."""
        known = self._known.get(partition)
        if known is not None and partition not in self._doubted:
            return known
        try:
            return await self.learn(partition)
        except Refused:
            if known is None:
                raise
            return known

    def known(self, partition: int) -> int:
        """The epoch that was learnt last; 0 if none was, or there may be another."""
        return 0 if partition in self._doubted else self._known.get(partition, 0)

    def learn_all(self, partitions: int) -> None:
        """Learn soon which epochs so many partitions are in, and not once each is needed: the counters may be away
        then, and what was never learnt cannot hold meanwhile."""
        for partition in range(partitions):
            self._learn_soon(partition)

    def doubt(self, partition: int) -> None:
        """There may be another one: ask next time."""
        self._doubted.add(partition)

    async def begin(self, partition: int, after: int) -> int:
        """Begin a new epoch in the place of `after`, unless somebody has; returns the one that is. It is above all that
        the store and the streams have seen. Raises `Refused` (`unavailable`)."""
        applied = await self._applied(partition)
        streams = await self._streams.epochs(partition)
        floor = max([applied.epoch, *(each for each in streams if each != after)])
        epoch = await self._counter.begin(partition, after, floor)
        self._take(partition, epoch)
        return epoch

    async def close(self) -> None:
        """Learn nothing more."""
        self._closed = True
        tasks = list(self._learning.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def learn(self, partition: int) -> int:
        """As `current`, but never what was learnt before. Raises `Refused` (`unavailable`)."""
        watch = None if partition in self._watched else partial(self._may_have_changed, partition)
        self._watched.add(partition)  # it may be told before this has an answer
        try:
            epoch = await self._counter.current(partition, watch)
        except BaseException:
            if watch is not None:
                self._watched.discard(partition)
            raise
        self._take(partition, epoch)
        return epoch

    def _take(self, partition: int, epoch: int) -> None:
        self._doubted.discard(partition)
        known = self._known.get(partition)
        if known is None or epoch > known:
            self._known[partition] = epoch
            if known is not None:
                self._changed(partition)

    def _may_have_changed(self, partition: int) -> None:
        self._watched.discard(partition)
        self._doubted.add(partition)
        self._learn_soon(partition)

    def _learn_soon(self, partition: int) -> None:
        if not self._closed and partition not in self._learning:
            self._learning[partition] = asyncio.create_task(self._learn_again(partition), name="epochs")

    async def _learn_again(self, partition: int) -> None:
        try:
            while not told_to_end() and partition not in self._watched:
                try:
                    await self.learn(partition)
                except Refused:
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            del self._learning[partition]
