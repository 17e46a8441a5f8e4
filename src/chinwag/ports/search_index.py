"""The SearchIndex: which messages may be what somebody looks for."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.message_query import Phrase
from chinwag.ports.scrub import Scrub

Has = Literal["media", "link"]
"""What a message may have besides words."""


class Place(msgspec.Struct, frozen=True, gc=False, order=True, array_like=True):
    """Where a message stands among all others: by its time (milliseconds since 1970), then by its name."""

    sent_at: int
    conversation: ConversationId
    number: int


class Findable(msgspec.Struct, frozen=True, gc=False):
    """A message as the index keeps it. terms: of `domain/terms.py`, in the order of the text. mentioned: accounts, and
    "*" for all members."""

    place: Place
    sender: AccountId
    terms: Sequence[str]
    mentioned: Sequence[str] = ()
    has: Sequence[Has] = ()


class Gone(msgspec.Struct, frozen=True, gc=False):
    """What stands there is nothing that may be found (any more)."""

    conversation: ConversationId
    number: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of `conversations` that hold all phrases, of `sender`, that mention `mentioned` or all, and have all of
    `has`, sent from `since` to before `until`; only those below `before`. None, or nothing, asks for nothing there."""

    conversations: Sequence[ConversationId]
    phrases: Sequence[Phrase] = ()
    sender: AccountId | None = None
    mentioned: AccountId | None = None
    has: Sequence[Has] = ()
    since: int | None = None
    until: int | None = None
    before: Place | None = None


class SearchIndex(Scrub, Protocol):
    """Messages by what is in them. A copy that can be made again at any time: it is part of no backup.

    Guarantees: rows and progress of one `write` are durable together or not at all; `find` sees what was written before
    it was called. The index only proposes: it may know a message as it was, and a phrase of a long text may be told to
    be there that is not; of what it was given it leaves out nothing. Which messages somebody may read it does not know.

    All calls raise `Refused(UNAVAILABLE)` when the index cannot answer in time.
    """

    async def progress(self) -> bytes:
        """What was last written as such; nothing in an index that was just made."""
        ...

    async def write(self, rows: Sequence[Findable | Gone], progress: bytes, after: bytes) -> bool:
        """Put each row in the place of whatever was known of it, and keep `progress`. False, and nothing is changed, if
        the progress is not `after` any more: somebody else writes. Of one message the last row counts."""
        ...

    async def clear(self, progress: bytes) -> None:
        """Forget all rows, and keep `progress`."""
        ...

    async def find(self, wanted: Wanted, limit: int) -> list[Place]:
        """The highest `limit` places, falling. Fewer mean that there are no more. Cancelling it ends the work."""
        ...

    async def rows(self) -> int:
        """How many messages are known; on a large index about so many."""
        ...

    async def close(self) -> None:
        """Let go of the engine. Bounded."""
        ...
