"""Who is a member of a conversation as of a state of it: from the state, or in a wide group from rows.

Whoever reads about members asks here. The state is read first: rows may be ahead of it, and are read as of it.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Member, Role, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.member_row import MemberRow
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.wide import member_of as known_member
from chinwag.ports.message_store import MessageStore, PersonName

TOGETHER: Final = 1_000
"""Rows that are read together."""

_READS: Final = 5
"""How often one page is read for at most: where many have left, it holds fewer than asked for."""

Named = tuple[Conversation, AccountId]
"""An account in a conversation at a state."""
Place = tuple[int, AccountId]
"""Behind the account that came with this number."""


def in_state(state: Conversation, account: AccountId) -> bool:
    """Whether the state itself has `account` as a member. Of a wide group it has the owner and the admins alone, so
    that only a yes says anything."""
    return account in state.members


def has_owner(state: Conversation) -> bool:
    """Whether somebody owns the group: that a state always knows."""
    return any(member.role is Role.OWNER for member in state.members.values())


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


async def members_behind(
    store: MessageStore, state: Conversation, place: Place | None, limit: int
) -> tuple[list[tuple[AccountId, Role, int]], Place | None]:
    """Up to `limit` members behind `place` (None: from the first) in the order in which they came, each with its role
    and the number of its joining; and where the next page begins, None at the end. `limit` is bounded by the caller (at
    most 1,000). A page of a wide group may hold fewer and not be the last."""
    if not state.wide:
        all_ = sorted(((held.joined, one) for one, held in state.members.items()), key=_order)
        there = [one for one in all_ if place is None or _order(one) > _order(place)]
        found = [(one, state.members[one].role, joined) for joined, one in there[:limit]]
        return found, there[limit - 1] if len(there) > limit else None
    found = []
    for _ in range(_READS):
        wanted = limit + 1 - len(found)
        page = await store.joinings(state.id, place, wanted)
        for joined, one, left in page:
            if len(found) == limit:
                return found, place
            place = joined, one
            if joined <= state.head and not 0 < left <= state.head:
                member = state.members.get(one)
                found.append((one, Role.MEMBER if member is None else member.role, joined))
        if len(page) < wanted or page[-1][0] > state.head:
            return found, None
    return found, place


async def joined_as_of(store: MessageStore, state: Conversation) -> AsyncIterator[Sequence[AccountId]]:
    """The accounts that are members of a wide group at `state`, in pieces, in order of joining. What is later is not
    there yet."""
    after: tuple[int, AccountId] | None = None
    while page := await store.joinings(state.id, after, TOGETHER):
        yield [one for joined, one, left in page if joined <= state.head and not 0 < left <= state.head]
        if len(page) < TOGETHER or page[-1][0] > state.head:
            return
        after = page[-1][:2]


async def unseen(store: MessageStore, conversation: ConversationId, spans: Sequence[Span], head: int = 0) -> Refused:
    """What to say to an account with these spans that may read nothing up to `head`; 0: there is no state.

    A store may make postings readable before the states that say so (`MessageStore.posts_first`). Whoever was told of a
    group by then, and asks for it, is to try again: were there no such group, a device would forget it. Raises
    `Refused(UNAVAILABLE)`.
    """
    return _being_stored() if await _comes(store, conversation, spans, head) else Refused(Code.NO_CONVERSATION)


async def no_member(
    store: MessageStore, conversation: ConversationId, account: AccountId, state: Conversation | None
) -> Refused:
    """What to say to an account that is no member at this state: a stranger learns nothing, and whoever comes by what
    is being stored is to try again, as in `unseen`. Raises `Refused(UNAVAILABLE)`."""
    spans = await store.spans(account, conversation)
    if await _comes(store, conversation, spans, state.head if state is not None else 0):
        return _being_stored()
    return Refused(Code.NOT_MEMBER if state is not None and spans else Code.NO_CONVERSATION)


async def must_come(store: MessageStore, conversation: ConversationId, account: AccountId) -> None:
    """Raise `no_conversation` for one without a state, unless that is being stored, with `account` in it. Raises
    `Refused(UNAVAILABLE)` too."""
    if not await _comes(store, conversation, await store.spans(account, conversation), 0):
        raise Refused(Code.NO_CONVERSATION)


async def _comes(store: MessageStore, conversation: ConversationId, spans: Sequence[Span], head: int) -> bool:
    if not store.posts_first or all(span.last is not None for span in spans):
        return False
    return (await store.under_way([(conversation, head + 1)]))[0]


def _being_stored() -> Refused:
    return Refused(Code.UNAVAILABLE, "it is being stored", 1.0)


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


def _order(place: Place) -> tuple[int, int, bytes]:
    name = place[1].encode()
    return place[0], len(name), name  # as rows of joinings lie


def _name(one: Named) -> PersonName:
    return one[0].id, one[1]
