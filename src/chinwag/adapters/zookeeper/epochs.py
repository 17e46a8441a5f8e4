"""The epochs of partitions on ZooKeeper: a counter for each partition of each kind, which only rises."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from chinwag.adapters.stream_epoch import EPOCH_MOST
from chinwag.adapters.zookeeper.connection import MissingError, OtherVersionError, ThereError, ZooKeeperConnection
from chinwag.domain.refusal import Code, Refused

_TRIES: Final = 100

_log = structlog.get_logger(__name__)


class NoEpochLeftError(Refused):
    """A partition had all the epochs that there are."""

    def __init__(self, partition: int) -> None:
        super().__init__(
            Code.UNAVAILABLE, f"partition {partition} has had {EPOCH_MOST:,} epochs: there is none left", 30.0
        )


class Epochs:
    """The counters of one kind of partitions, such as `log`, where `make_registry` was called once."""

    def __init__(self, connection: ZooKeeperConnection, kind: str) -> None:
        self._connection = connection
        self._kind = kind

    async def make(self) -> None:
        """Make what the counters lie in, if it is not there. Raises `Refused` (`unavailable`)."""
        await self._connection.make(f"epochs/{self._kind}")

    async def current(self, partition: int, changed: Callable[[], None] | None = None) -> int:
        """The partition's epoch; 0 before the first. changed: called once, on the event loop, when there is another, or
        may be. Raises `Refused` (`unavailable`)."""
        path = self._path(partition)
        for _ in range(_TRIES):
            try:
                content, _ = await self._connection.get(path, changed)
                return int(content)
            except MissingError:
                with contextlib.suppress(ThereError):
                    await self._connection.create(path, b"0")
        raise Refused(Code.UNAVAILABLE, "the epoch of a partition comes and goes", 1.0)

    async def begin(self, partition: int, after: int, floor: int = 0) -> int:
        """Begin a new epoch in the place of `after`; returns it.

        Of several that find `after` over, one begins the next, and all are given that one. It is above `floor`, which
        is the highest that the store has seen of this partition: counters that were lost then repeat none. Raises
        `NoEpochLeftError`, and `Refused` (`unavailable`): then it may have begun.
        """
        path = self._path(partition)
        for _ in range(_TRIES):
            await self.current(partition)  # it is there from now on
            content, stat = await self._connection.get(path)
            now = int(content)
            if now > max(after, floor):
                return now
            following = max(now, after, floor) + 1
            if following > EPOCH_MOST:
                raise NoEpochLeftError(partition)
            try:
                await self._connection.set(path, b"%d" % following, stat.version)
            except OtherVersionError:
                await asyncio.sleep(0)  # somebody else was quicker, and may have begun it
                continue
            _log.info("an epoch begins", kind=self._kind, partition=partition, epoch=following)
            return following
        raise Refused(Code.UNAVAILABLE, "the epoch of a partition is contested", 1.0)

    def _path(self, partition: int) -> str:
        return f"epochs/{self._kind}/{partition:d}"
