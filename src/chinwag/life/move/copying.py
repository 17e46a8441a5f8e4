"""Copies tables in pieces, so that memory is bounded and a copy that was cut short goes on where it was."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from contextlib import aclosing
from itertools import chain, islice
from typing import Final, NamedTuple, TypeVar

from chinwag.adapters.postgres.moving import Filling, MoveError, Progress
from chinwag.adapters.tables import Row, Sum, sums
from chinwag.fail_points import passing
from chinwag.life.move.source import Part, Rows

ROWS: Final = 10_000
"""Rows of one piece, at most and a few more."""
BYTES: Final = 4 << 20
"""What the names and values of one piece take, at most and one row more."""
SUMS: Final = 1_000
"""Sums that are made at a time."""

T = TypeVar("T")


class Reader:
    """The one thread that reads the source: it knows its own SQLite connection alone."""

    def __init__(self, thread: Executor) -> None:
        self._thread = thread

    def begin(self, reading: Callable[[], T]) -> "asyncio.Future[T]":
        """Read, while others write."""
        return asyncio.get_running_loop().run_in_executor(self._thread, reading)


class _Piece(NamedTuple):
    """rows of a table; the place of the last one in the source; whether it was the last of all."""

    rows: list[Row]
    place: bytes
    last: bool


async def copy(part: Part, filling: Filling, reader: Reader, size: int, tell: Callable[[int], None]) -> int:
    """Copy what is not there yet of a part, `size` rows at a time; how many rows are there then.

    tell: is given how many more are. Raises `MoveError`.
    """
    progress = await filling.progress(part.table)
    tell(progress.rows)
    rows = part.rows(progress.after)
    coming = None if progress.whole else reader.begin(lambda: _piece(rows, size))
    while coming is not None:
        piece = await coming
        # The next is read while the database takes this one.
        coming = None if piece.last else reader.begin(lambda: _piece(rows, size))
        now = Progress(piece.place or progress.after, progress.rows + len(piece.rows), piece.last)
        await filling.add(part.table, piece.rows, progress, now)
        passing("move.batch")
        tell(len(piece.rows))
        progress = now
    return progress.rows


def _piece(rows: Rows, size: int) -> _Piece:
    found: list[Row] = []
    place, taken = b"", 0
    for place, some in rows:
        found += some
        taken += sum([len(value) for row in some for value in row if isinstance(value, bytes | str)])
        if len(found) >= size or taken >= BYTES:
            return _Piece(found, place, last=False)
    return _Piece(found, place, last=True)


async def compare(part: Part, filling: Filling, reader: Reader) -> int:
    """See that the rows of a part are those of the source, group by group; how many they are. Raises `MoveError`."""
    total = 0
    async with aclosing(_sums(part, reader)) as here, aclosing(filling.sums(part.table)) as there:
        while True:
            one, other = await anext(here, None), await anext(there, None)
            if one != other:
                raise MoveError(_difference(part, one, other))
            if one is None:
                return total
            total += one.rows


async def _sums(part: Part, reader: Reader) -> AsyncGenerator[Sum]:
    found = sums(part.table, chain.from_iterable(rows for _, rows in part.rows(b"")))
    while some := await reader.begin(lambda: list(islice(found, SUMS))):
        for one in some:
            yield one


def _difference(part: Part, one: Sum | None, other: Sum | None) -> str:
    """In words: the first group in which both differ."""
    firsts = [found for found in (one, other) if found is not None]
    of = min(firsts, key=lambda found: (len(found.of), found.of)).of
    here, there = (found.rows if found is not None and found.of == of else 0 for found in (one, other))
    what = f"{part.table.name} of {of.decode(errors='replace')!a}" if part.table.grouped else part.table.name
    how = f"{here:,} rows here, {there:,} there" if here != there else f"{here:,} rows, and not the same ones"
    return (
        f"what was moved is not what is in the data folder ({what}: {how}). Nobody is served by it. Drop the database, "
        "make a new one, and move again; if that tells the same, keep both and ask for help"
    )
