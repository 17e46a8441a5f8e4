"""The order in which somebody's conversations are listed: the latest by the inbox, the rest by name.

The end of an account's inbox says which conversations were active last, so that nothing need be written for each
message, and a page costs the same however many conversations there are. Each conversation is listed once: those whose
newest readable event lies in that end of the inbox by its position there, and all others after them. One that becomes
active between two pages may be listed twice or move to the front: the device hears of that by its events.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.history import readable
from chinwag.ports.inbox import Inbox, Run
from chinwag.ports.message_store import MessageStore

WINDOW: Final = 1_000
"""Positions at the end of an inbox that are looked at."""
LOOKS: Final = 4
"""Conversations looked at for each that a page may list, before it is given with fewer."""
_DIGITS: Final = 19


class Own(msgspec.Struct, frozen=True):
    """A conversation of somebody, as it stands, and its spans there. next: where a page after it would begin."""

    state: Conversation
    spans: list[Span]
    next: str

    @property
    def head(self) -> int:
        """The newest number that may be read; 0: none."""
        ranges = readable(self.spans, self.state.head)
        return ranges[-1][1] if ranges else 0


class _Place(msgspec.Struct, frozen=True):
    """Where a page begins: in the stretch of the inbox `epoch` above `low` up to `high`, below `position`; or, with
    `position` 0, after the conversation `name`."""

    epoch: int
    low: int
    high: int
    position: int
    name: ConversationId = ConversationId("")

    def __str__(self) -> str:
        return f"{self.epoch}.{self.low}.{self.high}.{self.position}.{self.name}"


class OwnConversations:
    """Lists them, straight from the stores."""

    def __init__(self, store: MessageStore, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox

    async def page(self, account: AccountId, before: str | None, limit: int) -> tuple[list[Own], str | None]:
        """Up to `limit` after the place that the page before named, and where the next one begins; None: nowhere.

        A page may hold fewer than asked for and still not be the last. Raises `bad_cursor`.
        """
        place = await self._begin(account) if before is None else _parsed(before)
        recent = await self._recent(account, place)
        found: list[Own] = []
        looks = max(1, limit) * LOOKS
        if place.position:
            for at, name in sorted(
                ((at, name) for name, (at, _) in recent.items() if at < place.position), reverse=True
            ):
                if len(found) >= limit or (found and looks <= 0):
                    return found, str(place)
                looks -= 1
                place = msgspec.structs.replace(place, position=at)
                own = await self._own(account, name, str(place))
                if own is not None and own.head and own.head == recent[name][1]:
                    found.append(own)
            place = msgspec.structs.replace(place, position=0)
        # What is passed over here was listed before, and of that there is no more than the stretch is long.
        while len(found) < limit and (looks > 0 or not found):
            wanted = limit - len(found)
            spans = _grouped(await self._store.memberships_after(account, place.name, wanted))
            if not spans:
                return found, None
            looks -= len(spans)
            states = await self._store.states(list(spans))
            for name, state in zip(spans, states, strict=True):
                place = msgspec.structs.replace(place, name=name)
                own = None if state is None else Own(state, spans[name], str(place))
                if own is None or not own.head or recent.get(name, (0, 0))[1] == own.head:
                    continue
                found.append(own)
        rest = await self._store.memberships_after(account, place.name, 1)
        return found, str(place) if rest else None

    async def _begin(self, account: AccountId) -> _Place:
        bounds = await self._inbox.bounds(account)
        low = max(bounds.floor, bounds.head - WINDOW)
        return _Place(bounds.epoch, low, bounds.head, bounds.head + 1)

    async def _recent(self, account: AccountId, place: _Place) -> dict[ConversationId, tuple[int, int]]:
        """Of each conversation in the stretch its last position there, and the number of the event at that."""
        recent: dict[ConversationId, tuple[int, int]] = {}
        low, count = place.low, min(place.high - place.low, WINDOW)
        if count <= 0:
            return recent
        bounds = await self._inbox.bounds(account)
        if bounds.epoch != place.epoch or place.high > bounds.head:
            return recent
        low = max(low, bounds.floor)
        for entry in (await self._inbox.read(account, low, max(0, place.high - low))).entries:
            if isinstance(entry, Run):
                recent[entry.conversation] = (entry.position + entry.count - 1, entry.first + entry.count - 1)
        return recent

    async def _own(self, account: AccountId, name: ConversationId, after: str) -> Own | None:
        spans = await self._store.spans(account, name)
        state = (await self._store.states([name]))[0] if spans else None
        return None if state is None else Own(state, list(spans), after)


def _grouped(spans: Iterable[Span]) -> dict[ConversationId, list[Span]]:
    grouped: dict[ConversationId, list[Span]] = defaultdict(list)
    for span in spans:
        grouped[span.conversation].append(span)
    return grouped


def _parsed(before: str) -> _Place:
    parts = before.split(".", 4)
    numbers = parts[:4]
    if len(parts) != 5 or not all(one.isascii() and one.isdecimal() and len(one) <= _DIGITS for one in numbers):
        raise Refused(Code.BAD_CURSOR)
    epoch, low, high, position = map(int, numbers)
    return _Place(epoch, low, high, position, ConversationId(parts[4]))
