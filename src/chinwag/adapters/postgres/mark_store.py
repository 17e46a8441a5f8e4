"""The MarkStore on PostgreSQL: marks are merged under their locks, and go with what is posted about them."""

from collections.abc import Callable, Sequence
from typing import Final

from chinwag.adapters import names, stored
from chinwag.adapters.marks_merged import Pair, merged
from chinwag.adapters.postgres.arrivals import Arrivals
from chinwag.adapters.postgres.database import Database
from chinwag.adapters.postgres.postings import Posted, Postings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Mark, Marks
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance, MarkStore, ReadStep, Seen

_LAST: Final = (1 << 63) - 1
_REMOVED: Final = 2_000
_AT_ONCE: Final = 500
"""Conversations whose marks one transaction removes at most."""

_LOCK: Final = "SELECT conversation, account, marks FROM messages.lock_marks_1($1, $2)"
_ADVANCE: Final = "SELECT messages.advance_1({})".format(", ".join(f"${n}" for n in range(1, 18)))
_MARKS: Final = """
    SELECT n, m.marks FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS w (conversation, account, n)
    JOIN messages.marks AS m ON m.conversation = w.conversation AND m.account = w.account"""
_OF_CONVERSATION: Final = """
    SELECT account, marks FROM messages.marks WHERE conversation = $1 AND marks IS NOT NULL ORDER BY account LIMIT $2"""
_READERS: Final = """
    SELECT m.account, coalesce((
        SELECT s.at FROM messages.steps AS s
        WHERE s.conversation = m.conversation AND s.account = m.account AND s.number >= $2
        ORDER BY s.number LIMIT 1), 0)
    FROM messages.marks AS m WHERE m.conversation = $1 AND m.read >= $2 AND m.marks IS NOT NULL
    ORDER BY m.account LIMIT $3"""
_FORGET_STEPS: Final = """
    WITH due AS (
        SELECT conversation, number FROM messages.steps
        WHERE conversation = ANY ($1::bytea[]) AND account = $2 LIMIT $3)
    DELETE FROM messages.steps AS s USING due AS g
    WHERE s.conversation = g.conversation AND s.account = $2 AND s.number = g.number RETURNING true"""
_LOCK_OWN: Final = """
    SELECT true FROM messages.marks WHERE conversation = ANY ($1::bytea[]) AND account = $2
    ORDER BY conversation, account FOR UPDATE"""
_FORGET_MARKS: Final = "DELETE FROM messages.marks WHERE conversation = ANY ($1::bytea[]) AND account = $2"
_FORGET_SEEN: Final = "DELETE FROM messages.seen WHERE account = $1"
# In the order of accounts, as two nodes may save the same ones at the same time.
_SAVE_SEEN: Final = """
    INSERT INTO messages.seen AS s (account, online, at)
    SELECT * FROM unnest($1::bytea[], $2::boolean[], $3::bigint[]) ORDER BY 1
    ON CONFLICT (account) DO UPDATE SET online = excluded.online, at = excluded.at WHERE excluded.at >= s.at"""
_SEEN: Final = """
    SELECT n, s.online, s.at FROM unnest($1::bytea[]) WITH ORDINALITY AS w (account, n)
    JOIN messages.seen AS s ON s.account = w.account"""
_SEEN_AFTER: Final = "SELECT account, online, at FROM messages.seen WHERE account > $1 ORDER BY account LIMIT $2"
_SEEN_FIRST: Final = "SELECT account, online, at FROM messages.seen ORDER BY account LIMIT $1"


class PostgresMarkStore(MarkStore):
    """Rows of marks are locked in the order of (conversation, account), then heads in that of accounts."""

    def __init__(self, database: Database, arrivals: Arrivals, clock: Callable[[], int]) -> None:
        self._database = database
        self._arrivals = arrivals
        self._clock = clock

    async def advance(self, advances: Sequence[Advance], postings: Sequence[Posting] = ()) -> None:
        if not advances and not postings:
            return
        moving = [((names.known(one.conversation), names.known(one.account)), one) for one in advances]
        entries = Postings(self._clock())
        entries.inline(postings)
        pairs = sorted({pair for pair, _ in moving})
        transaction = self._arrivals.begin()
        posted: Sequence[Posted] = ()
        try:
            async with self._database.transaction() as connection:
                rows = await connection.fetch(_LOCK, [one for one, _ in pairs], [account for _, account in pairs])
                held = {(conversation, account): stored.marks(marks) for conversation, account, marks in rows}
                changed, steps, told = merged(held, moving)
                entries.inline(told)
                if changed or entries:
                    answer = await connection.fetchval(_ADVANCE, *_columns(changed, steps), *entries.arguments())
            if entries:
                posted = entries.posted(answer)
        finally:
            self._arrivals.end(transaction, posted)

    async def marks(self, wanted: Sequence[tuple[ConversationId, AccountId]]) -> list[Marks]:
        found = [Marks()] * len(wanted)
        if wanted:
            conversations = [names.known(conversation) for conversation, _ in wanted]
            accounts = [names.known(account) for _, account in wanted]
            for place, marks in await self._database.rows(_MARKS, conversations, accounts):
                found[place - 1] = stored.marks(marks)
        return found

    async def of_conversation(self, conversation: ConversationId, limit: int) -> dict[AccountId, Marks]:
        rows = await self._database.rows(_OF_CONVERSATION, names.known(conversation), limit)
        return {AccountId(account.decode()): stored.marks(marks) for account, marks in rows}

    async def readers(self, conversation: ConversationId, number: int, limit: int) -> list[ReadStep]:
        rows = await self._database.rows(_READERS, names.known(conversation), min(number, _LAST), limit)
        return [ReadStep(AccountId(account.decode()), at) for account, at in rows]

    async def forget(self, account: AccountId, conversations: Sequence[ConversationId]) -> None:
        name, theirs = names.known(account), [names.known(conversation) for conversation in conversations]
        for first in range(0, len(theirs), _AT_ONCE):
            some = theirs[first : first + _AT_ONCE]
            while await self._database.rows(_FORGET_STEPS, some, name, _REMOVED):
                pass
            async with self._database.transaction() as connection:
                await connection.fetch(_LOCK_OWN, some, name)
                await connection.execute(_FORGET_MARKS, some, name)
        await self._database.rows(_FORGET_SEEN, name)

    async def save_seen(self, rows: Sequence[Seen]) -> None:
        latest: dict[bytes, Seen] = {}
        for row in rows:
            name = names.known(row.account)
            held = latest.get(name)
            if held is None or row.last_active_at >= held.last_active_at:
                latest[name] = row
        if not latest:
            return
        accounts = sorted(latest)
        kept = [latest[account] for account in accounts]
        await self._database.rows(
            _SAVE_SEEN, accounts, [row.online for row in kept], [row.last_active_at for row in kept]
        )

    async def seen(self, accounts: Sequence[AccountId]) -> list[Seen | None]:
        found: list[Seen | None] = [None] * len(accounts)
        if accounts:
            for place, online, at in await self._database.rows(_SEEN, [names.known(one) for one in accounts]):
                found[place - 1] = Seen(accounts[place - 1], online, at)
        return found

    async def seen_after(self, account: AccountId | None, limit: int) -> list[Seen]:
        if account is None:
            rows = await self._database.rows(_SEEN_FIRST, limit)
        else:
            rows = await self._database.rows(_SEEN_AFTER, names.known(account), limit)
        return [Seen(AccountId(name.decode()), online, at) for name, online, at in rows]


def _columns(changed: dict[Pair, Marks], steps: dict[tuple[bytes, bytes, int], Mark]) -> tuple[list[object], ...]:
    """What `messages.advance_1` wants of them."""
    return (
        [conversation for conversation, _ in changed],
        [account for _, account in changed],
        [marks.read.number for marks in changed.values()],
        [stored.sealed(marks) for marks in changed.values()],
        [conversation for conversation, _, _ in steps],
        [account for _, account, _ in steps],
        [number for _, _, number in steps],
        [mark.at for mark in steps.values()],
    )
