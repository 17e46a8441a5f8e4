"""To whom a message speaks: what is decided of it when it is placed, and again when it is edited."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.body import Body, Sealed
from chinwag.domain.conversation import Conversation, Role
from chinwag.domain.facts import NO_ROWS
from chinwag.domain.ids import AccountId
from chinwag.domain.wide import People, member_of

ALL: Final = AccountId("*")
"""Names all members in a body's mentions."""

UNREAD: Final = 100
"""Unread messages that speak to one, of which a view tells: the newest."""


class Mention(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Message `number` of a conversation speaks to `account`, or to all (`*`), since event `since`; 0: no more.

    One row each, named by account, conversation and number: what speaks to all has one, and not one for each member.
    """

    account: AccountId
    number: int
    since: int


def mentioned(
    state: Conversation, author: AccountId, body: Body, answered: AccountId | None, people: People = NO_ROWS
) -> tuple[AccountId, ...]:
    """The present members whom `body` names, who wrote what it answers, and `*` where the author may speak to all.

    Whoever is no member stays in the text and gets nothing; the author is told no difference. Nobody speaks to oneself.
    """
    named = () if isinstance(body, Sealed) else body.mentions
    if not named and answered is None:
        return ()
    found: dict[AccountId | None, None] = dict.fromkeys(
        one for one in (*named, answered) if one != author and one is not None and member_of(state, one, people)
    )
    if ALL in named and _may_name_all(state, author):
        found[ALL] = None
    return tuple(one for one in found if one is not None)


def spoken(number: int, accounts: Sequence[AccountId]) -> tuple[Mention, ...]:
    """The rows of a message that is placed."""
    return tuple(Mention(one, number, number) for one in accounts)


def changed(number: int, before: Sequence[AccountId], now: Sequence[AccountId], since: int) -> tuple[Mention, ...]:
    """The rows of message `number` that event `since` writes. Whom it spoke to already, it goes on speaking to."""
    gone = tuple(Mention(one, number, 0) for one in before if one not in now)
    return gone + tuple(Mention(one, number, since) for one in now if one not in before)


def unread_mentions(rows: Sequence[Mention], read: int, head: int) -> list[int]:
    """The numbers above `read` of messages that speak to whoever has these rows, rising: the newest `UNREAD`.

    head: the last event that counts; a row of a later one is ahead of what is shown beside it.
    """
    found = {row.number for row in rows if row.number > read and row.since <= head}
    return sorted(found)[-UNREAD:]


def _may_name_all(state: Conversation, author: AccountId) -> bool:
    if state.direct or state.settings.mention_all == "members":
        return True
    member = state.members.get(author)  # where it is not there, the group is wide, and it no admin
    return member is not None and member.role is not Role.MEMBER
