"""The large groups of an account in the order of what was said last in them, which no inbox tells.

Their times stand in their states: so nothing is written for each member with a message. What is not shown (others'
joinings and leavings) moves no time; one's own joining moves one's own.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Member
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.as_read import sent_at
from chinwag.flow.clock import Clock, system_clock
from chinwag.flow.large.own_wide import OwnWide
from chinwag.flow.membership_of import members_of
from chinwag.ports.message_store import MessageStore

ORDERED: Final = 500
"""Large groups of one account that are put in order by their times, those first by name."""
SETTLED_MS: Final = 60_000
"""A group that is known to be wide for so long is known to be by every process."""


class Timed(msgspec.Struct, frozen=True, order=True):
    """A large group, and when something was shown in it last to the account (milliseconds since 1970)."""

    at: int
    name: ConversationId


class OwnLarge:
    """Finds them. While there is no wide group that costs nothing."""

    def __init__(self, store: MessageStore, wide: OwnWide, clock: Clock = system_clock) -> None:
        """clock: milliseconds since 1970."""
        self._store = store
        self._wide = wide
        self._clock = clock

    def now(self) -> int:
        """By its clock."""
        return self._clock()

    async def of(self, account: AccountId) -> list[Timed]:
        """Those of which the account is a member, the latest first. Raises `Refused(UNAVAILABLE)`."""
        names = (await self._wide.of(account))[:ORDERED]
        states = [one for one in (await self._store.states(names) if names else ()) if one is not None and one.large]
        members = await members_of(self._store, [(state, account) for state in states])
        inside = [(state, member) for state, member in zip(states, members, strict=True) if member is not None]
        came = await self._came(inside)
        found = [Timed(max(state.at, at), state.id) for (state, _), at in zip(inside, came, strict=True)]
        return sorted(found, reverse=True)

    def settled(self, conversation: ConversationId, at: int) -> bool:
        """Whether every process knew at `at` (milliseconds since 1970) that this group is wide."""
        since = self._wide.known_since(conversation)
        return since is not None and since + SETTLED_MS < at

    async def _came(self, inside: Sequence[tuple[Conversation, Member]]) -> list[int]:
        """When the account came into each, if that is what it is shown last there; else 0."""
        later = [(state.id, member.joined) for state, member in inside if member.joined > state.last_shown]
        rows = await self._store.rows(later) if later else []
        times = {name[0]: sent_at(row) for name, row in zip(later, rows, strict=True) if row is not None}
        return [times.get(state.id, 0) for state, _ in inside]
