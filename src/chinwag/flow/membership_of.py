"""Who is a member of a conversation as of a state of it: from the state, or in a wide group from rows.

Whoever reads about members asks here. The state is read first: rows may be ahead of it, and are read as of it.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Member
from chinwag.domain.ids import AccountId
from chinwag.domain.member_row import MemberRow
from chinwag.domain.wide import member_of as known_member
from chinwag.ports.message_store import MessageStore, PersonName

TOGETHER: Final = 1_000
"""Rows that are read together."""

Named = tuple[Conversation, AccountId]
"""An account in a conversation at a state."""


def in_state(state: Conversation, account: AccountId) -> bool:
    """Whether the state itself has `account` as a member. Of a wide group it has the owner and the admins alone, so
    that only a yes says anything."""
    return account in state.members


async def is_member(store: MessageStore, state: Conversation, account: AccountId) -> bool:
    """Whether `account` is a member. Raises `Refused(UNAVAILABLE)`, as all here that read."""
    return await member_of(store, state, account) is not None


async def member_of(store: MessageStore, state: Conversation, account: AccountId) -> Member | None:
    """The present membership, None if there is none. What it wrote is not looked for in a wide group."""
    if not state.wide or account in state.members:
        return state.members.get(account)
    return (await members_of(store, [(state, account)]))[0]


async def writer_of(store: MessageStore, state: Conversation, account: AccountId) -> Member | None:
    """As `member_of`, with what it wrote last."""
    return (await members_of(store, [(state, account)], wrote=True))[0]


async def members_of(store: MessageStore, named: Sequence[Named], *, wrote: bool = False) -> list[Member | None]:
    """The present memberships of these, each in its conversation, None where there is none. wrote: in wide groups too
    with what they wrote last, as far as the state goes; elsewhere a state always tells it."""
    found = [state.members.get(account) for state, account in named]
    missing = [place for place, (state, _) in enumerate(named) if state.wide and found[place] is None]
    for place, row in zip(missing, await _people(store, [_name(named[place]) for place in missing]), strict=True):
        state, account = named[place]
        found[place] = None if row is None else known_member(state, account, {account: row})
    if wrote:
        await _add_wrote(store, named, found)
    return found


async def all_members(store: MessageStore, state: Conversation) -> AsyncIterator[Sequence[tuple[AccountId, Member]]]:
    """All members in pieces, in order of joining but for the owner and the admins of a wide group, who come first."""
    yield list(state.members.items())
    if not state.wide:
        return
    async for there in joined_as_of(store, state):
        others = [one for one in there if one not in state.members]
        held = await members_of(store, [(state, one) for one in others])
        yield [(one, member) for one, member in zip(others, held, strict=True) if member is not None]


async def joined_as_of(store: MessageStore, state: Conversation) -> AsyncIterator[Sequence[AccountId]]:
    """The accounts that are members of a wide group at `state`, in pieces, in order of joining. What is later is not
    there yet."""
    after: tuple[int, AccountId] | None = None
    while page := await store.joinings(state.id, after, TOGETHER):
        yield [one for joined, one, left in page if joined <= state.head and not 0 < left <= state.head]
        if len(page) < TOGETHER or page[-1][0] > state.head:
            return
        after = page[-1][:2]


async def _people(store: MessageStore, names: Sequence[PersonName]) -> list[MemberRow | None]:
    found: list[MemberRow | None] = []
    for first in range(0, len(names), TOGETHER):
        found += await store.people(names[first : first + TOGETHER])
    return found


async def _add_wrote(store: MessageStore, named: Sequence[Named], found: list[Member | None]) -> None:
    places = [place for place, (state, _) in enumerate(named) if state.wide and found[place] is not None]
    for first in range(0, len(places), TOGETHER):
        some = places[first : first + TOGETHER]
        for place, cell in zip(some, await store.wrote([_name(named[place]) for place in some]), strict=True):
            member, state = found[place], named[place][0]
            if cell is None or member is None:
                continue
            # The cell holds the last message alone, which may be above the state: all up to its head is read then.
            number, ordinal = min(cell.number, state.head), min(cell.ordinal, state.ordinal)
            found[place] = msgspec.structs.replace(member, wrote=number, wrote_ordinal=ordinal)


def _name(one: Named) -> PersonName:
    return one[0].id, one[1]
