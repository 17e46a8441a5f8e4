"""What a reader is given of the rows of a conversation: nearly always just what is stored.

A message that was changed says something else now than when it was sent. Whoever was a member then and is none any more
may read that there was a message, and not what was written into it later. And of an edit whoever may not read the
message that it changed is told that it was, and not what it says: the event may lie where history has been opened
again, and the message before that.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.body import Withheld
from chinwag.domain.conversation import Span
from chinwag.domain.events import Edited, Message
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.ports.message_store import Changed, MessageStore, Row

_decode: Final = msgspec.json.Decoder(Message).decode
_decode_edited: Final = msgspec.json.Decoder(Edited).decode
_EDITED: Final = b'{"kind":"edited"'
_encode: Final = msgspec.json.Encoder().encode


async def as_read(
    store: MessageStore, account: AccountId, conversation: ConversationId, rows: Sequence[Row]
) -> list[bytes]:
    """Rows that `account` may read, each as it may see it. Raises `Refused(UNAVAILABLE)`."""
    if not any(type(row) is Changed or row.startswith(_EDITED) for row in rows):  # type: ignore[union-attr]
        return rows  # type: ignore[return-value]  # all are bytes
    # Read after the rows: whoever was put out before a change has a span that says so.
    spans = await store.spans(account, conversation)
    return [_cut(row, spans) if isinstance(row, Changed) else _without_body(row, spans) for row in rows]


def content(row: Row) -> bytes:
    """The JSON of a row as it is, for what is told to no reader."""
    return row.event if isinstance(row, Changed) else row


def _cut(row: Changed, spans: Sequence[Span]) -> bytes:
    target = row.target
    if target.deleted or not target.edits or covered(spans, target.edits[-1]):
        return row.event
    return _encode(msgspec.structs.replace(_decode(row.event), body=Withheld(), mentioned=()))


def _without_body(row: bytes, spans: Sequence[Span]) -> bytes:
    if not row.startswith(_EDITED):
        return row
    event = _decode_edited(row)
    if event.body is None or covered(spans, event.target):
        return row
    return _encode(msgspec.structs.replace(event, body=None))


def covered(spans: Sequence[Span], number: int) -> bool:
    """Whether one of `spans` reaches that number."""
    return any(span.first <= number and (span.last is None or number <= span.last) for span in spans)
