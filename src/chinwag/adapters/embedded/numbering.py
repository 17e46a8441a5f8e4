"""Gives what is posted its position in each inbox, and writes it in chunks.

A chunk is one row: what one commit posts to one account, under its last position. The entries of a message to a
hundred members are the same bytes in a hundred rows, so they are made once.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec
from rocksdict import RdictIter

from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.embedded.generations import Generations
from chinwag.adapters.embedded.group import Group
from chinwag.adapters.fanouts import merged
from chinwag.domain.ids import AccountId
from chinwag.ports.inbox import Posting
from chinwag.ports.message_store import Commit

CHUNK_BYTES: Final = 64 << 10
"""A chunk that has grown beyond this takes no more entries."""

_LAST: Final = b"\xff" * keys.NUMBER_BYTES


class _Head(msgspec.Struct, gc=False):
    """An inbox's last position given, and the chunk that a commit is making for it: most have one entry, those of
    streams as many as the commit has conversations, so what grows is not copied for each."""

    prefix: bytes
    last: int
    chunk: bytes | bytearray = b""


class Parcel(NamedTuple):
    """Consecutive events of one conversation, on their way to some inboxes."""

    run: bytes
    audience: tuple[AccountId, ...]
    inboxes: list[_Head]
    events: list[bytes]


class Numbering:
    """The heads of all inboxes.

    A commit calls `begin`, then prepares what may fail (`address`, `inboxes`), then posts, and does not await in
    between.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._heads: Generations[AccountId, _Head] = Generations(engine)

    def begin(self) -> None:
        """A commit begins: drop what is no longer needed."""
        self._heads.age()

    def inboxes(self, accounts: Iterable[AccountId]) -> list[_Head]:
        """The heads of `accounts`, loaded if need be."""
        known = self._heads.young
        return [known.get(account) or self._load(account) for account in accounts]

    def address(self, commit: Commit, deliveries: list[Parcel]) -> None:
        """Add to `deliveries` what a commit of a conversation posts."""
        if not commit.fanouts:
            return
        base = commit.events[0][0]
        for fanout in merged(commit.fanouts):
            first, count = fanout.first, fanout.last - fanout.first + 1
            told = [event for _, event in commit.events[first - base : first - base + count]]
            run = values.run(commit.state.id, first, count)
            deliveries.append(Parcel(run, fanout.audience, self.inboxes(fanout.audience), told))

    def deliver(self, group: Group, deliveries: Sequence[Parcel]) -> None:
        """Give events their positions in the inboxes of their audiences."""
        touched: list[_Head] = []
        beginning = values.chunk(self._engine.clock())
        for run, audience, inboxes, events in deliveries:
            count = len(events)
            alone = beginning + run
            positions = []
            for inbox in inboxes:
                last = inbox.last
                positions.append(last + 1)
                if inbox.chunk:
                    _extend(group, inbox, beginning, run)
                else:
                    inbox.chunk = alone
                    touched.append(inbox)
                inbox.last = last + count
            group.arrivals.append((audience, positions, events))
        _write(group, touched)

    def post(self, group: Group, postings: Sequence[Posting], inboxes: Sequence[_Head]) -> None:
        """Give events that have no number their positions, each in its own one of `inboxes`."""
        touched: list[_Head] = []
        beginning = values.chunk(self._engine.clock())
        for posting, inbox in zip(postings, inboxes, strict=True):
            entry = values.inline(posting.event)
            if inbox.chunk:
                _extend(group, inbox, beginning, entry)
            else:
                inbox.chunk = beginning + entry
                touched.append(inbox)
            inbox.last += 1
            group.arrivals.append(((posting.account,), [inbox.last], [posting.event]))
        _write(group, touched)

    def _load(self, account: AccountId) -> _Head:
        found = self._heads.get(account)
        if found is None:
            prefix = keys.inbox(account)
            found = _Head(prefix, head(self._engine.db.iter(), prefix))
            self._heads.put(account, found)
        return found


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
    chunk = inbox.chunk
    if len(chunk) >= CHUNK_BYTES:
        group.put(inbox.prefix + keys.number(inbox.last), bytes(chunk))
        inbox.chunk = beginning + entry
    elif type(chunk) is bytearray:
        chunk += entry
    else:
        inbox.chunk = bytearray(chunk + entry)


def _write(group: Group, touched: list[_Head]) -> None:
    put, number = group.put, keys.number
    for inbox in touched:
        chunk = inbox.chunk
        put(inbox.prefix + number(inbox.last), chunk if type(chunk) is bytes else bytes(chunk))
        inbox.chunk = b""
