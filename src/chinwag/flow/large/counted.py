"""What is on messages of a large group, for its members: counts that are read, and nobody's rows but the reader's."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reaction_counts import ReactionCounts, counts_of
from chinwag.domain.reactions import SHOWN, Reacted, ReactionCount
from chinwag.flow.states import States
from chinwag.ports.message_store import MessageStore

TOGETHER: Final = 16
"""Stretches of messages that are read at a time."""

Rows = list[tuple[int, AccountId, Reacted]]
Stretch = tuple[int, int]
"""Numbers from the first to the last, both included."""


class OnMessages(msgspec.Struct, frozen=True):
    """What is on each message that has something on it. turn: how many changes without a number are in it at least.
    unread: messages of which too much would have had to be read."""

    on: dict[int, list[ReactionCount]]
    turn: int
    unread: frozenset[int] = frozenset()


class CountedReactions:
    """Reads them. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, store: MessageStore, states: States) -> None:
        self._store = store
        self._states = states

    async def of(
        self, account: AccountId, conversation: ConversationId, numbers: Sequence[int], limit: int, *, dense: bool
    ) -> OnMessages | None:
        """What is on the messages `numbers`, which rise and which `account` may read; None unless the group is large
        and the account a member of it.

        Those from before the group was wide may have no counts: of these all rows are read, `limit` about. dense:
        no other messages lie between them.
        """
        state = await self._large(conversation)
        if state is None or not await self._member(account, conversation):
            return None
        counts = dict(
            zip(numbers, await self._store.reaction_counts([(conversation, n) for n in numbers]), strict=True)
        )
        rows, unread = await self._rows(conversation, list(_stretches(counts, dense=dense)), limit)
        counted = {number: found for number, found in counts.items() if found is not None}
        asked = list(counted)
        own = await self._store.reacted([(conversation, number, account) for number in asked])
        # Looked at again: what is on a message of a small one has numbers, and is told of by events; and whoever has
        # gone meanwhile is told nothing of what was done since.
        now = await self._large(conversation)
        if now is None or not await self._member(account, conversation):
            return None
        mine = {number: row for number, row in zip(asked, own, strict=True) if row is not None}
        by_message: dict[int, dict[AccountId, Reacted]] = {}
        for number, who, row in rows:
            by_message.setdefault(number, {})[who] = row
        for number, found in by_message.items():
            counted[number] = counts_of(found, now)
            if account in found:
                mine[number] = found[account]
        on = {number: _shown(one, mine.get(number), now) for number, one in counted.items() if one.counts}
        left = frozenset(one for one in numbers if any(first <= one <= last for first, last in unread))
        return OnMessages(on, state.reacted, left)

    async def _large(self, conversation: ConversationId) -> Conversation | None:
        (state,) = await self._states.load([conversation])
        return state if state is not None and state.large else None

    async def _member(self, account: AccountId, conversation: ConversationId) -> bool:
        return any(span.last is None for span in await self._store.spans(account, conversation))

    async def _rows(
        self, conversation: ConversationId, stretches: Sequence[Stretch], limit: int
    ) -> tuple[Rows, list[Stretch]]:
        """Rows, and the stretches of which not all were read."""
        found: Rows = []
        unread: list[Stretch] = []
        for first in range(0, len(stretches), TOGETHER):
            some = stretches[first : first + TOGETHER]
            if len(found) >= limit:
                return found, [*unread, *stretches[first:]]
            pages = await asyncio.gather(*(self._store.reactions(conversation, *one, limit) for one in some))
            for stretch, page in zip(some, pages, strict=True):
                if len(page) < limit:
                    found += page
                else:
                    unread.append(stretch)
        return found, unread


def _stretches(counts: dict[int, ReactionCounts | None], *, dense: bool) -> Iterator[Stretch]:
    """From where to where there are messages without counts."""
    first = last = 0
    for number, found in counts.items():
        if found is None and first and dense:
            last = number
            continue
        if first:
            yield first, last
        first = last = 0 if found is not None else number
    if first:
        yield first, last


def _shown(counts: ReactionCounts, mine: Reacted | None, state: Conversation) -> list[ReactionCount]:
    own = {} if mine is None else mine.as_of(state.head, state.reacted).on()
    return [ReactionCount(reaction, count, (), reaction in own) for reaction, count in counts.counts[:SHOWN]]
