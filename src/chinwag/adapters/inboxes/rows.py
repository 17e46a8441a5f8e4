"""What an inbox partition's worker keeps, and where: values, and what is wanted of whatever store keeps them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from chinwag.adapters.inboxes.told_marks import Held
from chinwag.domain.conversation import START, Position
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks

Part = bytes | tuple[ConversationId, int, int]
"""An event without a number (JSON); or conversation, first number and count of a run."""


class InboxState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An account's inbox after the record at `applied` of its partition's stream.

    head: its last position, 0 before the first. floor: entries at or below it were forgotten. days: of each day (since
    1970, UTC) on which something was posted, how many entries there were before it.
    """

    head: int = 0
    floor: int = 0
    applied: Position = START
    days: tuple[tuple[int, int], ...] = ()


class InboxRow(msgspec.Struct, frozen=True, gc=False):
    """What one record posted to one account: the entries up to position `last`. at: the record's place in the stream;
    it stands for this one row and no other, so whoever writes it again changes nothing."""

    account: AccountId
    last: int
    count: int
    parts: Sequence[Part]
    at: Position


class Moved(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An account's marks in a conversation as they are after a move that is told of. generation: of its marks there:
    another one each time that the account is forgotten."""

    conversation: ConversationId
    account: AccountId
    generation: int
    marks: Marks


class Checkpoint(msgspec.Struct, frozen=True, gc=False):
    """All records of a partition's stream up to `applied` are rows, and `seen` is the highest position of each source
    that they held, in the order in which the sources were heard of last. told: the marks that they told of."""

    applied: Position = START
    seen: Mapping[str, Position] = {}
    told: Mapping[bytes, Held] = {}


class InboxRows(Protocol):
    """Keeps it.

    Guarantees: what a call wrote is read by any that begins later, from any process. Of two writes of one row, state or
    checkpoint the one at the higher place in the stream holds, whichever comes first or last; the same write again
    changes nothing. All calls raise `Refused(UNAVAILABLE)` when the store cannot answer in time: part of it may be
    done.
    """

    async def write(self, rows: Sequence[InboxRow]) -> None:
        """Keep rows, for as long as inboxes are kept."""
        ...

    async def save(self, states: Mapping[AccountId, InboxState]) -> None:
        """Keep states, each at its `applied`."""
        ...

    async def move(self, moved: Sequence[Moved]) -> None:
        """Let marks be at least what these say, so that nobody hears of a mark that is not readable yet."""
        ...

    async def states(self, accounts: Sequence[AccountId]) -> list[InboxState]:
        """The states of these; `InboxState()` for an inbox that was never posted to."""
        ...

    async def rows(self, account: AccountId, after: int, last: int, limit: int) -> list[InboxRow]:
        """The rows that hold entries above position `after`, up to `last`, rising; as many as hold `limit` entries, if
        there are so many."""
        ...

    async def replace(self, rows: Sequence[InboxRow]) -> None:
        """Keep other contents of rows that were read: they win over the first, also if those are written again. What
        was there before is gone from the store within the days that it says it needs for that."""
        ...

    async def checkpoint(self, partition: int) -> Checkpoint:
        """How far a partition has come."""
        ...

    async def save_checkpoint(self, partition: int, checkpoint: Checkpoint) -> None:
        """It has come so far."""
        ...

    async def acked(self, partition: int) -> Position:
        """The highest place of a partition's stream at which somebody was told that a record is there."""
        ...

    async def save_acked(self, positions: Mapping[int, Position]) -> None:
        """Keep such places, by partition. A lower one than before is void."""
        ...

    async def base(self) -> int:
        """What the inboxes' epoch is counted from: 0, or more where they were moved here, so that the cursors of before
        hold until something is lost. It never changes while somebody serves."""
        ...
