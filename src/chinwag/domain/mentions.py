"""To whom a message speaks: what is decided of it when it is placed, and again when it is edited."""

from typing import Final

from chinwag.domain.body import Body, Text
from chinwag.domain.conversation import Conversation, Role
from chinwag.domain.ids import AccountId

ALL: Final = AccountId("*")
"""Names all members in a body's mentions."""


def mentioned(state: Conversation, author: AccountId, body: Body, answered: AccountId | None) -> tuple[AccountId, ...]:
    """The present members whom `body` names, who wrote what it answers, and `*` where the author may speak to all.

    Whoever is no member stays in the text and gets nothing; the author is told no difference. Nobody speaks to oneself.
    """
    named = body.mentions if type(body) is Text else ()
    if not named and answered is None:
        return ()
    found = dict.fromkeys(one for one in (*named, answered) if one in state.members and one != author)
    if ALL in named and _may_name_all(state, author):
        found[ALL] = None
    return tuple(one for one in found if one is not None)


def _may_name_all(state: Conversation, author: AccountId) -> bool:
    return state.direct or state.settings.mention_all == "members" or state.members[author].role is not Role.MEMBER
