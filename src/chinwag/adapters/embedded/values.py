"""The values of the embedded store: those that all stores have in common, and the chunks of its inboxes.

The number of the store's format is the folder's (`data_directory.py`).
"""

import struct
from collections.abc import Callable
from typing import Final

from chinwag.adapters.embedded import keys
from chinwag.adapters.stored import (
    PLAIN,
    UnknownFormatError,
    integer,
    marks,
    opened,
    sealed,
    seen,
    send_key,
    span,
    state,
)
from chinwag.domain.ids import ConversationId
from chinwag.ports.inbox import Inline, Run

__all__ = [
    "PLAIN",
    "UnknownFormatError",
    "chunk",
    "entries",
    "inline",
    "integer",
    "marks",
    "opened",
    "posted_at",
    "rewritten",
    "run",
    "sealed",
    "seen",
    "send_key",
    "span",
    "state",
]

_POSTED: Final = struct.Struct(">2sQ")
_RUN: Final = struct.Struct(">QI")
_LENGTH: Final = struct.Struct(">I")
_RUN_ENTRY: Final = b"\x00"
_INLINE_ENTRY: Final = b"\x01"
_RUN_KIND: Final = _RUN_ENTRY[0]


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
