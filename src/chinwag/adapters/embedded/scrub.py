"""Takes what was deleted out of RocksDB's files."""

from typing import Final

import structlog
from rocksdict import BottommostLevelCompaction, CompactOptions, Rdict

from chinwag.adapters.embedded.engine import Engine
from chinwag.ports.scrub import Scrub

KINDS: Final = b"!ikmorstv"
"""The kinds of rows (see `keys.py`) that are compacted: all but events, which stay with those they were sent to and
are most of the store."""

_log = structlog.get_logger(__name__)


class EmbeddedScrub(Scrub):
    """Deleted rows lie in the journal, in tables, and in older tables below those that say that they are deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def scrub(self) -> None:
        # With all in tables, the journal's earlier files go.
        await self._engine.read(_flush)
        for kind in KINDS:
            await self._engine.read(lambda db, kind=kind: _compact(db, kind))  # type: ignore[misc]


def _flush(db: Rdict) -> None:
    db.flush(True)


def _compact(db: Rdict, kind: int) -> None:
    # Without force, a table on the last level that holds a deleted row is not written anew.
    options = CompactOptions()
    options.set_bottommost_level_compaction(BottommostLevelCompaction.force())
    db.compact_range(bytes((kind,)), bytes((kind + 1,)), options)
