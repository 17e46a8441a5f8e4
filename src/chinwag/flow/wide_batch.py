"""What a worker holds of the wide groups that a batch is about: rows of members, and who is in an audience of all.

Both are as of the state of the group, whatever the store may be ahead, and moved on by each decision.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from chinwag.domain.conversation import Conversation
from chinwag.domain.decision import Numbered
from chinwag.domain.ids import LISTING, AccountId, ConversationId
from chinwag.domain.member_row import MemberRow
from chinwag.domain.mentions import ALL
from chinwag.flow.draft import Draft
from chinwag.flow.membership_of import joined_as_of
from chinwag.flow.state_cache import StateCache
from chinwag.ports.bus import Counted, Moved
from chinwag.ports.message_store import MessageStore

Audience = tuple[AccountId, ...]


class WideBatch(NamedTuple):
    """people: rows by conversation, also of groups that may become wide with this batch. audiences: of groups whose
    events are copied to all."""

    people: Mapping[ConversationId, dict[AccountId, MemberRow]]
    audiences: dict[ConversationId, Audience]

    def placed(self, decision: Numbered) -> Numbered:
        """Take note of a decision in a wide group; it, with all who are in its audience."""
        name = decision.state.id
        if decision.people:
            self.people[name].update(decision.people)
        if decision.widens:
            # The list of open groups may be told of this one joining: it is no member.
            self.audiences[name] = tuple(one for one in decision.audience if one != LISTING)
            return decision
        audience = self.audiences.get(name)
        if audience is None:
            assert not decision.everyone, "the audience of a group that copies to all was read before"
            return decision
        if decision.joinings:
            audience = self.audiences[name] = _moved(audience, decision.joinings)
        if not decision.everyone:
            return decision
        besides = [one for one in decision.audience if one not in audience]
        return msgspec.structs.replace(decision, audience=(*audience, *besides) if besides else audience)


async def read_audiences(
    store: MessageStore, held: Mapping[ConversationId, Audience], states: Iterable[Conversation]
) -> dict[ConversationId, Audience]:
    """All members of wide groups at these states, from what is held or from the store."""
    return {state.id: held.get(state.id) or await members_as_of(store, state) for state in states}


def hold_audiences(states: StateCache, drafts: Iterable[Draft], audiences: Mapping[ConversationId, Audience]) -> None:
    """Keep those of a batch that is committed, beside the states; of a large group none is of use."""
    for draft in drafts:
        audience = audiences.get(draft.state.id)
        if audience is not None and not draft.state.large:
            states.hold(draft.state.id, audience)


def moves(drafts: Iterable[Draft]) -> Iterator[Moved | Counted]:
    """How far the large groups of a batch that is committed have come, and what of them is to be counted anew."""
    for draft in drafts:
        state = draft.state
        if state.large and draft.events:
            spoken = (row.number for row in draft.mentions.values() if row.account == ALL and row.since)
            to_all = max(spoken, default=0)
            yield Moved(state.id, state.head, state.ordinal, state.last_shown, to_all)
        if draft.counting is not None and (counted := draft.counting.told(state)) is not None:
            yield counted


async def members_as_of(store: MessageStore, state: Conversation) -> Audience:
    """The members of a wide group at `state`, in order of joining."""
    return tuple([one async for some in joined_as_of(store, state) for one in some])


def _moved(audience: Audience, joinings: Iterable[tuple[int, AccountId, int]]) -> Audience:
    for _, account, left in joinings:
        audience = tuple(one for one in audience if one != account) if left else (*audience, account)
    return audience
