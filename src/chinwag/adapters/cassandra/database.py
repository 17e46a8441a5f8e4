"""Reads and writes on Cassandra, each bounded in time: what gets no answer is asked again, as the same rows."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol, TypeVar

import structlog

from chinwag.adapters.cassandra.driver import DriverError, Row
from chinwag.adapters.cassandra.statements import Read, Value, Values, Write
from chinwag.domain.refusal import Code, Refused

PATIENCE: Final = 10.0
"""Seconds for which a call tries; its last try may take two more."""
TOGETHER_SECONDS: Final = 15.0
"""For the calls of one commit or advance together, what it waits for among them."""
IN_FLIGHT: Final = 256
"""Requests that one process has under way at most."""
BATCH_BYTES: Final = 512 * 1024
"""What goes together at most, unless one row alone is larger. Half a commit log segment is the engine's limit."""
BATCH_ROWS: Final = 256
TOGETHER: Final = 10
"""Partitions whose changes are one request at most: of more the engine complains in its log."""
TOGETHER_BYTES: Final = 4 * 1024
"""Of a request of several partitions, likewise: it complains of 5 KiB, and refuses 50, if it is left as it comes."""
PAUSE: Final = 0.05
PAUSE_MOST: Final = 0.8
COMPLAINT_SECONDS: Final = 1.0
"""Between two lines of the log about requests that failed."""
_ROW_BYTES: Final = 64

Changes = Sequence[tuple[Write, Values]]
Guard = Callable[[], Awaitable[None]]

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Requests(Protocol):
    """What a driver does."""

    async def rows(self, statement: Read, values: Values) -> list[Row]:
        """What a statement finds."""
        ...

    async def page(self, statement: Read, values: Values, after: bytes | None) -> tuple[list[Row], bytes | None]:
        """The next of what a statement finds, and where it goes on; None: that was all. after: what the page before
        gave; None: the first."""
        ...

    async def write(self, writes: Changes) -> None:
        """Make changes, those of one partition all or none."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class Database:
    """All requests of a process. Every call raises `Refused(UNAVAILABLE)` when Cassandra does not answer in time, or
    says no; a write may then have been made, and may still be made."""

    def __init__(self, driver: Requests, *, patience: float = PATIENCE) -> None:
        self._driver = driver
        self._patience = patience
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._complained_at = -COMPLAINT_SECONDS

    async def rows(self, statement: Read, *values: Value) -> list[Row]:
        """What a statement finds."""

        async def ask() -> list[Row]:
            return await self._driver.rows(statement, values)

        return await self._tried(ask)

    async def page(self, statement: Read, after: bytes | None) -> tuple[list[Row], bytes | None]:
        """A part of what a statement without values finds, as `Requests.page`."""

        async def ask() -> tuple[list[Row], bytes | None]:
            return await self._driver.page(statement, (), after)

        return await self._tried(ask)

    async def rows_once(self, statement: Read, *values: Value) -> list[Row]:
        """As `rows`, asked for once: for whoever has another way, and nothing to wait for."""
        async with self._room:
            try:
                return await self._driver.rows(statement, values)
            except DriverError as error:
                raise _no_answer() from error

    async def rows_of_each(self, statement: Read, wanted: Iterable[Values]) -> list[list[Row]]:
        """As `rows`, for each of several side by side."""
        return await asyncio.gather(*(self.rows(statement, *values) for values in wanted))

    async def write(self, changes: Changes, guard: Guard | None = None) -> None:
        """Make changes, in no order, those of one partition together as far as they go into one request, and small ones
        of some partitions as one as well: a request costs far more than a row.

        guard: called before each try; what it raises ends the call.
        """
        outcomes = await asyncio.gather(
            *(self._write(together, guard) for together in _requests(changes)), return_exceptions=True
        )
        for outcome in outcomes:  # all have ended: nothing of this is sent any more
            if outcome is not None:
                raise outcome

    async def close(self) -> None:
        """Let go of all connections."""
        await self._driver.close()

    async def _write(self, together: Changes, guard: Guard | None) -> None:
        async def make() -> None:
            if guard is not None:
                await guard()
            await self._driver.write(together)

        await self._tried(make)

    async def _tried(self, request: Callable[[], Awaitable[T]]) -> T:
        until, pause = time.monotonic() + self._patience, PAUSE
        while True:
            try:
                async with self._room:
                    if time.monotonic() > until:  # there was no room before
                        raise _no_answer()
                    return await request()
            except DriverError as error:
                self._complain(error)
                if error.no or time.monotonic() + pause > until:
                    raise _no_answer() from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_MOST)

    def _complain(self, error: DriverError) -> None:
        if time.monotonic() - self._complained_at >= COMPLAINT_SECONDS:
            self._complained_at = time.monotonic()
            _log.warning("Cassandra does not do what was asked", error=str(error))


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Several calls, together bounded in time. Raises `Refused(UNAVAILABLE)`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise _no_answer() from error


def _no_answer() -> Refused:
    return Refused(Code.UNAVAILABLE, "the message store does not answer", 1.0)


class _Group:
    """Changes of one partition, and their size."""

    __slots__ = ("changes", "size")

    def __init__(self) -> None:
        self.changes: list[tuple[Write, Values]] = []
        self.size = 0


def _requests(changes: Changes) -> list[Changes]:
    """The same, as requests within the bounds: those of one partition together, in their order."""
    if len(changes) == 1:
        return [changes]
    found: dict[tuple[object, ...], _Group] = {}
    requests: list[Changes] = []
    for change in changes:
        write, values = change
        size = _ROW_BYTES
        for value in values:
            if type(value) is bytes:
                size += len(value)
        name = (write.table, values[write.keys])
        group = found.get(name)
        if group is not None and (group.size + size > BATCH_BYTES or len(group.changes) >= BATCH_ROWS):
            requests.append(group.changes)
            group = None
        if group is None:
            group = found[name] = _Group()
        group.changes.append(change)
        group.size += size
    together: list[tuple[Write, Values]] = []
    partitions = size = 0
    for group in found.values():
        if group.size > TOGETHER_BYTES // 2:
            requests.append(group.changes)
            continue
        if partitions == TOGETHER or size + group.size > TOGETHER_BYTES:
            requests.append(together)
            together, partitions, size = [], 0, 0
        together += group.changes
        partitions += 1
        size += group.size
    if together:
        requests.append(together)
    return requests
