"""Whose the log's partitions are, and what became of each partition's last batch.

The database gives a partition's owner an epoch, which the positions of its log carry. A batch is committed only while
that epoch is the partition's, so a former owner commits nothing, however long it slept.
"""

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import structlog

from chinwag.adapters.postgres.database import Database, UnknownOutcomeError
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.message_store import TakenOverError

_PAUSE: Final = 0.1
"""Seconds between two tries to learn what became of a batch."""

_log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a batch. unknown: the partition has been another's since."""

    COMMITTED = "committed"
    VOID = "void"
    UNKNOWN = "unknown"


class Partition:
    """One partition as this process knows it.

    turn: of the last batch that was begun; turns rise, and none is used twice in an epoch. unsettled: a batch of which
    nobody knows yet what became of it. failed: a batch did not get in, and nothing is committed until `reopen`.
    """

    __slots__ = ("epoch", "failed", "lock", "number", "turn", "unsettled")

    def __init__(self, number: int) -> None:
        self.number = number
        self.epoch = 0
        self.turn = 0
        self.unsettled: int | None = None
        self.failed = False
        self.lock = asyncio.Lock()


class Partitions:
    """All partitions of the log.

    on_fenced: called, on the event loop, with a partition and the epoch in which it is no longer, as a commit found.
    """

    def __init__(self, database: Database) -> None:
        self.count = database.partitions
        self.on_fenced: list[Callable[[int, int], None]] = []
        self._database = database
        self._partitions = [Partition(number) for number in range(self.count)]

    def __getitem__(self, number: int) -> Partition:
        return self._partitions[number]

    @property
    def failed(self) -> list[Partition]:
        """Those that take nothing until `reopen`."""
        return [one for one in self._partitions if one.failed]

    async def claim(self, number: int) -> int:
        """Make a partition this process's; returns its new epoch. A batch of the former owner is committed by then, or
        never will be. Raises `Refused(UNAVAILABLE)`: do it again, which gives another epoch."""
        partition = self._partitions[number]
        async with partition.lock:
            found = await self._database.row("SELECT epoch, turn FROM messages.claim_1($1)", number)
            assert found is not None
            partition.epoch, partition.turn = found
            partition.unsettled, partition.failed = None, False
            return partition.epoch

    async def follow(self, partition: Partition, epoch: int) -> None:
        """Make ready for a batch that was decided under `epoch`. Raises `Refused(UNAVAILABLE)` if the partition is not
        in that epoch. Under the partition's lock."""
        if partition.epoch == epoch:
            return
        found = await self._database.row(
            "SELECT epoch, turn FROM messages.partitions WHERE partition = $1", partition.number
        )
        if found is None or found[0] != epoch:
            raise self.fenced(partition, epoch)
        partition.epoch, partition.turn = found

    def fenced(self, partition: Partition, epoch: int) -> TakenOverError:
        """Tell that `epoch` is over, and what to refuse a batch with that was decided in it."""
        _log.warning("a partition has gone to another owner", partition=partition.number, epoch=epoch)
        for told in self.on_fenced:
            told(partition.number, epoch)
        return TakenOverError()

    async def settle(self, partition: Partition, patience: float) -> Outcome:
        """Learn what became of the batch that is unsettled, and make sure that it stays so.

        Tries for `patience` seconds, then raises `Refused(UNAVAILABLE)`. Under the partition's lock.
        """
        turn, until = partition.unsettled, time.monotonic() + patience
        assert turn is not None
        # One turn for all tries: of two that both took effect, the second then says the same as the first.
        partition.turn = max(partition.turn, turn + 1)
        while True:
            try:
                said = await self._database.write(
                    "SELECT messages.settle_1($1, $2, $3, $4)",
                    partition.number,
                    partition.epoch,
                    turn,
                    partition.turn,
                )
            except (Refused, UnknownOutcomeError) as error:
                if time.monotonic() + _PAUSE > until:
                    raise Refused(Code.UNAVAILABLE, "it is not known whether the batch is stored", 1.0) from error
                await asyncio.sleep(_PAUSE)
            else:
                partition.unsettled = None
                outcome = Outcome(said)
                _log.warning("a batch without an answer is settled", partition=partition.number, outcome=outcome)
                return outcome
