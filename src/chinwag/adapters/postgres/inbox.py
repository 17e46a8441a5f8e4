"""The Inbox on PostgreSQL: positions are given in the transaction that posts, so an entry is readable when it ends."""

from collections.abc import Callable, Sequence
from typing import Final

from chinwag.adapters import names
from chinwag.adapters.postgres.arrivals import Arrivals
from chinwag.adapters.postgres.database import Database, UnknownOutcomeError
from chinwag.adapters.postgres.postings import Posted, Postings, unpack
from chinwag.adapters.postgres.trim import Trimmer
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.inbox import Arrival, Bounds, Inbox, Inline, Posting, Run, Slice

_LAST: Final = (1 << 63) - 1
_REWRITTEN: Final = 500
"""Entries that one transaction writes anew at most."""
_REMOVED: Final = 2_000

_POST: Final = "SELECT messages.post_1($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_BOUNDS: Final = """
    SELECT l.epoch, coalesce(h.floor, 0), coalesce(h.last, 0)
    FROM messages.life AS l LEFT JOIN messages.heads AS h ON h.account = $1"""
_HEADS: Final = """
    SELECT l.epoch, coalesce(h.last, 0)
    FROM messages.life AS l CROSS JOIN unnest($1::bytea[]) WITH ORDINALITY AS w (account, n)
    LEFT JOIN messages.heads AS h ON h.account = w.account ORDER BY w.n"""
# One statement sees one moment: floor, entries and head belong together.
_READ: Final = """
    SELECT l.epoch, coalesce(h.floor, 0), coalesce(h.last, 0), i.last, i.count, i.conversation, i.first, i.event
    FROM messages.life AS l LEFT JOIN messages.heads AS h ON h.account = $1
    LEFT JOIN LATERAL (
        SELECT * FROM messages.inbox WHERE account = $1 AND last > $2 AND $2 >= h.floor ORDER BY last LIMIT $3
    ) AS i ON true ORDER BY i.last"""
_INLINE: Final = """
    SELECT last, event FROM messages.inbox
    WHERE account = $1 AND last > $2 AND event IS NOT NULL AND first IS NULL ORDER BY last LIMIT $3"""
_REWRITE: Final = """
    UPDATE messages.inbox AS i SET event = w.event FROM unnest($2::bigint[], $3::bytea[]) AS w (last, event)
    WHERE i.account = $1 AND i.last = w.last"""
_HEAD: Final = "SELECT last FROM messages.heads WHERE account = $1 FOR UPDATE"
_FORGET: Final = "UPDATE messages.heads SET floor = last WHERE account = $1 RETURNING last"
_REMOVE: Final = """
    WITH due AS (SELECT last FROM messages.inbox WHERE account = $1 AND last <= $2 ORDER BY last LIMIT $3)
    , gone AS (
        DELETE FROM messages.inbox AS i USING due AS s WHERE i.account = $1 AND i.last = s.last
        RETURNING i.tableoid),
    noted AS (
        INSERT INTO messages.replaced (part)
        SELECT DISTINCT c.relname FROM gone AS g JOIN pg_class AS c ON c.oid = g.tableoid)
    SELECT true FROM gone"""


class PostgresInbox(Inbox):
    """All inboxes. The feed tells of what this process posts; `arrivals.on_posted` of all that it does."""

    def __init__(self, database: Database, arrivals: Arrivals, clock: Callable[[], int]) -> None:
        self._database = database
        self._arrivals = arrivals
        self._clock = clock
        self._trimmer = Trimmer(database)

    async def post(self, postings: Sequence[Posting]) -> None:
        if not postings:
            return
        entries = Postings(self._clock())
        entries.inline(postings)
        transaction = self._arrivals.begin()
        posted: Sequence[Posted] = ()
        try:
            posted = entries.posted(await self._database.write(_POST, *entries.arguments()))
        except UnknownOutcomeError as error:
            raise Refused(Code.UNAVAILABLE, "it is not known whether this was posted", 1.0) from error
        finally:
            self._arrivals.end(transaction, posted)

    async def read(self, account: AccountId, after: int, limit: int) -> Slice:
        after = min(max(after, 0), _LAST)
        rows = await self._database.rows(_READ, names.known(account), after, max(limit, 0))
        epoch, floor, head = rows[0][:3]
        entries: list[Run | Inline] = []
        left = limit
        for _, _, _, last, count, conversation, first, event in rows:
            if last is None or left <= 0:
                break
            position = last - count + 1
            skip = max(0, after + 1 - position)
            taken = min(count - skip, left)
            left -= taken
            if conversation is None and first is not None:
                _unpack(entries, position, event, skip, taken)
            elif conversation is None:
                entries.append(Inline(position, event))
            else:
                _extend(entries, Run(position + skip, conversation.decode(), first + skip, taken))
        return Slice(entries, Bounds(epoch, floor, head))

    async def bounds(self, account: AccountId) -> Bounds:
        found = await self._database.row(_BOUNDS, names.known(account))
        assert found is not None
        return Bounds(*found)

    async def heads(self, accounts: Sequence[AccountId]) -> tuple[int, list[int]]:
        rows = await self._database.rows(_HEADS, [names.known(account) for account in accounts])
        return rows[0][0], [head for _, head in rows]

    def hold(self, account: AccountId) -> None:
        self._arrivals.hold(account)

    def release(self, account: AccountId) -> None:
        self._arrivals.release(account)

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        self._arrivals.feed(handler)

    async def rewrite(self, account: AccountId, rewriting: Callable[[bytes], bytes]) -> int:
        name, after, changed = names.known(account), 0, 0
        end = (await self.bounds(account)).head
        while True:
            async with self._database.transaction() as connection:
                # Whoever removes entries holds the head as well: what is read here is there still when it is written.
                await connection.fetchval(_HEAD, name)
                found = await connection.fetch(_INLINE, name, after, _REWRITTEN)
                found = [(last, event) for last, event in found if last <= end]
                written = [(last, new) for last, event in found if (new := rewriting(event)) != event]
                if written:
                    lasts, events = zip(*written, strict=True)
                    await connection.execute(_REWRITE, name, lasts, events)
            changed += len(written)
            if not found:
                return changed
            after = found[-1][0]

    async def forget(self, account: AccountId) -> None:
        name = names.known(account)
        found = await self._database.rows(_FORGET, name)
        # Unreadable by now; what is left is to take it away.
        for (last,) in found:
            while await self._database.rows(_REMOVE, name, last, _REMOVED):
                pass

    async def trim(self, before_ms: int, limit: int) -> int:
        return await self._trimmer.trim(before_ms, limit)


def _unpack(entries: list[Run | Inline], position: int, packed: bytes, skip: int, taken: int) -> None:
    """Add the entries of a row that holds several runs: `taken` of them, after the first `skip`."""
    for conversation, first, count in unpack(packed):
        passed = min(skip, count)
        some = min(count - passed, taken)
        if some > 0:
            _extend(entries, Run(position + passed, conversation, first + passed, some))
        position, skip, taken = position + count, skip - passed, taken - some


def _extend(entries: list[Run | Inline], run: Run) -> None:
    """Add a run, as part of the one before if it goes on there."""
    before = entries[-1] if entries else None
    if isinstance(before, Run) and before.conversation == run.conversation and before.first + before.count == run.first:
        entries[-1] = Run(before.position, before.conversation, before.first, before.count + run.count)
    else:
        entries.append(run)
