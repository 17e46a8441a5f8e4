"""The delivery role: a worker for each partition of the log."""

import asyncio
from collections.abc import Callable
from typing import Final

from chinwag.flow.deliver import CACHED_BYTES, RECENT, Deliver
from chinwag.flow.state_cache import Room
from chinwag.ports.bus import Bus
from chinwag.ports.log import Log
from chinwag.ports.message_store import MessageStore

RECENT_OF_ALL: Final = 200_000
"""Sends placed of late whose keys all workers together keep, and as many before those."""


class Delivery:
    """Runs until the log is closed."""

    def __init__(
        self, log: Log, store: MessageStore, bus: Bus, give_up: Callable[[int], None] = lambda partition: None
    ) -> None:
        """give_up: told of a partition whose commands are of a newer version than this one; its worker has ended."""
        room, recent = Room(CACHED_BYTES), min(RECENT, RECENT_OF_ALL // log.partitions)
        self.workers = [
            Deliver(partition, log, store, bus, give_up, room=room, recent=recent)
            for partition in range(log.partitions)
        ]
        self._log = log
        self._working: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to take commands from the log."""
        self._working = [asyncio.create_task(worker.run(), name="deliver") for worker in self.workers]

    async def check(self) -> None:
        """For readiness: raise if a worker has ended."""
        for task in self._working:
            if task.done():
                raise RuntimeError("a delivery worker has ended")

    async def stop(self, grace: float) -> None:
        """Close the log, and let the workers finish what they hold (at most `grace` seconds)."""
        await self._log.close()
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=grace)
            for task in late:
                task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
