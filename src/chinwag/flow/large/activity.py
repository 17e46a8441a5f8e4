"""How a wide group's events reach its members follows how many of them are there: counted once an hour.

Many who are there are told by asking; a few get copies. So a group of up to a thousand members is looked at: with more
than `wide_above` members, and so many of them seen within a day, it is large from then on; with fewer than
`small_below` of either it is not any longer. Between the two it stays as it is, so that nobody who comes and goes turns
it over and over. A group of more is always large, by the rules themselves.

When somebody was last there is what presence keeps: it is read of a hundred accounts at a time, in every profile, and
also while the directory is away.
"""

from typing import Final

import msgspec
import structlog

from chinwag.domain.command import Command, Deliver, Rules
from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.flow.large.rounds import Rounds
from chinwag.flow.membership_of import joined_as_of
from chinwag.flow.own_commands import SERVER, OwnCommands
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

POLL_SECONDS: Final = 60.0
ROUND_MINUTES: Final = 60
"""In which each group is looked at once."""
TOGETHER: Final = 10
"""Groups that one step looks at."""
ASKED: Final = 100
"""Members whose last time is read at once."""

_log = structlog.get_logger(__name__)


class Sizes(msgspec.Struct, frozen=True):
    """When a group is large. rules: as commands are stamped with. large_active, small_below: as in the settings."""

    rules: Rules
    large_active: int = 500
    small_below: int = 400


class Activity:
    """Counts, and has groups delivered otherwise. Of several each may: a group that is so already stays as it is."""

    def __init__(self, store: MessageStore, marks: MarkStore, own: OwnCommands, clock: Clock, sizes: Sizes) -> None:
        self._store = store
        self._marks = marks
        self._own = own
        self._clock = clock
        self._sizes = sizes
        self._rounds = Rounds(store, ROUND_MINUTES)
        self.made_large = 0
        """Groups that became large."""
        self.made_small = 0
        """Groups that are copied to all again."""

    async def step(self) -> bool:
        """Look at some of the groups whose time has come; whether there are more. Raises `Refused`: those that were not
        looked at have their turn in the next round."""
        some = await self._rounds.some(self._clock(), TOGETHER)
        for state in await self._store.states(some) if some else ():
            if state is not None:
                await self._see_to(state)
        return self._rounds.more

    async def _see_to(self, state: Conversation) -> None:
        large = await self._should_be(state)
        if large is state.large:
            return
        server = AccountId(SERVER), DeviceId(SERVER)
        id_ = self._own.new_id("deliver")
        command = Command(state.id, *server, id_, self._clock(), Deliver(large), self._sizes.rules)
        (code,) = await self._own.ask([command])
        if code is not None:  # it has grown meanwhile
            _log.info("a group is delivered as before", conversation=state.id, code=code)
            return
        self.made_large += large
        self.made_small += not large
        _log.info("a group is delivered otherwise", conversation=state.id, large=large, members=state.count)

    async def _should_be(self, state: Conversation) -> bool:
        """Whether the group is to be large. It counts no further than that takes."""
        sizes = self._sizes
        if state.count > sizes.rules.large_above:
            return True
        if state.large:
            least = sizes.small_below
            return state.count >= least and await self.active(state, least) >= least
        if state.count <= sizes.rules.wide_above:
            return False
        return await self.active(state, sizes.large_active) >= sizes.large_active

    async def active(self, state: Conversation, most: int) -> int:
        """How many members were there within a day, counted up to `most` and little further. Raises
        `Refused(UNAVAILABLE)`."""
        since, count = self._clock() - DAY_MS, 0
        async for some in joined_as_of(self._store, state):
            for first in range(0, len(some), ASKED):
                for seen in await self._marks.seen(some[first : first + ASKED]):
                    count += seen is not None and (seen.online or seen.last_active_at >= since)
                if count >= most:
                    return count
        return count
