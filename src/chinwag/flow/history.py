"""Reading a conversation: pages of its messages and notices, and all that changed, cut to what the reader may see."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks, as_shown
from chinwag.domain.member_row import NOBODY, MemberRow
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import EventPage, Gap, ReactionCountPage, ReactionPage, Receipt
from chinwag.domain.wide import member_of
from chinwag.flow.as_read import as_read, content, sent_at
from chinwag.flow.membership_of import is_member, unseen
from chinwag.flow.quotes import Quotes
from chinwag.flow.reactions import Reactions
from chinwag.flow.sharing import Keeping, nobody_keeps, shown_reads
from chinwag.flow.shown import STEP, Reader, ShownRows, lies_between
from chinwag.flow.states import States
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore, Row

PAGE_BYTES: Final = 4 << 20
"""A page with this many bytes takes no further event: one of long texts is shorter than was asked for."""

_AGAIN: Final = 5
"""How often spans and state are read at most, if the account comes and goes in between."""

Range = tuple[int, int]
"""Numbers from the first to the last, both included."""


def readable(spans: Sequence[Span], head: int) -> list[Range]:
    """The numbers that `spans` let their account read, as rising ranges that neither touch nor overlap."""
    ranges: list[Range] = []
    for first, last in sorted((span.first, head if span.last is None else span.last) for span in spans):
        if last < first:
            continue
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], last))
        else:
            ranges.append((first, last))
    return ranges


def gaps(ranges: Sequence[Range], first: int, last: int) -> list[Gap]:
    """What lies between `ranges`, of a page that goes from `first` to `last`: within it, and next to its ends."""
    holes = [(before[1] + 1, after[0] - 1) for before, after in pairwise(ranges)]
    return [Gap(low, high) for low, high in holes if first - 1 <= high and low <= last + 1]


class History:
    """Pages, changes and receipts of conversations."""

    def __init__(self, store: MessageStore, marks: MarkStore, states: States, keeping: Keeping = nobody_keeps) -> None:
        """keeping: who keeps to itself how far it has read, and is not shown how far others have."""
        self._store = store
        self._shown = ShownRows(store)
        self._quotes = Quotes(store)
        self._reactions = Reactions(store, states)
        self._marks = marks
        self._keeping = keeping
        self._states = states

    async def page_before(
        self, account: AccountId, conversation: ConversationId, number: int | None, limit: int
    ) -> EventPage:
        """The last `limit` messages and notices below `number` (None: the newest). Raises `Refused`."""
        ranges, reader = await self._opened(account, conversation)
        top = ranges[-1][1] if number is None else number - 1
        rows = await self._backward(conversation, reader, ranges, top, limit)
        return await self._page(account, conversation, ranges, rows, last=top, toward=top)

    async def page_after(self, account: AccountId, conversation: ConversationId, number: int, limit: int) -> EventPage:
        """The first `limit` messages and notices above `number`. Raises `Refused(NO_CONVERSATION)`."""
        ranges, reader = await self._opened(account, conversation)
        rows = await self._forward(conversation, reader, ranges, number + 1, limit)
        return await self._page(account, conversation, ranges, rows, first=number + 1)

    async def page_around(self, account: AccountId, conversation: ConversationId, number: int, limit: int) -> EventPage:
        """About `limit` messages and notices with `number` in their middle. Raises `Refused(NO_MESSAGE)` if it may not
        be read."""
        ranges, reader = await self._opened(account, conversation)
        _must_hold(ranges, number)
        return await self._around(reader, conversation, ranges, number, limit)

    async def _around(
        self, reader: Reader, conversation: ConversationId, ranges: Sequence[Range], number: int, limit: int
    ) -> EventPage:
        half = limit // 2
        rest = await self._forward(conversation, reader, ranges, number, max(1, limit - half), PAGE_BYTES // 2)
        left = PAGE_BYTES - sum(map(_size, rest))
        # With nothing from there on, the nearest before it, however little was asked for.
        before = half if rest else max(1, half)
        earlier = await self._backward(conversation, reader, ranges, number - 1, before, left) if left > 0 else []
        return await self._page(reader.account, conversation, ranges, earlier + rest, toward=number)

    async def page_at(self, account: AccountId, conversation: ConversationId, at: int, limit: int) -> EventPage:
        """As `page_around`, around the first event that was sent at `at` (milliseconds since 1970) or later; after all
        that was sent before, the newest. Raises `Refused(NO_CONVERSATION)`.

        Times need not rise with numbers, so it is near that moment; always after the same few reads.
        """
        ranges, reader = await self._opened(account, conversation)
        low, high = 0, sum(last - first + 1 for first, last in ranges) - 1
        while low < high:
            middle = (low + high) // 2
            number = _nth(ranges, middle)
            [event] = await self._store.events(conversation, number, number)
            low, high = (middle + 1, high) if sent_at(event) < at else (low, middle)
        return await self._around(reader, conversation, ranges, _nth(ranges, low), limit)

    async def changes(self, account: AccountId, conversation: ConversationId, number: int, limit: int) -> EventPage:
        """The first `limit` events of any kind above `number`, without holes. Raises `Refused(NO_CONVERSATION)`."""
        ranges = await self._readable(account, conversation)
        events: list[bytes] = []
        for first, last in ranges:
            for begin in range(max(first, number + 1), last + 1, STEP):
                end = min(last, begin + min(STEP, limit - len(events)) - 1)
                step = await self._store.events(conversation, begin, end)
                events += await as_read(self._store, account, conversation, step)
                if len(events) == limit or sum(map(len, events)) >= PAGE_BYTES:
                    return _page(ranges, _fitting(events, PAGE_BYTES), first=number + 1)
        return _page(ranges, events, first=number + 1)

    async def one(self, account: AccountId, conversation: ConversationId, number: int) -> tuple[msgspec.Raw, int]:
        """The message or notice of that number, as it is now, and as of which number its reactions are. Raises
        `Refused`: `no_conversation`, and `no_message` for what is none or may not be read."""
        ranges = await self._readable(account, conversation)
        _must_hold(ranges, number)
        [event] = await self._store.events(conversation, number, number)
        if lies_between(event, account):
            raise Refused(Code.NO_MESSAGE)
        page = await self._page(account, conversation, ranges, [event])
        return page.events[0], page.head

    async def as_shown(self, account: AccountId, conversation: ConversationId, number: int) -> bytes:
        """As `one`, without its reactions."""
        ranges = await self._readable(account, conversation)
        _must_hold(ranges, number)
        [event] = await self._store.events(conversation, number, number)
        if lies_between(event, account):
            raise Refused(Code.NO_MESSAGE)
        return (await as_read(self._store, account, conversation, [event]))[0]

    async def several(
        self, account: AccountId, conversation: ConversationId, numbers: Sequence[int]
    ) -> list[tuple[int, bytes]]:
        """Those of the messages `numbers` that the account may read, as they are now, each with its number. Raises
        `no_conversation`."""
        ranges = await self._readable(account, conversation)
        wanted = [number for number in numbers if any(first <= number <= last for first, last in ranges)]
        rows = await self._store.rows([(conversation, number) for number in wanted])
        there = [(number, row) for number, row in zip(wanted, rows, strict=True) if row is not None]
        shown = await as_read(self._store, account, conversation, [row for _, row in there])
        return [(number, event) for (number, _), event in zip(there, shown, strict=True)]

    async def reactions(
        self,
        account: AccountId,
        conversation: ConversationId,
        number: int,
        after: int,
        limit: int,
        after_turn: int = 0,
    ) -> ReactionPage:
        """What is on a message, up to `limit` of those that were put on after event `after`; of those without a number
        that were put on after it, those after that turn. Raises `Refused`: `no_conversation`, and `no_message` for what
        is none or may not be read."""
        ranges = await self._readable(account, conversation)
        _must_hold(ranges, number)
        place = after, after_turn
        rest = await self._reactions.listed(account, conversation, number, ranges[-1][1], place, limit + 1)
        if len(rest) <= limit:
            return ReactionPage(rest)
        return ReactionPage(rest[:limit], rest[limit - 1].number, rest[limit - 1].turn)

    async def reaction_counts(
        self, account: AccountId, conversation: ConversationId, numbers: Sequence[int]
    ) -> ReactionCountPage:
        """What is on those of the messages `numbers` of a large group that a member may read. Raises `Refused`:
        `no_conversation`, `not_member`, and `not_large` where events tell of all reactions."""
        ranges = await self._readable(account, conversation)
        await self._member_state(account, conversation)
        wanted = [number for number in numbers if any(first <= number <= last for first, last in ranges)]
        found = await self._reactions.counts(account, conversation, wanted)
        if found is None:
            raise Refused(Code.NOT_LARGE)
        return found

    async def pins(self, account: AccountId, conversation: ConversationId) -> list[msgspec.Raw]:
        """The pinned messages that a member may read, as they are now, the one pinned last at the end. Raises
        `Refused`."""
        ranges = await self._readable(account, conversation)
        state = await self._member_state(account, conversation)
        numbers = [number for number in state.pins if any(first <= number <= last for first, last in ranges)]
        rows = await self._store.rows([(conversation, number) for number in numbers])
        there = [row for row in rows if row is not None]
        return [msgspec.Raw(event) for event in await as_read(self._store, account, conversation, there)]

    async def receipts(
        self, account: AccountId, conversation: ConversationId, number: int, limit: int
    ) -> list[Receipt]:
        """Who has the message, and since when: for members, of a message that they may read. Raises `Refused`:
        `not_allowed` in a wide group, whose members are not told what others have read."""
        _must_hold(await self._readable(account, conversation), number)
        state = await self._member_state(account, conversation)
        if state.wide:
            raise Refused(Code.NOT_ALLOWED, "in a group of so many nobody is told what others have read")
        told = await shown_reads(self._keeping, account)
        marks = await self._marks.of_conversation(conversation, limit)
        readers = {step.account: step.at for step in await self._marks.readers(conversation, number, limit)}
        receipts = []
        for member, known in state.members.items():
            held = as_shown(marks.get(member, Marks()), read=told)
            # A member who wrote later has read it, as the mark that is shown of a member says; when is not known.
            read = max(held.read.number, known.wrote)
            if member == account or max(read, held.delivered.number) < number:
                continue
            receipts.append(
                Receipt(
                    member,
                    read_at=readers.get(member, 0) if read >= number else None,
                    delivered_at=held.delivered.at if held.delivered.number == number else 0,
                )
            )
        return receipts

    async def _page(
        self,
        account: AccountId,
        conversation: ConversationId,
        ranges: Sequence[Range],
        rows: Sequence[Row],
        *,
        first: int | None = None,
        last: int | None = None,
        toward: int = 0,
    ) -> EventPage:
        """A page of history of `rows`. first, last: as in `_page`. toward: near which number it stays if it must be
        shorter."""
        shown = await as_read(self._store, account, conversation, rows)
        rows, events, turn = await self._reactions.onto(account, conversation, rows, shown, ranges[-1][1], toward)
        page = _page(ranges, events, first=first, last=last)
        quoted = await self._quotes.of(account, conversation, ranges, rows)
        return msgspec.structs.replace(page, quoted=quoted, turn=turn) if quoted or turn else page

    async def _member_state(self, account: AccountId, conversation: ConversationId) -> Conversation:
        # Past the cache: who has left is no member from the moment on in which that was acked.
        state = (await self._states.load([conversation]))[0]
        if state is None or not await is_member(self._store, state, account):
            raise Refused(Code.NOT_MEMBER)
        return state

    async def _readable(self, account: AccountId, conversation: ConversationId) -> list[Range]:
        """What the account may read, at least one number. A stranger is told what everybody is told of nothing."""
        return (await self._opened(account, conversation))[0]

    async def _opened(self, account: AccountId, conversation: ConversationId) -> tuple[list[Range], Reader]:
        """As `_readable`, and who reads."""
        spans, head, own = await self._of_one_moment(account, conversation)
        ranges = readable(spans, head)
        if not ranges:
            raise await unseen(self._store, conversation, spans, head)
        return ranges, Reader(account, sorted(set(own)))

    async def _of_one_moment(
        self, account: AccountId, conversation: ConversationId
    ) -> tuple[Sequence[Span], int, Sequence[int]]:
        """The account's spans; if one is open, the conversation's head; and the numbers of the account's own comings
        and goings since the group was wide, which no span says. Raises `Refused`.

        One is read after the other, and the spans first, as a stranger learns nothing of the state. Whoever was put out
        in between must not read on to a head from after that: then both are read again.
        """
        for _ in range(_AGAIN):
            spans = await self._store.spans(account, conversation)
            since = next((span.first for span in spans if span.last is None), None)
            if since is None:
                return spans, 0, (await self._row(account, conversation)).turns
            # Read past the cache: what was acked is in history at once (P8 of docs/guarantees.md).
            state = (await self._states.load([conversation]))[0]
            if state is None:
                return spans, 0, ()
            row = await self._row(account, conversation) if state.wide else NOBODY
            member = member_of(state, account, {account: row})
            if member is not None and member.reads_from <= since:
                return spans, state.head, row.turns
        raise Refused(Code.UNAVAILABLE, "the membership changes all the time", 1.0)

    async def _row(self, account: AccountId, conversation: ConversationId) -> MemberRow:
        return (await self._store.people([(conversation, account)]))[0] or NOBODY

    async def _forward(
        self,
        conversation: ConversationId,
        reader: Reader,
        ranges: Sequence[Range],
        number: int,
        limit: int,
        room: int = PAGE_BYTES,
    ) -> list[Row]:
        """The first `limit` messages and notices of `ranges` from `number` on; `room` as in `ShownRows`."""
        found: list[Row] = []
        for first, last in ranges:
            left = room - sum(map(_size, found))
            wanted = limit - len(found)
            stretch = await self._shown.forward(conversation, max(first, number), last, wanted, left, reader)
            found += stretch.rows
            if len(found) == limit or stretch.last < last or sum(map(_size, found)) >= room:
                break
        return found

    async def _backward(
        self,
        conversation: ConversationId,
        reader: Reader,
        ranges: Sequence[Range],
        number: int,
        limit: int,
        room: int = PAGE_BYTES,
    ) -> list[Row]:
        """The last `limit` messages and notices of `ranges` up to `number`, rising; `room` as in `ShownRows`."""
        found: list[Row] = []
        for first, last in reversed(ranges):
            left = room - sum(map(_size, found))
            top, wanted = min(last, number), limit - len(found)
            stretch = await self._shown.backward(conversation, first, top, wanted, left, reader=reader)
            found = stretch.rows + found
            if len(found) == limit or stretch.first > first or sum(map(_size, found)) >= room:
                break
        return found


class _Number(msgspec.Struct, gc=False):
    number: int


_number: Final = msgspec.json.Decoder(_Number).decode


def _page(
    ranges: Sequence[Range], events: Sequence[bytes], *, first: int | None = None, last: int | None = None
) -> EventPage:
    """first, last: where the page begins or ends, if not with its events."""
    head = ranges[-1][1]
    given = [msgspec.Raw(event) for event in events]
    if not events:
        return EventPage(given, head)
    low = _number(events[0]).number if first is None else first
    high = _number(events[-1]).number if last is None else last
    return EventPage(given, head, gaps(ranges, low, high))


def _nth(ranges: Sequence[Range], place: int) -> int:
    """The number at that place among all of `ranges`, the first at 0."""
    for first, last in ranges:
        if place <= last - first:
            return first + place
        place -= last - first + 1
    raise IndexError(place)


def _must_hold(ranges: Sequence[Range], number: int) -> None:
    if not any(first <= number <= last for first, last in ranges):
        raise Refused(Code.NO_MESSAGE)


def _fitting(events: Sequence[bytes], room: int) -> list[bytes]:
    """The first events, up to the one that fills `room`."""
    size = 0
    for count, event in enumerate(events, 1):
        size += len(event)
        if size >= room:
            return list(events[:count])
    return list(events)


def _size(row: Row) -> int:
    return len(content(row))
