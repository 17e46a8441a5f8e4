"""Who is in a conversation, for its members: page by page in the order in which they came, or looked for by name.

The pages ask the message store alone, so they go on while the directory is away; only a search needs it.
"""

from collections.abc import Sequence
from typing import Final

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import (
    ID_BYTES,
    AccountId,
    ConversationId,
    check_account_id,
    check_conversation_id,
)
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import GroupMember, MemberPage
from chinwag.flow.membership_of import Place, is_member, members_behind, members_of, no_member
from chinwag.flow.people_search import PeopleSearch
from chinwag.flow.states import States
from chinwag.ports.message_store import MessageStore

_DIGITS: Final = 15


class Members:
    """Lists them, and looks for them. All calls raise `Refused`: `no_conversation` to a stranger, `not_member` to
    whoever is none any more, `unavailable`."""

    def __init__(self, store: MessageStore, states: States, people: PeopleSearch) -> None:
        self._store = store
        self._states = states
        self._people = people

    async def page(self, account: AccountId, conversation: ConversationId, after: str | None, limit: int) -> MemberPage:
        """Up to `limit` members (at most 1,000), those behind the page whose `next` is `after`. Raises `bad_cursor`."""
        place = None if after is None else _parsed(after)
        state = await self._state(account, conversation)
        found, more = await members_behind(self._store, state, place, limit)
        members = [GroupMember(one, role, joined) for one, role, joined in found]
        return MemberPage(members, None if more is None else f"{more[0]}.{more[1]}")

    async def search(self, account: AccountId, conversation: ConversationId, text: str) -> MemberPage:
        """The members of those people whom `PeopleSearch.search_among` finds and shows. Raises as that does."""
        state = await self._state(account, conversation)
        members: dict[AccountId, GroupMember] = {}

        async def inside(people: Sequence[AccountId]) -> list[AccountId]:
            held = await members_of(self._store, [(state, one) for one in people])
            for one, member in zip(people, held, strict=True):
                if member is not None:
                    members[one] = GroupMember(one, member.role, member.joined)
            return list(members)

        shown = await self._people.search_among(account, text, inside)
        return MemberPage([members[one.id] for one in shown])

    async def _state(self, account: AccountId, conversation: ConversationId) -> Conversation:
        """Of a conversation of which `account` is a member."""
        check_conversation_id(conversation)
        # Past the cache: whoever was put out learns nothing more from the moment on in which that was acked.
        state = (await self._states.load([conversation]))[0]
        if state is None or not await is_member(self._store, state, account):
            raise await no_member(self._store, conversation, account, state)
        return state


def _parsed(after: str) -> Place:
    joined, dot, account = after.partition(".")
    try:
        name = AccountId(account)
        check_account_id(name)
        storable = account.isprintable() and len(account.encode()) <= ID_BYTES
    except (Refused, UnicodeError):
        raise Refused(Code.BAD_CURSOR) from None
    if not dot or not storable or not (joined.isascii() and joined.isdecimal() and len(joined) <= _DIGITS):
        raise Refused(Code.BAD_CURSOR)
    return int(joined), name
