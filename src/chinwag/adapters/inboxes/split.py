"""What a batch of commits posts, as records of each inbox partition."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from chinwag.adapters.inboxes.records import Entry, Posted, inbox_partition
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.ports.message_store import Commit

RECORD_BYTES: Final = 512 << 10
"""About how long a record may get before the next begins."""
CARRIED_BYTES: Final = 16 << 10
"""An event that is longer is not carried: whoever wants it reads it."""
_OVERHEAD: Final = 24
"""About how many bytes an event or an account takes besides its own."""

Records = dict[int, list[Posted]]
"""By inbox partition, in the order in which they are to be appended."""


class _One(NamedTuple):
    """One event on its way to some inboxes."""

    position: Position
    conversation: ConversationId
    number: int
    event: bytes
    audience: tuple[AccountId, ...]


def of_commits(source: str, batch: Sequence[Commit], partitions: int) -> Records:
    """What a batch that is about to be stored posts. In the order of the log: who has seen a position of `source` has
    seen all before it."""
    ones = sorted((one for commit in batch for one in _events_of(commit)), key=lambda one: one.position)
    shares: dict[tuple[AccountId, ...], dict[int, list[AccountId]]] = {}
    entries: dict[int, list[Entry]] = defaultdict(list)
    for one in ones:
        share = shares.get(one.audience)
        if share is None:
            share = shares[one.audience] = _shared_out(one.audience, partitions)
        for partition, accounts in share.items():
            _add(entries[partition], one, accounts)
    return {partition: list(in_records(source, found)) for partition, found in entries.items()}


def in_records(source: str, entries: Sequence[Entry]) -> Iterator[Posted]:
    """Entries in the order of their positions, in records that are not too long."""
    together: list[Entry] = []
    size = 0
    for entry in entries:
        length = _length(entry)
        if together and size + length > RECORD_BYTES:
            yield Posted(source, together)
            together, size = [], 0
        together.append(entry)
        size += length
    if together:
        yield Posted(source, together)


def _length(entry: Entry) -> int:
    named = sum(len(account) + _OVERHEAD for account in entry.accounts)
    return named + sum(len(event) + _OVERHEAD for event in entry.events) + len(entry.positions) * _OVERHEAD


def _events_of(commit: Commit) -> Iterator[_One]:
    if not commit.fanouts:
        return
    places = _positions_of(commit)
    base = commit.events[0][0]
    for fanout in commit.fanouts:
        for number in range(fanout.first, fanout.last + 1):
            event = commit.events[number - base][1]
            yield _One(places[number], commit.state.id, number, event, fanout.audience)


def _positions_of(commit: Commit) -> dict[int, Position]:
    """Where in the log each event was decided: its number stands in the first key that knows it."""
    found: dict[int, Position] = {}
    for _, key in commit.keys:
        if key.refused is None and (key.number not in found or key.position < found[key.number]):
            found[key.number] = key.position
    last = commit.state.applied
    for number, _ in reversed(commit.events):
        last = min(last, found.get(number, last))
        found[number] = last
    return found


def _shared_out(audience: tuple[AccountId, ...], partitions: int) -> dict[int, list[AccountId]]:
    share: dict[int, list[AccountId]] = {}
    for account in audience:
        share.setdefault(inbox_partition(account, partitions), []).append(account)
    return share


def _add(entries: list[Entry], one: _One, accounts: list[AccountId]) -> None:
    before = entries[-1] if entries else None
    carried = len(one.event) <= CARRIED_BYTES
    if (
        before is not None
        and before.accounts is accounts
        and before.conversation == one.conversation
        and before.first + len(before.positions) == one.number
        and carried == bool(before.events)
        and _length(before) < RECORD_BYTES // 4
    ):
        before.positions.append(one.position)
        if carried:
            before.events.append(one.event)
        return
    entries.append(Entry(accounts, [one.position], one.conversation, one.number, [one.event] if carried else []))
