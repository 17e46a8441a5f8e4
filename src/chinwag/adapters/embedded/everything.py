"""Everything that a store holds, as rows of the tables that another kind of store keeps it in.

Those of several machines have the same names and values (`adapters/stored.py`), so most of it is taken over as it is.
Only what says where in the log something was done is not: a log of another kind begins anew.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from rocksdict import Rdict

from chinwag.adapters import names, stored
from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.data_directory import begin, open_rocksdb
from chinwag.adapters.embedded.numbering import head
from chinwag.adapters.embedded.scan import rows as rows_from
from chinwag.adapters.tables import Row
from chinwag.domain.conversation import START
from chinwag.ports.inbox import Inline

CACHE_BYTES: Final = 32 << 20
KNOWN: Final = b"!cegijkmnoprstvwx"
"""What rows begin with. Notes of replaced texts (`x`) are of the files here alone."""

Rows = tuple[bytes, list[Row]]
"""The key of a row of the store, and the rows of a table that it becomes."""


class Everything:
    """The store in `path`, opened by this process alone, and brought to this version's format. Blocks.

    Raises as `open_embedded`.
    """

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self._db = open_rocksdb(path, CACHE_BYTES)
        try:
            self.inbox_epoch = begin(self._db, path, clock).inbox
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the store."""
        self._db.close()

    def about(self) -> int:
        """How many rows it has, as RocksDB guesses."""
        return self._db.property_int_value("rocksdb.estimate-num-keys") or 0

    def unknown(self) -> bytes:
        """The key of a row of a kind that is not known here, and would be left behind; empty if there is none."""
        at = b""
        for kind in sorted(KNOWN):
            found = _first(self._db, at)
            if found and found[0] not in KNOWN:
                return found
            at = bytes((kind + 1,))
        return _first(self._db, at)

    def rows(self, table: str, after: bytes) -> Iterator[Rows]:
        """The rows of `table` that come of rows of the store behind the key `after` (empty: of all), in steady order:
        by the length of their first name, then by its bytes. Raises `UnknownFormatError`."""
        return _TABLES[table](self._db, after)


def _first(db: Rdict, at: bytes) -> bytes:
    """The first key from `at` on."""
    return next((key for key, _ in rows_from(db, at)), b"")


def _of_kind(db: Rdict, kind: bytes, after: bytes) -> Iterator[tuple[bytes, bytes]]:
    for key, value in rows_from(db, after + b"\0" if after else kind):
        if not key.startswith(kind):
            return
        yield key, value


def _named(key: bytes, count: int) -> tuple[tuple[bytes, ...], int]:
    """The first `count` names of a key, and the number after them if there is one."""
    found, at = [], 1
    for _ in range(count):
        end = at + 1 + key[at]
        found.append(key[at + 1 : end])
        at = end
    return tuple(found), int.from_bytes(key[at:])


def _as_it_is(
    kind: bytes, count: int, check: Callable[[bytes], object], *, numbered: bool = True
) -> Callable[[Rdict, bytes], Iterator[Rows]]:
    """Rows whose value is taken over: their names, their number if they are `numbered`, the value. check: raises where
    this version does not know the value's format."""

    def rows(db: Rdict, after: bytes) -> Iterator[Rows]:
        for key, value in _of_kind(db, kind, after):
            check(value)
            found, number = _named(key, count)
            yield key, [(*found, number, value) if numbered else (*found, value)]

    return rows


def _states(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, b"s", after):
        state = values.state(value)
        assert state is not None
        yield key, [(*_named(key, 1)[0], stored.sealed(msgspec.structs.replace(state, applied=START)))]


def _send_keys(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, b"k", after):
        send = values.send_key(value)
        assert send is not None
        yield key, [(*_named(key, 3)[0], stored.sealed(msgspec.structs.replace(send, position=START)))]


def _heads(db: Rdict, after: bytes) -> Iterator[Rows]:
    """One row for each inbox; its key is the inbox's first."""
    at = after + b"\xff" * keys.NUMBER_BYTES + b"\0" if after else keys.INBOXES
    rows = db.iter()
    while True:
        rows.seek(at)
        if not rows.valid() or not rows.key().startswith(keys.INBOXES):
            return
        prefix: bytes = rows.key()[: -keys.NUMBER_BYTES]
        floor = _floor(db, prefix)
        yield prefix, [(*_named(prefix, 1)[0], head(rows, prefix), floor)]
        at = prefix + b"\xff" * keys.NUMBER_BYTES + b"\0"


def _inbox(db: Rdict, after: bytes) -> Iterator[Rows]:
    prefix, floor = b"", 0
    for key, value in _of_kind(db, keys.INBOXES, after):
        if not prefix or not key.startswith(prefix):
            prefix = key[: -keys.NUMBER_BYTES]
            floor = _floor(db, prefix)
        (account,), last = _named(key, 1)
        if last:
            yield key, [row for row in _chunk(account, last, value) if row[1] > floor]  # type: ignore[operator]


def _chunk(account: bytes, last: int, value: bytes) -> Iterator[Row]:
    at = values.posted_at(value)
    for entry in values.entries(value, last):
        if isinstance(entry, Inline):
            yield account, entry.position, 1, None, None, entry.event, at
        else:
            conversation = names.known(entry.conversation)
            yield account, entry.position + entry.count - 1, entry.count, conversation, entry.first, None, at


def _floor(db: Rdict, prefix: bytes) -> int:
    return values.integer(db.get(prefix + keys.number(0)))


def _mentions(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, keys.MENTIONS, after):
        found, _ = _named(key, 2)
        yield key, [(*found, keys.number_of(key[-keys.NUMBER_BYTES :]), values.integer(value))]


def _reactions(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, keys.REACTIONS, after):
        values.opened(value)  # of a format that is known
        (conversation,), _ = _named(key, 1)
        message, account = keys.reacted(key)
        yield key, [(conversation, message, names.known(account), value)]


def _reaction_counts(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, keys.COUNTS, after):
        counts = msgspec.structs.replace(stored.reaction_counts(value), covers=START)
        found, number = _named(key, 1)
        yield key, [(*found, number, stored.sealed(counts))]


def _joinings(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, keys.JOININGS, after):
        (conversation,), _ = _named(key, 1)
        joined, account = keys.joined(key)
        yield key, [(conversation, joined, names.known(account), values.integer(value))]


def _wide_groups(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, keys.WIDE, after):
        values.opened(value)  # of a format that is known
        yield key, [_named(key, 1)[0]]


def _marks(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, b"r", after):
        yield key, [(*_named(key, 2)[0], values.marks(value).read.number, value)]


def _steps(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, b"t", after):
        found, number = _named(key, 2)
        yield key, [(*found, number, values.integer(value))]


def _seen(db: Rdict, after: bytes) -> Iterator[Rows]:
    for key, value in _of_kind(db, keys.SEEN, after):
        seen = values.seen(value)
        assert seen is not None
        yield key, [(*_named(key, 1)[0], seen.online, seen.last_active_at)]


_TABLES: Final[Mapping[str, Callable[[Rdict, bytes], Iterator[Rows]]]] = {
    "states": _states,
    "events": _as_it_is(b"e", 1, stored.event),
    "send_keys": _send_keys,
    "spans": _as_it_is(b"m", 2, stored.span),
    "mentions": _mentions,
    "reactions": _reactions,
    "reaction_counts": _reaction_counts,
    "people": _as_it_is(keys.PEOPLE, 2, stored.member_row, numbered=False),
    "wrote": _as_it_is(keys.WROTE, 2, stored.wrote, numbered=False),
    "joinings": _joinings,
    "wide_groups": _wide_groups,
    "heads": _heads,
    "inbox": _inbox,
    "marks": _marks,
    "steps": _steps,
    "seen": _seen,
}
