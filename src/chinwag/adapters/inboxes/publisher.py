"""One process's way into the streams of the inbox partitions: in order, one record on its way at a time.

What a batch of the log posts is one record a partition, or a few if it is long; what this process posts by itself waits
until the record before is in, and goes together with all that has come meanwhile.
"""

import asyncio
import math
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.adapters.inboxes.lanes import PATIENCE_SECONDS, Lanes
from chinwag.adapters.inboxes.numbering import LOG
from chinwag.adapters.inboxes.records import NONE, Entry, Posted, inbox_partition
from chinwag.adapters.inboxes.rows import InboxRows, Moved
from chinwag.adapters.inboxes.split import Records, in_records, of_commits
from chinwag.adapters.inboxes.told_marks import mark_told
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.adapters.nats.streams import Streams
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.cancelled import told_to_end
from chinwag.ports.inbox import Posting
from chinwag.ports.log import partition_of
from chinwag.ports.message_store import Commit

MOVED_MOST: Final = 1_000
"""Marks that one record says to have moved."""
WAITING: Final = 20_000
"""Postings of one partition that may wait."""

_log = structlog.get_logger(__name__)


class _Waiting(msgspec.Struct, gc=False):
    """due: when it is too late for it."""

    given: "_Given"
    due: float
    done: asyncio.Future[Position]


class _Given(msgspec.Struct, gc=False):
    """What is posted to one partition."""

    entries: list[Entry] = []
    forgotten: list[AccountId] = []
    moved: list[Moved] = []


class Publisher:
    """Of one process. Made on the event loop; `close` it before its connection.

    epochs: of the inbox partitions. rows: where it is kept how far the streams have come. log_partitions: of the log,
    which are sources each. patience: seconds for which a record is tried.
    """

    def __init__(
        self,
        streams: Streams,
        epochs: StreamEpochs,
        rows: InboxRows,
        partitions: int,
        log_partitions: int,
        *,
        patience: float = PATIENCE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.partitions: Final = partitions
        self._log_partitions = log_partitions
        self._epochs = epochs
        self._rows = rows
        self._now = now
        self._lanes = Lanes(streams, epochs, rows, patience=patience, now=now)
        self._waiting: dict[int, deque[_Waiting]] = defaultdict(deque)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._position = 0
        self._closed = False

    async def commits(self, batch: Sequence[Commit]) -> dict[int, int]:
        """Post what a batch of one partition of the log makes, before the states of its conversations are stored.
        Returns of each inbox partition that it concerns which epoch that was known to be in before.

        The batches of one log partition are posted one after another. Raises `Refused(UNAVAILABLE)`: some of it may be
        posted, and the same records of the log, decided again, post the same.
        """
        source, found = self._of(batch)
        return await self._append(source, found)

    async def again(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None:
        """Post a batch again where an inbox partition is in another epoch than `before`: what went to its stream may be
        lost. Where it is not, the copies are dropped. Before the next batch of its log partition. Raises as `commits`.
        """
        while later := [each for each, epoch in before.items() if await self._is_later(each, epoch)]:
            _log.warning("a batch is posted again, as streams of inboxes were lost", partitions=later)
            source, found = self._of(batch)
            before = await self._append(source, {each: found[each] for each in later})

    async def _is_later(self, partition: int, epoch: int) -> bool:
        return self._epochs.known(partition) != epoch and await self._epochs.current(partition) != epoch

    def _of(self, batch: Sequence[Commit]) -> tuple[str, Records]:
        source = f"{LOG}{partition_of(batch[0].state.id, self._log_partitions)}"
        return source, of_commits(source, batch, self.partitions)

    async def _append(self, source: str, found: Records) -> dict[int, int]:
        before = {partition: self._epochs.known(partition) for partition in found}
        ways = [self._lanes.append(source, partition, some) for partition, some in found.items()]
        await self._acked(dict(zip(found, await _all(ways), strict=True)))
        return before

    async def log_begun(self, partition: int, epoch: int) -> None:
        """An epoch of a partition of the log begins: no inbox takes what is posted of an earlier one after this. Raises
        `Refused(UNAVAILABLE)`: it may be so for some of them."""
        source = f"{LOG}{partition}"
        first = Posted(source, [Entry([], [Position(epoch, 0, 0)], NONE, 0, [])])
        found = range(self.partitions)
        ways = [self._lanes.append(source, each, [first]) for each in found]
        await self._acked(dict(zip(found, await _all(ways), strict=True)))

    async def post(self, postings: Sequence[Posting], moved: Sequence[Moved] = (), seconds: float = math.inf) -> None:
        """Post events without a number, those to one account in their order. Raises `Refused(UNAVAILABLE)`: some may be
        posted, and `OVERLOADED` if too much waits.

        moved: the marks of which the events tell. seconds: after these nothing of it is tried any more."""
        await self._post(postings, (), moved, self._now() + seconds)

    async def forget(self, account: AccountId) -> Position:
        """Let all be forgotten that was posted to an account before; where in the stream of its partition that is said.
        Raises as `post`."""
        return (await self._post((), (account,), (), math.inf))[inbox_partition(account, self.partitions)]

    async def _post(
        self, postings: Sequence[Posting], forgotten: Sequence[AccountId], moved: Sequence[Moved], due: float
    ) -> dict[int, Position]:
        by_partition: dict[int, _Given] = defaultdict(_Given)
        of_pair = {(one.conversation, one.account): one for one in moved}
        for posting in postings:
            given = by_partition[inbox_partition(posting.account, self.partitions)]
            self._position += 1
            given.entries.append(Entry([posting.account], [Position(0, self._position, 0)], NONE, 0, [posting.event]))
            mark = mark_told(posting.event) if of_pair else None
            one = of_pair.get((mark.conversation, mark.account)) if mark is not None else None
            if one is not None and one not in given.moved[-1:]:
                given.moved.append(one)
        for account in forgotten:
            by_partition[inbox_partition(account, self.partitions)].forgotten.append(account)
        if any(self._is_full(partition, len(given.entries)) for partition, given in by_partition.items()):
            raise Refused(Code.OVERLOADED, "too much waits for the inboxes", 1.0)
        futures = [self._enqueue(partition, given, due) for partition, given in by_partition.items()]
        return await self._acked(dict(zip(by_partition, await _all(futures), strict=True)))

    def highest(self) -> dict[int, Position]:
        """Where the last record is that this process has appended, by inbox partition."""
        return self._lanes.highest()

    async def close(self) -> None:
        """Send nothing more. What waits is refused; of what is on its way nobody knows."""
        self._closed = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for waiting in self._waiting.values():
            for one in waiting:
                _refuse(one, Refused(Code.UNAVAILABLE, "the server is stopping", 1.0))

    async def _acked(self, positions: dict[int, Position]) -> dict[int, Position]:
        """Keep how far the streams have come, before anybody rests on it: so a stream that goes back is noticed."""
        if positions:
            await self._rows.save_acked(positions)
        return positions

    def _is_full(self, partition: int, more: int) -> bool:
        return sum(len(one.given.entries) for one in self._waiting[partition]) + more > WAITING

    def _enqueue(self, partition: int, given: _Given, due: float) -> asyncio.Future[Position]:
        one = _Waiting(given, due, asyncio.get_running_loop().create_future())
        if self._closed:
            _refuse(one, Refused(Code.UNAVAILABLE, "the server is stopping", 1.0))
            return one.done
        self._waiting[partition].append(one)
        if partition not in self._tasks:
            self._tasks[partition] = asyncio.create_task(self._send_waiting(partition), name="postings")
        return one.done

    async def _send_waiting(self, partition: int) -> None:
        """Post all that waits, together what there is."""
        waiting, source = self._waiting[partition], f"p.{self._lanes.sender}"
        try:
            while waiting and not told_to_end():
                some = list(waiting)
                waiting.clear()
                try:
                    position = await self._lanes.append(
                        source, partition, _records_of(source, some), min(one.due for one in some)
                    )
                except BaseException as error:
                    for one in some:
                        _refuse(one, _said(error))
                    if not isinstance(error, Exception):
                        raise
                else:
                    for one in some:
                        if not one.done.done():
                            one.done.set_result(position)
        finally:
            del self._tasks[partition]


async def _all(ways: Sequence[Awaitable[Position]]) -> list[Position]:
    """All of them, to their ends; then the first failure."""
    found = await asyncio.gather(*ways, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if isinstance(one, Position)]


def _records_of(source: str, some: Sequence[_Waiting]) -> list[Posted]:
    """All that some hand over. A mark goes before the events that tell of it, or with them."""
    found = list(in_records(source, [entry for one in some for entry in one.given.entries]))
    if moved := [each for one in some for each in one.given.moved]:
        *before, last = [moved[at : at + MOVED_MOST] for at in range(0, len(moved), MOVED_MOST)]
        found[:1] = [*(Posted(source, [], [], each) for each in before), Posted(source, found[0].entries, [], last)]
    if forgotten := [account for one in some for account in one.given.forgotten]:
        found.append(Posted(source, [], forgotten))
    return found


def _refuse(one: _Waiting, error: BaseException) -> None:
    if not one.done.done():
        one.done.set_exception(error)


def _said(error: BaseException) -> Refused:
    if isinstance(error, Refused):
        return error
    return Refused(Code.UNAVAILABLE, "it is not known whether this was posted", 1.0)
