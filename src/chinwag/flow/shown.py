"""Reading messages and notices, which are what people are shown, past what lies between them.

An edit, a deletion and a reaction have numbers of their own, so between two messages there may be a hundred thousand;
and in a wide group those who come and go, of whom each is shown its own coming and going alone. All of these name, as
`shown`, the last message or notice before them that all are shown: who reads backward follows that; who reads on finds
the next one by halving, as the number named never falls.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.as_read import content
from chinwag.ports.message_store import MessageStore, Row

STEP: Final = 50
"""Events read at a time, at most, unless it is said otherwise."""
FEW: Final = 2
"""Events read at a time where messages are few: one of them, and what names the one before."""
READS: Final = 400
"""How often one call reads. One that comes to its end of it has found something, and tells how far it is."""

_BETWEEN: Final = (b'{"kind":"edited"', b'{"kind":"deleted"', b'{"kind":"reaction"')
_NOTICE: Final = b'{"kind":"notice"'
_SHOWN: Final = b'"shown":'
"""In no text of a title or a description, where quotes are escaped."""


class Reader(msgspec.Struct, frozen=True):
    """Who reads, and the numbers of its own comings and goings, rising: they are shown to it alone."""

    account: AccountId
    own: Sequence[int] = ()


ANYBODY: Final = Reader(AccountId(""))
"""Somebody who never came or went."""


class Stretch(msgspec.Struct):
    """The messages and notices among the numbers `first` to `last`: rows in rising order, and their numbers."""

    first: int
    last: int
    rows: list[Row]
    numbers: list[int]


class _Between(msgspec.Struct, gc=False):
    number: int
    shown: int


_between: Final = msgspec.json.Decoder(_Between).decode


class _Change(msgspec.Struct, gc=False):
    account: AccountId = AccountId("")


class _Notice(msgspec.Struct, gc=False):
    change: _Change


_notice: Final = msgspec.json.Decoder(_Notice).decode


class ShownRows:
    """Finds them in the store. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store

    async def backward(
        self,
        conversation: ConversationId,
        first: int,
        last: int,
        limit: int,
        room: int,
        step: int = STEP,
        reader: Reader = ANYBODY,
    ) -> Stretch:
        """The last ones from `first` to `last`: `limit` of them, or up to the one that fills `room` bytes.

        The stretch goes down to what was found last, or to `first` if there are no more.
        """
        rows: list[Row] = []
        numbers: list[int] = []
        top, size, reads, most = last, 0, 0, step
        while top >= first and limit > 0:
            if reads == READS:
                return Stretch(top + 1, last, rows[::-1], numbers[::-1])
            low = max(first, top - min(step, limit - len(rows)) + 1)
            read = await self._store.events(conversation, low, top)
            reads += 1
            found = 0
            for number, row in zip(range(low + len(read) - 1, low - 1, -1), reversed(read), strict=True):
                if lies_between(row, reader.account):
                    continue
                rows.append(row)
                numbers.append(number)
                found += 1
                size += len(content(row))
                if len(rows) == limit or size >= room:
                    return Stretch(number, last, rows[::-1], numbers[::-1])
            step = _step(step, found, len(read), most)
            top = min(low - 1, max(shown_at(low, read[0]), _own_below(reader, low))) if read else low - 1
        return Stretch(first, last, rows[::-1], numbers[::-1])

    async def forward(
        self,
        conversation: ConversationId,
        first: int,
        last: int,
        limit: int,
        room: int,
        reader: Reader = ANYBODY,
    ) -> Stretch:
        """The first ones from `first` to `last`: `limit` of them, or up to the one that fills `room` bytes.

        The stretch goes up to what was found last, or to `last` if there are no more.
        """
        rows: list[Row] = []
        numbers: list[int] = []
        low, size, reads, step = first, 0, 0, STEP
        while low <= last and limit > 0:
            if reads >= READS and rows:
                return Stretch(first, numbers[-1], rows, numbers)
            read = await self._store.events(conversation, low, min(last, low + min(step, limit - len(rows)) - 1))
            reads += 1
            found = 0
            for number, row in enumerate(read, low):
                if lies_between(row, reader.account):
                    continue
                rows.append(row)
                numbers.append(number)
                found += 1
                size += len(content(row))
                if len(rows) == limit or size >= room:
                    return Stretch(first, number, rows, numbers)
            if not read:
                break
            step = _step(step, found, len(read), STEP)
            low += len(read)
            if lies_between(read[-1], reader.account):
                next_one, looks = await self._after(conversation, low - 1, last)
                reads += looks
                found_next = min(last + 1 if next_one is None else next_one, _own_from(reader, low, last + 1))
                if found_next > last:
                    break
                low = found_next
        return Stretch(first, last, rows, numbers)

    async def last(self, conversation: ConversationId, first: int, last: int) -> int:
        """The number of the last one from `first` to `last`; 0: there is none."""
        found = (await self.backward(conversation, first, last, 1, 1)).numbers
        return found[-1] if found else 0

    async def _after(self, conversation: ConversationId, number: int, last: int) -> tuple[int | None, int]:
        """The number of the first one after `number`, which is none itself, up to `last`; how often it has read."""
        low, high, reads, stride = number, number, 0, STEP
        while high <= low:  # ever wider, until there is one between
            if low >= last:
                return None, reads
            probe = min(last, low + stride)
            high = await self._shown_at(conversation, probe)
            reads += 1
            if high <= number:
                low, stride = probe, stride * 2
        while high - low > STEP:
            middle = (low + high) // 2
            shown = await self._shown_at(conversation, middle)
            reads += 1
            low, high = (low, shown) if shown > number else (middle, high)
        rows = await self._store.events(conversation, low + 1, high)
        found = next((at for at, row in enumerate(rows, low + 1) if not lies_between(row)), None)
        return found, reads + 1

    async def _shown_at(self, conversation: ConversationId, number: int) -> int:
        rows = await self._store.events(conversation, number, number)
        return shown_at(number, rows[0]) if rows else 0


def lies_between(event: Row, account: AccountId | None = None) -> bool:
    """Whether an event is neither a message nor a notice that `account` is shown (None: that all are shown). What is
    changed is a message."""
    if type(event) is not bytes:
        return False
    if event.startswith(_BETWEEN):
        return True
    return event.startswith(_NOTICE) and _SHOWN in event and _notice(event).change.account != account


def _own_below(reader: Reader, number: int) -> int:
    at = bisect_left(reader.own, number)
    return reader.own[at - 1] if at else 0


def _own_from(reader: Reader, number: int, otherwise: int) -> int:
    at = bisect_left(reader.own, number)
    return reader.own[at] if at < len(reader.own) else otherwise


def shown_at(number: int, event: Row) -> int:
    """The number of the last message or notice at or below event `number`."""
    return _between(content(event)).shown if lies_between(event) else number


def _step(step: int, found: int, read: int, most: int) -> int:
    """How much to read next: fewer where little was found."""
    return min(most, step * 2) if found * 2 > read else max(FEW, step // 4)
