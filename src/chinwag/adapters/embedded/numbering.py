"""Gives what is posted its position in each inbox, and writes it in chunks.

A chunk is one row: what one commit posts to one account, under its last position. The entries of a message to a
hundred members are the same bytes in a hundred rows, so they are made once.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from rocksdict import RdictIter

from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.engine import Engine, Group
from chinwag.adapters.embedded.generations import Generations
from chinwag.domain.ids import AccountId
from chinwag.ports.inbox import Posting
from chinwag.ports.message_store import Commit, Fanout

CHUNK_BYTES: Final = 64 << 10
"""A chunk that has grown beyond this takes no more entries."""

_LAST: Final = b"\xff" * keys.NUMBER_BYTES


class _Head(msgspec.Struct, gc=False):
    """An inbox's last position given, and the chunk that a commit is making for it."""

    prefix: bytes
    last: int
    chunk: bytes = b""


class Numbering:
    """The heads of all inboxes. A commit calls `begin`, then `load`, then posts, without awaiting in between."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._heads: Generations[AccountId, _Head] = Generations(engine)

    def begin(self) -> None:
        """A commit begins: drop what is no longer needed."""
        self._heads.age()

    def load(self, accounts: Iterable[AccountId]) -> None:
        """Have the heads of `accounts` at hand: before the commit's first row, as this may fail."""
        cached = self._heads.get
        for account in accounts:
            if cached(account) is None:
                prefix = keys.inbox(account)
                self._heads.put(account, _Head(prefix, head(self._engine.db.iter(), prefix)))

    def fan_out(self, group: Group, batch: Sequence[Commit]) -> None:
        """Post the events of a batch to their audiences. All heads are loaded."""
        heads = self._heads.get
        touched: list[_Head] = []
        beginning = values.chunk(self._engine.clock())
        for commit in batch:
            if not commit.fanouts:
                continue
            base = commit.events[0][0]
            events = [event for _, event in commit.events]
            for fanout in _merged(commit.fanouts):
                count = fanout.last - fanout.first + 1
                run = values.run(commit.state.id, fanout.first, count)
                alone = beginning + run
                positions = []
                for account in fanout.audience:
                    inbox = heads(account)
                    assert inbox is not None
                    positions.append(inbox.last + 1)
                    if not inbox.chunk:
                        inbox.chunk = alone
                        touched.append(inbox)
                    else:
                        _extend(group, inbox, beginning, run)
                    inbox.last += count
                told = events[fanout.first - base : fanout.last - base + 1]
                group.arrivals.append((fanout.audience, positions, told))
        _write(group, touched)

    def post(self, group: Group, postings: Sequence[Posting]) -> None:
        """Post events that have no number. All heads are loaded."""
        touched: list[_Head] = []
        beginning = values.chunk(self._engine.clock())
        for posting in postings:
            inbox = self._heads.get(posting.account)
            assert inbox is not None
            entry = values.inline(posting.event)
            if not inbox.chunk:
                inbox.chunk = beginning + entry
                touched.append(inbox)
            else:
                _extend(group, inbox, beginning, entry)
            inbox.last += 1
            group.arrivals.append(((posting.account,), [inbox.last], [posting.event]))
        _write(group, touched)


def head(rows: RdictIter, prefix: bytes) -> int:
    """The last position on disk. The floor's row, at position 0, keeps it when all entries are trimmed."""
    rows.seek_for_prev(prefix + _LAST)
    if not rows.valid():
        return 0
    key: bytes = rows.key()
    if not key.startswith(prefix):
        return 0
    return int.from_bytes(key[-keys.NUMBER_BYTES :]) or values.integer(rows.value())


def _extend(group: Group, inbox: _Head, beginning: bytes, entry: bytes) -> None:
    if len(inbox.chunk) < CHUNK_BYTES:
        inbox.chunk += entry
    else:
        group.put(inbox.prefix + keys.number(inbox.last), inbox.chunk)
        inbox.chunk = beginning + entry


def _write(group: Group, touched: list[_Head]) -> None:
    put, number = group.put, keys.number
    for inbox in touched:
        put(inbox.prefix + number(inbox.last), inbox.chunk)
        inbox.chunk = b""


def _merged(fanouts: Sequence[Fanout]) -> Sequence[Fanout]:
    """Neighbours with one audience made one."""
    if len(fanouts) == 1:
        return fanouts
    merged = [fanouts[0]]
    for fanout in fanouts[1:]:
        before = merged[-1]
        if fanout.first == before.last + 1 and fanout.audience == before.audience:
            merged[-1] = Fanout(before.first, fanout.last, before.audience)
        else:
            merged.append(fanout)
    return merged
