"""One process's way into one partition of a log that lies elsewhere: one batch on its way at a time, in order.

A batch is tried again with its first content until the log says that it has it, so what is appended here keeps its
order whatever becomes of an answer. How a batch is sent is the log's own affair (`Sending`).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.cancelled import told_to_end
from chinwag.ports.log import Lost, Submission

BATCH: Final = 2_000
"""Commands in one batch, at most."""
BATCH_BYTES: Final = 512 << 10
"""Bytes of a batch, at most; one command alone may be longer."""
CAPACITY: Final = 10_000
"""Commands of one partition that may wait, those on their way included."""
ROOM_BYTES: Final = 32 << 20
"""Bytes of all commands of a process that may wait."""
LIFE_SECONDS: Final = 20.0
"""How long a command is tried: whoever waits for its answer has given up by then."""
PAUSE_FIRST: Final = 0.02
PAUSE_MOST: Final = 0.25
"""Seconds between two tries."""

_log = structlog.get_logger(__name__)


class NotTakenError(Exception):
    """A batch surely did not get in."""


class Sending(Protocol):
    """How a batch gets into the log."""

    async def send(self, partition: int, number: int, batch: Sequence[bytes]) -> Collection[int]:
        """Hand a batch over; returns once the log has it: which of them it has set aside, as it cannot read them, by
        their places in the batch. Bounded in time.

        number: higher than that of any earlier batch of this process and partition; the same for each try, so that the
        log takes a batch once. Raises `NotTakenError`; anything else that it raises leaves open whether it got in.
        """
        ...


class Room:
    """Bytes that the appenders of one process share."""

    def __init__(self, most: int = ROOM_BYTES) -> None:
        self._left = most

    def take(self, size: int) -> bool:
        """Whether there was room for so many more; they are taken then."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """So many are free again."""
        self._left += size


class _Waiting(msgspec.Struct, gc=False):
    """A command on its way. since: of `time.monotonic`."""

    submission: Submission
    encoded: bytes
    since: float


class Appender:
    """Takes submissions and hands them over. Made on the event loop."""

    def __init__(
        self,
        partition: int,
        sending: Sending,
        room: Room,
        lost: Lost,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """lost: told of each that surely did not get in; it may not raise."""
        self._partition = partition
        self._sending = sending
        self._room = room
        self._lost = lost
        self._now = now
        self._waiting: deque[_Waiting] = deque()
        self._on_its_way: list[_Waiting] = []
        self._number = 0
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def append(self, submission: Submission, encoded: bytes) -> None:
        """Take a submission, and as what it is sent. Raises `Refused` (`overloaded`) if too much waits."""
        if len(self._waiting) + len(self._on_its_way) >= CAPACITY or not self._room.take(len(encoded)):
            raise Refused(Code.OVERLOADED, "too many messages wait", 1.0)
        self._waiting.append(_Waiting(submission, encoded, self._now()))
        if self._task is None:
            # It begins in the next turn of the loop, with all that this one brings.
            self._task = asyncio.create_task(self._send_all(), name="appender")

    def held(self) -> Iterator[Submission]:
        """Those that are not known to be in."""
        for each in (*self._on_its_way, *self._waiting):
            yield each.submission

    def try_again(self) -> None:
        """The way may be free: no need to wait for the next try."""
        self._again.set()

    async def close(self) -> None:
        """Send nothing more. What was never sent is lost; of what is on its way nobody knows."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        while self._waiting:
            self._give_up(self._waiting.popleft())

    async def _send_all(self) -> None:
        while not told_to_end() and (batch := self._next()):
            self._on_its_way = batch
            self._number += 1
            for submission, code in await self._send(batch):
                self._lost(submission, code)
            self._on_its_way = []
            self._room.give_back(sum(len(each.encoded) for each in batch))
        self._task = None

    def _next(self) -> list[_Waiting]:
        due = self._now() - LIFE_SECONDS
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < BATCH:
            first = self._waiting[0]
            if first.since <= due:
                self._give_up(self._waiting.popleft())
                continue
            size += len(first.encoded)
            if batch and size > BATCH_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _send(self, batch: Sequence[_Waiting]) -> list[tuple[Submission, Code]]:
        """Try until it is in, or its time is over; those that surely are not in, and why."""
        encoded = [each.encoded for each in batch]
        due = batch[0].since + LIFE_SECONDS
        doubtful, pause, why = False, PAUSE_FIRST, "nobody takes them"
        while True:
            self._again.clear()
            try:
                aside = await self._sending.send(self._partition, self._number, encoded)
            except NotTakenError:
                pass
            except Refused as refused:
                doubtful, why = True, refused.detail
            except Exception:
                doubtful = True
                _log.exception("a batch could not be sent", partition=self._partition)
            else:
                return [(batch[place].submission, Code.INTERNAL) for place in aside if 0 <= place < len(batch)]
            if self._now() + pause >= due or told_to_end():
                _log.warning("commands are given up", partition=self._partition, commands=len(batch), error=why)
                # In doubt nobody knows, and whoever waits hears nothing.
                return [] if doubtful else [(each.submission, Code.UNAVAILABLE) for each in batch]
            try:
                async with asyncio.timeout(pause):
                    await self._again.wait()
            except TimeoutError:
                pause = min(2 * pause, PAUSE_MOST)

    def _give_up(self, one: _Waiting) -> None:
        self._room.give_back(len(one.encoded))
        self._lost(one.submission, Code.UNAVAILABLE)
