"""How much an account has not read, over all its conversations: for the badge of its app."""

from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.domain.marks import read_up_to, unread
from chinwag.domain.mentions import ALL, UNREAD, unread_mentions
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

CONVERSATIONS: Final = 1_000
"""Of an account that are counted; of more, those named first."""
TOGETHER: Final = 100
"""Conversations that are read together."""
SPOKEN_TO: Final = 20
"""Conversations with something unread whose mentions are counted."""


async def badge(store: MessageStore, marks: MarkStore, account: AccountId) -> tuple[int, int]:
    """Unread messages, and those of them that speak to the account. Raises `Refused(UNAVAILABLE)`."""
    spans = await store.memberships(account)
    names = list(dict.fromkeys(span.conversation for span in spans if span.last is None))[:CONVERSATIONS]
    waiting = mentions = looked = 0
    for first in range(0, len(names), TOGETHER):
        some = names[first : first + TOGETHER]
        states = await store.states(some)
        held = await marks.marks([(name, account) for name in some])
        for state, mark in zip(states, held, strict=True):
            member = None if state is None else state.members.get(account)
            if state is None or member is None:
                continue
            left = unread(state.ordinal, mark.read, member)
            waiting += max(0, left)
            if left > 0 and looked < SPOKEN_TO:
                looked += 1
                read = read_up_to(mark.read, member)[0]
                rows = await store.mentions([account, ALL], state.id, read, UNREAD)
                mentions += len(unread_mentions(rows, read, state.head))
    return waiting, mentions
