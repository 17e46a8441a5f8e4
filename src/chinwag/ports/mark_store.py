"""The MarkStore: how far people have read, and when they were last active."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks
from chinwag.ports.inbox import Posting


class Advance(msgspec.Struct, frozen=True, gc=False):
    """`account`'s marks in `conversation` move to `marks`.

    stepped: keep the read mark as a step (number, time), so that "when was it read" can be answered.
    withheld: nobody but the account is to see the move; read_withheld: nobody else is to see what was read, and of
    what came only what `marks.delivered` says; see `domain.marks.moved`.
    told: posted with the move, and not if neither mark moves: another process has moved them further since they were
    looked at, and has told of that, so that to tell of these would take the mark back in somebody's eyes.
    still: nothing moves. `told` is posted if the marks are `marks` at this very moment: for those who must hear of
    marks that have moved before, and may not hear of them after later ones.
    """

    conversation: ConversationId
    account: AccountId
    marks: Marks
    stepped: bool
    withheld: bool = False
    read_withheld: bool = False
    told: Sequence[Posting] = ()
    still: bool = False


class ReadStep(msgspec.Struct, frozen=True, gc=False):
    """`account` had read up to a number or beyond at `at` (milliseconds since 1970; 0: not known when)."""

    account: AccountId
    at: int


class Seen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is kept of an account's presence: whether it was online at its last transition, and when that was."""

    account: AccountId
    online: bool
    last_active_at: int


class MarkStore(Protocol):
    """Marks, and the last transition of each account's presence.

    Guarantees: marks only move forward (P9 of docs/guarantees.md), in whatever order and however often advances
    arrive. When `advance` returns, marks and postings are durable. If it raises `Refused(UNAVAILABLE)`, some of them
    may be; the postings are never behind the marks, so doing it again loses nobody's notice.
    """

    async def advance(self, advances: Sequence[Advance], postings: Sequence[Posting] = ()) -> None:
        """Move marks forward, one advance after the other, and post what those that move anything tell, and `postings`
        in any case."""
        ...

    async def marks(self, wanted: Sequence[tuple[ConversationId, AccountId]]) -> list[Marks]:
        """The marks of each pair; none yet is `Marks()`."""
        ...

    async def of_conversation(self, conversation: ConversationId, limit: int) -> dict[AccountId, Marks]:
        """The marks of up to `limit` accounts in a conversation, also of some who have left."""
        ...

    async def readers(self, conversation: ConversationId, number: int, limit: int) -> list[ReadStep]:
        """Who has read event `number`, and when."""
        ...

    async def forget(self, account: AccountId, conversations: Sequence[ConversationId]) -> None:
        """Forget the account's marks and steps in `conversations`, and its presence. Durable when it returns, and
        doing it again changes nothing. An advance that arrives later starts from nothing, which P9 allows for nobody
        else: so only for an account that is closed. Raises `Refused(UNAVAILABLE)`: do it again."""
        ...

    async def save_seen(self, rows: Sequence[Seen]) -> None:
        """Keep transitions of presence; of two rows of an account the one with the later time holds."""
        ...

    async def seen(self, accounts: Sequence[AccountId]) -> list[Seen | None]:
        """The last transitions kept, None where there was none."""
        ...

    async def seen_after(self, account: AccountId | None, limit: int) -> list[Seen]:
        """Up to `limit` of the last transitions kept, in a fixed order of their accounts: those after `account`'s, from
        the first for None. Fewer than `limit`: there are no more. Raises `Refused(UNAVAILABLE)`."""
        ...
