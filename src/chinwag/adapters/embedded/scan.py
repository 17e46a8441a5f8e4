"""Reads of many rows: the first ones at once, on the event loop, a long rest in a thread."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from rocksdict import Rdict

from chinwag.adapters.embedded.engine import Engine
from chinwag.domain.refusal import Code, Refused

QUICK_ROWS: Final = 256
"""Rows that a read may cost on the event loop: about 0.1 ms when they are in memory."""
QUICK_BYTES: Final = 1 << 20

T = TypeVar("T")
Rows = list[tuple[bytes, bytes]]


def rows(db: Rdict, first: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The rows from key `first` on."""
    return db.items(from_key=first)  # type: ignore[return-value]  # in raw mode, keys are bytes


def get(db: Rdict, wanted: list[bytes]) -> list[bytes | None]:
    """The values of `wanted`, None for rows that are not there."""
    return db.get(wanted) or []  # type: ignore[arg-type]  # its list is invariant


async def scan(engine: Engine, prefix: bytes, first: bytes, limit: int) -> Rows:
    """Up to `limit` rows whose keys begin with `prefix`, from `first` on."""
    found, done = _at_once(engine, lambda db: _take(db, prefix, first, limit, min(limit, QUICK_ROWS), QUICK_BYTES))
    if not done:
        start, left = found[-1][0] + b"\0", limit - len(found)
        rest, _ = await engine.read(lambda db: _take(db, prefix, start, left, left, None))
        found += rest
    return found


async def read(engine: Engine, rows: int, reading: Callable[[Rdict], T]) -> T:
    """A read that costs about as much as `rows` rows."""
    return _at_once(engine, reading) if rows <= QUICK_ROWS else await engine.read(reading)


def _at_once(engine: Engine, reading: Callable[[Rdict], T]) -> T:
    """As `Engine.read`, on the event loop."""
    try:
        return reading(engine.db)
    except Refused:
        raise
    except Exception as error:
        raise Refused(Code.UNAVAILABLE, "the message store cannot be read", 1.0) from error


def _take(db: Rdict, prefix: bytes, first: bytes, limit: int, stop: int, bound: int | None) -> tuple[Rows, bool]:
    """Up to `stop` rows or `bound` bytes, and whether there are no more of them within `limit`."""
    found: Rows = []
    size = 0
    for key, value in rows(db, first):
        if not key.startswith(prefix):
            return found, True
        found.append((key, value))
        size += len(value)
        if len(found) >= stop or (bound is not None and size >= bound):
            return found, len(found) >= limit
    return found, True
