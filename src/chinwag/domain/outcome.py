"""What a change of a group comes to, before it has its notice."""

from typing import Final

import msgspec

from chinwag.domain import events
from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.ids import AccountId
from chinwag.domain.wide import NO_CHANGE, Rows, told, told_all

LISTED_EACH: Final = 100
"""Members more or fewer of which the list of open groups is told, of a wide group."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The state with its new head, what changed, for whom, and the spans and the rows of members to write. everyone: as
    in `Numbered`."""

    state: Conversation
    change: events.Change
    audience: tuple[AccountId, ...]
    spans: tuple[Span, ...] = ()
    rows: Rows = NO_CHANGE
    everyone: bool = False


def shown(before: Conversation, change: events.Change) -> bool:
    """Whether people are shown a notice by itself. Of a wide group they are not told of each who comes or goes, unless
    that changes how the group's events reach them."""
    if isinstance(change, events.Joined):
        return not before.wide or change.large
    return not before.wide or not isinstance(change, events.Left | events.Removed)


def worth_listing(state: Conversation, change: events.Change) -> bool:
    """Whether the list of open groups is told of a change. Of a wide group not of each who comes or goes."""
    if not state.wide:
        return True
    if isinstance(change, events.Joined | events.Left | events.Removed):
        return state.count % LISTED_EACH == 0
    return isinstance(change, events.Retitled | events.AvatarChanged | events.GroupSettingsChanged)


def tell(state: Conversation, what: events.Change, *concerned: AccountId) -> Outcome:
    """A change with which nobody comes or goes: `state` has it already, but for its number. concerned: who is told of
    it in a large group."""
    after = msgspec.structs.replace(state, head=state.head + 1)
    return Outcome(after, what, told(state, *concerned), everyone=told_all(state))
