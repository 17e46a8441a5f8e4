"""With whom accounts share their presence: a row for each account and conversation, so that a connect reads two
partitions instead of the states of all its conversations.

A row is written by the commit that changes who is in a conversation, or who declines, for everybody whom that concerns.
One that is missing (of a conversation from before there were these rows, or one that was moved here) is made from the
state by whoever misses it, as that commit would have made it: with the timestamp of what the state has applied. So is
one by a record that a log has lost, once nothing of that epoch is on its way any more.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.companion_rows import COMPANIONS
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.ends import End, Ends, write_again
from chinwag.adapters.cassandra.spans import Spans
from chinwag.adapters.cassandra.stamps import epoch_of, stamp_of
from chinwag.adapters.cassandra.standings import Standings
from chinwag.adapters.cassandra.statements import Changes, Read, delete
from chinwag.adapters.companions import CONVERSATIONS_MAX, present_in
from chinwag.domain.conversation import Conversation, companions
from chinwag.domain.ids import AccountId, ConversationId

MISSING_MOST: Final = 100
"""Rows that one call makes: it is answered without the others, of which later calls make more."""

_AMONG: Final = Read("SELECT conversation, among, WRITETIME(among) FROM companions WHERE account = ? LIMIT ?")
_WRITTEN: Final = Read("SELECT conversation, WRITETIME(among) FROM companions WHERE account = ? LIMIT ?")
FORGET_COMPANIONS: Final = delete("companions", "account conversation", 1)

_among: Final = msgspec.msgpack.Decoder(tuple[AccountId, ...]).decode


class _OfEpochsOver(NamedTuple):
    """Rows of epochs that are over. void: those that may be by records that are lost. again: those that are true and
    are to be written again, each with its timestamp: then nobody asks any more."""

    void: dict[ConversationId, End]
    again: list[tuple[ConversationId, int]]


class Companions:
    """Reads, makes and forgets them. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, database: Database, spans: Spans, ends: Ends, standings: Standings) -> None:
        self._database = database
        self._spans = spans
        self._ends = ends
        self._standings = standings

    async def of(self, account: AccountId, limit: int) -> set[AccountId]:
        """As of the port."""
        owner = names.known(account)
        if not owner:
            return set()
        asked_at = time.monotonic()
        spans, rows = await asyncio.gather(
            self._spans.all(account), self._database.rows(_AMONG, owner, CONVERSATIONS_MAX)
        )
        kept: dict[bytes, tuple[bytes, int]] = {name: (among, at) for name, among, at in rows}
        present = present_in(spans)
        ends = await self._ends_of(present, kept, asked_at)
        missing = [one for one in present if names.known(one) not in kept or one in ends.void][:MISSING_MOST]
        made = await self._make(account, missing, ends.void) if missing else {}
        again = [(COMPANIONS, (owner, name := names.known(one), kept[name][0], at)) for one, at in ends.again]
        await write_again(self._database, again[:MISSING_MOST])
        found: dict[AccountId, None] = {}
        for conversation in present:
            row = None if conversation in ends.void else kept.get(names.known(conversation))
            found.update(dict.fromkeys(made.get(conversation, ()) if row is None else _among(stored.opened(row[0]))))
            if len(found) >= limit:
                break
        return set(list(found)[:limit])

    async def forget(self, account: bytes) -> None:
        """Remove all rows of an account that is in no conversation any more."""
        while rows := await self._database.rows(_WRITTEN, account, CONVERSATIONS_MAX):
            found = {name: ConversationId(name.decode()) for name, _ in rows}
            above = await self._ends.above(found.values())
            await self._database.write(
                [(FORGET_COMPANIONS, (max(at, above[found[name]]), account, name)) for name, at in rows]
            )

    async def _ends_of(
        self, present: Sequence[ConversationId], kept: Mapping[bytes, tuple[bytes, int]], asked_at: float
    ) -> _OfEpochsOver:
        times = {one: kept[name][1] for one in present if (name := names.known(one)) in kept}
        over = await self._ends.over(times.items(), asked_at)
        found = _OfEpochsOver({}, [])
        for one, at in times.items() if over else ():
            end = over.get((one, epoch_of(at)))
            if end is not None and not end.applied(at):
                found.void[one] = end
            elif end is not None and end.settled:
                found.again.append((one, end.stamp))
        return found

    async def _make(
        self, account: AccountId, conversations: Sequence[ConversationId], void: Mapping[ConversationId, End]
    ) -> dict[ConversationId, tuple[AccountId, ...]]:
        states = [state for state in await self._standings.states(conversations) if state is not None]
        made = {state.id: _of(state, account) for state in states}
        changes: Changes = []
        for one in states:
            at, end = stamp_of(one.applied), void.get(one.id)
            if end is None or end.settled:
                at = at if end is None else max(at, end.stamp)
                row = names.known(account), names.known(one.id), stored.sealed(made[one.id])
                changes.append((COMPANIONS, (*row, at)))
        await self._database.write(changes)
        return made


def _of(state: Conversation, account: AccountId) -> tuple[AccountId, ...]:
    among = companions(state)
    return among if account in among else ()
