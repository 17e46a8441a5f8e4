"""Worker numbers on ZooKeeper: an ephemeral node says that one is held, and a lasting one when that was said last.

A number is free when nobody's session holds it, and has rested when its lasting node was not written for a while, by
the leader's clock. Its holder writes that node often, so that a rest is counted from about its last sign of life.
"""

import secrets
import time
from collections.abc import Iterator
from typing import Final

import structlog

from chinwag.adapters.seen_nodes import WorkerLease
from chinwag.adapters.zookeeper.connection import (
    MissingError,
    OtherVersionError,
    Stat,
    ThereError,
    ZooKeeperConnection,
)
from chinwag.domain.ids import WORKERS
from chinwag.domain.refusal import Code, Refused

REST_SECONDS: Final = 60.0
"""How long a worker number that was freed rests before somebody else gets it."""
WRITTEN: Final = 4
"""A holder says that it lives so many times a rest."""
_HELD: Final = "held"

_log = structlog.get_logger(__name__)


class Numbers:
    """The worker numbers of one process. rest: seconds; the same in every process of a cluster."""

    def __init__(self, connection: ZooKeeperConnection, rest: float = REST_SECONDS) -> None:
        self._connection = connection
        self._rest = rest
        self._holder = secrets.token_hex(8).encode()
        self._leases: list[WorkerLease] = []
        self._session = 0
        self._written_at = 0.0

    async def lease(self) -> WorkerLease:
        """One more. Raises `Refused` (`unavailable`), also if none is free."""
        await self.confirm()  # those that were lost are seen to first
        lease, session = WorkerLease(), self._connection.session
        await self._claim(lease)
        if self._connection.session != session:
            raise Refused(Code.UNAVAILABLE, "the session on ZooKeeper was lost", 1.0)
        self._session = session
        self._leases.append(lease)
        return lease

    async def confirm(self) -> None:
        """Learn that the session lives, so that what it holds is held for a while; take others for those that went with
        an earlier session. Raises `Refused` (`unavailable`)."""
        if not self._leases:
            return
        began, session = time.monotonic(), self._connection.session
        await self._connection.reach()
        if session != self._session:
            for lease in self._leases:
                _log.warning("a worker number was lost", number=lease.number)
                lease.good_until, lease.number = 0.0, -1
            self._session = session
        write = began - self._written_at >= self._rest / WRITTEN
        for lease in self._leases:
            if lease.number < 0:
                await self._claim(lease)
            elif write:
                await self._connection.set(_path(lease.number), self._holder)
        if write:
            self._written_at = began
        if session == self._connection.session:
            for lease in self._leases:
                self._good(lease, began)

    async def free(self) -> None:
        """Give all back, to rest from now on. Raises `Refused` (`unavailable`): then they end with the session."""
        leases, self._leases = self._leases, []
        for lease in leases:
            lease.good_until = 0.0
        for lease in leases:
            if lease.number >= 0:
                await self._connection.set(_path(lease.number), b"")
                await self._connection.delete(f"{_path(lease.number)}/{_HELD}")

    def _good(self, lease: WorkerLease, began: float) -> None:
        """It was held at a moment after this one, of `time.monotonic`."""
        lease.good_until = began + self._connection.session_seconds * 2 / 3

    async def _claim(self, lease: WorkerLease) -> None:
        hint, now = await self._turn()
        there = {int(name) for name in await self._connection.children("workers")}
        for number in _from(hint):
            if number not in there:
                try:
                    await self._connection.create(_path(number))
                except ThereError:
                    continue  # somebody else has it
                stat = Stat(version=0, changed=0, owner=0)
            else:
                _, stat = await self._connection.get(_path(number))
                if stat.version and now - stat.changed < self._rest * 1000:
                    continue
            began = time.monotonic()
            try:
                await self._connection.claim(_path(number), stat.version, self._holder, _HELD)
            except (ThereError, OtherVersionError, MissingError):
                continue
            lease.number = number
            self._good(lease, began)
            return
        raise Refused(Code.UNAVAILABLE, "no worker number is free", 5.0)

    async def _turn(self) -> tuple[int, int]:
        """The number to begin with, another one each time, and the leader's clock in milliseconds."""
        hint, _ = await self._connection.get("workers")
        number = int(hint or b"0") % WORKERS
        return number, (await self._connection.set("workers", b"%d" % ((number + 1) % WORKERS))).changed


def _from(first: int) -> Iterator[int]:
    yield from range(first, WORKERS)
    yield from range(first)


def _path(number: int) -> str:
    return f"workers/{number}"
