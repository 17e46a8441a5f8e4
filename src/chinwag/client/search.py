"""What a client asks to find messages."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chinwag.client.asking import Asking
from chinwag.client.events import Unknown, decode_numbered
from chinwag.wire.conversations import SearchPage, TextRange
from chinwag.wire.values import AccountId, ConversationId, NumberedEvent


class FoundMessage(msgspec.Struct, frozen=True):
    """A message that was looked for, as it is now. ranges: what of its text was looked for, in code points, which is
    what Python counts."""

    message: NumberedEvent | Unknown
    ranges: list[TextRange]


class Found(msgspec.Struct, frozen=True):
    """Messages, the newest first. next: give it as `before` for the following page; None at the end. indexed_up_to: the
    server has not yet looked at all that was sent after this time (milliseconds since 1970)."""

    hits: list[FoundMessage]
    next: str | None = None
    indexed_up_to: int | None = None


class Search(Asking):
    """Messages of all conversations."""

    async def search(
        self,
        query: str = "",
        *,
        conversation: ConversationId | None = None,
        sender: AccountId | None = None,
        since: int | None = None,
        until: int | None = None,
        mentions_me: bool = False,
        has: Sequence[Literal["media", "link"]] = (),
        before: str | None = None,
        limit: int = 20,
    ) -> Found:
        """Messages that hold all words of `query` (in double quotes: one after another), of one conversation, from one
        account, sent from `since` to before `until` (milliseconds since 1970), that mention oneself, that have a link
        or a picture. Something of it must be given."""
        page = await self._http.get(
            "/v1/search",
            SearchPage,
            q=query or None,
            conversation=conversation,
            since=since,
            until=until,
            mentions="me" if mentions_me else None,
            has=list(has) or None,
            before=before,
            limit=limit,
            **{"from": sender},
        )
        hits = [FoundMessage(decode_numbered(hit.message), hit.ranges) for hit in page.hits]
        return Found(hits, page.next, page.indexed_up_to)
