"""Which messages of a conversation hold media, and links by which a program without a token opens one of them."""

import msgspec

from chinwag.client.asking import Asking, address
from chinwag.client.events import Unknown, decode_numbered
from chinwag.client.media import Size
from chinwag.wire.media import MediaLink, MediaPage
from chinwag.wire.values import ConversationId, NumberedEvent


class MediaMessages(msgspec.Struct, frozen=True):
    """Messages that hold media, newest first. next: `before` of the page after; None at the end."""

    events: list[NumberedEvent | Unknown]
    next: int | None


class MediaLists(Asking):
    """What may be asked about the media of a conversation."""

    async def media_in(
        self, conversation: ConversationId, *, before: int | None = None, limit: int = 50
    ) -> MediaMessages:
        """The newest messages below `before` that hold media, as far as one may read them. One that was just placed
        comes into it a moment later."""
        page = await self._http.get(f"{address(conversation)}/media", MediaPage, before=before, limit=limit)
        return MediaMessages([decode_numbered(raw) for raw in page.events], page.next)

    async def media_link(self, conversation: ConversationId, number: int, size: Size = "") -> MediaLink:
        """A link to what a message holds, for a player or a browser: good for ten minutes, and for no longer than this
        device is logged in and may read the message. Its `url` is whole."""
        place = f"{address(conversation)}/messages/{number}/media" + (f"/{size}" if size else "")
        made = await self._http.get(place, MediaLink, link="true")
        return made if "://" in made.url else MediaLink(self._http.url.rstrip("/") + made.url, made.expires_at)
