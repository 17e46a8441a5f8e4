"""Runs `chinwag` with tables that are not compressed, so that a test can look for words in its files.

To be run as a program, with the arguments of `chinwag`; before them, faults may be planted: `fault:NAME`.
"""

import sqlite3
import sys
from typing import Final

from rocksdict import DBCompressionType, Options
from sqlalchemy.ext.asyncio import AsyncEngine

from chinwag.adapters.embedded import scrub, search_index, tuning
from chinwag.adapters.embedded.inbox import EmbeddedInbox
from chinwag.adapters.embedded.mark_store import EmbeddedMarkStore
from chinwag.adapters.embedded.scrub import EmbeddedScrub
from chinwag.adapters.relational import erasures, sqlite
from chinwag.adapters.relational.erasures import RelationalErasures
from chinwag.flow.collecting.collect import Collect
from chinwag.flow.erase import Erase

COMMAND: Final = (sys.executable, __file__)
"""For `ServerProcess(command=...)`."""

_OPTIONS: Final = tuning.options


def plain_options(cache_bytes: int) -> Options:
    """The store's options without compression."""
    chosen = _OPTIONS(cache_bytes)
    chosen.set_compression_type(DBCompressionType.none())
    chosen.set_bottommost_compression_type(DBCompressionType.none())
    return chosen


def _never_compacted(cache_bytes: int) -> Options:
    chosen = plain_options(cache_bytes)
    chosen.set_disable_auto_compactions(True)
    return chosen


async def _nothing(*_: object) -> None:
    return None


_ON_CONNECT: Final = sqlite._on_connect


def _deleting_lightly(engine: AsyncEngine, pragmas: list[str]) -> None:
    _ON_CONNECT(engine, [pragma.replace("secure_delete=ON", "secure_delete=OFF") for pragma in pragmas])


_INDEX_BEGIN: Final = search_index._begin


def _index_deleting_lightly(connection: sqlite3.Connection) -> None:
    _INDEX_BEGIN(connection)
    connection.execute("PRAGMA secure_delete = OFF")


FAULTS: Final[dict[str, list[tuple[object, str, object]]]] = {
    # Without the second, RocksDB may compact by itself, once a slow machine has made it write four tables.
    "no compaction": [(EmbeddedScrub, "scrub", _nothing), (tuning, "options", _never_compacted)],
    # Without the second, what is left depends on how SQLite happened to split its pages.
    "no vacuum": [(sqlite, "scrub", lambda _: None), (sqlite, "_on_connect", _deleting_lightly)],
    "stays in groups": [(Erase, "_leave", _nothing)],
    "profile stays with friends": [(Erase, "_hide_profile", _nothing)],
    "inbox stays": [(EmbeddedInbox, "forget", _nothing)],
    "rows stay": [(RelationalErasures, "forget", _nothing)],
    "picture stays": [(erasures, "forget_avatars", _nothing)],
    "media stay": [(Collect, "step", _nothing)],
    "marks stay": [(EmbeddedMarkStore, "forget", _nothing)],
    "texts not compacted": [(scrub, "_compact_stretch", lambda *_: None), (tuning, "options", _never_compacted)],
    # Without the second, SQLite writes zeros over what goes.
    "index not written anew": [
        (search_index, "_merged", lambda *_: False),
        (search_index, "_written_anew", lambda _: None),
        (search_index, "_begin", _index_deleting_lightly),
    ],
}
"""What each takes away, where it is used."""


TEXT_FAULTS: Final = {
    "texts not compacted": "the digest of a deleted text is in",
    "index not written anew": "a deleted text is in ['search.sqlite",
}
"""Those that concern texts which were deleted or edited, and what of theirs must be noticed at least."""


def plant(owner: object, name: str, instead: object) -> None:
    """Put `instead` in the place of what is there. Raises AttributeError where there is nothing: it moved."""
    getattr(owner, name)
    setattr(owner, name, instead)


if __name__ == "__main__":
    plant(tuning, "options", plain_options)
    while len(sys.argv) > 1 and sys.argv[1].startswith("fault:"):
        for fault in FAULTS[sys.argv.pop(1).removeprefix("fault:")]:
            plant(*fault)
    from chinwag.cli import main

    main()
