"""The timestamps of writes: where in the log a row was made. So writing it again changes nothing, and the newer wins.

Bit 62 lies above every wall clock: a write that someone makes without a timestamp of ours is void, instead of hiding
all later ones. Then 14 bits of epoch, 36 of sequence, 11 of index, and one spare.
"""

from typing import Final

from chinwag.adapters.stream_epoch import EPOCH_BITS, EPOCH_MOST
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused

LIFT: Final = 1 << 62
SEQUENCE_MOST: Final = (1 << 36) - 1
INDEX_MOST: Final = (1 << 11) - 1
_SEQUENCE: Final = 12
_EPOCH: Final = 62 - EPOCH_BITS


class BeyondStampError(Refused):
    """A position has no timestamp: nothing of it is stored, and nothing of its epoch ever will be."""

    def __init__(self, epoch: int, sequence: int, index: int) -> None:
        super().__init__(
            Code.UNAVAILABLE, f"position ({epoch}, {sequence}, {index}) is beyond what the store can tell apart", 1.0
        )


def stamp(epoch: int, sequence: int = 0, index: int = 0) -> int:
    """The timestamp of a place. Raises `BeyondStampError` for one that does not fit."""
    if not (0 <= epoch <= EPOCH_MOST and 0 <= sequence <= SEQUENCE_MOST and 0 <= index <= INDEX_MOST):
        raise BeyondStampError(epoch, sequence, index)
    return LIFT | epoch << _EPOCH | sequence << _SEQUENCE | index << 1


def stamp_of(position: Position) -> int:
    """The timestamp of a position in the log. Raises `BeyondStampError`."""
    return stamp(position.epoch, position.sequence, position.part)


def place_of(written_at: int) -> Position:
    """The position in a timestamp of ours, as `stamp_of` made it."""
    return Position(
        written_at >> _EPOCH & EPOCH_MOST, written_at >> _SEQUENCE & SEQUENCE_MOST, written_at >> 1 & INDEX_MOST
    )


def epoch_of(written_at: int | None) -> int:
    """The epoch in a timestamp of ours; 0 for a cell that is not there."""
    return 0 if written_at is None else written_at >> _EPOCH & EPOCH_MOST
