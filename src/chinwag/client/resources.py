"""Everything that a client asks over HTTP, one file a subject."""

from chinwag.client.avatars import Avatars
from chinwag.client.conversations import Conversations
from chinwag.client.links import Links
from chinwag.client.media import MediaFiles
from chinwag.client.media_lists import MediaLists
from chinwag.client.people import People
from chinwag.client.pushes import Pushes
from chinwag.client.search import Search
from chinwag.wire.admin import AnnouncementView
from chinwag.wire.http import Page


class Resources(People, Conversations, Search, Links, Pushes, MediaFiles, MediaLists, Avatars):
    """The addresses of a server. Every method raises `ApiError`, `Unreachable` or `LoggedOut`."""

    async def announcements(self, after: str | None = None, limit: int = 50) -> Page[AnnouncementView]:
        """What the server has said to everybody since this account was made, the newest first; `after` is the `next` of
        the page before."""
        return await self._http.get("/v1/announcements", Page[AnnouncementView], after=after, limit=limit)
