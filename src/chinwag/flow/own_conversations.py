"""The order in which somebody's conversations are listed: the latest by the inbox or their time, the rest by name.

The end of an account's inbox says which conversations were active last, so that nothing need be written for each
message, and a page costs the same however many conversations there are. Each conversation is listed once: those whose
newest message or notice lies in that end of the inbox by its position there, and all others after them. One that
becomes active between two pages may be listed twice or move to the front: the device hears of that by its events.

Large groups come to no inbox: they stand between the others by the times in their states. Nobody hears by an event that
one of them moves, so one that is active while the pages are read stands once more among the rest.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.history import Range, readable
from chinwag.flow.large.own_large import OwnLarge, Timed
from chinwag.ports.inbox import Inbox, Run
from chinwag.ports.message_store import MessageStore

WINDOW: Final = 1_000
"""Positions at the end of an inbox that are looked at."""
LOOKS: Final = 4
"""Conversations looked at for each that a page may list, before it is given with fewer."""
_DIGITS: Final = 19
_LATEST: Final = (1 << 62) - 1
"""Later than any time."""
_TIMED: Final = "t."
"""With this begins the text of a place where large groups stand by their times."""


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

    @property
    def at(self) -> int:
        """When something was shown in it last, in milliseconds since 1970; to who left, until then."""
        closing = self.spans[-1].closing if self.spans else None
        return self.state.at if closing is None else closing.at

    @property
    def shown(self) -> int:
        """The newest message or notice that may be read; 0: none."""
        return last_shown(self.state, readable(self.spans, self.state.head))


class _Place(msgspec.Struct, frozen=True):
    """Where a page begins: in the stretch of the inbox `epoch` above `low` up to `high`, below `position`, and with the
    large groups below `time` and `name`; or, with `position` and `time` 0, after the conversation `name`.

    begun: when the first page was read, in milliseconds since 1970; 0: large groups stand among the rest.
    """

    epoch: int
    low: int
    high: int
    position: int
    name: ConversationId = ConversationId("")
    begun: int = 0
    time: int = 0

    def __str__(self) -> str:
        stretch = f"{self.epoch}.{self.low}.{self.high}.{self.position}"
        return f"{_TIMED}{stretch}.{self.begun}.{self.time}.{self.name}" if self.begun else f"{stretch}.{self.name}"


class OwnConversations:
    """Lists them, straight from the stores."""

    def __init__(self, store: MessageStore, inbox: Inbox, large: OwnLarge | None = None) -> None:
        """large: finds large groups; without, they stand among the rest."""
        self._store = store
        self._inbox = inbox
        self._large = large

    async def page(self, account: AccountId, before: str | None, limit: int) -> tuple[list[Own], str | None]:
        """Up to `limit` after the place that the page before named, and where the next one begins; None: nowhere.

        A page may hold fewer than asked for and still not be the last. Raises `bad_cursor`.
        """
        place, timed = await self._place(account, before)
        recent = await self._recent(account, place)
        by_time = {one.name: one.at for one in timed}
        found: list[Own] = []
        looks = max(1, limit) * LOOKS
        if place.position or place.time:
            begun = place.position
            # Where each may stand at most, the first of all first; and those of which it is known.
            waiting = [
                (-at, name) for name, runs in recent.items() if name not in by_time and (at := _below(runs, begun))
            ]
            heapify(waiting)
            certain: dict[ConversationId, Own] = {}
            # The next by the inbox, and the large groups that are still to come.
            first: tuple[int, Own] | None = None
            ahead = deque(one for one in timed if one.at <= place.begun and one < Timed(place.time, place.name))
            while waiting or ahead or first is not None:
                if len(found) >= limit or (found and looks <= 0):
                    return found, str(place)
                if first is None and waiting:
                    at, name = -waiting[0][0], heappop(waiting)[1]
                    own = certain.pop(name, None)
                    if own is not None:
                        first = at, own
                        continue
                    looks -= 1
                    own = await self._own(account, name)
                    shown = 0 if own is None or not own.head else _position(recent[name], own.shown)
                    if own is not None and shown == at:
                        first = at, own
                        continue
                    place = msgspec.structs.replace(place, position=at)
                    if own is not None and 0 < shown < at:  # edits, reactions and the like came after it
                        certain[name] = own
                        heappush(waiting, (-shown, name))
                elif ahead and (first is None or ahead[0].at > first[1].at):
                    next_one = ahead.popleft()
                    looks -= 1
                    place = msgspec.structs.replace(place, time=next_one.at, name=next_one.name)
                    own = await self._own(account, next_one.name)
                    if own is not None and own.head:
                        found.append(msgspec.structs.replace(own, next=str(place)))
                elif first is not None:
                    place = msgspec.structs.replace(place, position=first[0])
                    found.append(msgspec.structs.replace(first[1], next=str(place)))
                    first = None
            place = msgspec.structs.replace(place, position=0, time=0, name=ConversationId(""))
        listed = {one.state.id for one in found}
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
                if own is None or not own.head or name in listed:
                    continue
                at = by_time.get(name, 0)
                before_now = self._was_listed(name, at, place) if at else _position(recent.get(name, ()), own.shown)
                if not before_now:
                    found.append(own)
        rest = await self._store.memberships_after(account, place.name, 1)
        return found, str(place) if rest else None

    def _was_listed(self, name: ConversationId, at: int, place: _Place) -> bool:
        """Whether a large group certainly stood before the rest: it has not moved since the first page, and whoever
        gave that knew of it."""
        return self._large is not None and at <= place.begun and self._large.settled(name, place.begun)

    async def _place(self, account: AccountId, before: str | None) -> tuple[_Place, Sequence[Timed]]:
        """Where a page begins, and all large groups of the account, the latest first."""
        place = None if before is None else _parsed(before)
        timed: Sequence[Timed] = ()
        if self._large is not None and (place is None or place.begun):
            timed = await self._large.of(account)
        if place is not None:
            return place, timed
        bounds = await self._inbox.bounds(account)
        low = max(bounds.floor, bounds.head - WINDOW)
        place = _Place(bounds.epoch, low, bounds.head, bounds.head + 1)
        if self._large is not None and timed:
            place = msgspec.structs.replace(place, begun=max(self._large.now(), timed[0].at), time=_LATEST)
        return place, timed

    async def _recent(self, account: AccountId, place: _Place) -> Mapping[ConversationId, list[Run]]:
        """Of each conversation in the stretch what is posted of it there."""
        recent: dict[ConversationId, list[Run]] = defaultdict(list)
        low, count = place.low, min(place.high - place.low, WINDOW)
        if count <= 0:
            return recent
        bounds = await self._inbox.bounds(account)
        if bounds.epoch != place.epoch or place.high > bounds.head:
            return recent
        low = max(low, bounds.floor)
        for entry in (await self._inbox.read(account, low, max(0, place.high - low))).entries:
            if isinstance(entry, Run):
                recent[entry.conversation].append(entry)
        return recent

    async def _own(self, account: AccountId, name: ConversationId) -> Own | None:
        spans = await self._store.spans(account, name)
        state = (await self._store.states([name]))[0] if spans else None
        return None if state is None else Own(state, list(spans), "")


def last_shown(state: Conversation, ranges: Sequence[Range]) -> int:
    """The newest message or notice in the readable `ranges`; 0: none. What ends before the conversation does ends with
    the notice of somebody's going; and what begins after the last one that all are shown, as in a wide group, with the
    notice of one's own coming."""
    if not ranges or ranges[-1][1] < state.last_shown:
        return ranges[-1][1] if ranges else 0
    if any(first <= state.last_shown <= last for first, last in ranges):
        return state.last_shown
    return ranges[-1][0] if state.wide and ranges[-1][0] > state.last_shown else 0


def _position(runs: Sequence[Run], number: int) -> int:
    """At which position event `number` was posted last; 0: at none of these."""
    for run in reversed(runs):
        if run.first <= number < run.first + run.count:
            return run.position + number - run.first
    return 0


def _below(runs: Sequence[Run], position: int) -> int:
    """The last position of `runs` below `position`; 0: there is none."""
    return max((min(run.position + run.count, position) - 1 for run in runs if run.position < position), default=0)


def _grouped(spans: Iterable[Span]) -> dict[ConversationId, list[Span]]:
    grouped: dict[ConversationId, list[Span]] = defaultdict(list)
    for span in spans:
        grouped[span.conversation].append(span)
    return grouped


def _parsed(before: str) -> _Place:
    timed = before.startswith(_TIMED)
    most = 6 if timed else 4
    parts = before.removeprefix(_TIMED).split(".", most)
    numbers = parts[:most]
    if len(parts) != most + 1 or not all(one.isascii() and one.isdecimal() and len(one) <= _DIGITS for one in numbers):
        raise Refused(Code.BAD_CURSOR)
    epoch, low, high, position, *times = map(int, numbers)
    return _Place(epoch, low, high, position, ConversationId(parts[most]), *times)
