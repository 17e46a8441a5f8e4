"""The Inbox: for each account one dense sequence of what its devices must know."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId, ConversationId


class Posting(msgspec.Struct, frozen=True, gc=False):
    """An event without a number (a mark, an account change), as JSON, for the inbox of `account`."""

    account: AccountId
    event: bytes


class Run(msgspec.Struct, frozen=True, gc=False):
    """Entries at `position`, `position` + 1, … that refer to consecutive events of one conversation."""

    position: int
    conversation: ConversationId
    first: int
    count: int


class Inline(msgspec.Struct, frozen=True, gc=False):
    """The entry at `position`, which carries its event (JSON) itself."""

    position: int
    event: bytes

    @property
    def count(self) -> int:
        """One entry."""
        return 1


class Bounds(msgspec.Struct, frozen=True, gc=False):
    """What an inbox holds: the positions above `floor`, up to `head`.

    epoch: changes only when what was readable may be gone: with a restore, or when a standby took over.
    """

    epoch: int
    floor: int
    head: int


class Slice(msgspec.Struct, frozen=True, gc=False):
    """Entries in rising, dense order, and the inbox's bounds when they were read."""

    entries: list[Run | Inline]
    bounds: Bounds


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """Events (JSON) that have become readable for `account` at `position`, `position` + 1, …

    Without events it says only that everything below `position` is readable, whether it was told or not. epoch: of the
    inbox then.
    """

    account: AccountId
    position: int
    events: Sequence[bytes]
    epoch: int


class Inbox(Protocol):
    """One sequence of entries per account, at positions 1, 2, 3 … without holes.

    Guarantees: an entry once readable stays the same until it falls below the floor; an inbox never passes
    over anything posted to it; entries posted in one call to one account keep their order. What
    `MessageStore.commit` and `MarkStore.advance` post is readable when they return (embedded) or soon after, in
    order (cluster). Posting is at least once: a copy of an entry may appear after a failure, and readers are
    built so that it changes nothing.
    """

    async def post(self, postings: Sequence[Posting]) -> None:
        """Make the postings durable. Raises `Refused(UNAVAILABLE)` when that failed or is not known."""
        ...

    async def read(self, account: AccountId, after: int, limit: int) -> Slice:
        """Up to about `limit` entries after position `after`, never splitting what follows into holes.

        `after` may lie below the floor or beyond the head: the slice is then empty and its bounds say so.
        """
        ...

    async def bounds(self, account: AccountId) -> Bounds:
        """What there is to read. An inbox that was never posted to has floor and head 0."""
        ...

    async def heads(self, accounts: Sequence[AccountId]) -> tuple[int, list[int]]:
        """The epoch of the inboxes, and the head of each of these; at least one."""
        ...

    def given(self, account: AccountId, after: int, last: int) -> list[Run] | None:
        """References to events among the entries above `after` up to `last`, as this process remembers what its feed
        told of late; None: they are to be read."""
        del account, after, last
        return None

    def hold(self, account: AccountId) -> None:
        """Tell this process's feed of arrivals for `account` from now on. Counted: as many `release` end it.

        Of a stream (`stream_of`) it may never tell: whoever follows one looks now and then.

        Where others post to that inbox as well it takes a moment until they know. Then the feed tells of an arrival
        without events at the end of the inbox: who had read less by then misses something and reads on.
        """
        ...

    def release(self, account: AccountId) -> None:
        """One `hold` less."""
        ...

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        """Call `handler`, on the event loop, with what becomes readable for held accounts.

        Each account's arrivals come in rising order of position. One may be lost (the next then does not
        follow the last): who sees that reads the inbox. An arrival of another epoch than the last means that what was
        readable may be gone, in every inbox.
        """
        ...

    async def rewrite(self, account: AccountId, rewriting: Callable[[bytes], bytes]) -> int:
        """Put `rewriting(event)` in the place of each `Inline` event of the inbox that is readable now; how many
        changed. For erasure alone: positions stay, and what comes in meanwhile is left as it is.

        Raises `Refused(UNAVAILABLE)`: some may be changed; doing it again does the rest.
        """
        ...

    async def forget(self, account: AccountId) -> None:
        """Make all that was ever posted to `account` unreadable: the floor rises to the head. Durable when it returns.
        The inbox itself goes on, dense as before. Raises `Refused(UNAVAILABLE)`: do it again."""
        ...

    async def trim(self, before_ms: int, limit: int) -> int:
        """Forget up to `limit` entries posted before `before_ms` (since 1970), oldest first per account.

        Raises the floors accordingly. Returns how many went; fewer than `limit` means that no more are due.
        """
        ...
