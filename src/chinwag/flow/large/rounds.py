"""Going round all wide groups: each once in so many minutes, at a minute that its name gives.

So the work is spread, needs no place kept anywhere, and goes on where it was when another process takes it over.
"""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final
from zlib import crc32

from chinwag.domain.ids import ConversationId
from chinwag.ports.message_store import MessageStore

PAGE: Final = 500
"""Names read at a time."""
_MINUTE_MS: Final = 60_000


class Rounds:
    """One round after another. It begins with the minute in which it is asked first."""

    def __init__(self, store: MessageStore, minutes: int) -> None:
        """minutes: of one round."""
        self._store = store
        self._minutes = minutes
        self._reached: int | None = None
        self._waiting: deque[ConversationId] = deque()

    @property
    def more(self) -> bool:
        """Whether groups are due that `some` has not given yet."""
        return bool(self._waiting)

    async def some(self, now: int, most: int) -> list[ConversationId]:
        """Up to `most` of the groups that are due, each once; it asks for others when all have been given. now, raises:
        as `due`."""
        if not self._waiting:
            due = await self.due(now)
            self._waiting.extend(due)
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    async def due(self, now: int) -> list[ConversationId]:
        """The groups whose minute has come since this was asked last, each once; of a longer pause those of one round.
        now: in milliseconds since 1970. Raises `Refused(UNAVAILABLE)`: ask again."""
        minute = now // _MINUTE_MS
        reached = minute - 1 if self._reached is None else min(self._reached, minute)
        come = {one % self._minutes for one in range(max(reached, minute - self._minutes) + 1, minute + 1)}
        if not come:
            return []
        found = [one async for some in wide_names(self._store) for one in some if self._minute_of(one) in come]
        self._reached = minute
        return found

    def _minute_of(self, name: ConversationId) -> int:
        return crc32(name.encode("utf-8", "surrogatepass")) % self._minutes


async def wide_names(store: MessageStore) -> AsyncIterator[Sequence[ConversationId]]:
    """The names of all groups that are wide, in pieces. Raises `Refused(UNAVAILABLE)`."""
    after = ConversationId("")
    while names := await store.wide_groups(after, PAGE):
        yield names
        if len(names) < PAGE:
            return
        after = names[-1]
