"""The MessageStore: what has happened in conversations, for ever."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.conversation import Conversation, SendKey, Span
from chinwag.domain.facts import Target
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.domain.mentions import Mention
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted
from chinwag.domain.refusal import Code, Refused


class KeyName(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Which command: a client's id is its own, so it is unique only with device and conversation."""

    conversation: ConversationId
    device: DeviceId
    id: ClientId


class Fanout(msgspec.Struct, frozen=True, gc=False):
    """The events numbered `first` to `last` go to the inbox of each account in `audience`, by reference. Streams come
    last in it."""

    first: int
    last: int
    audience: tuple[AccountId, ...]


class Changed(msgspec.Struct, frozen=True, gc=False):
    """The row of a message that was changed since it was placed: its JSON as it is now, and what is kept beside it.

    Whether a reader may see what it says now depends on when it was changed (`flow/as_read.py`).
    """

    event: bytes
    target: Target


Row = bytes | Changed
"""An event as it is stored: the JSON in which everybody gets it, or one that must be looked into first."""
EventName = tuple[ConversationId, int]
ReactionName = tuple[ConversationId, int, AccountId]
"""Of what an account has on a message."""
PersonName = tuple[ConversationId, AccountId]
"""Of what is kept of a member of a wide group."""
Joining = tuple[int, AccountId, int]
"""The number of a joining, the account, and the number with which it left again, or 0."""


class Commit(msgspec.Struct, frozen=True, gc=False):
    """What a batch of commands made of one conversation.

    state: after the batch; it names the log position applied. events: number and JSON as placed, rising and dense.
    fanouts: rising, together covering the events. keys: the sends placed, and such as lose their digest; of two of one
    name the later holds. spans: rows to write or overwrite. rewrites: number and row of events as they are from now on,
    also of some of `events`; they are written after all that was found through them, and in this order. mentions: rows
    to write, or to remove (`since` 0), of each name one.
    reactions: message, account, and the row of what that one has done there. counts: of a wide group, message and the
    row of how many have put what on it. cleared: messages whose reactions and counts go, also those of `reactions` and
    `counts`; a store that does not write a commit at once removes them only when no worker can be behind the state any
    more.
    people, wrote: of a wide group, rows and cells to write or overwrite, of each account one. joinings: rows to write
    or overwrite, of each number and account one. widens: the group is wide from this batch on, and among `wide_groups`.
    regrouped: whose `companions` there may have changed with it, those who went too.
    """

    state: Conversation
    events: list[tuple[int, bytes]]
    fanouts: list[Fanout]
    keys: list[tuple[KeyName, SendKey]]
    spans: list[Span]
    rewrites: list[tuple[int, Row]] = []
    mentions: list[Mention] = []
    reactions: list[tuple[int, AccountId, Reacted]] = []
    cleared: list[int] = []
    counts: Sequence[tuple[int, ReactionCounts]] = ()
    people: Sequence[tuple[AccountId, MemberRow]] = ()
    wrote: Sequence[tuple[AccountId, Wrote]] = ()
    joinings: Sequence[Joining] = ()
    widens: bool = False
    regrouped: Sequence[AccountId] = ()


class TakenOverError(Refused):
    """Another process owns the partition now. Nothing of the batch is stored, and none of it ever will be by this
    process: its commands are the new owner's to answer, to which they go again."""

    def __init__(self) -> None:
        super().__init__(Code.UNAVAILABLE, "another process has taken over this conversation", 1.0)


class MessageStore(Protocol):
    """Events, states, send keys and memberships.

    Guarantees: when `commit` returns, all of it is durable and readable, its postings too. Writing one
    conversation's rows again (a replay) changes nothing. Across conversations of a batch there is no order; of
    one conversation the state is written last, so a state never names an event that is not stored. If `commit`
    raises, part of the batch may be stored: whoever committed reads states again before deciding anything, and
    the same records, decided again, give the same rows. Reads see what has been committed before they were
    called, from any process (P8 of docs/guarantees.md).

    All calls raise `Refused(UNAVAILABLE)` when the store cannot answer in time.

    posts_first: whether what is posted may be readable before the state that says so.
    """

    posts_first: bool = False

    async def commit(self, batch: Sequence[Commit]) -> None:
        """Make a batch durable. At most one `Commit` per conversation. Raises `TakenOverError` too."""
        ...

    async def reopen(self) -> None:
        """After a failed `commit`: make sure that nothing decided before is committed later, then serve again."""
        ...

    async def check(self) -> None:
        """Raise `unavailable` if a `commit` would fail now, as far as can be told without one: for readiness. It
        changes nothing, and what can be read is read as before."""
        ...

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        """Their states, None for those not begun."""
        ...

    async def under_way(self, events: Sequence[EventName]) -> list[bool]:
        """Of events that were posted and are above the heads of their states: whether a commit that stores such a state
        may still come; else it never will, as the log has lost its records."""
        return [False] * len(events)

    async def keys(self, names: Sequence[KeyName]) -> list[SendKey | None]:
        """What these sends became, None for those not placed."""
        ...

    async def events(self, conversation: ConversationId, first: int, last: int) -> list[Row]:
        """The events numbered `first` to `last`, both included, as far as there are any, rising, as they are now.

        The caller bounds the range (at most 1,000), and by the head of the state: above it there may be some of a
        commit that has failed or is under way.
        """
        ...

    async def rows(self, names: Sequence[EventName]) -> list[Row | None]:
        """Single events of any conversations, None for those not placed. The caller bounds them (at most 1,000)."""
        ...

    async def reacted(self, names: Sequence[ReactionName]) -> list[Reacted | None]:
        """What these accounts have done with these messages, None for nothing."""
        ...

    async def reactions(
        self, conversation: ConversationId, first: int, last: int, limit: int
    ) -> list[tuple[int, AccountId, Reacted]]:
        """The rows of reactions to the messages `first` to `last`, both included, rising by message: up to `limit`, so
        that those of the last message may not be all. Those of a deleted message may be there still: nobody is shown
        them."""
        ...

    async def reactors(
        self, conversation: ConversationId, message: int, after: AccountId | None, limit: int
    ) -> list[tuple[AccountId, Reacted]]:
        """Up to `limit` of the rows of reactions to one message, those behind the row of account `after` (None: from
        the first), in an order that stays. As of `reactions` otherwise."""
        ...

    async def reaction_counts(self, names: Sequence[EventName]) -> list[ReactionCounts | None]:
        """How many have put what on these messages of wide groups, None for those that were never counted: as they are
        now, which may be ahead of the states. The caller bounds them (at most 1,000)."""
        ...

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        """What the account may read there, rising by `first`; empty for a stranger. Spans may overlap."""
        ...

    async def mentions(
        self, accounts: Sequence[AccountId], conversation: ConversationId, above: int, limit: int
    ) -> list[Mention]:
        """The rows of messages above number `above` that speak to any of `accounts`: of each the newest `limit`, in no
        order. `*` is one of its own, and names the rows of what speaks to all."""
        ...

    async def memberships(self, account: AccountId) -> list[Span]:
        """All spans of an account, grouped by conversation."""
        ...

    async def memberships_after(self, account: AccountId, after: ConversationId, limit: int) -> list[Span]:
        """All spans of up to `limit` conversations of an account, grouped by conversation, in the order of their names:
        by the length of the UTF-8, then by its bytes. Those after `after`, which need not be one of them. A page of
        fewer than `limit` is the last.

        Clients keep where a page ended, so the order is the same in every store: an installation may move.
        """
        ...

    async def companions(self, account: AccountId, limit: int) -> set[AccountId]:
        """With whom `account` shares its presence for the sake of the conversations that it is in now (`companions` of
        `domain/conversation.py`), itself too; up to `limit`. It may go by a change that a commit which failed has left
        behind.

        Each connect and each good-bye asks for it: where a state costs a request, not all of them are read for it.
        """
        ...

    async def conversations(self, after: ConversationId, limit: int) -> list[ConversationId]:
        """Up to `limit` conversations that have begun, those whose names come after `after` (which need not be one of
        them; empty: from the first); none at the end. The order is the store's own and stays the same: whoever walks
        on from the last one finds each that had begun before, once.

        For those who must see everything once. The caller bounds `limit` (at most 1,000).
        """
        ...

    async def people(self, names: Sequence[PersonName]) -> list[MemberRow | None]:
        """What is kept of these accounts in these wide groups, None for nothing: as they are now, which may be ahead of
        the states. The caller bounds them (at most 1,000)."""
        ...

    async def wrote(self, names: Sequence[PersonName]) -> list[Wrote | None]:
        """The last messages of these accounts in these wide groups, None for none. The caller bounds them (at most
        1,000)."""
        ...

    async def joinings(
        self, conversation: ConversationId, after: tuple[int, AccountId] | None, limit: int
    ) -> list[Joining]:
        """Up to `limit` joinings of a wide group, those behind `after` (which need not be one; None: from the first),
        also of who has left since. They rise by number, and those of one number by account: by the length of its UTF-8,
        then by its bytes. The caller bounds `limit` (at most 10,000)."""
        ...

    async def wide_groups(self, after: ConversationId, limit: int) -> list[ConversationId]:
        """Up to `limit` groups that are wide, in an order as that of `conversations`, behind `after`."""
        ...

    async def forget_joinings(self, conversation: ConversationId, names: Sequence[tuple[int, AccountId]]) -> None:
        """Remove these rows of joinings, of who left so long ago that no worker is behind it; durable when it returns.
        The caller bounds them (at most 1,000). Raises `Refused(UNAVAILABLE)`: some may be gone."""
        ...

    async def forget(self, account: AccountId, devices: Sequence[DeviceId]) -> None:
        """Forget the spans and mentions of an account, what is kept of it as a member of wide groups but for its
        joinings, and the send keys of its devices, in the conversations that the spans name.

        What it wrote stays, as do all other accounts' send keys. Spans go last, so that a call that failed can be made
        again; durable when it returns. Only for an account that is closed and has left its groups: its sends would be
        placed twice. Raises `Refused(UNAVAILABLE)`.
        """
        ...
