"""What is to be pushed to many members of a large group: they have their turns, a few at a time."""

from typing import Final, Protocol

import msgspec

from chinwag.domain.ids import ConversationId

EVERY_MS: Final = 10_000
"""From the beginning of one round through a group to that of the next, at least."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """One round through a group. Times are milliseconds since 1970.

    everyone: through all members, for what speaks to all; else through those who want to be told of every message.
    number: the newest message. covered: the newest one when the round began. begun_at: when that was; 0: never. due:
    when it goes on; None: nothing waits. after: whose turn was last, as whoever goes through them calls it; empty: none
    was yet. told: how many had their turn.
    """

    conversation: ConversationId
    everyone: bool
    number: int
    covered: int = 0
    begun_at: int = 0
    due: int | None
    after: str = ""
    told: int = 0


class PushSpreadRepository(Protocol):
    """One row for a large group and for whom its rounds are. Changed for `PUSHES` alone, as jobs are."""

    async def want(self, conversation: ConversationId, everyone: bool, number: int, due: int) -> None:
        """Message `number` is to be pushed, from `due` on, and `EVERY_MS` after a round began at the earliest. Of
        several the newest counts; whose turn is over in this round hears of it in the next one."""
        ...

    async def next(self, now: int) -> Spread | None:
        """The one that is due first; None: none is."""
        ...

    async def put(self, spread: Spread) -> None:
        """Write what became of one, all but `number`."""
        ...
