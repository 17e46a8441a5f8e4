"""How much accounts have not read, over all their conversations: for the badges of their apps."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import read_up_to, unread
from chinwag.domain.mentions import ALL, UNREAD, unread_mentions
from chinwag.flow.membership_of import members_of
from chinwag.ports.directory import Directory
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

CONVERSATIONS: Final = 1_000
"""Of an account that are counted; of more, those named first."""
TOGETHER: Final = 100
"""Conversations, each of one account, that are read together."""
SPOKEN_TO: Final = 20
"""Conversations of an account with something unread whose mentions are counted."""

Pair = tuple[ConversationId, AccountId]


class _Unread(msgspec.Struct, frozen=True):
    """So many messages after `read`."""

    state: Conversation
    account: AccountId
    read: int
    count: int


async def badges(
    directory: Directory, store: MessageStore, marks: MarkStore, accounts: Sequence[AccountId], now: int
) -> dict[AccountId, tuple[int, int]]:
    """Of each account the unread messages, and those of them that speak to it; what is muted counts for neither. What
    several have in common is read once. Raises `Refused(UNAVAILABLE)`."""
    waiting, mentions, looked = Counter[AccountId](), Counter[AccountId](), Counter[AccountId]()
    pairs = await _pairs(store, accounts)
    for first in range(0, len(pairs), TOGETHER):
        found = await _unread(store, marks, pairs[first : first + TOGETHER])
        muted = await _muted(directory, found, now)
        spoken: dict[ConversationId, list[_Unread]] = {}
        for one in found:
            if (one.state.id, one.account) in muted:
                continue
            waiting[one.account] += one.count
            looked[one.account] += 1
            if looked[one.account] <= SPOKEN_TO:
                spoken.setdefault(one.state.id, []).append(one)
        for several in spoken.values():
            mentions.update(await _mentions(store, several))
    return {account: (waiting[account], mentions[account]) for account in accounts}


async def _pairs(store: MessageStore, accounts: Sequence[AccountId]) -> list[Pair]:
    """Where they are members, those of one conversation beside each other."""
    pairs: list[Pair] = []
    spans = await asyncio.gather(*(store.memberships(account) for account in accounts))
    for account, of_account in zip(accounts, spans, strict=True):
        names = dict.fromkeys(span.conversation for span in of_account if span.last is None)
        pairs += [(name, account) for name in list(names)[:CONVERSATIONS]]
    return sorted(pairs)


async def _unread(store: MessageStore, marks: MarkStore, pairs: Sequence[Pair]) -> list[_Unread]:
    names = list(dict.fromkeys(name for name, _ in pairs))
    states = dict(zip(names, await store.states(names), strict=True))
    found: list[_Unread] = []
    begun = [(state, account) for name, account in pairs if (state := states[name]) is not None]
    members = await members_of(store, begun, wrote=True)
    held = await marks.marks([(state.id, account) for state, account in begun])
    for (state, account), member, mark in zip(begun, members, held, strict=True):
        if member is None:
            continue
        if (count := unread(state.ordinal, mark.read, member)) > 0:
            found.append(_Unread(state, account, read_up_to(mark.read, member)[0], count))
    return found


async def _muted(directory: Directory, found: Sequence[_Unread], now: int) -> set[Pair]:
    if not found:
        return set()
    accounts = list(dict.fromkeys(one.account for one in found))
    names = list(dict.fromkeys(one.state.id for one in found))
    async with directory.reading() as reading:
        kept = await reading.preferences.among(accounts, names)
    return {(name, account) for (account, name), preferences in kept.items() if preferences.muted_until > now}


async def _mentions(store: MessageStore, several: Sequence[_Unread]) -> Counter[AccountId]:
    """Of accounts in one conversation."""
    state = several[0].state
    accounts = [one.account for one in several]
    rows = await store.mentions([*accounts, ALL], state.id, min(one.read for one in several), UNREAD)
    return Counter(
        {
            one.account: len(
                unread_mentions([row for row in rows if row.account in (one.account, ALL)], one.read, state.head)
            )
            for one in several
        }
    )
