"""What is read of the numbers that accounts may read.

A row of an epoch that is over may say that somebody came or went by a record that its log has lost (`ends.py`). Then
what it said before is read instead, from the state and from what is kept of each leaving: else it would contradict the
state for good, or let somebody read who never came.
"""

import time
from collections.abc import Sequence
from typing import Any, Final

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.ends import End, Ends, write_again
from chinwag.adapters.cassandra.members import Members
from chinwag.adapters.cassandra.span_rows import SPAN
from chinwag.adapters.cassandra.stamps import epoch_of
from chinwag.adapters.cassandra.standings import Standings
from chinwag.adapters.cassandra.statements import Changes, Read, Values, Write, delete
from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.wide import member_of

REMOVED: Final = 2_000
"""Rows that are looked at together when an account is forgotten."""
AGAIN_MOST: Final = 100
"""Rows of an epoch that is over that one call writes again."""
_MOST: Final = 100_000

_SPANS: Final = Read(
    "SELECT span, WRITETIME(span) FROM spans WHERE account = ? AND length = ? AND conversation = ? LIMIT ?"
)
_MEMBERSHIPS: Final = Read("SELECT span, WRITETIME(span) FROM spans WHERE account = ? LIMIT ?")
_PAGE: Final = Read(
    "SELECT length, conversation FROM spans WHERE account = ? AND (length, conversation) > (?, ?) "
    "GROUP BY account, length, conversation LIMIT ?"
)
_BETWEEN: Final = Read(
    "SELECT span, WRITETIME(span) FROM spans "
    "WHERE account = ? AND (length, conversation) > (?, ?) AND (length, conversation) <= (?, ?) LIMIT ?"
)
CLOSINGS: Final = Read(
    "SELECT span, WRITETIME(span) FROM closings WHERE account = ? AND conversation = ? AND first = ? "
    "ORDER BY first DESC, last DESC"
)
"""The leavings of one account, of memberships that read from one number on: the last one first."""
_ROWS: Final = Read("SELECT length, conversation, first, WRITETIME(span) FROM spans WHERE account = ? LIMIT ?")
_CLOSED: Final = Read("SELECT first, last, WRITETIME(span) FROM closings WHERE account = ? AND conversation = ?")
_FORGET: Final = delete("spans", "account length conversation first", 1)
FORGET_CLOSING: Final = delete("closings", "account conversation first last", 2)

_Rows = Sequence[tuple[Any, ...]]
_Ends = dict[tuple[ConversationId, int], End]


class Spans:
    """Reads and forgets them. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, database: Database, ends: Ends, standings: Standings, members: Members) -> None:
        self._database = database
        self._ends = ends
        self._standings = standings
        self._members = members

    async def of(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        """As `MessageStore.spans`."""
        owner, name = names.known(account), names.known(conversation)
        if not owner:
            return []
        asked_at = time.monotonic()
        return await self._true(await self._database.rows(_SPANS, owner, len(name), name, _MOST), asked_at)

    async def all(self, account: AccountId) -> list[Span]:
        """As `MessageStore.memberships`."""
        owner, asked_at = names.known(account), time.monotonic()
        return await self._true(await self._database.rows(_MEMBERSHIPS, owner, _MOST), asked_at) if owner else []

    async def after(self, account: AccountId, after: ConversationId, limit: int) -> list[Span]:
        """As `MessageStore.memberships_after`: a page that has fewer is the last one, whatever was passed over."""
        owner, name = names.known(account), names.known(after)
        length = len(name)
        found: list[Span] = []
        wanted = limit if owner else 0
        while wanted > 0 and (page := await self._database.rows(_PAGE, owner, length, name, wanted)):
            end, asked_at = page[-1], time.monotonic()
            found += await self._true(await self._database.rows(_BETWEEN, owner, length, name, *end, _MOST), asked_at)
            if len(page) < wanted:
                break
            wanted = limit - len({span.conversation for span in found})  # as many as were not true
            length, name = end
        return found

    async def conversations(self, account: AccountId) -> list[ConversationId]:
        """All that any of its rows names, whether it is true or not."""
        rows = await self._database.rows(_MEMBERSHIPS, names.known(account), _MOST)
        return list(dict.fromkeys(stored.span(span).conversation for span, _ in rows))

    async def forget(self, account: bytes) -> None:
        """Remove all rows of an account, those last by which the conversations are found. A reader that writes one
        again, from an answer of before, does so in vain."""
        while rows := await self._database.rows(_ROWS, account, REMOVED):
            found = {row[1]: ConversationId(row[1].decode()) for row in rows}
            above = await self._ends.above(found.values())
            for name, conversation in found.items():
                closed = await self._database.rows(_CLOSED, account, name)
                closings: Changes = [
                    (FORGET_CLOSING, (max(at, above[conversation]), account, name, *place)) for *place, at in closed
                ]
                await self._database.write(closings)
            gone: Changes = [
                (_FORGET, (max(written_at, above[found[name]]), account, length, name, first))
                for length, name, first, written_at in rows
            ]
            await self._database.write(gone)

    async def _true(self, rows: _Rows, asked_at: float) -> list[Span]:
        """What these rows say, or said before where that is not so."""
        spans, times = [stored.span(row[0]) for row in rows], [row[1] for row in rows]
        over = await self._ends.over(((span.conversation, at) for span, at in zip(spans, times, strict=True)), asked_at)
        if not over:
            return spans
        doubtful: dict[int, Span] = {}
        again: Changes = []
        for place, (span, at) in enumerate(zip(spans, times, strict=True)):
            if not _holds(span, at, over):
                doubtful[place] = span
            elif (end := over.get((span.conversation, epoch_of(at)))) is not None and end.settled:
                again.append(_again(span, rows[place][0], end.stamp))
        await write_again(self._database, again[:AGAIN_MOST])
        found: dict[int, Span | None] = dict(enumerate(spans))
        if doubtful:
            conversations = dict.fromkeys(span.conversation for span in doubtful.values())
            states = await self._standings.states(list(conversations))  # as they are now, and how they stand
            of_each = dict(zip(conversations, states, strict=True))
            over = await self._ends.over((span.conversation, times[place]) for place, span in doubtful.items())
            for place, span in doubtful.items():
                if not _holds(span, times[place], over):
                    found[place] = await self._before(span, of_each[span.conversation])
        return [span for span in found.values() if span is not None]

    async def _before(self, span: Span, state: Conversation | None) -> Span | None:
        """What the row said before it was written in vain: None if there was none."""
        account, conversation = span.account, span.conversation
        if state is None:
            return None
        row = None
        if state.wide:  # its admins have rows as well
            [row] = await self._members.people([(conversation, account)])
        member = member_of(state, account, {} if row is None else {account: row})
        if member is not None and member.reads_from == span.first:
            return Span(account, conversation, span.first)
        rows = await self._database.rows(CLOSINGS, names.known(account), names.known(conversation), span.first)
        closings = [(stored.span(value), at) for value, at in rows]
        over = await self._ends.over((conversation, at) for _, at in closings)
        return next((closing for closing, at in closings if _holds(closing, at, over)), None)


def _again(span: Span, row: bytes, at: int) -> tuple[Write, Values]:
    name = names.known(span.conversation)
    return SPAN, (names.known(span.account), len(name), name, span.first, row, at)


def _holds(span: Span, written_at: int, over: _Ends) -> bool:
    """Whether what a row says is so for certain, as far as the epoch goes in which it was written."""
    end = over.get((span.conversation, epoch_of(written_at)))
    if end is None or end.applied(written_at):
        return True
    # The number of a leaving is its own, whatever else its batch applied. A joining says none.
    return span.last is not None and (end.head is None or span.last <= end.head)
