"""What rows of PostgreSQL's tables become here, and what is compared of them.

All that says where in the log something was done says the very beginning, below whatever comes: the log begins anew.
Likewise each row's timestamp, but for those that are made of what a row says (of marks, their steps, and presence).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.adapters import stored
from chinwag.adapters.cassandra import mark_cells
from chinwag.adapters.cassandra.batch import (
    COUNTS,
    EVENT,
    KEY,
    MENTION,
    REACTION,
    REACTION_BUCKET,
    STATE,
    key_shard,
)
from chinwag.adapters.cassandra.inbox_rows import row_of, state_of
from chinwag.adapters.cassandra.mark_store import SAVE_SEEN, cells_of, step_of
from chinwag.adapters.cassandra.member_rows import JOINING_BUCKETS, PERSON, WIDE, WROTE, joining, member_shard
from chinwag.adapters.cassandra.schema import BUCKET, JOINING_BUCKET
from chinwag.adapters.cassandra.span_rows import CLOSING, SPAN
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Changes, Read, Value, Values, Write
from chinwag.adapters.inboxes.rows import InboxRow, InboxState, Part
from chinwag.adapters.postgres.postings import TOGETHER, unpack
from chinwag.domain.conversation import START
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.ports.mark_store import Seen

AT: Final = stamp(0)
"""The timestamp of what was moved: no epoch of the log is 0."""
_WORD: Final = 1 << 64

Change = tuple[Write, Values]


class Total(NamedTuple):
    """What the cells of a table come to, in whatever order they are met."""

    cells: int = 0
    digest: int = 0


class Shape(NamedTuple):
    """keys, values: the columns of a table."""

    keys: tuple[str, ...]
    values: tuple[str, ...]


def _shape(keys: str, values: str) -> Shape:
    return Shape(tuple(keys.split()), tuple(values.split()))


SHAPES: Final[Mapping[str, Shape]] = {
    "states": _shape("conversation", "state ended clearing"),
    "events": _shape("conversation bucket number", "event"),
    "send_keys": _shape("conversation device shard id", "key"),
    "spans": _shape("account length conversation first", "span"),
    "closings": _shape("account conversation first last", "span"),
    "mentions": _shape("account conversation number", "since"),
    "reactions": _shape("conversation bucket message account", "reacted"),
    "reaction_buckets": _shape("conversation bucket", "there"),
    "reaction_counts": _shape("conversation bucket message", "counts"),
    "people": _shape("conversation shard account", "stays wrote"),
    "joinings": _shape("conversation bucket joined length account", "gone"),
    "joining_buckets": _shape("conversation bucket", "there"),
    "wide_groups": _shape("conversation", "there"),
    "inbox_state": _shape("account", "state"),
    "inbox": _shape("account bucket position", "entry"),
    "marks": _shape("conversation shard account", "read delivered shown_read shown_delivered"),
    "steps": _shape("conversation account number", "at"),
    "presence": _shape("account", "seen"),
}
"""All that a move fills."""


def through(table: str) -> Read:
    """Reads all cells of a table: keys, values, and the values' timestamps."""
    keys, values = SHAPES[table]
    columns = ", ".join((*keys, *values, *(f"WRITETIME({one})" for one in values)))
    return Read(f"SELECT {columns} FROM {table}")  # noqa: S608 - our own names


class Totals:
    """Of all tables."""

    def __init__(self) -> None:
        self._of: dict[str, list[int]] = {table: [0, 0] for table in SHAPES}

    def of(self, table: str) -> Total:
        """Of one."""
        cells, digest = self._of[table]
        return Total(cells, digest % _WORD)

    def write(self, changes: Iterable[Change]) -> None:
        """Add what is, or was, written."""
        for write, values in changes:
            keys = len(SHAPES[write.table].keys)
            written_at = values[len(write.columns)]
            for column, value in zip(write.columns[keys:], values[keys:], strict=False):
                self._add(write.table, column, values[:keys], value, written_at)

    def read(self, table: str, rows: Iterable[Sequence[Value]]) -> None:
        """Add what `through(table)` has found."""
        shape = SHAPES[table]
        begin, count = len(shape.keys), len(shape.values)
        for row in rows:
            for at, column in enumerate(shape.values, begin):
                if row[at] is not None:
                    self._add(table, column, row[:begin], row[at], row[at + count])

    def _add(self, table: str, column: str, keys: Sequence[Value], value: Value, written_at: Value) -> None:
        packed = msgspec.msgpack.encode((column, list(keys), value, written_at))
        total = self._of[table]
        total[0] += 1
        total[1] += int.from_bytes(hashlib.sha256(packed).digest()[:8])


class Converting:
    """From the rows of one table after the other, each table's in the order of their keys. seconds: for how long the
    engine keeps entries of inboxes."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._bucket: tuple[str, bytes, int] = ("", b"", 0)

    def changes(self, table: str, rows: Iterable[tuple[object, ...]]) -> Changes:
        """What they become. rows: of `heads`, with the days of what is in the inbox behind. A table's bucket is told of
        once, as rows of one stand together."""
        make = _TABLES.get(table)
        found: Changes = []
        for row in rows:
            if make is not None:
                found += make(*row)
            elif table == "inbox":
                found.append(_entry(*row, seconds=self._seconds))  # type: ignore[arg-type]
            elif table == "reactions":
                found += self._reaction(*row)  # type: ignore[arg-type]
            else:
                assert table == "joinings"
                found += self._joining(*row)  # type: ignore[arg-type]
        return found

    def _reaction(self, conversation: bytes, message: int, account: bytes, reacted: bytes) -> Iterator[Change]:
        bucket = message // BUCKET
        yield REACTION, (conversation, bucket, message, account, reacted, AT)
        if self._begins("reactions", conversation, bucket):
            yield REACTION_BUCKET, (conversation, bucket, b"", AT)

    def _joining(self, conversation: bytes, joined: int, account: bytes, gone: int) -> Iterator[Change]:
        bucket = joined // JOINING_BUCKET
        yield joining(conversation, joined, account, gone, AT)
        if self._begins("joinings", conversation, bucket):
            yield JOINING_BUCKETS, (conversation, bucket, b"", AT)

    def _begins(self, table: str, conversation: bytes, bucket: int) -> bool:
        before, self._bucket = self._bucket, (table, conversation, bucket)
        return before != self._bucket


def _state(conversation: bytes, state: bytes) -> Changes:
    found = stored.state(state)
    assert found is not None
    begun = stored.sealed(msgspec.structs.replace(found, applied=START))
    return [(STATE, (conversation, begun, stored.sealed(()), stored.sealed(()), AT))]


def _event(conversation: bytes, number: int, event: bytes) -> Changes:
    return [(EVENT, (conversation, number // BUCKET, number, event, AT))]


def _send_key(conversation: bytes, device: bytes, id: bytes, key: bytes) -> Changes:  # noqa: A002 - the column's name
    found = stored.send_key(key)
    assert found is not None
    begun = stored.sealed(msgspec.structs.replace(found, position=START))
    return [(KEY, (conversation, device, key_shard(id), id, begun, AT))]


def _span(account: bytes, conversation: bytes, first: int, span: bytes) -> Changes:
    changes: Changes = [(SPAN, (account, len(conversation), conversation, first, span, AT))]
    last = stored.span(span).last
    if last is not None:
        changes.append((CLOSING, (account, conversation, first, last, span, AT)))
    return changes


def _mention(account: bytes, conversation: bytes, number: int, since: int) -> Changes:
    return [(MENTION, (account, conversation, number, since, AT))]


def _counts(conversation: bytes, message: int, counts: bytes) -> Changes:
    begun = stored.sealed(msgspec.structs.replace(stored.reaction_counts(counts), covers=START))
    return [(COUNTS, (conversation, message // BUCKET, message, begun, AT))]


def _person(conversation: bytes, account: bytes, stays: bytes) -> Changes:
    return [(PERSON, (conversation, member_shard(account), account, stays, AT))]


def _wrote(conversation: bytes, account: bytes, wrote: bytes) -> Changes:
    return [(WROTE, (conversation, member_shard(account), account, wrote, AT))]


def _wide(conversation: bytes) -> Changes:
    return [(WIDE, (conversation, b"", AT))]


def _head(account: bytes, last: int, floor: int, days: tuple[tuple[int, int], ...]) -> Changes:
    return [state_of(AccountId(account.decode()), InboxState(last, floor, START, days))]


def _entry(
    account: bytes,
    last: int,
    count: int,
    conversation: bytes | None,
    first: int | None,
    event: bytes | None,
    posted_at: int,
    *,
    seconds: int,
) -> Change:
    """When it was posted is in the days of its inbox."""
    del posted_at
    parts: Sequence[Part]
    if conversation is not None:
        assert first is not None
        parts = [(ConversationId(conversation.decode()), first, count)]
    elif first == TOGETHER and event is not None:
        parts = unpack(event)
    else:
        assert event is not None
        parts = [event]
    return row_of(InboxRow(AccountId(account.decode()), last, count, parts, START), AT, seconds)


def _marks(conversation: bytes, account: bytes, read: int, marks: bytes | None) -> Changes:
    """A row without marks was only made to be locked."""
    del read
    return cells_of(conversation, account, stored.marks(marks), 0)


def _step(conversation: bytes, account: bytes, number: int, at: int) -> Changes:
    return [step_of(conversation, account, number, at, 0)]


def _seen(account: bytes, online: bool, at: int) -> Changes:
    return [(SAVE_SEEN, (account, *mark_cells.seen(Seen(AccountId(account.decode()), online, at))))]


_TABLES: Final[Mapping[str, Callable[..., Changes]]] = {
    "states": _state,
    "events": _event,
    "send_keys": _send_key,
    "spans": _span,
    "mentions": _mention,
    "reaction_counts": _counts,
    "people": _person,
    "wrote": _wrote,
    "wide_groups": _wide,
    "heads": _head,
    "marks": _marks,
    "steps": _step,
    "seen": _seen,
}
