"""Takes what was deleted or replaced out of RocksDB's files.

Former rows lie in the journal, in tables, and in older tables below those that say what is so now.
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import structlog
from rocksdict import BottommostLevelCompaction, CompactOptions, Rdict

from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.embedded.forget import remove
from chinwag.adapters.embedded.replaced import noted
from chinwag.ports.scrub import Scrub, TextScrub

KINDS: Final = b"!ikmnorstv"
"""The kinds of rows (see `keys.py`) that are compacted for a closed account: all but events, which stay with those they
were sent to and are most of the store."""
NOTES: Final = 10_000
"""Of how many commits the texts are taken out together."""

_log = structlog.get_logger(__name__)


class EmbeddedScrub(Scrub, TextScrub):
    """Writes tables anew: whole kinds of rows for a closed account, and single tables for single texts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def scrub(self) -> None:
        # With all in tables, the journal's earlier files go.
        await self._engine.read(_flush)
        for kind in KINDS:
            await self._engine.read(lambda db, kind=kind: compact_kind(db, kind))  # type: ignore[misc]

    async def scrub_texts(self) -> bool:
        notes, found = await self._engine.read(lambda db: noted(db, NOTES))
        if not notes:
            return False
        await self._engine.read(_flush)
        stretches = await self._engine.read(lambda db: _by_table(db, found))
        for stretch in stretches:
            await self._engine.read(lambda db, keys=stretch: _compact_stretch(db, keys[0], keys[-1]))  # type: ignore[misc]
        # A text that was replaced meanwhile has a note of its own.
        await remove(self._engine, notes)
        _log.info("replaced texts are out of the files", rows=len(found), tables=len(stretches))
        return len(notes) == NOTES


def _flush(db: Rdict) -> None:
    db.flush(True)


def _by_table(db: Rdict, found: Sequence[bytes]) -> list[list[bytes]]:
    """Keys, in order, by the table on the last level in which they lie: so each of these is written anew once, however
    many of its rows were replaced."""
    tables = db.live_files()
    last = max((table["level"] for table in tables), default=0)
    begins = sorted(table["start_key"] for table in tables if table["level"] == last)
    return [list(keys) for _, keys in groupby(found, lambda key: bisect(begins, key))]


def compact_kind(db: Rdict, kind: int) -> None:
    """Write all tables that hold rows of a kind anew. Blocks."""
    # Without force, a table on the last level that holds a deleted row is not written anew.
    options = CompactOptions()
    options.set_bottommost_level_compaction(BottommostLevelCompaction.force())
    db.compact_range(bytes((kind,)), bytes((kind + 1,)), options)


def _compact_stretch(db: Rdict, first: bytes, last: bytes) -> None:
    # As above, but what was written by this call itself is well as it is.
    options = CompactOptions()
    options.set_bottommost_level_compaction(BottommostLevelCompaction.force_optimized())
    db.compact_range(first, last, options)
