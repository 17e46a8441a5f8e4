"""Brings a store of an earlier data format to this version's, one format at a time, when it is opened.

A step rewrites rows in batches. With each batch the frame writes, in the same atomic and synced write, how far the
step has come; so a step that is cut short, by a power cut too, goes on where it was, and the format's number rises
only when the step is through.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog
from rocksdict import Rdict, WriteBatch, WriteOptions

from chinwag.adapters.embedded import keys, values

UNDER_WAY: Final = b"!upgrade"
"""The row that says which step is under way and how far it has come."""

_SYNCED: Final = WriteOptions()
_SYNCED.sync = True
_log = structlog.get_logger(__name__)


class Batch(NamedTuple):
    """Some rows of a step. done: where the step goes on after them, in its own words; never empty."""

    rows: WriteBatch
    done: bytes


Step = Callable[[Rdict, bytes], Iterator[Batch]]
"""Yields the batches that lead from one format to the next, beginning after `done` of an earlier run (empty: from
the start). It may read the store; it must be bounded in memory, and a batch must be right however often it is done.
"""


def _fields_of_format_2(db: Rdict, after: bytes) -> Iterator[Batch]:
    """Nothing is rewritten: states and send keys have a field more, whose default is what is so for older rows.

    The number rises because an older version would do harm by not knowing them: it would write states without
    `history_from`, and so open to newcomers what is closed to them.
    """
    del db, after
    yield from ()


def _refusals_of_format_3(db: Rdict, after: bytes) -> Iterator[Batch]:
    """Nothing is rewritten: send keys have a field more, and those without it are of what was placed.

    The number rises because an older version would do harm by not knowing it: it would ack, as number 0, what was
    refused for ever.
    """
    del db, after
    yield from ()


def _changes_of_format_4(db: Rdict, after: bytes) -> Iterator[Batch]:
    """Nothing is rewritten: only messages that are changed from now on have rows of another form.

    The number rises because an older version can read no such row.
    """
    del db, after
    yield from ()


def _members_of_format_5(db: Rdict, after: bytes) -> Iterator[Batch]:
    """Nothing is rewritten: states have fields more, and the members of wide groups, of which there are none before,
    rows of their own, as have the counts of reactions there.

    The number rises because an older version would do harm by not knowing them: it would take all members of a wide
    group but its admins for strangers, and write its state without them.
    """
    del db, after
    yield from ()


STEPS: Final[Mapping[int, Step]] = {
    1: _fields_of_format_2,
    2: _refusals_of_format_3,
    3: _changes_of_format_4,
    4: _members_of_format_5,
}
"""By the format that they lead away from."""


class _UnderWay(msgspec.Struct, frozen=True, array_like=True):
    leaving: int
    done: bytes


def upgrade(db: Rdict, found: int, wanted: int, steps: Mapping[int, Step], path: Path) -> None:
    """Run the steps from format `found` to `wanted`. Raises KeyError, before anything is changed, if one is missing."""
    ways = [(leaving, steps[leaving]) for leaving in range(found, wanted)]
    for leaving, step in ways:
        stored = db.get(UNDER_WAY)
        begun = msgspec.msgpack.decode(values.opened(stored), type=_UnderWay) if stored else None
        after = begun.done if begun is not None and begun.leaving == leaving else b""
        _log.info("data format upgrade", path=str(path), leaving=leaving, reaching=leaving + 1, resumed=bool(after))
        for rows, done in step(db, after):
            rows.put(UNDER_WAY, values.sealed(_UnderWay(leaving, done)))
            db.write(rows, _SYNCED)
        through = WriteBatch(raw_mode=True)
        through.put(keys.FORMAT, values.sealed(leaving + 1))
        through.delete(UNDER_WAY)
        db.write(through, _SYNCED)
        _log.info("data format upgraded", path=str(path), reached=leaving + 1)
