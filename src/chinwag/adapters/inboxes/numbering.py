"""What the records of an inbox stream make of the inboxes: a pure function of the stream's prefix.

Two workers that overlap, and one that begins again at its checkpoint, therefore make the same rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from chinwag.adapters.inboxes.records import NONE, Entry, Posted
from chinwag.adapters.inboxes.rows import InboxRow, InboxState, Moved, Part
from chinwag.adapters.inboxes.told_marks import Held, MarkTold, ToldMarks, mark_told
from chinwag.domain.conversation import START, Position
from chinwag.domain.ids import AccountId

SENDERS: Final = 64
"""Of so many processes that post by themselves it is remembered what they posted: those heard of last."""
LOG: Final = "log."
"""How a source begins that is a partition of the log: these are always remembered, as there are only so many."""
_DAY_MS: Final = 86_400_000


class Told(msgspec.Struct, frozen=True, gc=False):
    """Events (JSON) that are readable once the rows are kept: in the inbox of each account from its position on.
    Without events: whatever lies below. at: when they were posted, in milliseconds since 1970; they say what was so
    then."""

    accounts: list[AccountId]
    positions: list[int]
    events: list[bytes]
    at: int


class Made(msgspec.Struct):
    """What some records made, besides what was there."""

    rows: list[InboxRow] = msgspec.field(default_factory=list)
    states: dict[AccountId, InboxState] = msgspec.field(default_factory=dict)
    told: list[Told] = msgspec.field(default_factory=list)
    moved: list[Moved] = msgspec.field(default_factory=list)
    dropped: int = 0


class Numbering:
    """One partition's worker's: the vector of what it has seen, and how it numbers."""

    def __init__(self, seen: Mapping[str, Position], kept_days: int, told: Mapping[bytes, Held] | None = None) -> None:
        """kept_days: for how long entries are kept: of days before that a state remembers one. told: marks that were
        told of."""
        self.told = ToldMarks(told)
        self._kept_days = kept_days
        self.seen = dict(seen)
        """The highest position of each source, in the order in which they were heard of last."""

    def apply(
        self, made: Made, record: Posted, at: Position, at_ms: int, known: Mapping[AccountId, InboxState]
    ) -> None:
        """Add to `made` what a record makes. at, at_ms: its place in the stream, and when that took it. known: the
        state of every account in it before `made`."""
        made.moved += record.moved
        before = self.seen.get(record.source, START)
        highest = before
        rows: dict[AccountId, _Building] = {}
        told: list[tuple[Entry, int, list[_Building], list[int]]] = []
        for entry in _each_by_itself(record.entries):
            skip = sum(position <= before for position in entry.positions)
            highest = max(highest, entry.positions[-1])
            if skip == len(entry.positions):
                made.dropped += 1
                continue
            audience, positions = [], []
            mark = _mark_of(entry)
            for account in entry.accounts:
                if mark is not None and self.told.goes_back(account, mark, at_ms):
                    made.dropped += 1
                    continue
                row = rows.get(account)
                if row is None:
                    state = made.states.get(account) or known[account]
                    row = rows[account] = _Building(account, state, at)
                positions.append(row.add(entry, skip))
                audience.append(row)
            told.append((entry, skip, audience, positions))
        for account in record.forgotten:
            state = made.states.get(account) or known[account]
            row = rows.setdefault(account, _Building(account, state, at))
            row.forgotten = True
        self._saw(record.source, highest)
        for row in rows.values():
            row.finish(made, at, at_ms // _DAY_MS, self._kept_days)
        for told_of in told:
            made.told += _told(*told_of, at_ms)

    def _saw(self, source: str, position: Position) -> None:
        self.seen.pop(source, None)
        self.seen[source] = position
        senders = [each for each in self.seen if not each.startswith(LOG)]
        for each in senders[: max(0, len(senders) - SENDERS)]:
            del self.seen[each]


def _each_by_itself(entries: Iterable[Entry]) -> Iterator[Entry]:
    """What has no number stands alone: each event may tell of a mark, which one inbox takes and another does not."""
    for entry in entries:
        if entry.conversation != NONE or len(entry.positions) == 1:
            yield entry
            continue
        for position, event in zip(entry.positions, entry.events, strict=True):
            yield Entry(entry.accounts, [position], NONE, 0, [event])


def _mark_of(entry: Entry) -> MarkTold | None:
    return mark_told(entry.events[0]) if entry.conversation == NONE and entry.events else None


def accounts_of(records: Iterable[Posted]) -> list[AccountId]:
    """Everybody whose inbox some records change, each once."""
    found: dict[AccountId, None] = {}
    for record in records:
        for entry in record.entries:
            found.update(dict.fromkeys(entry.accounts))
        found.update(dict.fromkeys(record.forgotten))
    return list(found)


class _Building:
    """The row of one record and account. applied: it was made before, by a worker that came no further."""

    def __init__(self, account: AccountId, state: InboxState, at: Position) -> None:
        self.account = account
        self.applied = at <= state.applied
        self.forgotten = False
        self.head = self.begun = state.head
        self._state = state
        self._parts: list[Part] = []

    def add(self, entry: Entry, skip: int) -> int:
        """Add the events of an entry, but for the first `skip`; the position of the first."""
        count = len(entry.positions) - skip
        position = self.head + 1
        self.head += count
        if entry.conversation == NONE:
            self._parts += entry.events[skip:]
            return position
        first = entry.first + skip
        last = self._parts[-1] if self._parts else None
        if isinstance(last, tuple) and last[0] == entry.conversation and last[1] + last[2] == first:
            self._parts[-1] = (last[0], last[1], last[2] + count)
        else:
            self._parts.append((entry.conversation, first, count))
        return position

    def finish(self, made: Made, at: Position, day: int, kept_days: int) -> None:
        if self.applied:
            return
        before = self._state
        days = before.days
        if self._parts:
            made.rows.append(InboxRow(self.account, self.head, self.head - before.head, self._parts, at))
            if not days or days[-1][0] < day:
                over = [each for each in days if each[0] < day - kept_days]
                days = (*over[-1:], *days[len(over) :], (day, before.head))
        floor = self.head if self.forgotten else before.floor
        made.states[self.account] = InboxState(self.head, floor, at, days)


def _told(entry: Entry, skip: int, audience: list[_Building], positions: list[int], at_ms: int) -> Iterable[Told]:
    fresh = [(row.account, position) for row, position in zip(audience, positions, strict=True) if not row.applied]
    again = [row.account for row in audience if row.applied]
    if fresh:
        events = entry.events[skip:]
        count = len(entry.positions) - skip
        # Where the events are not carried, what is told is where the inbox ends.
        after = 0 if events else count
        yield Told([account for account, _ in fresh], [position + after for _, position in fresh], events, at_ms)
    if again:
        heads = [row.begun + 1 for row in audience if row.applied]
        yield Told(again, heads, [], at_ms)


def floor_of(state: InboxState, before_ms: int) -> int:
    """Entries at or below it are not to be read: they were forgotten, or posted before a day that began by then."""
    begun = [head for day, head in state.days if day * _DAY_MS <= before_ms]
    return max(state.floor, begun[-1] if begun else 0)
