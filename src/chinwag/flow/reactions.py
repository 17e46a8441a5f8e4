"""What is on messages, as their readers may see it: on pages of history, and listed for one message."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reactions import Given, Reacted, ReactionCount, counted, given
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import MessageReactions, ReactionCountPage
from chinwag.flow.as_read import as_read, covered
from chinwag.flow.counting import ROWS_OF_ONE
from chinwag.flow.large.counted import CountedReactions
from chinwag.flow.reactors import Listed, Reactors, Tally
from chinwag.flow.states import States
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

    def __init__(self, store: MessageStore, states: States) -> None:
        self._store = store
        self._states = states
        self._counted = CountedReactions(store, states)
        self._reactors = Reactors(store)

    async def onto(
        self,
        account: AccountId,
        conversation: ConversationId,
        rows: Sequence[Row],
        events: Sequence[bytes],
        head: int,
        toward: int = 0,
    ) -> tuple[Sequence[Row], Sequence[bytes], int]:
        """Rows and what `account` is shown of them, rising, each message with what is on it as of `head`; those nearest
        to number `toward`, if that is too much to read. Of a large group with what is on it now, and as of which turn
        that is at least."""
        if not events:
            return rows, events, 0
        state = await self._states.get(conversation)
        if state is not None and state.large:
            of_large = await self._onto_large(account, conversation, rows, events, toward)
            if of_large is not None:
                return of_large
        found = await self._read(conversation, events, ROWS + 1)
        while len(found) > ROWS and len(events) > 1:
            first, last = _nearer_half(events, toward)
            rows, events = rows[first:last], events[first:last]
            found = await self._read(conversation, events, ROWS + 1)
        if not found:
            return rows, events, 0  # as on most pages
        if len(found) > ROWS:
            return rows, [await self._tallied(account, conversation, rows[0], events[0], head)], 0
        by_message: dict[int, dict[AccountId, Reacted]] = defaultdict(dict)
        for number, who, reacted in found:
            by_message[number][who] = reacted
        told = _told(await self._store.spans(account, conversation), head)
        shown = []
        for row, event in zip(rows, events, strict=True):
            on = by_message.get(_number(event).number)
            if on is not None and not _hides(row, event):
                event = _with(event, counted(given(on, told), account))
            shown.append(event)
        return rows, shown, 0

    async def _tallied(
        self, account: AccountId, conversation: ConversationId, row: Row, event: bytes, head: int
    ) -> bytes:
        if _hides(row, event):
            return event
        tally = Tally(_told(await self._store.spans(account, conversation), head), account)
        await self._reactors.all(conversation, _number(event).number, tally.take)
        return _with(event, tally.counts())

    async def _onto_large(
        self,
        account: AccountId,
        conversation: ConversationId,
        rows: Sequence[Row],
        events: Sequence[bytes],
        toward: int,
    ) -> tuple[Sequence[Row], Sequence[bytes], int] | None:
        """As `onto`; None of one who is no member, or if it is large no more."""
        while True:
            numbers = _open(rows, events)
            limit = ROWS + 1 if len(events) > 1 else ROWS_OF_ONE
            found = await self._counted.of(account, conversation, numbers, limit, dense=True)
            if found is None:
                return None
            if not found.unread or len(events) == 1:
                shown = [_with(event, found.on.get(_number(event).number, ())) for event in events]
                return rows, shown, found.turn
            first, last = _nearer_half(events, toward)
            rows, events = rows[first:last], events[first:last]

    async def counts(
        self, account: AccountId, conversation: ConversationId, numbers: Sequence[int]
    ) -> ReactionCountPage | None:
        """What is on those of the messages `numbers` that there are; None unless the group is large and the account,
        which may read them, a member. Those of which too much would have to be read are left out."""
        names = [(conversation, number) for number in sorted(set(numbers))]
        there = [row for row in await self._store.rows(names) if row is not None]
        shown = _open(there, await as_read(self._store, account, conversation, there))
        limit = ROWS + 1 if len(shown) > 1 else ROWS_OF_ONE
        found = await self._counted.of(account, conversation, shown, limit, dense=False)
        if found is None:
            return None
        on = [MessageReactions(one, found.on.get(one, [])) for one in shown if one not in found.unread]
        return ReactionCountPage(on, found.turn)

    async def listed(
        self,
        account: AccountId,
        conversation: ConversationId,
        number: int,
        head: int,
        after: tuple[int, int] = (0, 0),
        most: int = ROWS_OF_ONE,
    ) -> list[Given]:
        """The first `most` of what is on the message of that number, which `account` may read, as of `head`: of what
        comes behind a place, an event's number and a turn. Raises `Refused`: `no_message` for what is none, and
        `overloaded`."""
        [row] = await self._store.events(conversation, number, number)
        [event] = await as_read(self._store, account, conversation, [row])
        if not event.startswith(_MESSAGE):
            raise Refused(Code.NO_MESSAGE)
        if _hides(row, event):
            return []
        spans = await self._store.spans(account, conversation)
        state = await self._states.get(conversation)
        if state is not None and state.large and any(span.last is None for span in spans):
            head += 1  # what took no number has that of the event that comes next
        listed = Listed(_told(spans, head), after, most)
        await self._reactors.all(conversation, number, listed.take)
        return listed.found

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


def _open(rows: Sequence[Row], events: Sequence[bytes]) -> list[int]:
    """The numbers of messages of which readers see what is on them. events: what a reader is shown of the rows."""
    return [
        _number(event).number
        for row, event in zip(rows, events, strict=True)
        if event.startswith(_MESSAGE) and not _hides(row, event)
    ]


def _with(event: bytes, found: Sequence[ReactionCount]) -> bytes:
    return b'%b,"reactions":%b}' % (event[:-1], _encode(found)) if found else event


def _nearer_half(events: Sequence[bytes], toward: int) -> tuple[int, int]:
    """From where to before where that half of events lies which is nearest to a number."""
    size = len(events) // 2
    place = sum(_number(event).number < toward for event in events)
    first = max(0, min(place - size // 2, len(events) - size))
    return first, first + size
