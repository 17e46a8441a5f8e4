"""What is read of messages. What was put on them, and whom they speak to, by records that a log has lost is void."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.batch import key_shard
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.ends import End, Ends
from chinwag.adapters.cassandra.schema import BUCKET
from chinwag.adapters.cassandra.stamps import epoch_of
from chinwag.adapters.cassandra.statements import Read, Values
from chinwag.domain.conversation import SendKey
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.mentions import Mention
from chinwag.domain.reactions import Reacted
from chinwag.ports.message_store import Changed, EventName, KeyName, ReactionName, Row

_LAST: Final = (1 << 63) - 1
_KEYS_TOGETHER: Final = 32
"""Send keys of one device and conversation that are one request."""

_EVENTS: Final = Read(
    "SELECT event FROM events WHERE conversation = ? AND bucket = ? AND number >= ? AND number <= ? ORDER BY number"
)
_EVENT: Final = Read("SELECT event FROM events WHERE conversation = ? AND bucket = ? AND number = ?")
_WRITTEN: Final = Read("SELECT WRITETIME(event) FROM events WHERE conversation = ? AND bucket = ? AND number = ?")
_KEYS: Final = Read("SELECT id, key FROM send_keys WHERE conversation = ? AND device = ? AND shard IN ? AND id IN ?")
_REACTED: Final = Read(
    "SELECT reacted, WRITETIME(reacted) FROM reactions "
    "WHERE conversation = ? AND bucket = ? AND message = ? AND account = ?"
)
_REACTIONS: Final = Read(
    "SELECT message, account, reacted, WRITETIME(reacted) FROM reactions "
    "WHERE conversation = ? AND bucket = ? AND message >= ? AND message <= ? LIMIT ?"
)
_REACTORS: Final = Read(
    "SELECT account, reacted, WRITETIME(reacted) FROM reactions "
    "WHERE conversation = ? AND bucket = ? AND message = ? AND account > ? LIMIT ?"
)
_REACTION_BUCKETS: Final = Read(
    "SELECT bucket FROM reaction_buckets WHERE conversation = ? AND bucket >= ? AND bucket <= ?"
)
_MENTIONS: Final = Read(
    "SELECT number, since, WRITETIME(since) FROM mentions "
    "WHERE account = ? AND conversation = ? AND number > ? AND number < ? ORDER BY number DESC LIMIT ?"
)


class _Spoken(msgspec.Struct, gc=False):
    mentioned: tuple[AccountId, ...] = ()


_spoken: Final = msgspec.json.Decoder(_Spoken).decode


class _Walk(NamedTuple):
    """Reads the names of the conversations in a table: from the first, those of one hash, and those of later ones."""

    first: Read
    same: Read
    later: Read


def _through(table: str) -> _Walk:
    read = f"SELECT conversation FROM {table}"  # noqa: S608 - our own words
    return _Walk(
        Read(f"{read} LIMIT ?"),
        Read(f"{read} WHERE token(conversation) = token(?)"),
        Read(f"{read} WHERE token(conversation) > token(?) LIMIT ?"),
    )


_STATES: Final = _through("states")
_WIDE: Final = _through("wide_groups")


class MessageReads:
    """Each read is of one partition, or of some side by side."""

    def __init__(self, database: Database, ends: Ends) -> None:
        self._database = database
        self._ends = ends

    async def keys(self, wanted: Sequence[KeyName]) -> list[SendKey | None]:
        """The keys as they are stored, whether they count or not."""
        places: dict[tuple[bytes, bytes], dict[bytes, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, name in enumerate(wanted):
            places[names.known(name.conversation), names.known(name.device)][names.written(name.id)].append(place)
        asked: list[Values] = []
        of_each: list[dict[bytes, list[int]]] = []
        for whose, ids in places.items():
            every = list(ids)
            for some in (every[start : start + _KEYS_TOGETHER] for start in range(0, len(every), _KEYS_TOGETHER)):
                # Whatever a shard has of all these ids: of each there is one in one of them.
                asked.append((*whose, list(dict.fromkeys(map(key_shard, some))), some))
                of_each.append(ids)
        found: list[SendKey | None] = [None] * len(wanted)
        for ids, rows in zip(of_each, await self._database.rows_of_each(_KEYS, asked), strict=True):
            for written, key in rows:
                for place in ids[written]:
                    found[place] = stored.send_key(key)
        return found

    async def events(self, conversation: ConversationId, first: int, last: int) -> list[Row]:
        """As of the port."""
        name, first, last = names.known(conversation), max(first, 0), min(last, _LAST)
        if last < first:
            return []
        buckets = range(first // BUCKET, last // BUCKET + 1)
        pages = await self._database.rows_of_each(_EVENTS, ((name, bucket, first, last) for bucket in buckets))
        return [stored.event(event) for rows in pages for (event,) in rows]

    async def rows(self, wanted: Sequence[EventName]) -> list[Row | None]:
        """As of the port."""
        asked = [(names.known(one), number // BUCKET, number) for one, number in wanted]
        answers = await self._database.rows_of_each(_EVENT, asked)
        return [stored.event(rows[0][0]) if rows else None for rows in answers]

    async def epochs(self, wanted: Sequence[EventName]) -> list[int | None]:
        """In which epoch of the log each of these events was written last; None for one that is not there."""
        asked = [(names.known(one), number // BUCKET, number) for one, number in wanted]
        answers = await self._database.rows_of_each(_WRITTEN, asked)
        return [epoch_of(rows[0][0]) if rows else None for rows in answers]

    async def reacted(self, wanted: Sequence[ReactionName]) -> list[Reacted | None]:
        """As of the port."""
        asked = [(names.known(one), message // BUCKET, message, names.known(who)) for one, message, who in wanted]
        answers = await self._database.rows_of_each(_REACTED, asked)
        written = [(name[0], rows[0][1]) for name, rows in zip(wanted, answers, strict=True) if rows]
        over = await self._ends.over(written) if written else {}
        found: list[Reacted | None] = []
        for (conversation, _, _), rows in zip(wanted, answers, strict=True):
            row = _as_applied(rows[0][0], over.get((conversation, epoch_of(rows[0][1])))) if rows else None
            found.append(row if row is not None and row.steps else None)
        return found

    async def reactions(
        self, conversation: ConversationId, first: int, last: int, limit: int
    ) -> list[tuple[int, AccountId, Reacted]]:
        """As of the port."""
        name, first, last = names.known(conversation), max(first, 0), min(last, _LAST)
        if not name or last < first:
            return []
        found: list[tuple[int, AccountId, Reacted]] = []
        for (bucket,) in await self._database.rows(_REACTION_BUCKETS, name, first // BUCKET, last // BUCKET):
            left = limit - len(found)
            if left <= 0:
                break
            rows = await self._database.rows(_REACTIONS, name, bucket, first, last, left)
            over = await self._ends.over((conversation, row[3]) for row in rows)
            found += [
                (message, AccountId(who.decode()), _as_applied(row, over.get((conversation, epoch_of(at)))))
                for message, who, row, at in rows
            ]
        return found

    async def reactors(
        self, conversation: ConversationId, message: int, after: AccountId | None, limit: int
    ) -> list[tuple[AccountId, Reacted]]:
        """As of the port."""
        name, behind = names.known(conversation), b"" if after is None else names.known(after)
        if not name:
            return []
        rows = await self._database.rows(_REACTORS, name, message // BUCKET, message, behind, limit)
        over = await self._ends.over((conversation, at) for _, _, at in rows)
        return [
            (AccountId(who.decode()), _as_applied(row, over.get((conversation, epoch_of(at))))) for who, row, at in rows
        ]

    async def mentions(
        self, accounts: Sequence[AccountId], conversation: ConversationId, above: int, limit: int
    ) -> list[Mention]:
        """As of the port."""
        of_each = await asyncio.gather(
            *(self._mentions(account, conversation, min(above, _LAST), limit) for account in accounts)
        )
        return [mention for found in of_each for mention in found]

    async def conversations(self, after: ConversationId, limit: int) -> list[ConversationId]:
        """As of the port: in the order of the engine's hash, then of the name's bytes."""
        return await self._walk(_STATES, after, limit)

    async def wide_groups(self, after: ConversationId, limit: int) -> list[ConversationId]:
        """As of the port, in the same order."""
        return await self._walk(_WIDE, after, limit)

    async def _walk(self, through: _Walk, after: ConversationId, limit: int) -> list[ConversationId]:
        name = names.known(after)
        if not name:
            rows = await self._database.rows(through.first, limit)
        else:  # of two names with one hash the engine gives the lesser first
            rows = [row for row in await self._database.rows(through.same, name) if row[0] > name]
            if len(rows) < limit:
                rows += await self._database.rows(through.later, name, limit - len(rows))
        return [ConversationId(row[0].decode()) for row in rows[:limit]]

    async def _mentions(
        self, account: AccountId, conversation: ConversationId, above: int, limit: int
    ) -> list[Mention]:
        """Rows that speak to nobody any more are passed over, and those of messages that a log has lost."""
        found: list[Mention] = []
        name, below = names.known(conversation), _LAST
        while limit > len(found):
            rows = await self._database.rows(_MENTIONS, names.known(account), name, above, below, limit)
            found += await self._placed(account, conversation, rows)
            if len(rows) < limit:
                break
            below = rows[-1][0]
        return found[:limit]

    async def _placed(
        self, account: AccountId, conversation: ConversationId, rows: Sequence[tuple[int, int, int]]
    ) -> list[Mention]:
        """What rows say, without what lost records made of them. Of a message that was changed by one, it tells itself
        to whom it speaks: it is written after these rows, or not at all."""
        over = await self._ends.over((conversation, at) for _, _, at in rows)
        found: dict[int, int] = {}
        doubtful: list[int] = []
        for number, since, at in rows:
            end = over.get((conversation, epoch_of(at)))
            if end is not None and end.head is not None:
                if number > end.head:
                    continue
                if since > end.head or not (since or end.applied(at)):
                    doubtful.append(number)
            found[number] = since
        if doubtful:
            messages = await self.rows([(conversation, number) for number in doubtful])
            for number, row in zip(doubtful, messages, strict=True):
                event = row.event if isinstance(row, Changed) else row
                found[number] = number if event is not None and account in _spoken(event).mentioned else 0
        return [Mention(account, number, since) for number, since in found.items() if since]


def _as_applied(row: bytes, end: End | None) -> Reacted:
    """What is on a message, without what was put there by records that are lost. end: of the epoch in which the row
    was written, if that is over."""
    reacted = stored.reacted(row)
    if end is None or end.head is None:
        return reacted
    turns = end.turns
    return reacted.as_of(end.head, _LAST if turns is None else turns)
