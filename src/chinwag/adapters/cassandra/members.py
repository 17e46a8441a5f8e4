"""What is read of the members of wide groups.

What a worker wrote that was stopped in the midst of a batch, while its log was lost and another epoch began, is above
the head that its conversation had then. Nothing that has a greater number than that is given, whoever has it by now.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.fences import Fences
from chinwag.adapters.cassandra.member_rows import FORGOTTEN, joining, member_shard
from chinwag.adapters.cassandra.schema import JOINING_BUCKET
from chinwag.adapters.cassandra.stamps import epoch_of, stamp_of
from chinwag.adapters.cassandra.standings import Standings
from chinwag.adapters.cassandra.statements import Read, Values, delete
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.ports.log import partition_of
from chinwag.ports.message_store import Joining, PersonName

_TOGETHER: Final = 32
"""Members of one part of a group that are one request."""
_BUCKETS_TOGETHER: Final = 16
"""Parts of the joinings of one group that are read side by side at most."""

_PEOPLE: Final = Read(
    "SELECT account, stays, WRITETIME(stays) FROM people WHERE conversation = ? AND shard = ? AND account IN ?"
)
_WROTE: Final = Read(
    "SELECT account, wrote, WRITETIME(wrote) FROM people WHERE conversation = ? AND shard = ? AND account IN ?"
)
_JOININGS: Final = Read(
    "SELECT joined, length, account, gone, WRITETIME(gone) FROM joinings "
    "WHERE conversation = ? AND bucket = ? AND (joined, length, account) > (?, ?, ?) LIMIT ?"
)
_JOINING_BUCKETS: Final = Read("SELECT bucket FROM joining_buckets WHERE conversation = ? AND bucket >= ?")
FORGET_PERSON: Final = delete("people", "conversation shard account", 2)

_Place = tuple[int, int, bytes]
"""Of a joining: number, length of the name, name."""


class Members:
    """Reads and forgets them. All calls raise `Refused(UNAVAILABLE)`. partitions: of the log."""

    def __init__(self, database: Database, fences: Fences, standings: Standings, partitions: int) -> None:
        self._database = database
        self._fences = fences
        self._standings = standings
        self._partitions = partitions

    async def people(self, wanted: Sequence[PersonName]) -> list[MemberRow | None]:
        """As of the port."""
        found: list[MemberRow | None] = []
        cells = await self._cells(_PEOPLE, wanted)
        heads = await self._heads((name[0], cells[name][1]) for name in wanted if name in cells)
        for name in wanted:
            row = None
            if name in cells:
                value, written_at = cells[name]
                row = stored.member_row(value)
                head = heads.get((name[0], epoch_of(written_at)))
                if head is not None:
                    row = row.as_of(head)
            found.append(row if row is not None and row.stays else None)
        return found

    async def wrote(self, wanted: Sequence[PersonName]) -> list[Wrote | None]:
        """As of the port."""
        found: list[Wrote | None] = []
        cells = await self._cells(_WROTE, wanted)
        heads = await self._heads((name[0], cells[name][1]) for name in wanted if name in cells)
        for name in wanted:
            one = None
            if name in cells:
                value, written_at = cells[name]
                one = stored.wrote(value)
                head = heads.get((name[0], epoch_of(written_at)))
                if head is not None and one.number > head:
                    one = None
            found.append(one)
        return found

    async def joinings(
        self, conversation: ConversationId, after: tuple[int, AccountId] | None, limit: int
    ) -> list[Joining]:
        """As of the port."""
        name = names.known(conversation)
        if not name:
            return []
        joined, account = after or (-1, AccountId(""))
        who = names.known(account)
        place = joined, len(who), who
        rows = await self._database.rows(_JOINING_BUCKETS, name, max(joined, 0) // JOINING_BUCKET)
        buckets = [bucket for (bucket,) in rows]
        found: list[Joining] = []
        together = 1
        while buckets and len(found) < limit:
            some, buckets = buckets[:together], buckets[together:]
            wanted = limit - len(found)
            pages = await asyncio.gather(*(self._of_bucket(conversation, one, place, wanted) for one in some))
            found += [one for page in pages for one in page]
            together = min(2 * together, _BUCKETS_TOGETHER)  # there is little in each, if that is not enough yet
        return found[:limit]

    async def forget_joinings(self, conversation: ConversationId, gone: Sequence[tuple[int, AccountId]]) -> None:
        """As of the port."""
        (state,) = await self._standings.states([conversation])
        if state is not None and gone:
            name, at = names.known(conversation), stamp_of(state.applied)
            await self._database.write(
                [joining(name, joined, names.known(account), FORGOTTEN, at) for joined, account in gone]
            )

    async def _of_bucket(self, conversation: ConversationId, bucket: int, after: _Place, limit: int) -> list[Joining]:
        """Rows that are void or forgotten are passed over."""
        found: list[Joining] = []
        name = names.known(conversation)
        while len(found) < limit:
            rows = await self._database.rows(_JOININGS, name, bucket, *after, limit)
            heads = await self._heads((conversation, row[4]) for row in rows)
            for joined, _, account, gone, written_at in rows:
                head = heads.get((conversation, epoch_of(written_at)))
                if gone != FORGOTTEN and (head is None or joined <= head):
                    left = gone if head is None or gone <= head else 0
                    found.append((joined, AccountId(account.decode()), left))
            if len(rows) < limit:
                break
            after = rows[-1][:3]
        return found[:limit]

    async def _cells(self, statement: Read, wanted: Sequence[PersonName]) -> dict[PersonName, tuple[bytes, int]]:
        """What is stored of each that is: value and timestamp."""
        parts: dict[tuple[bytes, int], dict[bytes, PersonName]] = defaultdict(dict)
        for name in wanted:
            conversation, who = names.known(name[0]), names.known(name[1])
            if conversation:
                parts[conversation, member_shard(who)][who] = name
        asked: list[Values] = []
        of_each: list[dict[bytes, PersonName]] = []
        for part, members in parts.items():
            accounts = list(members)
            for first in range(0, len(accounts), _TOGETHER):
                asked.append((*part, accounts[first : first + _TOGETHER]))
                of_each.append(members)
        found: dict[PersonName, tuple[bytes, int]] = {}
        for members, rows in zip(of_each, await self._database.rows_of_each(statement, asked), strict=True):
            for who, value, written_at in rows:
                if value is not None:
                    found[members[who]] = value, written_at
        return found

    async def _heads(self, written: Iterable[tuple[ConversationId, int]]) -> dict[tuple[ConversationId, int], int]:
        """Up to which number that holds which was written in epochs that are over. written: conversation and timestamp
        of it; found: by conversation and epoch."""
        found: dict[tuple[ConversationId, int], int] = {}
        for conversation, epoch in dict.fromkeys((one, epoch_of(written_at)) for one, written_at in written):
            latest = await self._fences.recent(partition_of(conversation, self._partitions))
            if 0 < epoch < latest:
                standing = await self._standings.ended_in(conversation, epoch, latest)
                head = standing.head_in(epoch)
                if head is not None:
                    found[conversation, epoch] = head
        return found
