"""Fourth leg: a returning device reads its inbox after its cursor. Every transport reads the same way."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Literal

import msgspec

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.afresh import afresh
from chinwag.flow.as_read import as_read
from chinwag.ports.inbox import Bounds, Inbox, Inline, Run
from chinwag.ports.message_store import MessageStore, Row

PAGE: Final = 200
"""Entries read at a time, if they are short."""
STEP: Final = 50
"""Entries read before it is known how long they are."""
BYTES: Final = 256 << 10
"""A stretch with this many bytes takes no further step: long texts come in short stretches."""


class Start(msgspec.Struct, frozen=True, gc=False):
    """Where a session begins: after `epoch`.`position`; `reset` says why not where its cursor was."""

    epoch: int
    position: int
    head: int
    reset: Literal["old", "epoch"] | None = None


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """Events (JSON) at `position`, `position` + 1, …; none if nothing is there."""

    position: int
    events: Sequence[bytes]
    bounds: Bounds


async def start(inbox: Inbox, store: MessageStore, account: AccountId, epoch: int | None, position: int) -> Start:
    """Where a device with this cursor begins; `epoch` None: it has none, and loads all afresh."""
    bounds = await inbox.bounds(account)
    reset: Literal["old", "epoch"] | None = None
    if epoch is not None:
        if epoch == bounds.epoch and bounds.floor <= position <= bounds.head:
            return Start(epoch, position, bounds.head)
        reset = "epoch" if epoch != bounds.epoch or position > bounds.head else "old"
    return Start(bounds.epoch, await afresh(inbox, store, account, bounds), bounds.head, reset)


async def read(inbox: Inbox, store: MessageStore, account: AccountId, after: int, limit: int = PAGE) -> Stretch:
    """The next stretch of an inbox after position `after`: at most `limit` events, and not many long ones.

    Raises `Refused(UNAVAILABLE)`.
    """
    whole = await _step(inbox, store, account, after, min(limit, STEP))
    events = list(whole.events)
    bytes_read = sum(map(len, events))
    while events and len(events) < limit and bytes_read < BYTES:
        position = whole.position + len(events) - 1
        if position >= whole.bounds.head:
            break
        room = max(1, (BYTES - bytes_read) * len(events) // bytes_read)
        step = await _step(inbox, store, account, position, min(limit - len(events), room))
        if not step.events or step.position != position + 1:
            break
        events += step.events
        bytes_read += sum(map(len, step.events))
    return Stretch(whole.position, events, whole.bounds)


def within(stretch: Stretch, room: int = BYTES) -> Stretch:
    """As many of the events, from the first on, as have room together; the first in any case."""
    for count, size in enumerate(accumulate(map(len, stretch.events))):
        if count and size > room:
            return Stretch(stretch.position, stretch.events[:count], stretch.bounds)
    return stretch


async def _step(inbox: Inbox, store: MessageStore, account: AccountId, after: int, limit: int) -> Stretch:
    page = await inbox.read(account, after, limit)
    ranges = _ranges(page.entries)
    for one in ranges:
        one.rows = await _events(store, account, one.conversation, one.first, one.last)
    of = {(one.conversation, number): (one, number) for one in ranges for number in one.begins}
    events: list[bytes] = []
    for entry in page.entries:
        if isinstance(entry, Inline):
            events.append(entry.event)
        else:
            held, number = of[entry.conversation, entry.first]
            begin = number - held.first
            events.extend(held.rows[begin : begin + entry.count])
    return Stretch(page.entries[0].position if page.entries else after + 1, events, page.bounds)


class _Range:
    """Consecutive events of one conversation, gathered from the runs that an inbox page refers to them with."""

    __slots__ = ("begins", "conversation", "first", "last", "rows")

    def __init__(self, run: Run) -> None:
        self.conversation = run.conversation
        self.first = run.first
        self.last = run.first + run.count - 1
        self.begins = [run.first]
        self.rows: list[bytes] = []


def _ranges(entries: Sequence[Run | Inline]) -> list[_Range]:
    """The ranges to read: runs that follow one another in their conversation make one, whatever stands between."""
    ranges: list[_Range] = []
    newest: dict[ConversationId, _Range] = {}
    for entry in entries:
        if isinstance(entry, Inline):
            continue
        held = newest.get(entry.conversation)
        if held is not None and entry.first == held.last + 1:
            held.last += entry.count
            held.begins.append(entry.first)
        else:
            newest[entry.conversation] = held = _Range(entry)
            ranges.append(held)
    return ranges


async def _events(
    store: MessageStore, account: AccountId, conversation: ConversationId, first: int, last: int
) -> list[bytes]:
    rows: list[Row] = []
    for begin in range(first, last + 1, 1000):
        rows += await store.events(conversation, begin, min(last, begin + 999))
    if len(rows) != last - first + 1:
        raise LookupError(f"{conversation} lacks events between {first} and {last}")
    return await as_read(store, account, conversation, rows)
