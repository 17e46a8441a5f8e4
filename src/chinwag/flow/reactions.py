"""What is on messages, as their readers may see it: on pages of history, and listed for one message."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reactions import Given, Reacted, counted, given
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.as_read import as_read, covered
from chinwag.flow.counting import ROWS_OF_ONE
from chinwag.ports.message_store import Changed, MessageStore, Row

ROWS: Final = 5_000
"""Rows of reactions that one page reads. One with more is shorter than was asked for, but for a single message."""

_MESSAGE: Final = b'{"kind":"message"'
_encode: Final = msgspec.json.Encoder().encode


class _Number(msgspec.Struct, gc=False):
    number: int


_number: Final = msgspec.json.Decoder(_Number).decode


class Reactions:
    """Finds them in the store. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store

    async def onto(
        self,
        account: AccountId,
        conversation: ConversationId,
        rows: Sequence[Row],
        events: Sequence[bytes],
        head: int,
        toward: int = 0,
    ) -> tuple[Sequence[Row], Sequence[bytes]]:
        """Rows and what `account` is shown of them, rising, each message with what is on it as of `head`; those nearest
        to number `toward`, if that is too much to read."""
        if not events:
            return rows, events
        found = await self._read(conversation, events, ROWS + 1)
        while len(found) > ROWS and len(events) > 1:
            first, last = _nearer_half(events, toward)
            rows, events = rows[first:last], events[first:last]
            found = await self._read(conversation, events, ROWS + 1 if len(events) > 1 else ROWS_OF_ONE)
        if not found:
            return rows, events  # as on most pages
        by_message: dict[int, dict[AccountId, Reacted]] = defaultdict(dict)
        for number, who, reacted in found:
            by_message[number][who] = reacted
        told = _told(await self._store.spans(account, conversation), head)
        shown = []
        for row, event in zip(rows, events, strict=True):
            on = by_message.get(_number(event).number)
            shown.append(event if on is None or _hides(row, event) else _with(event, given(on, told), account))
        return rows, shown

    async def listed(self, account: AccountId, conversation: ConversationId, number: int, head: int) -> Sequence[Given]:
        """All that is on the message of that number, which `account` may read, as of `head`. Raises `Refused`:
        `no_message` for what is none."""
        [row] = await self._store.events(conversation, number, number)
        [event] = await as_read(self._store, account, conversation, [row])
        if not event.startswith(_MESSAGE):
            raise Refused(Code.NO_MESSAGE)
        if _hides(row, event):
            return []
        found = await self._store.reactions(conversation, number, number, ROWS_OF_ONE)
        told = _told(await self._store.spans(account, conversation), head)
        return given({who: one for _, who, one in found}, told)

    async def _read(
        self, conversation: ConversationId, events: Sequence[bytes], limit: int
    ) -> list[tuple[int, AccountId, Reacted]]:
        first, last = _number(events[0]).number, _number(events[-1]).number
        return await self._store.reactions(conversation, first, last, limit)


def _told(spans: Sequence[Span], head: int) -> Callable[[int], bool]:
    """Which events somebody with these spans has been told of, up to `head`."""
    return lambda number: number <= head and covered(spans, number)


def _hides(row: Row, event: bytes) -> bool:
    """Whether a reader sees nothing of what is on a message: deleted, or changed while the reader was away."""
    return isinstance(row, Changed) and (row.target.deleted > 0 or event is not row.event)


def _with(event: bytes, found: Sequence[Given], account: AccountId) -> bytes:
    if not found:
        return event
    return b'%b,"reactions":%b}' % (event[:-1], _encode(counted(found, account)))


def _nearer_half(events: Sequence[bytes], toward: int) -> tuple[int, int]:
    """From where to before where that half of events lies which is nearest to a number."""
    size = len(events) // 2
    place = sum(_number(event).number < toward for event in events)
    first = max(0, min(place - size // 2, len(events) - size))
    return first, first + size
