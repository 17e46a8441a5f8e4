"""Companions by the states of all conversations: for stores of which a state is one row among many of one query."""

from collections.abc import Iterable
from typing import Final

from chinwag.domain.conversation import Span, companions
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.ports.message_store import MessageStore

CONVERSATIONS_MAX: Final = 5_000
"""Conversations of one account that are looked at."""
_CHUNK: Final = 100


def present_in(spans: Iterable[Span]) -> list[ConversationId]:
    """The conversations that are looked at of an account with these spans: those that it is in now."""
    return list(dict.fromkeys(span.conversation for span in spans if span.last is None))[:CONVERSATIONS_MAX]


async def companions_by_states(store: MessageStore, account: AccountId, limit: int) -> set[AccountId]:
    """`MessageStore.companions` of a store that keeps nothing for it. Raises `Refused(UNAVAILABLE)`."""
    present = present_in(await store.memberships(account))
    found: dict[AccountId, None] = {}
    for first in range(0, len(present), _CHUNK):
        for state in await store.states(present[first : first + _CHUNK]):
            among = () if state is None else companions(state)
            if account in among:
                found.update(dict.fromkeys(among))
        if len(found) >= limit:
            break
    return set(list(found)[:limit])
