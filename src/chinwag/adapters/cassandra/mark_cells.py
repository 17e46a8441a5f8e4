"""Marks and transitions of presence as cells that merge by themselves, whoever writes them in whatever order.

A mark's timestamp is made of its number, so the furthest holds; of two that cover the same the engine takes the greater
value, which is the one that was earlier. Nothing must be read for that, and two who write at once lose nothing.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from chinwag.adapters.cassandra.stamps import LIFT, epoch_of, stamp
from chinwag.adapters.cassandra.statements import Values
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import NONE, Mark, Marks, as_shown
from chinwag.ports.mark_store import Seen

_MARK: Final = struct.Struct(">QQQ")
"""Time (taken from `_TIMES`, so that the earliest is the greatest), number, ordinal."""
_SEEN: Final = struct.Struct(">QB")
_AT: Final = struct.Struct(">Q")
_TIMES: Final = (1 << 64) - 1
_TIME_MOST: Final = (1 << 47) - 1
COLUMNS: Final = ("read", "delivered", "shown_read", "shown_delivered")


class Cells(NamedTuple):
    """An account's marks in a conversation, and their generation: the next begins from nothing, after the account was
    forgotten there."""

    marks: Marks
    generation: int


def opened(row: Sequence[bytes | int | None] | None) -> Cells:
    """Out of a row: the values of `COLUMNS`, then their timestamps."""
    if row is None:
        return Cells(Marks(), 0)
    values, written = row[: len(COLUMNS)], row[len(COLUMNS) :]
    generation = max(epoch_of(at) for at in written if not isinstance(at, bytes))
    read, delivered, shown_read, shown_delivered = (
        _mark(value)
        if isinstance(value, bytes) and epoch_of(at if isinstance(at, int) else None) == generation
        else NONE
        for value, at in zip(values, written, strict=True)
    )
    if (shown_read, shown_delivered) == (read, delivered):
        return Cells(Marks(read, delivered), generation)
    return Cells(Marks(read, delivered, shown_read, shown_delivered), generation)


def sealed(marks: Marks, generation: int) -> list[tuple[str, bytes, int]]:
    """Column, value and timestamp of each mark that covers anything."""
    shown = as_shown(marks)
    each = zip(COLUMNS, (marks.read, marks.delivered, shown.read, shown.delivered), strict=True)
    return [
        (column, _MARK.pack(_TIMES - mark.at, mark.number, mark.ordinal), written_at(mark, generation))
        for column, mark in each
        if mark.number
    ]


def written_at(mark: Mark, generation: int) -> int:
    """The timestamp of a mark. Raises `BeyondStampError`."""
    return stamp(generation, mark.number)


def step(at: int) -> bytes:
    """When a mark came to be, so that of two times the earlier is the greater value."""
    return _AT.pack(_TIMES - at)


def step_at(value: bytes) -> int:
    """The same, read."""
    return _TIMES - int(_AT.unpack(value)[0])


def seen(row: Seen) -> Values:
    """A transition as its value and its timestamp; of two at one time, that somebody went is the greater."""
    at = min(max(row.last_active_at, 0), _TIME_MOST)
    return _SEEN.pack(row.last_active_at, not row.online), LIFT | at << 1


def seen_of(account: AccountId, value: bytes) -> Seen:
    """The same, read."""
    at, gone = _SEEN.unpack(value)
    return Seen(account, not gone, at)


def _mark(value: bytes) -> Mark:
    if not value:
        return NONE
    at, number, ordinal = _MARK.unpack(value)
    return Mark(number, ordinal, _TIMES - at)
