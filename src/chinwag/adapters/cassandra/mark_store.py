"""The MarkStore on Cassandra: what is posted of a move comes first, then the marks, which merge by themselves."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from zlib import crc32

from chinwag.adapters import names
from chinwag.adapters.cassandra import mark_cells
from chinwag.adapters.cassandra.database import TOGETHER_SECONDS, Database, within
from chinwag.adapters.cassandra.mark_cells import COLUMNS, Cells
from chinwag.adapters.cassandra.poster import Poster
from chinwag.adapters.cassandra.schema import MARK_SHARDS
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Read, Values, Write, delete, insert
from chinwag.adapters.inboxes.rows import Moved
from chinwag.adapters.marks_merged import Pair, merged
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance, MarkStore, ReadStep, Seen

LOCKS: Final = 256
"""Advances of pairs that fall on one of these wait for one another."""
TELL_SECONDS: Final = 8.0
"""From the look at some marks to the last try to tell of their move. Much less than inboxes remember what they were
told: by then whoever looks finds the marks moved."""
_AT_ONCE: Final = 500
"""Conversations whose marks are forgotten together at most."""
_LAST: Final = (1 << 63) - 1
_CELLS: Final = ", ".join((*COLUMNS, *(f"WRITETIME({column})" for column in COLUMNS)))

_MARKS: Final = Read(f"SELECT {_CELLS} FROM marks WHERE conversation = ? AND shard = ? AND account = ?")  # noqa: S608 - our own words
_OF_SHARD: Final = Read(
    f"SELECT account, {_CELLS} FROM marks WHERE conversation = ? AND shard = ? AND account > ? LIMIT ?"  # noqa: S608 - our own words
)
_SET: Final = {column: insert("marks", f"conversation shard account {column}", 2) for column in COLUMNS}
_STEP: Final = insert("steps", "conversation account number at", 2)
_STEP_FROM: Final = Read(
    "SELECT at FROM steps WHERE conversation = ? AND account = ? AND number >= ? ORDER BY number LIMIT 1"
)
_FORGET_STEPS: Final = delete("steps", "conversation account", 2)
SAVE_SEEN: Final = insert("presence", "account seen", 1)
_SEEN: Final = Read("SELECT seen FROM presence WHERE account = ?")
_SEEN_AT: Final = Read("SELECT WRITETIME(seen) FROM presence WHERE account = ?")
_FORGET_SEEN: Final = delete("presence", "account", 1)
_SEEN_FIRST: Final = Read("SELECT account, seen FROM presence LIMIT ?")
_SEEN_WITH: Final = Read("SELECT account, seen FROM presence WHERE token(account) = token(?)")
_SEEN_AFTER: Final = Read("SELECT account, seen FROM presence WHERE token(account) > token(?) LIMIT ?")


class CassandraMarkStore(MarkStore):
    """Moves of one pair by this process come one after the other. Another process may move the same one meanwhile: then
    both tell of it, and the marks are what both made of them. An inbox that gets both in the wrong order
    leaves the lower one out (`adapters/inboxes/told_marks.py`): each posts soon after it has looked, or not at all."""

    def __init__(self, database: Database, poster: Poster) -> None:
        self._database = database
        self._poster = poster
        self._locks = [asyncio.Lock() for _ in range(LOCKS)]

    async def advance(self, advances: Sequence[Advance], postings: Sequence[Posting] = ()) -> None:
        if not advances and not postings:
            return
        moving = [((names.known(one.conversation), names.known(one.account)), one) for one in advances]
        pairs = list(dict.fromkeys(pair for pair, _ in moving))
        async with within(TOGETHER_SECONDS), self._alone(pairs):
            looked = time.monotonic()
            cells = await self._cells(pairs)
            held = {pair: of_pair.marks for pair, of_pair in cells.items()}
            changed, steps, told = merged(held, moving)
            changes: list[tuple[Write, Values]] = []
            for pair, marks in changed.items():
                changes += cells_of(*pair, marks, cells[pair].generation)
            for (conversation, account, number), mark in steps.items():
                changes.append(step_of(conversation, account, number, mark.at, cells[conversation, account].generation))
            if told:
                moved = [
                    Moved(one.conversation, one.account, cells[pair].generation, changed[pair])
                    for pair, one in dict(moving).items()
                    if pair in changed
                ]
                seconds = looked + TELL_SECONDS - time.monotonic()
                await self._poster.moved([*postings, *told], moved, seconds)
            elif postings:
                await self._poster.post(postings)
            await self._database.write(changes)

    async def marks(self, wanted: Sequence[tuple[ConversationId, AccountId]]) -> list[Marks]:
        pairs = [(names.known(conversation), names.known(account)) for conversation, account in wanted]
        cells = await self._cells(dict.fromkeys(pairs))
        return [cells[pair].marks for pair in pairs]

    async def of_conversation(self, conversation: ConversationId, limit: int) -> dict[AccountId, Marks]:
        found: dict[AccountId, Marks] = {}
        for shard in range(MARK_SHARDS):
            async for account, marks in self._of_shard(names.known(conversation), shard, limit - len(found)):
                found[AccountId(account.decode())] = marks
        return found

    async def readers(self, conversation: ConversationId, number: int, limit: int) -> list[ReadStep]:
        name, number = names.known(conversation), min(number, _LAST)
        there: list[bytes] = []
        for shard in range(MARK_SHARDS):
            async for account, marks in self._of_shard(name, shard, _LAST):
                if marks.read.number >= number and marks.read.number:
                    there.append(account)
                if len(there) >= limit:
                    break
            if len(there) >= limit:
                break
        steps = await self._database.rows_of_each(_STEP_FROM, ((name, account, number) for account in there))
        return [
            ReadStep(AccountId(account.decode()), mark_cells.step_at(rows[0][0]) if rows else 0)
            for account, rows in zip(there, steps, strict=True)
        ]

    async def forget(self, account: AccountId, conversations: Sequence[ConversationId]) -> None:
        name = names.known(account)
        theirs = [(names.known(conversation), name) for conversation in dict.fromkeys(conversations)]
        for first in range(0, len(theirs), _AT_ONCE):
            some = theirs[first : first + _AT_ONCE]
            async with within(TOGETHER_SECONDS), self._alone(some):
                changes: list[tuple[Write, Values]] = []
                for pair, cells in (await self._cells(some)).items():
                    if cells.marks == Marks():
                        continue
                    # Whatever comes later is of the next generation, so nothing of this one hides it.
                    at = stamp(cells.generation + 1)
                    changes += [(_SET[column], (pair[0], _shard(pair), name, b"", at)) for column in COLUMNS]
                    changes.append((_FORGET_STEPS, (at, *pair)))
                await self._database.write(changes)
        rows = await self._database.rows(_SEEN_AT, name) if name else []
        if rows:
            await self._database.write([(_FORGET_SEEN, (rows[0][0], name))])

    async def save_seen(self, rows: Sequence[Seen]) -> None:
        latest: dict[bytes, Seen] = {}
        for row in rows:
            name = names.known(row.account)
            held = latest.get(name)
            if held is None or row.last_active_at >= held.last_active_at:
                latest[name] = row
        await self._database.write([(SAVE_SEEN, (name, *mark_cells.seen(row))) for name, row in latest.items() if name])

    async def seen(self, accounts: Sequence[AccountId]) -> list[Seen | None]:
        found: list[Seen | None] = [None] * len(accounts)
        wanted = [(place, names.known(account)) for place, account in enumerate(accounts)]
        asked = [(place, name) for place, name in wanted if name]
        answers = await self._database.rows_of_each(_SEEN, ((name,) for _, name in asked))
        for (place, _), rows in zip(asked, answers, strict=True):
            if rows:
                found[place] = mark_cells.seen_of(accounts[place], rows[0][0])
        return found

    async def seen_after(self, account: AccountId | None, limit: int) -> list[Seen]:
        if account is None:
            rows = await self._database.rows(_SEEN_FIRST, limit)
        else:  # in the order of the engine's hash, then of the name's bytes
            name = names.known(account)
            if not name:
                return await self.seen_after(None, limit)
            rows = [row for row in await self._database.rows(_SEEN_WITH, name) if row[0] > name]
            if len(rows) < limit:
                rows += await self._database.rows(_SEEN_AFTER, name, limit - len(rows))
        return [mark_cells.seen_of(AccountId(name.decode()), value) for name, value in rows[:limit]]

    async def _cells(self, pairs: Iterable[Pair]) -> dict[Pair, Cells]:
        wanted = list(pairs)
        asked = ((conversation, _shard((conversation, account)), account) for conversation, account in wanted)
        answers = await self._database.rows_of_each(_MARKS, asked)
        return {pair: mark_cells.opened(rows[0] if rows else None) for pair, rows in zip(wanted, answers, strict=True)}

    async def _of_shard(self, conversation: bytes, shard: int, limit: int) -> AsyncIterator[tuple[bytes, Marks]]:
        """Up to `limit` marks of a part of a conversation; those that were forgotten are passed over."""
        after = b""
        while limit > 0:
            rows = await self._database.rows(_OF_SHARD, conversation, shard, after, _AT_ONCE)
            for account, *row in rows:
                marks = mark_cells.opened(row).marks
                if marks != Marks() and limit > 0:
                    limit -= 1
                    yield account, marks
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1][0]

    @asynccontextmanager
    async def _alone(self, pairs: Iterable[Pair]) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            for number in sorted({crc32(account, crc32(conversation)) % LOCKS for conversation, account in pairs}):
                await held.enter_async_context(self._locks[number])
            yield


def cells_of(conversation: bytes, account: bytes, marks: Marks, generation: int) -> list[tuple[Write, Values]]:
    """What makes an account's marks at least these."""
    shard = _shard((conversation, account))
    return [
        (_SET[column], (conversation, shard, account, value, at))
        for column, value, at in mark_cells.sealed(marks, generation)
    ]


def step_of(conversation: bytes, account: bytes, number: int, at: int, generation: int) -> tuple[Write, Values]:
    """What keeps when a read mark came to cover `number`."""
    return _STEP, (conversation, account, number, mark_cells.step(at), stamp(generation, number))


def _shard(pair: Pair) -> int:
    return crc32(pair[1]) % MARK_SHARDS
