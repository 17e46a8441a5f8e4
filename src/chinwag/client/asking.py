"""What everything that is asked over HTTP shares: the connection, and reading a list to its end."""

from typing import TypeVar
from urllib.parse import quote

from chinwag.client.http import Http
from chinwag.wire.http import Page
from chinwag.wire.values import ConversationId

T = TypeVar("T")


class Asking:
    """Every method of those that stand on this raises `ApiError`, `Unreachable` or `LoggedOut`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def _every(self, path: str, page_type: type[Page[T]]) -> list[T]:
        """All pages of a list whose length the server bounds (1,000), so this ends."""
        found: list[T] = []
        after: str | None = None
        while True:
            page = await self._http.get(path, page_type, after=after, limit=200)
            found += page.items
            if page.next is None or not page.items:
                return found
            after = page.next


def address(conversation: ConversationId) -> str:
    """Where a conversation is."""
    return f"/v1/conversations/{quote(conversation, safe='~')}"
