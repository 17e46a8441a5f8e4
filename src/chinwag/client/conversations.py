"""What a client asks about conversations: which there are, their history, who has read."""

import secrets
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.client.asking import Asking, address
from chinwag.client.events import Unknown, decode_numbered
from chinwag.wire.conversations import (
    ConversationPage,
    ConversationView,
    CreateGroup,
    EventPage,
    Gap,
    GroupMember,
    MemberPage,
    OneEvent,
    Pins,
    Placed,
    ReactionCountPage,
    ReactionPage,
    Receipt,
    Receipts,
)
from chinwag.wire.http import Page
from chinwag.wire.preferences import Preferences, Preferred
from chinwag.wire.values import AccountId, ConversationId, Given, GroupSettings, NumberedEvent

PAGE: Final = 100
"""Events or conversations asked for at once, at most."""


class History(msgspec.Struct, frozen=True):
    """Events in rising order of number. gaps: what was said while one was no member. What else is missing between them
    are edits, deletions and reactions, which a page of history passes over and a page of changes holds.

    head: the highest number that one may read. quoted: messages that those of a page of history answer and that are not
    among them, as they are now. far: of a page of changes of a large group, so much lies between that it holds none.
    turn: of a page of history of a large group, as of how many reactions without a number its own are.
    """

    events: list[NumberedEvent | Unknown]
    head: int
    gaps: list[Gap] = []
    quoted: list[NumberedEvent | Unknown] = []
    far: bool = False
    turn: int = 0


class Conversations(Asking):
    """The conversations of this account."""

    async def conversations(self, before: str | None = None, limit: int = PAGE) -> ConversationPage:
        """Conversations by activity, the latest first; `before` is the `next` of the page before."""
        return await self._http.get("/v1/conversations", ConversationPage, before=before, limit=limit)

    async def conversation(self, conversation: ConversationId) -> ConversationView:
        """One conversation."""
        return await self._http.get(address(conversation), ConversationView)

    async def members(self, conversation: ConversationId, after: str | None = None, limit: int = PAGE) -> MemberPage:
        """Members in the order in which they came; `after` is the `next` of the page before. A page may hold fewer than
        asked for: the last one has no `next`."""
        return await self._http.get(address(conversation) + "/members", MemberPage, after=after, limit=limit)

    async def search_members(self, conversation: ConversationId, beginning: str) -> list[GroupMember]:
        """At most 20 members of whose name, or of a word of whose display name, this is the beginning: those whom the
        search for users shows, friends first, and oneself."""
        page = await self._http.get(address(conversation) + "/members", MemberPage, search=beginning)
        return page.members

    async def create_group(
        self,
        title: str,
        members: Sequence[AccountId] = (),
        settings: GroupSettings | None = None,
        key: str | None = None,
    ) -> Placed:
        """Begin a group of oneself and `members`. The same `key` again finds the same group."""
        body = CreateGroup(title, tuple(members), settings or GroupSettings())
        return await self._http.post("/v1/conversations", body, Placed, key=key or secrets.token_urlsafe(16))

    async def history(
        self,
        conversation: ConversationId,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        at: int | None = None,
        limit: int = 50,
    ) -> History:
        """Messages and notices before, after or around a number, or around a moment (milliseconds since 1970); without
        one, the newest. Give one of the four at most."""
        page = await self._http.get(
            address(conversation) + "/messages",
            EventPage,
            before=before,
            after=after,
            around=around,
            at=at,
            limit=limit,
        )
        quoted = [decode_numbered(raw) for raw in page.quoted]
        return History([decode_numbered(raw) for raw in page.events], page.head, page.gaps, quoted, turn=page.turn)

    async def message(self, conversation: ConversationId, number: int) -> NumberedEvent | Unknown:
        """One message or notice, as it is now."""
        return decode_numbered((await self._http.get(f"{address(conversation)}/messages/{number}", OneEvent)).event)

    async def reactions(self, conversation: ConversationId, number: int) -> list[Given]:
        """Who has put which reaction on a message, in the order in which they did."""
        found: list[Given] = []
        after: int | None = 0
        turn = 0
        while after is not None:
            path = f"{address(conversation)}/messages/{number}/reactions"
            page = await self._http.get(path, ReactionPage, after=after, after_turn=turn, limit=200)
            found += page.reactions
            after, turn = page.next, page.next_turn
        return found

    async def reaction_counts(self, conversation: ConversationId, numbers: Sequence[int]) -> ReactionCountPage:
        """How many have put which reaction on messages of a large group, of which no event tells: of 100 at most."""
        return await self._http.get(
            f"{address(conversation)}/reactions", ReactionCountPage, message=[str(one) for one in numbers]
        )

    async def pins(self, conversation: ConversationId) -> list[NumberedEvent | Unknown]:
        """The pinned messages that one may read, as they are now, the one pinned last at the end."""
        return [decode_numbered(one) for one in (await self._http.get(f"{address(conversation)}/pins", Pins)).messages]

    async def changes(
        self, conversation: ConversationId, after: int, limit: int = PAGE, wait: float | None = None
    ) -> History:
        """Every event after `after`: new ones, and what they change of earlier messages. wait: of a large group, if
        there is none, whole seconds to wait for the first one, 20 at most."""
        path = address(conversation) + "/changes"
        asked = None if wait is None else min(int(wait), 20)
        page = await self._http.get(path, EventPage, after=after, limit=limit, wait=asked)
        return History([decode_numbered(raw) for raw in page.events], page.head, page.gaps, far=page.far)

    async def preferences(self, conversation: ConversationId) -> Preferred:
        """What one wants of a conversation."""
        return await self._http.get(f"{address(conversation)}/preferences", Preferred)

    async def all_preferences(self) -> list[Preferred]:
        """What one ever set of any conversation; for all others the defaults hold."""
        return await self._every("/v1/preferences", Page[Preferred])

    async def set_preferences(self, conversation: ConversationId, preferences: Preferences) -> Preferred:
        """Want this of a conversation, on all devices; it takes the place of all that was wanted of it."""
        return await self._http.put(f"{address(conversation)}/preferences", Preferred, preferences)

    async def receipts(self, conversation: ConversationId, number: int) -> list[Receipt]:
        """Who has read a message, and when."""
        return (await self._http.get(f"{address(conversation)}/messages/{number}/receipts", Receipts)).receipts
