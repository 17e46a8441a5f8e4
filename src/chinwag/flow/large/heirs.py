"""A wide group that has no owner gets one: whoever has been in it longest.

Its state knows the owner and the admins alone. When an owner goes and there is no admin, nobody can be named with that
decision, as the members' rows are read by none; so the group has no owner until somebody is found here. The decision
checks no more than that this one is a member, and that there is no owner still.
"""

from typing import Final

import structlog

from chinwag.domain.command import Command, Heir
from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.clock import Clock
from chinwag.flow.large.rounds import PAGE
from chinwag.flow.membership_of import all_members, has_owner
from chinwag.flow.own_commands import OwnCommands, acting_for
from chinwag.ports.message_store import MessageStore

POLL_SECONDS: Final = 60.0
"""From one `PAGE` of groups to the next."""

_log = structlog.get_logger(__name__)


class Heirs:
    """Looks through the wide groups, one page after another and then again. Of several each may."""

    def __init__(self, store: MessageStore, own: OwnCommands, clock: Clock) -> None:
        self._store = store
        self._own = own
        self._clock = clock
        self._after = ConversationId("")
        self._counted = (0, 0)
        self.found = 0
        """Heirs found."""
        self.wide = 0
        """Wide groups, when all were looked at last."""
        self.large = 0
        """Those of them that were large."""

    async def step(self) -> bool:
        """Look at one page of groups; never that there is more, as none is urgent. Raises `Refused`: the page is looked
        at again."""
        names = await self._store.wide_groups(self._after, PAGE)
        states = [one for one in (await self._store.states(names) if names else ()) if one is not None]
        for state in states:
            if state.member_count and not has_owner(state):
                await self._see_to(state)
        wide, large = self._counted
        self._counted = wide + len(states), large + sum(one.large for one in states)
        if len(names) == PAGE:
            self._after = names[-1]
        else:
            self.wide, self.large = self._counted
            self._after, self._counted = ConversationId(""), (0, 0)
        return False

    async def _see_to(self, state: Conversation) -> None:
        heir = await self._heir(state)
        if heir is None:
            return
        id_ = self._own.new_id("heir")
        command = Command(state.id, heir, acting_for(heir), id_, self._clock(), Heir(heir))
        (code,) = await self._own.ask([command])
        if code is not None:  # it has gone meanwhile: the next time there is another
            _log.info("an heir does not inherit", conversation=state.id, account=heir, code=code)
            return
        self.found += 1
        _log.info("a group has an owner again", conversation=state.id, account=heir)

    async def _heir(self, state: Conversation) -> AccountId | None:
        """Who came first of the admins; with none, of all who are members still."""
        async for some in all_members(self._store, state):
            if some:
                return min(some, key=lambda one: one[1].joined)[0]
        return None
