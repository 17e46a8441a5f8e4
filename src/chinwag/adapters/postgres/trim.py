"""Forgets the oldest entries of inboxes, a few accounts at a time."""

import asyncio
from typing import Any, Final

from chinwag.adapters.postgres.database import Database

ACCOUNTS: Final = 500
"""How many inboxes one look covers."""
AT_ONCE: Final = 20
"""Of how many inboxes one transaction removes entries."""
ROWS: Final = 2_000
"""How many rows it removes at most."""

_ACCOUNTS: Final = "SELECT account FROM messages.heads WHERE account > $1 ORDER BY account LIMIT $2"
_DUE: Final = """
    SELECT a.account FROM unnest($1::bytea[]) AS a (account)
    WHERE (SELECT posted_at FROM messages.inbox AS i WHERE i.account = a.account ORDER BY last LIMIT 1) < $2
    ORDER BY a.account"""
_LOCK: Final = "SELECT account, floor FROM messages.heads WHERE account = ANY ($1::bytea[]) ORDER BY account FOR UPDATE"
_ROWS: Final = """
    SELECT i.account, i.last, i.posted_at FROM unnest($1::bytea[]) AS a (account)
    CROSS JOIN LATERAL (
        SELECT account, last, posted_at FROM messages.inbox AS i WHERE i.account = a.account ORDER BY last LIMIT $2
    ) AS i ORDER BY i.account, i.last LIMIT $2"""
_FLOOR: Final = """
    UPDATE messages.heads AS h SET floor = f.floor FROM unnest($1::bytea[], $2::bigint[]) AS f (account, floor)
    WHERE h.account = f.account"""
_REMOVE: Final = """
    DELETE FROM messages.inbox AS i USING unnest($1::bytea[], $2::bigint[]) AS g (account, last)
    WHERE i.account = g.account AND i.last = g.last"""


class Trimmer:
    """Goes around all inboxes and remembers where it stopped. One call at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._trimming = asyncio.Lock()
        self._at = b""

    async def trim(self, before_ms: int, limit: int) -> int:
        """As `Inbox.trim`."""
        async with self._trimming:
            began, gone, wrapped = self._at, 0, False
            while gone < limit:
                accounts = [account for (account,) in await self._database.rows(_ACCOUNTS, self._at, ACCOUNTS)]
                if wrapped:
                    accounts = [account for account in accounts if account <= began]
                due = [account for (account,) in await self._database.rows(_DUE, accounts, before_ms)]
                for first in range(0, len(due), AT_ONCE):
                    gone += await self._forget(due[first : first + AT_ONCE], before_ms, limit - gone)
                if gone >= limit:
                    break  # of these there may be more
                if accounts:
                    self._at = accounts[-1]
                elif wrapped:
                    break
                else:
                    self._at, wrapped = b"", True
            return gone

    async def _forget(self, accounts: list[bytes], before_ms: int, limit: int) -> int:
        """Forget what is due of these, up to `limit` entries; how many went."""
        gone, more = 0, True
        while more and gone < limit:
            async with self._database.transaction() as connection:
                floors = dict(await connection.fetch(_LOCK, accounts))
                rows = await connection.fetch(_ROWS, accounts, ROWS)
                raised, removed, taken = _due(floors, rows, before_ms, limit - gone)
                # Floor and rows go together: an inbox never looks as if it had a hole.
                await connection.execute(_FLOOR, list(raised), list(raised.values()))
                await connection.execute(_REMOVE, [one for one, _ in removed], [last for _, last in removed])
            gone += taken
            more = len(rows) == ROWS and bool(removed)
        return gone


def _due(
    floors: dict[bytes, int], rows: list[Any], before_ms: int, limit: int
) -> tuple[dict[bytes, int], list[tuple[bytes, int]], int]:
    """New floors, rows to remove, and how many entries that are. Of each inbox, what lies before the first that is not
    due."""
    raised: dict[bytes, int] = {}
    removed: list[tuple[bytes, int]] = []
    gone = 0
    stopped: set[bytes] = set()
    for account, last, posted_at in rows:
        if account in stopped or gone == limit:
            continue
        if posted_at >= before_ms:
            stopped.add(account)
            continue
        floor = raised.get(account, floors[account])
        # A row below the floor is one that `Inbox.forget` had no time to remove.
        taken = max(0, min(last - floor, limit - gone))
        gone += taken
        raised[account] = floor + taken
        if floor + taken >= last:
            removed.append((account, last))
    return raised, removed, gone
