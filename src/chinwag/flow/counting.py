"""What a batch makes of the counts of reactions of a wide group."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Position
from chinwag.domain.ids import ConversationId
from chinwag.domain.reaction_counts import Difference, ReactionCounts, counts_of
from chinwag.ports.bus import Counted
from chinwag.ports.message_store import Commit, EventName, MessageStore

Counts = Mapping[EventName, ReactionCounts]

NOTHING_COUNTED: Final[Counts] = MappingProxyType({})
"""Of a batch in which nobody reacts in a wide group."""
ROWS_OF_ONE: Final = 100_000
"""Rows of reactions of one message that are read: it has as many as people ever reacted to it."""
TOLD: Final = 100
"""Changes without a number that one publication tells of. Of more the earlier ones are left out, which shows."""


class Counting:
    """Of one conversation. In the order in which it was decided."""

    __slots__ = ("_differences", "_turns", "_wide")

    def __init__(self) -> None:
        self._differences: list[tuple[Position, Difference]] = []
        self._turns: list[int] = []
        self._wide: set[int] = set()

    def add(self, state: Conversation, difference: Difference, *, numbered: bool) -> None:
        """Add what was decided, which led to `state`."""
        self._differences.append((state.applied, difference))
        if state.wide:
            self._wide.add(difference.message)
        if not numbered:
            self._turns.append(difference.message)

    def with_counts(self, commit: Commit, counts: Counts) -> Commit:
        """`commit` with the counts that differ from those before it, of what was put on or taken back since the group
        was wide."""
        now: dict[int, ReactionCounts] = {}
        for position, difference in self._differences:
            message = difference.message
            if message in self._wide:
                before = now.get(message) or counts[commit.state.id, message]
                if (after := before.then(position, difference)) is not before:
                    now[message] = after
        return msgspec.structs.replace(commit, counts=list(now.items())) if now else commit

    def told(self, state: Conversation) -> Counted | None:
        """What followers may look at anew; None if all of it took numbers."""
        if not self._turns:
            return None
        turns = self._turns[-TOLD:]
        return Counted(state.id, state.reacted - len(turns), state.reacted, tuple(dict.fromkeys(turns)))


async def read_counts(
    store: MessageStore, state: Callable[[ConversationId], Conversation | None], names: Collection[EventName]
) -> Counts:
    """The counts of these messages of groups, as of `state`. Those that were never counted are, once, from the
    rows of all accounts."""
    if not names:
        return NOTHING_COUNTED
    wanted = list(names)
    found: dict[EventName, ReactionCounts] = {}
    for name, counts in zip(wanted, await store.reaction_counts(wanted), strict=True):
        if counts is None:
            conversation, message = name
            rows = await store.reactions(conversation, message, message, ROWS_OF_ONE)
            counts = counts_of({account: row for _, account, row in rows}, state(conversation))
        found[name] = counts
    return found
