"""Looks at the epochs of partitions, those of several together: each batch of each partition looks twice.

Whoever looks while others' looks are under way shares the next request with all who do so by then. Nobody is given what
a request found that had begun before: a look is good for nothing unless it began after what it is to confirm.
"""

import asyncio
import time
from typing import Final, NamedTuple

from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.statements import Read

SIDE_BY_SIDE: Final = 2
"""Requests that are under way at most: who looks next waits for one of them."""
TOGETHER: Final = 16
"""Partitions of one request."""

_ONE: Final = Read("SELECT epoch FROM partitions WHERE partition = ?")
_SOME: Final = Read("SELECT partition, epoch FROM partitions WHERE partition IN ?")


class Looked(NamedTuple):
    """The latest epoch of a partition, 0 if none has begun, and when the request for it began (`time.monotonic`)."""

    epoch: int
    at: float


class EpochReads:
    """Of one process. Waiting are as many as there are partitions, at most, and as long as a request takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[int, asyncio.Future[Looked]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._apart: set[asyncio.Task[None]] = set()

    async def read(self, partition: int) -> Looked:
        """What a request finds that begins after this call. Raises `Refused(UNAVAILABLE)`."""
        waiting = self._waiting.get(partition)
        if waiting is None:
            waiting = self._waiting[partition] = asyncio.get_running_loop().create_future()
            waiting.add_done_callback(_heard)
            self._begin()
        return await asyncio.shield(waiting)  # others may wait for the same

    def _begin(self) -> None:
        while self._waiting and len(self._under_way) < SIDE_BY_SIDE:
            some = list(self._waiting)[:TOGETHER]
            asked = {partition: self._waiting.pop(partition) for partition in some}
            task = asyncio.create_task(self._ask(asked))
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self._begin()

    async def _ask(self, asked: dict[int, "asyncio.Future[Looked]"]) -> None:
        if len(asked) == 1:
            [(partition, waiting)] = asked.items()
            await self._alone(partition, waiting)
        elif not await self._together(asked):
            # What is wrong with one must not be the others' loss, nor hold up whoever looks next.
            for partition, waiting in asked.items():
                task = asyncio.create_task(self._alone(partition, waiting))
                self._apart.add(task)
                task.add_done_callback(self._apart.discard)

    async def _together(self, asked: dict[int, "asyncio.Future[Looked]"]) -> bool:
        began = time.monotonic()
        try:
            rows: list[tuple[int, int]] = await self._database.rows_once(_SOME, list(asked))
        except Exception:  # whatever it was, each is told of it when it is asked for alone
            return False
        found = dict(rows)
        for partition, waiting in asked.items():
            waiting.set_result(Looked(found.get(partition, 0), began))
        return True

    async def _alone(self, partition: int, waiting: "asyncio.Future[Looked]") -> None:
        began = time.monotonic()
        try:
            rows = await self._database.rows(_ONE, partition)
        except Exception as error:  # whatever it was, whoever waits is told
            waiting.set_exception(error)
        else:
            waiting.set_result(Looked(int(rows[0][0]) if rows else 0, began))


def _heard(waiting: "asyncio.Future[Looked]") -> None:
    """Whoever waited may have gone: then nobody asks for the failure."""
    if not waiting.cancelled():
        waiting.exception()
