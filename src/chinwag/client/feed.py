"""What came in and waits for the application: bounded, and never skipped over."""

import asyncio
from collections import deque
from typing import Final

import msgspec

from chinwag.client.events import (
    Fed,
    FeedBegan,
    FeedEnded,
    FeedFar,
    FeedNews,
    LoadAfresh,
    Offline,
    Online,
    Slowed,
    Unknown,
    Update,
)
from chinwag.wire.codec import Cursor
from chinwag.wire.frames import Counts
from chinwag.wire.large import GroupHead
from chinwag.wire.values import ConversationId, Event, Signal

EVENTS: Final = 1_000
"""Events that wait; what comes then is left to be read from the inbox again."""
FED: Final = 1_000
"""Events of followed groups that wait; what comes then is followed again from where it was given up."""
COUNTED: Final = 1_000
"""Messages of a followed group whose counts wait; of more none do, and they are to be asked for."""
ASIDE: Final = 200
"""Signals and news of the connection that wait; the oldest go first."""


class _Item(msgspec.Struct, frozen=True):
    value: Update
    cursor: Cursor | None = None


class Feed:
    """A queue with one reader. `safe` is the cursor up to which the application is done with everything.

    An event counts as done when the next thing is asked for: a crash in between repeats it, and skips nothing. What
    followed groups bring comes after what the inbox has brought, and counts after the messages that they are of.
    """

    def __init__(self, safe: Cursor | None) -> None:
        self.safe = safe
        self.overflowed = False
        self._newest = safe
        self._events: deque[_Item] = deque()
        self._aside: deque[_Item] = deque()
        self._fed: deque[tuple[ConversationId, _Item]] = deque()
        self._counts: dict[ConversationId, Counts] = {}
        self._heads: dict[ConversationId, GroupHead] = {}
        self._handed: Cursor | None = None
        self._news = asyncio.Event()
        self._closed = False
        self._why: Exception | None = None

    def begin(self, cursor: Cursor) -> None:
        """The device has no past: it begins here."""
        self.safe = self._newest = cursor

    def put(self, cursor: Cursor, event: Event | Unknown) -> None:
        """An event at its place. One that is here already is passed over; with no room, it and all after it must be
        fetched again (`overflowed`)."""
        if self._newest is not None and cursor.epoch == self._newest.epoch and cursor.position <= self._newest.position:
            return
        if self.overflowed or len(self._events) >= EVENTS:
            self.overflowed = True
            return
        self._newest = cursor
        self._events.append(_Item(event, cursor))
        self._news.set()

    def reset(self, load: LoadAfresh) -> None:
        """What waits is superseded: the application must load afresh. That groups are followed no longer stays to be
        told."""
        self._events.clear()
        self._fed = deque(one for one in self._fed if isinstance(one[1].value, FeedFar | FeedEnded))
        self._counts.clear()
        self._handed = None
        self.overflowed = False
        self._newest = load.cursor
        self._events.append(_Item(load, load.cursor))
        self._news.set()

    def put_fed(self, conversation: ConversationId, value: FeedNews) -> bool:
        """The next thing of a group that is followed; whether there was room for it. What is no event always has."""
        if isinstance(value, Fed) and len(self._fed) >= FED:
            return False
        self._fed.append((conversation, _Item(value)))
        self._news.set()
        return True

    def has_fed(self, conversation: ConversationId) -> bool:
        """Whether something of that group waits."""
        return any(name == conversation for name, _ in self._fed)

    def began_last(self, conversation: ConversationId) -> bool:
        """Whether the last thing of that group that waits is that it is followed."""
        waiting = (item.value for name, item in reversed(self._fed) if name == conversation)
        return isinstance(next(waiting, None), FeedBegan)

    def put_counts(self, told: Counts) -> None:
        """Counts of a followed group: with those that wait they become one."""
        name, waits = told.conversation, self._counts.get(told.conversation)
        if waits is not None:
            messages = {one.number: one for one in (*waits.messages, *told.messages)}
            # Where some are missing between the two, that is what is told.
            before = waits.before if told.before <= waits.turn else told.before
            told = Counts(name, before, max(waits.turn, told.turn), tuple(messages.values()))
        if len(told.messages) > COUNTED:
            told = Counts(name, told.turn, told.turn, ())
        self._counts[name] = told
        self._news.set()

    def drop_fed(self, conversation: ConversationId) -> None:
        """What waits of that group is not wanted."""
        self._fed = deque(one for one in self._fed if one[0] != conversation)
        self._counts.pop(conversation, None)

    def put_head(self, head: GroupHead) -> None:
        """Where a watched group is: of two the one that is further on."""
        known = self._heads.get(head.conversation)
        if known is None or known.head <= head.head:
            self._heads[head.conversation] = head
            self._news.set()

    def put_aside(self, value: Signal | Online | Offline | Slowed) -> None:
        """Something true now only."""
        if len(self._aside) >= ASIDE:
            self._aside.popleft()
        self._aside.append(_Item(value))
        self._news.set()

    def close(self, why: Exception | None = None) -> None:
        """Nothing more comes: the reader gets what waits, then `why` is raised, or it is told of the end."""
        self._closed, self._why = True, self._why or why
        self._news.set()

    async def next(self) -> Update | None:
        """The next thing; None at the end. The one before is done with. Raises what `close` was given."""
        self.taken()
        while not (self._events or self._aside or self._fed or self._counts or self._heads):
            if self._why is not None:
                raise self._why
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        if self._aside:
            item = self._aside.popleft()
        elif self._events:
            item = self._events.popleft()
        elif self._fed:
            _, item = self._fed.popleft()
        elif self._counts:
            item = _Item(self._counts.pop(next(iter(self._counts))))
        else:
            item = _Item(self._heads.pop(next(iter(self._heads))))
        self._handed = item.cursor
        return item.value

    def taken(self) -> None:
        """The application is done with the last thing that it was given."""
        if self._handed is not None:
            self.safe, self._handed = self._handed, None

    @property
    def drained(self) -> bool:
        """Whether no event waits."""
        return not self._events
