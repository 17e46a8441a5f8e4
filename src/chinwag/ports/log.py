"""The Log: commands on their way to their conversation's worker. Its order is the order of the conversation."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Protocol
from zlib import crc32

import msgspec

from chinwag.domain.command import Command
from chinwag.domain.conversation import Position
from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code
from chinwag.ports.bus import NodeId


class Submission(msgspec.Struct, frozen=True, gc=False):
    """A command, and where its answer goes: `ref` is the node's own name for it.

    again: it was appended before and has no answer; this is a copy, of which one may have been placed.
    """

    command: Command
    node: NodeId
    ref: int
    again: bool = False


class Record(msgspec.Struct, frozen=True, gc=False):
    """A submission at its place in the log.

    at: when the log took it, in milliseconds since 1970 by the log's own clock. It is part of the record: every reader
    sees the same, also who reads it again.
    """

    position: Position
    submission: Submission
    at: int


def partition_of(conversation: ConversationId, partitions: int) -> int:
    """The partition of a conversation: the same in every process and for ever."""
    return crc32(conversation.encode()) % partitions if partitions > 1 else 0


Lost = Callable[[Submission, Code], None]
"""Told of a submission that surely did not get in, and why: `UNAVAILABLE`, or `INTERNAL` for one that was set aside, as
nobody can read it."""


class Log(Protocol):
    """Carries submissions to the worker of their conversation's partition.

    Guarantees: the records of one partition reach its reader in append order, at least once, and contiguous:
    the reader sees every position after the one it named, or an iteration that ends, never a hole. Positions
    rise for ever, over restarts as well: a log that cannot go on from its last position begins a higher epoch.
    The log is a short buffer, not the record: nothing in it has been acked, and what is at or below a
    checkpoint may be gone. A log that dies may lose what was appended but not yet committed by the worker.
    """

    @property
    def partitions(self) -> int:
        """How many partitions there are."""
        ...

    @property
    def closed(self) -> bool:
        """Whether `close` was called: no record will come any more."""
        ...

    def append(self, submission: Submission) -> None:
        """Take `submission`; returns at once. Two appends from one process to one conversation keep their order.

        Raises `Refused(OVERLOADED)` when the log's bounded buffer is full. A submission that surely did not
        get in later on is given to the `lost` handler; one of which that is not known is simply never answered,
        and the sender's retry makes no second copy.
        """
        ...

    def on_lost(self, handler: Lost) -> None:
        """Call `handler`, on the event loop, for each submission that was taken and surely did not get in, and with the
        reason. One that cannot be read is set aside alone: those appended with it get in."""
        ...

    def held(self, partition: int) -> Iterable[Submission]:
        """What this process has appended to `partition` and still has in its own hands: it cannot have been lost on its
        way, so it must not be appended again. In no particular order."""
        ...

    def on_new_owner(self, handler: Callable[[int], None]) -> None:
        """Call `handler`, on the event loop, with a partition to which commands now go another way: its worker is in
        another process, or took it over anew. What was appended before and has no answer may be lost. A log whose
        workers are all in this process never calls it."""
        ...

    def records(self, partition: int, after: Position) -> AsyncIterator[Sequence[Record]]:
        """The records after `after`, as many at a time as there are (bounded), waiting for more.

        One reader per partition and process. Ends when the log is closed or when contiguity is lost: the
        reader then drops what it has cached and calls again with what its store says is applied.
        """
        ...

    def checkpoint(self, partition: int, position: Position) -> None:
        """All up to `position` is committed: the log may forget it. Checkpoints only rise; a lower one is void."""
        ...

    async def close(self) -> None:
        """End all iterations. Later appends raise `Refused(UNAVAILABLE)`."""
        ...
