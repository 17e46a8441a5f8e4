"""What a client asks about groups that people can find, and about join links."""

from urllib.parse import quote

from chinwag.client.asking import Asking, address
from chinwag.client.conversations import PAGE
from chinwag.wire.groups import CreateLinkRequest, GroupCard, LinkEntry, Membership, NewLink
from chinwag.wire.http import Page
from chinwag.wire.values import ConversationId


class Links(Asking):
    """Open groups, and links into others."""

    async def find_groups(self, search: str = "", after: str | None = None, limit: int = PAGE) -> Page[GroupCard]:
        """Open groups by title; `search` is a part of it, `after` the `next` of the page before."""
        return await self._http.get("/v1/groups", Page[GroupCard], search=search, after=after, limit=limit)

    async def open_group(self, conversation: ConversationId) -> GroupCard:
        """What a stranger sees of an open group. One comes in by `join`."""
        return await self._http.get(f"/v1/groups/{quote(conversation, safe='~')}", GroupCard)

    async def look_at_link(self, code: str) -> GroupCard:
        """The group that a join link leads to."""
        return await self._http.get(f"/v1/links/{quote(code, safe='')}", GroupCard)

    async def join_by_link(self, code: str) -> Membership:
        """Come into a group, open or not. Doing it again takes no second use and gives the same."""
        return await self._http.post(f"/v1/links/{quote(code, safe='')}", None, Membership)

    async def links(self, conversation: ConversationId) -> list[LinkEntry]:
        """The join links of a group that are good, the newest first. For its owner and admins."""
        return (await self._http.get(f"{address(conversation)}/links", Page[LinkEntry])).items

    async def create_link(self, conversation: ConversationId, *, uses: int = 100, valid_hours: int = 168) -> NewLink:
        """Make a link; its code is shown this once. Not repeated by itself, as a repetition would make a second."""
        request = CreateLinkRequest(uses, valid_hours)
        return await self._http.post_once(f"{address(conversation)}/links", request, NewLink)

    async def revoke_link(self, conversation: ConversationId, link: str) -> None:
        """Nobody comes in by it any longer."""
        await self._http.delete(f"{address(conversation)}/links/{quote(link, safe='')}")
