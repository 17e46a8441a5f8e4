"""Reading a conversation: pages of its events, each cut to what the reader may see."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks, as_shown
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import EventPage, Gap, Receipt
from chinwag.flow.as_read import as_read
from chinwag.flow.states import States
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

PAGE_BYTES: Final = 4 << 20
"""A page with this many bytes takes no further event: one of long texts is shorter than was asked for."""
STEP: Final = 50
"""Events read at a time."""

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


def before(ranges: Sequence[Range], number: int, limit: int) -> list[Range]:
    """The last `limit` numbers of `ranges` below `number`, rising."""
    taken: list[Range] = []
    for first, last in reversed(ranges):
        last = min(last, number - 1)
        if last < first or limit <= 0:
            continue
        taken.append((max(first, last - limit + 1), last))
        limit -= taken[-1][1] - taken[-1][0] + 1
    return taken[::-1]


def after(ranges: Sequence[Range], number: int, limit: int) -> list[Range]:
    """The first `limit` numbers of `ranges` above `number`, rising."""
    taken: list[Range] = []
    for first, last in ranges:
        first = max(first, number + 1)
        if last < first or limit <= 0:
            continue
        taken.append((first, min(last, first + limit - 1)))
        limit -= taken[-1][1] - taken[-1][0] + 1
    return taken


def gaps(ranges: Sequence[Range], first: int, last: int) -> list[Gap]:
    """What lies between `ranges`, of a page that goes from `first` to `last`: within it, and next to its ends."""
    holes = [(before[1] + 1, after[0] - 1) for before, after in pairwise(ranges)]
    return [Gap(low, high) for low, high in holes if first - 1 <= high and low <= last + 1]


class History:
    """Pages, changes and receipts of conversations."""

    def __init__(self, store: MessageStore, marks: MarkStore, states: States) -> None:
        self._store = store
        self._marks = marks
        self._states = states

    async def page_before(
        self, account: AccountId, conversation: ConversationId, number: int | None, limit: int
    ) -> EventPage:
        """The last `limit` events below `number` (None: the newest). Raises `Refused(NO_CONVERSATION)`."""
        ranges = await self._readable(account, conversation)
        wanted = before(ranges, ranges[-1][1] + 1 if number is None else number, limit)
        return _page(ranges, await self._backward(account, conversation, wanted))

    async def page_after(self, account: AccountId, conversation: ConversationId, number: int, limit: int) -> EventPage:
        """The first `limit` events above `number`; also what changed after it. Raises `Refused`."""
        ranges = await self._readable(account, conversation)
        return _page(ranges, await self._forward(account, conversation, after(ranges, number, limit)))

    async def page_around(self, account: AccountId, conversation: ConversationId, number: int, limit: int) -> EventPage:
        """About `limit` events with `number` in their middle. Raises `Refused(NO_MESSAGE)` if it may not be read."""
        ranges = await self._readable(account, conversation)
        self._must_hold(ranges, number)
        half = limit // 2
        wanted = after(ranges, number - 1, max(1, limit - half))
        rest = await self._forward(account, conversation, wanted, PAGE_BYTES // 2)
        left = PAGE_BYTES - sum(map(_size, rest))
        wanted = before(ranges, number, half)
        earlier = await self._backward(account, conversation, wanted, left) if left > 0 else []
        return _page(ranges, earlier + rest)

    async def receipts(
        self, account: AccountId, conversation: ConversationId, number: int, limit: int
    ) -> list[Receipt]:
        """Who has the message, and since when: for members, of a message that they may read. Raises `Refused`."""
        self._must_hold(await self._readable(account, conversation), number)
        state = await self._member_state(account, conversation)
        marks = await self._marks.of_conversation(conversation, limit)
        readers = {step.account: step.at for step in await self._marks.readers(conversation, number, limit)}
        receipts = []
        for member, known in state.members.items():
            held = as_shown(marks.get(member, Marks()))
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

    async def _member_state(self, account: AccountId, conversation: ConversationId) -> Conversation:
        # Past the cache: who has left is no member from the moment on in which that was acked.
        state = (await self._states.load([conversation]))[0]
        if state is None or account not in state.members:
            raise Refused(Code.NOT_MEMBER)
        return state

    async def _readable(self, account: AccountId, conversation: ConversationId) -> list[Range]:
        """What the account may read, at least one number. A stranger is told what everybody is told of nothing."""
        spans = await self._store.spans(account, conversation)
        head = 0
        if any(span.last is None for span in spans):
            # Read past the cache: what was acked is in history at once (P8 of docs/guarantees.md).
            state = (await self._states.load([conversation]))[0]
            head = state.head if state is not None else 0
        ranges = readable(spans, head)
        if not ranges:
            raise Refused(Code.NO_CONVERSATION)
        return ranges

    def _must_hold(self, ranges: Sequence[Range], number: int) -> None:
        if not any(first <= number <= last for first, last in ranges):
            raise Refused(Code.NO_MESSAGE)

    async def _forward(
        self, account: AccountId, conversation: ConversationId, wanted: Sequence[Range], room: int = PAGE_BYTES
    ) -> list[msgspec.Raw]:
        """The events of `wanted` from its beginning, up to the one that fills `room` bytes."""
        events: list[bytes] = []
        for first, last in wanted:
            for begin in range(first, last + 1, STEP):
                step = await self._store.events(conversation, begin, min(last, begin + STEP - 1))
                events += await as_read(self._store, account, conversation, step)
                if sum(map(len, events)) >= room:
                    return [msgspec.Raw(event) for event in _fitting(events, room)]
        return [msgspec.Raw(event) for event in events]

    async def _backward(
        self, account: AccountId, conversation: ConversationId, wanted: Sequence[Range], room: int = PAGE_BYTES
    ) -> list[msgspec.Raw]:
        """The events of `wanted` from its end, up to the one that fills `room` bytes; rising all the same."""
        events: list[bytes] = []
        for first, last in reversed(wanted):
            for end in range(last, first - 1, -STEP):
                step = await self._store.events(conversation, max(first, end - STEP + 1), end)
                events += reversed(await as_read(self._store, account, conversation, step))
                if sum(map(len, events)) >= room:
                    return [msgspec.Raw(event) for event in reversed(_fitting(events, room))]
        return [msgspec.Raw(event) for event in reversed(events)]


class _Number(msgspec.Struct, gc=False):
    number: int


_number: Final = msgspec.json.Decoder(_Number).decode


def _page(ranges: Sequence[Range], events: list[msgspec.Raw]) -> EventPage:
    head = ranges[-1][1]
    if not events:
        return EventPage(events, head)
    return EventPage(events, head, gaps(ranges, _number(events[0]).number, _number(events[-1]).number))


def _size(event: msgspec.Raw) -> int:
    return len(bytes(event))


def _fitting(events: Sequence[bytes], room: int) -> list[bytes]:
    """The first events, up to the one that fills `room`."""
    size = 0
    for count, event in enumerate(events, 1):
        size += len(event)
        if size >= room:
            return list(events[:count])
    return list(events)
