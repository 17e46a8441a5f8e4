"""The rows of inboxes on Cassandra, as the workers of inbox partitions make them (adapters/inboxes).

The timestamp of each is its record's place in the partition's stream, so writing it again changes nothing. Rows are
gone by themselves some time after they are kept for; what is readable is said by their state.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.mark_store import cells_of
from chinwag.adapters.cassandra.moves import inbox_base
from chinwag.adapters.cassandra.schema import INBOX_BUCKET
from chinwag.adapters.cassandra.stamps import stamp_of
from chinwag.adapters.cassandra.statements import Read, Values, Write, insert
from chinwag.adapters.inboxes.rows import Checkpoint, InboxRow, InboxRows, InboxState, Moved, Part
from chinwag.adapters.inboxes.told_marks import Held
from chinwag.domain.conversation import START, Position
from chinwag.domain.ids import AccountId

LONGER_DAYS: Final = 2
"""For so long rows outlive what they are kept for: nothing is gone that is still readable."""
_DAY_SECONDS: Final = 86_400

_ROW: Final = insert("inbox", "account bucket position entry", 2, ttl=True)
_STATE: Final = insert("inbox_state", "account state", 1)
_CHECKPOINT: Final = insert("inbox_checkpoints", "partition checkpoint", 1)
_ACKED: Final = insert("inbox_acked", "partition place", 1)
_ROWS: Final = Read(
    "SELECT position, entry FROM inbox WHERE account = ? AND bucket = ? AND position > ? AND position <= ? LIMIT ?"
)
_STATE_OF: Final = Read("SELECT state FROM inbox_state WHERE account = ?")
_CHECKPOINT_OF: Final = Read("SELECT checkpoint FROM inbox_checkpoints WHERE partition = ?")
_ACKED_OF: Final = Read("SELECT place FROM inbox_acked WHERE partition = ?")


class _Entry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A row's content. count: of entries; at: its record's place."""

    count: int
    at: Position
    parts: Sequence[Part]


class _Kept(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A checkpoint; the sources in their order."""

    applied: Position
    seen: list[tuple[str, Position]]
    told: dict[bytes, Held] = {}


_entry: Final = msgspec.msgpack.Decoder(_Entry).decode
_state: Final = msgspec.msgpack.Decoder(InboxState).decode
_kept: Final = msgspec.msgpack.Decoder(_Kept).decode
_place: Final = msgspec.msgpack.Decoder(Position).decode


class CassandraInboxRows(InboxRows):
    """Of one process. kept_days: for how long entries are kept."""

    def __init__(self, database: Database, kept_days: int) -> None:
        self._database = database
        self._seconds = kept_seconds(kept_days)

    async def write(self, rows: Sequence[InboxRow]) -> None:
        await self._database.write([row_of(row, stamp_of(row.at), self._seconds) for row in rows])

    async def replace(self, rows: Sequence[InboxRow]) -> None:
        # The spare bit of a timestamp: above the first writing of this row, below every other record's.
        await self._database.write([row_of(row, stamp_of(row.at) + 1, self._seconds) for row in rows])

    async def save(self, states: Mapping[AccountId, InboxState]) -> None:
        await self._database.write([state_of(account, state) for account, state in states.items()])

    async def move(self, moved: Sequence[Moved]) -> None:
        await self._database.write(
            [
                change
                for one in dict.fromkeys(moved)
                for change in cells_of(
                    names.known(one.conversation), names.known(one.account), one.marks, one.generation
                )
            ]
        )

    async def states(self, accounts: Sequence[AccountId]) -> list[InboxState]:
        found = await self._database.rows_of_each(_STATE_OF, [(names.known(account),) for account in accounts])
        return [_state(stored.opened(rows[0][0])) if rows else InboxState() for rows in found]

    async def rows(self, account: AccountId, after: int, last: int, limit: int) -> list[InboxRow]:
        found: list[InboxRow] = []
        name, count = names.known(account), 0
        for bucket in range((after + 1) // INBOX_BUCKET, last // INBOX_BUCKET + 1):
            for position, content in await self._database.rows(_ROWS, name, bucket, after, last, limit - count):
                entry = _entry(stored.opened(content))
                found.append(InboxRow(account, position, entry.count, entry.parts, entry.at))
                count += min(entry.count, position - after)  # of the first there may be some before
                if count >= limit:
                    return found
        return found

    async def checkpoint(self, partition: int) -> Checkpoint:
        rows = await self._database.rows(_CHECKPOINT_OF, partition)
        if not rows:
            return Checkpoint()
        kept = _kept(stored.opened(rows[0][0]))
        return Checkpoint(kept.applied, dict(kept.seen), kept.told)

    async def save_checkpoint(self, partition: int, checkpoint: Checkpoint) -> None:
        kept = _Kept(checkpoint.applied, list(checkpoint.seen.items()), dict(checkpoint.told))
        content = (partition, stored.sealed(kept), stamp_of(checkpoint.applied))
        await self._database.write([(_CHECKPOINT, content)])

    async def acked(self, partition: int) -> Position:
        rows = await self._database.rows(_ACKED_OF, partition)
        return _place(stored.opened(rows[0][0])) if rows else START

    async def save_acked(self, positions: Mapping[int, Position]) -> None:
        await self._database.write(
            [(_ACKED, (partition, stored.sealed(place), stamp_of(place))) for partition, place in positions.items()]
        )

    async def base(self) -> int:
        return await inbox_base(self._database)


def kept_seconds(kept_days: int) -> int:
    """For how long the engine has a row, if entries are kept for so many days."""
    return (kept_days + LONGER_DAYS) * _DAY_SECONDS


def row_of(row: InboxRow, at: int, seconds: int) -> tuple[Write, Values]:
    """A row as it is written. at: its timestamp. seconds: after which it is gone."""
    entry = stored.sealed(_Entry(row.count, row.at, row.parts))
    return _ROW, (names.known(row.account), row.last // INBOX_BUCKET, row.last, entry, at, seconds)


def state_of(account: AccountId, state: InboxState) -> tuple[Write, Values]:
    """A state as it is written."""
    return _STATE, (names.known(account), stored.sealed(state), stamp_of(state.applied))
