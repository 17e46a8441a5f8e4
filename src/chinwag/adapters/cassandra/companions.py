"""With whom accounts share their presence: a row for each account and conversation, so that a connect reads two
partitions instead of the states of all its conversations.

A row is written by the commit that changes who is in a conversation, or who declines, for everybody whom that concerns.
One that is missing (of a conversation from before there were these rows, or one that was moved here) is made from the
state by whoever misses it, as that commit would have made it: with the timestamp of what the state has applied.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.companion_rows import COMPANIONS
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.message_reads import MessageReads
from chinwag.adapters.cassandra.stamps import stamp_of
from chinwag.adapters.cassandra.standings import Standings
from chinwag.adapters.cassandra.statements import Changes, Read, delete
from chinwag.adapters.companions import CONVERSATIONS_MAX, present_in
from chinwag.domain.conversation import Conversation, companions
from chinwag.domain.ids import AccountId, ConversationId

MISSING_MOST: Final = 100
"""Rows that one call makes: it is answered without the others, of which later calls make more."""

_AMONG: Final = Read("SELECT conversation, among FROM companions WHERE account = ? LIMIT ?")
_WRITTEN: Final = Read("SELECT conversation, WRITETIME(among) FROM companions WHERE account = ? LIMIT ?")
_FORGET: Final = delete("companions", "account conversation", 1)

_among: Final = msgspec.msgpack.Decoder(tuple[AccountId, ...]).decode


class Companions:
    """Reads, makes and forgets them. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, database: Database, reads: MessageReads, standings: Standings) -> None:
        self._database = database
        self._reads = reads
        self._standings = standings

    async def of(self, account: AccountId, limit: int) -> set[AccountId]:
        """As of the port."""
        owner = names.known(account)
        if not owner:
            return set()
        spans, rows = await asyncio.gather(
            self._reads.memberships(account), self._database.rows(_AMONG, owner, CONVERSATIONS_MAX)
        )
        kept: dict[bytes, bytes] = dict(rows)
        present = present_in(spans)
        missing = [one for one in present if names.known(one) not in kept][:MISSING_MOST]
        made = await self._make(account, missing) if missing else {}
        found: dict[AccountId, None] = {}
        for conversation in present:
            among = kept.get(names.known(conversation))
            found.update(dict.fromkeys(made.get(conversation, ()) if among is None else _among(stored.opened(among))))
            if len(found) >= limit:
                break
        return set(list(found)[:limit])

    async def forget(self, account: bytes) -> None:
        """Remove all rows of an account that is in no conversation any more."""
        while rows := await self._database.rows(_WRITTEN, account, CONVERSATIONS_MAX):
            await self._database.write([(_FORGET, (at, account, conversation)) for conversation, at in rows])

    async def _make(
        self, account: AccountId, conversations: Sequence[ConversationId]
    ) -> dict[ConversationId, tuple[AccountId, ...]]:
        states = [state for state in await self._standings.states(conversations) if state is not None]
        made = {state.id: _of(state, account) for state in states}
        changes: Changes = [
            (
                COMPANIONS,
                (names.known(account), names.known(one.id), stored.sealed(made[one.id]), stamp_of(one.applied)),
            )
            for one in states
        ]
        await self._database.write(changes)
        return made


def _of(state: Conversation, account: AccountId) -> tuple[AccountId, ...]:
    among = companions(state)
    return among if account in among else ()
