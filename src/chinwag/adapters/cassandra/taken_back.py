"""Takes back, after a restore, what lies above the states of conversations.

The tables of a backup are copied one after the other, the states before what they speak of. So the others hold what was
decided between the two copies, which the log has lost: its numbers are given to others now. Readers see that it is void
(`standings.py`, `ends.py`), or it is written anew with its number. What they would have to look into again and again is
seen to here: who reads a conversation from where to where, what was put on messages, and whom messages mention.

All that is written here has the timestamp of the very beginning of the new epoch: above all that was there, below all
that comes. Doing it again changes nothing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.adapters import stored
from chinwag.adapters.cassandra.batch import MENTION, REACTION
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Row
from chinwag.adapters.cassandra.member_rows import member_shard
from chinwag.adapters.cassandra.schema import SchemaError
from chinwag.adapters.cassandra.span_rows import SPAN
from chinwag.adapters.cassandra.spans import CLOSINGS, FORGET_CLOSING
from chinwag.adapters.cassandra.stamps import epoch_of, stamp
from chinwag.adapters.cassandra.standings import Standings
from chinwag.adapters.cassandra.statements import Changes, Read, Values, Write, delete
from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId, direct_members
from chinwag.domain.wide import member_of
from chinwag.ports.log import partition_of

REMEMBERED: Final = 50_000
"""Conversations of which it is remembered how far they had come: others are read again."""

_READ: Final[Mapping[str, Read]] = {
    "spans": Read("SELECT conversation, account, first, span, WRITETIME(span) FROM spans"),
    "reactions": Read("SELECT conversation, bucket, message, account, reacted FROM reactions"),
    "mentions": Read("SELECT conversation, account, number, since FROM mentions"),
}
"""The tables, and how each is read: the conversation's name first."""
_STATE: Final = Read("SELECT state, WRITETIME(state) FROM states WHERE conversation = ?")
_STAYS: Final = Read("SELECT stays FROM people WHERE conversation = ? AND shard = ? AND account = ?")
_FORGET_SPAN: Final = delete("spans", "account length conversation first", 1)

_TOGETHER: Final = ("states", "events", "spans")
"""No conversation is without a row in each of these."""

Change = tuple[Write, Values]


class Standing(NamedTuple):
    """How far a conversation had come: its head, how many reactions had taken no number, and the timestamp of all that
    its last commit wrote."""

    head: int = 0
    reacted: int = 0
    written_at: int = 0


class Piece(NamedTuple):
    """What came of some rows of a table. read, changed: how many rows. declining: who declined messages of whom, in the
    states that were read for it."""

    table: str
    read: int
    changed: int
    declining: Sequence[tuple[AccountId, AccountId]]


async def refuse_a_part(database: Database) -> None:
    """Raise `SchemaError` if tables were left out when the others were brought back: without its state all of a
    conversation would be taken back. Raises `Refused(UNAVAILABLE)`."""
    found = [await database.rows(Read(f"SELECT conversation FROM {table} LIMIT 1")) for table in _TOGETHER]  # noqa: S608 - our own names
    missing = [table for table, rows in zip(_TOGETHER, found, strict=True) if not rows]
    if missing and len(missing) < len(_TOGETHER):
        raise SchemaError(
            f"a part of the backup is not there: no row in {', '.join(missing)}, but in other tables. Bring all tables "
            "back on every node (the folder that nodetool import is given ends in KEYSPACE/TABLE), then run this again"
        )


class TakenBack:
    """Of one keyspace. epochs: of each partition of the log, the one that has just begun. No server runs."""

    def __init__(self, database: Database, epochs: Sequence[int]) -> None:
        self._database = database
        self._epochs = epochs
        self._known: dict[bytes, Standing] = {}
        self._standings = Standings(database, lambda one: epochs[partition_of(one, len(epochs))])

    async def all(self) -> AsyncIterator[Piece]:
        """Go through all tables concerned, once. Raises `Refused(UNAVAILABLE)`: it is to be done again."""
        for table, read in _READ.items():
            after: bytes | None = None
            while True:
                rows, after = await self._database.page(read, after)
                declining = await self._learn({row[0] for row in rows})
                changes = await self._changes(table, rows)
                await self._database.write(changes)
                yield Piece(table, len(rows), len(changes), declining)
                if after is None:
                    break

    async def _changes(self, table: str, rows: Sequence[Row]) -> Changes:
        if table == "spans":
            return await self._spans(rows)
        judge = _reacted if table == "reactions" else _mention
        changes = (judge(row, self._known[row[0]], self._at(row[0])) for row in rows)
        return [change for change in changes if change is not None]

    async def _spans(self, rows: Sequence[Row]) -> Changes:
        """One that was written after the state says of a member that it reads on, of who had left up to where it reads,
        and of anybody else nothing: then no leaving of that membership is true either."""
        above = [row for row in rows if row[-1] > self._known[row[0]].written_at]
        found = await self._database.rows_of_each(_STATE, ((row[0],) for row in above))
        states = [stored.state(some[0][0]) if some else None for some in found]
        people = await self._database.rows_of_each(_STAYS, ((row[0], member_shard(row[1]), row[1]) for row in above))
        changes: Changes = []
        for (name, account, first, value, _), state, stays in zip(above, states, people, strict=True):
            who, there = AccountId(account.decode()), stored.span(value)
            if there.last is not None and there.last <= self._known[name].head:
                continue  # the state has come to this leaving, also where an older version kept it here alone
            held = {} if not stays or stays[0][0] is None else {who: stored.member_row(stays[0][0])}
            member = None if state is None else member_of(state, who, held)
            if member is None or member.reads_from != first:
                closings: list[tuple[bytes, int]] = await self._database.rows(CLOSINGS, account, name, first)
                closing = await self._true(name, closings)
                if closing is None:
                    changes.append((_FORGET_SPAN, (self._at(name), account, len(name), name, first)))
                    lasts = [stored.span(one).last for one, _ in closings]
                    changes += [(FORGET_CLOSING, (self._at(name), account, name, first, last)) for last in lasts]
                elif closing != value:
                    changes.append((SPAN, (account, len(name), name, first, closing, self._at(name))))
            elif there.last is not None:
                then = msgspec.structs.replace(there, last=None, closing=None)
                changes.append((SPAN, (account, len(name), name, first, stored.sealed(then), self._at(name))))
        return changes

    async def _true(self, name: bytes, closings: Sequence[tuple[bytes, int]]) -> bytes | None:
        """The last leaving of a membership, of those that the conversation has come to. closings: the last one first,
        each with its timestamp."""
        conversation = ConversationId(name.decode())
        standing = (await self._standings.of([conversation]))[conversation] if closings else None
        for value, written_at in closings:
            last, head = stored.span(value).last, standing.head_in(epoch_of(written_at)) if standing else None
            if last is not None and (head is None or last <= head):
                return value
        return None

    def _at(self, name: bytes) -> int:
        return stamp(self._epochs[partition_of(ConversationId(name.decode()), len(self._epochs))])

    async def _learn(self, wanted: set[bytes]) -> list[tuple[AccountId, AccountId]]:
        """Know how far these had come."""
        if len(self._known) + len(wanted) > REMEMBERED:
            self._known.clear()
        unknown = wanted - self._known.keys()
        declining: list[tuple[AccountId, AccountId]] = []
        answers = await self._database.rows_of_each(_STATE, ((name,) for name in unknown))
        for name, rows in zip(unknown, answers, strict=True):
            state = stored.state(rows[0][0]) if rows else None
            if state is None:
                self._known[name] = Standing()
            else:
                self._known[name] = Standing(state.head, state.reacted, rows[0][1])
                declining += _declining(state)
        return declining


def _declining(state: Conversation) -> list[tuple[AccountId, AccountId]]:
    pair = direct_members(state.id)
    if pair is None:
        return []
    return [(one, pair[1] if one == pair[0] else pair[0]) for one in state.declining]


def _reacted(row: Row, standing: Standing, at: int) -> Change | None:
    *place, value = row
    there = stored.reacted(value)
    then = there.as_of(standing.head, standing.reacted)
    return None if then == there else (REACTION, (*place, stored.sealed(then), at))


def _mention(row: Row, standing: Standing, at: int) -> Change | None:
    conversation, account, number, since = row
    return (MENTION, (account, conversation, number, 0, at)) if since and number > standing.head else None
