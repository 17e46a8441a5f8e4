"""Fills an empty keyspace from elsewhere, and reads what is in it then. All rows may be written again: they are the
same."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from chinwag.adapters.cassandra import moves
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Driver
from chinwag.adapters.cassandra.moved_rows import SHAPES, Totals, through
from chinwag.adapters.cassandra.moves import Held
from chinwag.adapters.cassandra.statements import Changes, Read
from chinwag.domain.refusal import Refused
from chinwag.told import Told

PATIENCE: Final = 60.0
"""Seconds for which one request is tried: nobody waits for it but the command."""
_NOT_OURS: Final = ("inbox_checkpoints", "log_applied")
"""Tables that show that somebody has worked here."""


class FillingError(Told):
    """A keyspace cannot be filled; the message says why, and what would do."""


class CassandraFilling:
    """One keyspace. Every call raises `FillingError` when Cassandra does not answer, or says no. partitions: of the
    inboxes."""

    def __init__(self, driver: Driver, partitions: int, name: str, patience: float = PATIENCE) -> None:
        self.name = name
        """What people call it."""
        self._database = Database(driver, patience=patience)
        self._partitions = partitions

    async def held(self) -> Held | None:
        """The move that the keyspace knows of."""
        with self._telling():
            return await moves.held(self._database)

    async def empty(self) -> None:
        """Raise `FillingError` if there is anything in it."""
        for table in (*SHAPES, *_NOT_OURS):
            with self._telling():
                rows = await self._database.rows(Read(f"SELECT * FROM {table} LIMIT 1"))  # noqa: S608 - our own names
            if rows:
                raise FillingError(
                    f"the keyspace is not empty: there are rows in {table}. Name a new one (cassandra.keyspace) and "
                    "make it with `chinwag cluster init`"
                )

    async def mark(self, held: Held, begun: int) -> None:
        """The move into it has come so far. begun: when, in milliseconds since 1970."""
        with self._telling():
            await moves.save(self._database, held, begun)

    def base(self, epoch: int) -> int:
        """From what the inboxes' epoch is to be counted, so that it is `epoch` while nothing is lost: each partition is
        in its first one then. It is never below that."""
        return epoch - self._partitions

    async def write(self, changes: Changes) -> None:
        """Put rows there."""
        with self._telling():
            await self._database.write(changes)

    async def read(self, totals: Totals, table: str) -> AsyncIterator[int]:
        """Add all that is in `table` to `totals`. Yields how many rows more were read."""
        state: bytes | None = None
        while True:
            with self._telling():
                rows, state = await self._database.page(through(table), state)
            totals.read(table, rows)
            yield len(rows)
            if state is None:
                return

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What Cassandra refuses, or does not answer, as a `FillingError`."""
        try:
            yield
        except Refused as refused:
            raise FillingError(
                f"{self.name} does not do what was asked ({refused.__cause__ or refused.detail}): see that a quorum of "
                "its nodes answers, and run this again"
            ) from refused
