"""The values of the embedded store. Each begins with a format byte and the id of the key that encrypts it.

A stored struct may get a field more, at its end, with a default that is what holds for rows without it; such rows are
read as they are, and the format byte stays. Where an older version would do harm by not knowing the field, the format
number of the folder rises (`data_directory.py`), so that it refuses the folder.
"""

import struct
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.adapters.embedded import keys
from chinwag.domain.conversation import Conversation, SendKey, Span
from chinwag.domain.ids import ConversationId
from chinwag.domain.marks import Marks
from chinwag.ports.inbox import Inline, Run
from chinwag.ports.mark_store import Seen

PLAIN: Final = b"\x01\x00"
"""Format 1, not encrypted."""

encode: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Conversation).decode
_send_key: Final = msgspec.msgpack.Decoder(SendKey).decode
_span: Final = msgspec.msgpack.Decoder(Span).decode
_marks: Final = msgspec.msgpack.Decoder(Marks).decode
_seen: Final = msgspec.msgpack.Decoder(Seen).decode
_integer: Final = msgspec.msgpack.Decoder(int).decode

_POSTED: Final = struct.Struct(">2sQ")
_RUN: Final = struct.Struct(">QI")
_LENGTH: Final = struct.Struct(">I")
_RUN_ENTRY: Final = b"\x00"
_INLINE_ENTRY: Final = b"\x01"
_RUN_KIND: Final = _RUN_ENTRY[0]


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


def state(stored: bytes | None) -> Conversation | None:
    """A conversation's state."""
    return None if stored is None else _state(opened(stored))


def send_key(stored: bytes | None) -> SendKey | None:
    """What a send became."""
    return None if stored is None else _send_key(opened(stored))


def span(stored: bytes) -> Span:
    """A span of numbers that an account may read."""
    return _span(opened(stored))


def marks(stored: bytes | None) -> Marks:
    """Both marks; those of a row that is not there cover nothing."""
    return Marks() if stored is None else _marks(opened(stored))


def seen(stored: bytes | None) -> Seen | None:
    """The last transition of an account's presence."""
    return None if stored is None else _seen(opened(stored))


def integer(stored: bytes | None) -> int:
    """A single number; 0 for a row that is not there."""
    return 0 if stored is None else _integer(opened(stored))


def chunk(posted_at: int) -> bytes:
    """The beginning of a chunk of inbox entries, posted at `posted_at` (milliseconds since 1970)."""
    return _POSTED.pack(PLAIN, posted_at)


def posted_at(stored: bytes) -> int:
    """When a chunk was posted."""
    return int(_POSTED.unpack_from(stored)[1])


def run(conversation: ConversationId, first: int, count: int) -> bytes:
    """An entry of a chunk: `count` consecutive events of a conversation."""
    return _RUN_ENTRY + keys.name(conversation) + _RUN.pack(first, count)


def inline(event: bytes) -> bytes:
    """An entry of a chunk that holds its event."""
    return _INLINE_ENTRY + _LENGTH.pack(len(event)) + event


def entries(stored: bytes, last: int) -> list[Run | Inline]:
    """The entries of a chunk whose last position is `last`."""
    parsed = _parse(opened(stored))
    position = last + 1 - sum([count for _, _, count, _ in parsed])
    found: list[Run | Inline] = []
    for conversation, first, count, event in parsed:
        found.append(Inline(position, event) if conversation is None else Run(position, conversation, first, count))
        position += count
    return found


def rewritten(stored: bytes, rewriting: Callable[[bytes], bytes]) -> tuple[bytes, int]:
    """A chunk with `rewriting(event)` for each event that it holds itself, and how many of them changed."""
    written, changed = chunk(posted_at(stored)), 0
    for conversation, first, count, event in _parse(opened(stored)):
        if conversation is not None:
            written += run(conversation, first, count)
        else:
            after = rewriting(event)
            changed += after != event
            written += inline(after)
    return written, changed


def _parse(content: bytes) -> list[tuple[ConversationId | None, int, int, bytes]]:
    """What each entry says: (conversation, first, count, nothing) or (None, 0, 1, event). Whole, and no generator: most
    chunks hold one entry, and an inbox is read by the hundred."""
    found: list[tuple[ConversationId | None, int, int, bytes]] = []
    at, end = _POSTED.size - len(PLAIN), len(content)
    while at < end:
        if content[at] == _RUN_KIND:
            start = at + 2
            at = start + content[at + 1]
            first, count = _RUN.unpack_from(content, at)
            found.append((ConversationId(content[start:at].decode()), first, count, b""))
            at += _RUN.size
        else:
            start = at + 1 + _LENGTH.size
            at = start + _LENGTH.unpack_from(content, at + 1)[0]
            found.append((None, 0, 1, content[start:at]))
    return found
