"""Removes many rows, in writes of bounded size."""

from collections.abc import Sequence
from typing import Final

from rocksdict import Rdict

from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.embedded.scan import rows

ROWS: Final = 2_000
"""Rows that one write removes at most."""


async def keys_below(engine: Engine, prefixes: Sequence[bytes]) -> list[bytes]:
    """The keys that begin with one of `prefixes`."""
    return await engine.read(lambda db: _keys(db, prefixes))


async def remove(engine: Engine, found: Sequence[bytes]) -> None:
    """Remove rows, in the order given; durable when it returns. Raises `unavailable`: some may be gone."""
    for first in range(0, len(found), ROWS):
        await engine.ready()
        with engine.group() as group:
            for key in found[first : first + ROWS]:
                group.delete(key)
            durable = engine.durable(group)
        await durable


def _keys(db: Rdict, prefixes: Sequence[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for prefix in prefixes:
        for key, _ in rows(db, prefix):
            if not key.startswith(prefix):
                break
            found.append(key)
    return found
