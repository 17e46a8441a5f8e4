"""What a client asks over HTTP: people, friends, presence, conversations, history."""

import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from chinwag.client.events import Unknown, decode_numbered
from chinwag.client.http import Http
from chinwag.wire.conversations import (
    ConversationPage,
    ConversationView,
    CreateGroup,
    EventPage,
    Placed,
    Receipt,
    Receipts,
)
from chinwag.wire.http import ChangeProfileRequest, Friend, Me, Page, PresenceEntry, User
from chinwag.wire.values import AccountId, ConversationId, NumberedEvent, Settings

PAGE: Final = 100
"""Events or conversations asked for at once, at most."""


class History(msgspec.Struct, frozen=True):
    """Events in rising order of number, without holes. head: the highest number that one may read."""

    events: list[NumberedEvent | Unknown]
    head: int


class Resources:
    """The addresses of a server. Every method raises `ApiError`, `Unreachable` or `LoggedOut`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    # People

    async def me(self) -> Me:
        """One's own account."""
        return await self._http.get("/v1/me", Me)

    async def set_profile(self, *, display_name: str | None = None, about: str | None = None) -> Me:
        """Change what others see; what is not given stays."""
        return await self._http.patch("/v1/me", ChangeProfileRequest(display_name, about), Me)

    async def user(self, account: AccountId) -> User:
        """One account, by its id."""
        return await self._http.get(f"/v1/users/{quote(account, safe='')}", User)

    async def users(self, accounts: Sequence[AccountId]) -> list[User]:
        """Those of up to 100 accounts that exist, in no order."""
        return (await self._http.get("/v1/users", Page[User], id=list(accounts))).items

    async def find_user(self, name: str) -> User | None:
        """The account of that name, in any case; None if there is none."""
        found = await self._http.get("/v1/users", Page[User], name=name)
        return found.items[0] if found.items else None

    async def friends(self) -> list[Friend]:
        """All friends."""
        return await self._all_friends("/v1/friends")

    async def friend_requests(self) -> list[Friend]:
        """Requests that wait, one's own and those of others: `by` says whose."""
        return await self._all_friends("/v1/friends/requests")

    async def befriend(self, account: AccountId) -> Friend:
        """Ask for friendship, or accept what the other asked."""
        return await self._http.put(f"/v1/friends/{quote(account, safe='')}", Friend)

    async def unfriend(self, account: AccountId) -> None:
        """End a friendship, decline a request, or take one's own back."""
        await self._http.delete(f"/v1/friends/{quote(account, safe='')}")

    async def presence(self, accounts: Sequence[AccountId]) -> list[PresenceEntry]:
        """Who of up to 100 accounts is online; those of whom one may not know are left out."""
        return (await self._http.get("/v1/presence", Page[PresenceEntry], account=list(accounts))).items

    # Conversations

    async def conversations(self, before: str | None = None, limit: int = PAGE) -> ConversationPage:
        """Conversations by activity, the latest first; `before` is the `next` of the page before."""
        return await self._http.get("/v1/conversations", ConversationPage, before=before, limit=limit)

    async def conversation(self, conversation: ConversationId) -> ConversationView:
        """One conversation."""
        return await self._http.get(_address(conversation), ConversationView)

    async def create_group(
        self, title: str, members: Sequence[AccountId] = (), settings: Settings | None = None, key: str | None = None
    ) -> Placed:
        """Begin a group of oneself and `members`. The same `key` again finds the same group."""
        body = CreateGroup(title, tuple(members), settings or Settings())
        return await self._http.post("/v1/conversations", body, Placed, key=key or secrets.token_urlsafe(16))

    async def history(
        self,
        conversation: ConversationId,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> History:
        """Events before, after or around a number; without one, the newest. Give one of the three at most."""
        page = await self._http.get(
            _address(conversation) + "/messages", EventPage, before=before, after=after, around=around, limit=limit
        )
        return History([decode_numbered(raw) for raw in page.events], page.head)

    async def changes(self, conversation: ConversationId, after: int, limit: int = PAGE) -> History:
        """What changed of earlier messages (edits, deletions, reactions) by events after `after`."""
        page = await self._http.get(_address(conversation) + "/changes", EventPage, after=after, limit=limit)
        return History([decode_numbered(raw) for raw in page.events], page.head)

    async def receipts(self, conversation: ConversationId, number: int) -> list[Receipt]:
        """Who has read a message, and when."""
        return (await self._http.get(f"{_address(conversation)}/messages/{number}/receipts", Receipts)).receipts

    async def _all_friends(self, path: str) -> list[Friend]:
        found: list[Friend] = []
        after: str | None = None
        # A server lets an account have so many at most (1,000), so this ends.
        while True:
            page = await self._http.get(path, Page[Friend], after=after, limit=200)
            found += page.items
            if page.next is None or not page.items:
                return found
            after = page.next


def _address(conversation: ConversationId) -> str:
    return f"/v1/conversations/{quote(conversation, safe='~')}"
