"""What a reader is given of the rows of a conversation: nearly always just what is stored.

A message that was changed says something else now than when it was sent. Whoever was a member then and is none any more
may read that there was a message, and not what was written into it later.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.body import Withheld
from chinwag.domain.conversation import Span
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.ports.message_store import Changed, MessageStore, Row

_decode: Final = msgspec.json.Decoder(Message).decode
_encode: Final = msgspec.json.Encoder().encode


class _Sent(msgspec.Struct, gc=False):
    sent_at: int


_sent: Final = msgspec.json.Decoder(_Sent).decode


async def as_read(
    store: MessageStore, account: AccountId, conversation: ConversationId, rows: Sequence[Row]
) -> list[bytes]:
    """Rows that `account` may read, each as it may see it. Raises `Refused(UNAVAILABLE)`."""
    if Changed not in map(type, rows):
        return rows  # type: ignore[return-value]  # all are bytes
    # Read after the rows: whoever was put out before a change has a span that says so.
    spans = await store.spans(account, conversation)
    return [row if type(row) is bytes else _cut(row, spans) for row in rows]  # type: ignore[arg-type]


def sent_at(row: Row) -> int:
    """When an event was sent, in milliseconds since 1970."""
    return _sent(content(row)).sent_at


def content(row: Row) -> bytes:
    """The JSON of a row as it is, for what is told to no reader."""
    return row.event if isinstance(row, Changed) else row


def _cut(row: Changed, spans: Sequence[Span]) -> bytes:
    target = row.target
    if target.deleted or not target.edits or covered(spans, target.edits[-1]):
        return row.event
    return _encode(msgspec.structs.replace(_decode(row.event), body=Withheld(), mentioned=()))


def covered(spans: Sequence[Span], number: int) -> bool:
    """Whether one of `spans` reaches that number."""
    return any(span.first <= number and (span.last is None or number <= span.last) for span in spans)
