"""The listing of open groups."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import ConversationId


class OpenGroup(msgspec.Struct, frozen=True):
    """An open group as the listing shows it. `head` is the number of the event that this was true after."""

    conversation: ConversationId
    title: str
    description: str
    members: int
    head: int


class ListingMark(msgspec.Struct, frozen=True):
    """How far the listing has read its inbox (`domain.ids.LISTING`)."""

    epoch: int = 0
    position: int = 0


class ListingRepository(Protocol):
    """The listing of open groups: a copy of what conversations say, kept by reading an inbox."""

    async def mark(self) -> ListingMark:
        """How far the inbox was read; nothing yet: (0, 0)."""
        ...

    async def advance(self, mark: ListingMark) -> None:
        """Note how far it was read, in the transaction that stores what was found. Forward only within an epoch."""
        ...

    async def put(self, group: OpenGroup) -> None:
        """Add or replace a group, unless what is stored was true after a later event."""
        ...

    async def remove(self, conversation: ConversationId, head: int) -> None:
        """Take out a group that is no longer open after event `head`, unless what is stored is later."""
        ...

    async def page(self, search: str, after: tuple[str, ConversationId] | None, limit: int) -> list[OpenGroup]:
        """Groups with members whose title holds `search` (both folded), by folded title and then id; after that
        title and id, which need not be listed any more."""
        ...

    async def conversations(self, after: ConversationId | None, limit: int) -> list[ConversationId]:
        """All that are listed, by id: to look each of them up again."""
        ...
