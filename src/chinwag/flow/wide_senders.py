"""Who asks for something in a wide group: whether it is a member, when it wrote last, and how much is on a message.

All of it stands in rows, which are read for many at a time. What was read lets pass what needs no fresh look for a
minute, as a state does; how often somebody writes is judged by a fresh one, and by what passed here meanwhile. As soon
as a message goes on, it has its account's turn, and gives it back if it turns out to be none, or to be one of long ago.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from chinwag.domain.command import React, Send
from chinwag.domain.conversation import Conversation, Member, Role
from chinwag.domain.emoji import reaction_of
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.member_row import NOBODY, MemberRow
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import SHOWN
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.wide import member_of
from chinwag.flow.clock import Clock
from chinwag.flow.states import PASSED_SECONDS
from chinwag.flow.together import Together
from chinwag.flow.wish import Wish
from chinwag.ports.bus import Answer
from chinwag.ports.message_store import EventName, MessageStore, PersonName

KEPT: Final = 50_000
"""Members of whom it is kept that they were seen, those seen last."""
LARGE_SECONDS: Final = 1.0
"""From one message of an account in a large group to its next."""
UNKNOWN_SECONDS: Final = 1.0
"""While it is not known what becomes of a message, whoever sends another is to come again after so long."""
_UNKNOWN: Final = frozenset({Code.UNAVAILABLE, Code.INTERNAL})
"""Refusals after which the message may be placed all the same."""


class _Turn(msgspec.Struct, frozen=True, gc=False):
    """Which message has its account's turn, and when the account wrote before it (milliseconds since 1970; 0: never).
    under_way: it has no answer yet."""

    device: DeviceId
    id: ClientId
    before: int
    under_way: bool = True

    def is_of(self, wish: Wish) -> bool:
        """Whether `wish` is this message, or the very same sent again."""
        return self.id == wish.id and self.device == wish.device


class _Found(msgspec.Struct, frozen=True, gc=False):
    """row: the account's stays. wrote_at: when its last message was sent, in milliseconds since 1970; 0: never."""

    row: MemberRow
    wrote_at: int


class WideSenders:
    """Those of one process."""

    def __init__(
        self,
        store: MessageStore,
        clock: Clock,
        large_seconds: float = LARGE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """large_seconds: as `LARGE_SECONDS`; 0: as often as one likes."""
        self._store = store
        self._clock = clock
        self._large_seconds = large_seconds
        self._now = now
        self._together: Together[PersonName, _Found] = Together(self._read)
        self._counts: Together[EventName, ReactionCounts | None] = Together(self._read_counts)
        self._seen: OrderedDict[PersonName, tuple[float, int]] = OrderedDict()
        """Of members: when they were seen last, and when they wrote last, as far as is known."""
        self.turns: Final[OrderedDict[PersonName, _Turn]] = OrderedDict()
        """Of whose message it is not known yet whether it is placed. While there are none, no answer is of use."""

    def __len__(self) -> int:
        """Members that are kept."""
        return len(self._seen)

    def passes(self, state: Conversation, wish: Wish, now: float) -> bool:
        """Whether a member seen a minute ago asks for what needs no fresh look."""
        seen = self._seen.get((state.id, wish.account))
        if seen is None or now - seen[0] > PASSED_SECONDS:
            return False
        action = wish.action
        if isinstance(action, Send):
            return not self._seconds(state, Role.MEMBER)
        return not (isinstance(action, React) and action.on)

    async def member(self, state: Conversation | None, account: AccountId) -> Member | None:
        """The present membership, in a wide group by a fresh read. Raises `Refused(UNAVAILABLE)`."""
        if state is None or not state.wide:
            return None if state is None else member_of(state, account)
        name = (state.id, account)
        found = await self._together.ask(name)
        member = member_of(state, account, {account: found.row})
        earlier = self._seen.pop(name, None)
        if member is not None:
            wrote_at = found.wrote_at if earlier is None else max(found.wrote_at, earlier[1])
            self._seen[name] = (self._now(), wrote_at)
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
        return member

    async def take(self, state: Conversation, wish: Wish, member: Member) -> None:
        """What a member asks that was just looked up goes on. Raises `Refused`: `slow_down` for a message so soon after
        the one before; `too_many` for a reaction unlike all the many on a message; `unavailable`. `answered` follows.
        """
        action = wish.action
        if isinstance(action, Send):
            self._take_turn(state, wish, member)
        elif isinstance(action, React) and action.on:
            counts = await self._counts.ask((state.id, action.number))
            if counts is not None and len(counts.counts) >= SHOWN and _unlike(action.reaction, counts):
                raise Refused(Code.TOO_MANY, f"at most {SHOWN} different ones on a message")

    def _take_turn(self, state: Conversation, wish: Wish, member: Member) -> None:
        seconds = self._seconds(state, member.role)
        if not seconds:
            return
        name, at = (state.id, wish.account), self._clock()
        seen_at, wrote_at = self._seen.get(name, (self._now(), 0))
        turn = self.turns.get(name)
        before = wrote_at
        if turn is not None and turn.is_of(wish):
            before = turn.before
        else:
            passed = (at - wrote_at) / 1000
            wait = min(seconds, seconds - passed)
            # One of a time still to come was sent before the clock was put back: it says nothing of how long ago.
            if wait > 0 and passed > -seconds:
                if turn is not None and turn.under_way:
                    wait = min(wait, UNKNOWN_SECONDS)
                raise Refused(Code.SLOW_DOWN, f"one message in {seconds:g} s", wait)
        self._seen[name] = (seen_at, at)
        self.turns[name] = _Turn(wish.device, wish.id, before)
        while len(self.turns) > KEPT:
            self.turns.popitem(last=False)

    def answered(self, wish: Wish, answer: Answer) -> None:
        """What became of `wish`. A message that is refused, or was placed long ago, gives its turn back; one that may
        be placed yet keeps it, and may be sent again."""
        name = (wish.conversation, wish.account)
        turn = self.turns.get(name)
        if turn is None or not turn.is_of(wish):
            return
        if answer.refused in _UNKNOWN:
            self.turns[name] = msgspec.structs.replace(turn, under_way=False)
            return
        del self.turns[name]
        seen = self._seen.get(name)
        if seen is not None:
            self._seen[name] = (seen[0], turn.before if answer.refused else max(turn.before, answer.sent_at))

    def _seconds(self, state: Conversation, role: Role) -> float:
        """From one message to the next. What a group asks of its members it does not ask of its admins."""
        slow = state.settings.slow if role is Role.MEMBER else 0
        return max(slow, self._large_seconds if state.large else 0.0)

    async def _read(self, names: Sequence[PersonName]) -> Mapping[PersonName, _Found]:
        rows, cells = await self._store.people(names), await self._store.wrote(names)
        return {
            name: _Found(row or NOBODY, 0 if cell is None else cell.at)
            for name, row, cell in zip(names, rows, cells, strict=True)
        }

    async def _read_counts(self, names: Sequence[EventName]) -> Mapping[EventName, ReactionCounts | None]:
        return dict(zip(names, await self._store.reaction_counts(names), strict=True))


def _unlike(reaction: str, counts: ReactionCounts) -> bool:
    try:
        return all(reaction_of(reaction) != one for one, _ in counts.counts)
    except Refused:
        return False  # the worker says so, for good


def queue_of(state: Conversation | None, conversation: ConversationId, account: AccountId) -> tuple[str, ...]:
    """Behind which others a wish waits for its look-up: those of its conversation, or of a wide group, in which so many
    write at once, its account's own."""
    return (conversation,) if state is None or not state.wide else (conversation, account)
