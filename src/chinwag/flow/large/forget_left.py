"""Of who left a wide group long ago no joining is kept: else the list of them would grow with all who ever came.

A joining stays for a day after its leaving, as a worker that is behind may still read the members as of a number before
that. Up to which number that holds is found among the group's events, which rise in time with their numbers.
"""

from typing import Final

import msgspec
import structlog

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.as_read import sent_at
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.flow.large.rounds import Rounds
from chinwag.ports.message_store import MessageStore

POLL_SECONDS: Final = 60.0
ROUND_MINUTES: Final = 1_440
"""In which each group is gone through once."""
ROWS: Final = 1_000
"""Joinings that one step reads, and removes at most."""

_log = structlog.get_logger(__name__)


class _Place(msgspec.Struct, frozen=True):
    """Where it is: in which group, up to which number leavings are old, behind which joining."""

    conversation: ConversationId
    old: int
    after: tuple[int, AccountId] | None = None


class ForgetLeft:
    """Goes through the joinings of wide groups. Of several each may."""

    def __init__(self, store: MessageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._rounds = Rounds(store, ROUND_MINUTES)
        self._place: _Place | None = None
        self.forgotten = 0
        """Joinings removed."""

    async def step(self) -> bool:
        """Go through a piece of one group; whether there is more. Raises `Refused(UNAVAILABLE)`: what was not removed
        is in one of the next rounds."""
        place = self._place
        if place is not None:
            self._place = None
            self._place = await self._go_on(place)
        else:
            for conversation in await self._rounds.some(self._clock(), 1):
                self._place = await self._begun(conversation)
        return self._place is not None or self._rounds.more

    async def _begun(self, conversation: ConversationId) -> _Place | None:
        (state,) = await self._store.states([conversation])
        old = 0 if state is None else await self._old(state)
        return _Place(conversation, old) if old else None

    async def _go_on(self, place: _Place) -> _Place | None:
        rows = await self._store.joinings(place.conversation, place.after, ROWS)
        gone = [(joined, account) for joined, account, left in rows if 0 < left <= place.old]
        if gone:
            await self._store.forget_joinings(place.conversation, gone)
            self.forgotten += len(gone)
            _log.info("joinings of who left are forgotten", conversation=place.conversation, joinings=len(gone))
        # Nobody left before having come.
        if len(rows) < ROWS or rows[-1][0] > place.old:
            return None
        return msgspec.structs.replace(place, after=rows[-1][:2])

    async def _old(self, state: Conversation) -> int:
        """The last number that was placed more than a day ago; 0: none was."""
        before, low, high = self._clock() - DAY_MS, 0, state.head
        while low < high:
            middle = (low + high + 1) // 2
            rows = await self._store.events(state.id, middle, middle)
            if rows and sent_at(rows[0]) < before:
                low = middle
            else:
                high = middle - 1
        return low
