"""Values as stores keep them. Each begins with a format byte and the id of the key that encrypts it.

A stored struct may get a field more, at its end, with a default that is what holds for rows without it; such rows are
read as they are, and the format byte stays. Where an older version would do harm by not knowing the field, the number
that the store gives its format rises, so that the older version refuses the store.
"""

import struct
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, SendKey, Span
from chinwag.domain.facts import Target
from chinwag.domain.marks import Marks
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted
from chinwag.ports.mark_store import Seen
from chinwag.ports.message_store import Changed, Row

PLAIN: Final = b"\x01\x00"
"""Format 1, not encrypted."""
CHANGED: Final = b"\x02\x00"
"""The row of an event that was changed, not encrypted: before its JSON stands what is kept beside it. All other rows of
events are `PLAIN`, so that they are given as they are, with nothing looked into."""

encode: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Conversation).decode
_send_key: Final = msgspec.msgpack.Decoder(SendKey).decode
_span: Final = msgspec.msgpack.Decoder(Span).decode
_marks: Final = msgspec.msgpack.Decoder(Marks).decode
_seen: Final = msgspec.msgpack.Decoder(Seen).decode
_integer: Final = msgspec.msgpack.Decoder(int).decode
_reacted: Final = msgspec.msgpack.Decoder(Reacted).decode
_reaction_counts: Final = msgspec.msgpack.Decoder(ReactionCounts).decode
_target: Final = msgspec.msgpack.Decoder(Target).decode
_member_row: Final = msgspec.msgpack.Decoder(MemberRow).decode
_wrote: Final = msgspec.msgpack.Decoder(Wrote).decode
_LENGTH: Final = struct.Struct(">I")


class UnknownFormatError(Exception):
    """A stored value is of a format that this version does not know, or damaged."""


def sealed(value: object) -> bytes:
    """A value in its stored form."""
    return PLAIN + encode(value)


def opened(stored: bytes) -> bytes:
    """The content of a stored value."""
    if not stored.startswith(PLAIN):
        raise UnknownFormatError(f"a stored value begins with {stored[:2]!r}: this version does not know that format")
    return stored[2:]


def row(event: Row) -> bytes:
    """An event in its stored form."""
    if type(event) is bytes:
        return PLAIN + event
    assert type(event) is Changed
    kept = encode(event.target)
    return CHANGED + _LENGTH.pack(len(kept)) + kept + event.event


def event(stored: bytes) -> Row:
    """An event out of its stored form."""
    if stored.startswith(PLAIN):
        return stored[2:]
    if not stored.startswith(CHANGED):
        raise UnknownFormatError(f"an event begins with {stored[:2]!r}: this version does not know that format")
    begin = len(CHANGED) + _LENGTH.size
    end = begin + int(_LENGTH.unpack_from(stored, len(CHANGED))[0])
    return Changed(stored[end:], _target(stored[begin:end]))


def state(stored: bytes | None) -> Conversation | None:
    """A conversation's state."""
    return None if stored is None else _state(opened(stored))


def send_key(stored: bytes | None) -> SendKey | None:
    """What a send became."""
    return None if stored is None else _send_key(opened(stored))


def span(stored: bytes) -> Span:
    """A span of numbers that an account may read."""
    return _span(opened(stored))


def reacted(stored: bytes) -> Reacted:
    """What an account has done with a message."""
    return _reacted(opened(stored))


def reaction_counts(stored: bytes) -> ReactionCounts:
    """How many have put what on a message of a wide group."""
    return _reaction_counts(opened(stored))


def member_row(stored: bytes) -> MemberRow:
    """What is kept of a member of a wide group."""
    return _member_row(opened(stored))


def wrote(stored: bytes) -> Wrote:
    """The last message of a member of a wide group."""
    return _wrote(opened(stored))


def marks(stored: bytes | None) -> Marks:
    """Both marks; those of a row that is not there cover nothing."""
    return Marks() if stored is None else _marks(opened(stored))


def seen(stored: bytes | None) -> Seen | None:
    """The last transition of an account's presence."""
    return None if stored is None else _seen(opened(stored))


def integer(stored: bytes | None) -> int:
    """A single number; 0 for a row that is not there."""
    return 0 if stored is None else _integer(opened(stored))
