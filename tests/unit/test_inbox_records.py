"""What batches post to inbox partitions, and what records make of inboxes: both functions of their values alone."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.harness import ANN, BEN, CYD, PAIR, commit, event

from chinwag.adapters.inboxes import records
from chinwag.adapters.inboxes.numbering import LOG, SENDERS, Made, Numbering, accounts_of, floor_of
from chinwag.adapters.inboxes.records import NONE, Entry, NewerRecordError, Posted, inbox_partition
from chinwag.adapters.inboxes.rows import InboxState
from chinwag.adapters.inboxes.split import CARRIED_BYTES, RECORD_BYTES, of_commits
from chinwag.domain.conversation import Position, SendKey
from chinwag.domain.ids import AccountId, group_id
from chinwag.domain.refusal import Code
from chinwag.ports.message_store import Fanout, KeyName

SOURCE = f"{LOG}3"
DAY = 86_400_000


class Inboxes:
    """One partition's, as a worker that never fails makes them."""

    def __init__(self) -> None:
        self.numbering = Numbering({}, 30)
        self.states: dict[AccountId, InboxState] = {}
        self.rows: dict[tuple[AccountId, int], list[object]] = {}
        self.told: list[tuple[AccountId, int, list[bytes]]] = []
        self.sequence = 0

    def take(self, record: Posted, at_ms: int = 0, again: bool = False) -> Made:
        self.sequence += not again
        for account in accounts_of([record]):
            self.states.setdefault(account, InboxState())
        made = Made()
        self.numbering.apply(made, record, Position(1, self.sequence, 0), at_ms, self.states)
        self.states |= made.states
        for row in made.rows:
            self.rows[row.account, row.last] = list(row.parts)
        for told in made.told:
            self.told += [(account, at, told.events) for account, at in zip(told.accounts, told.positions, strict=True)]
        return made

    def of(self, account: AccountId) -> list[str]:
        """All entries of an inbox, in order; dense."""
        found: list[str] = []
        for (owner, last), parts in sorted(self.rows.items(), key=lambda each: each[0][1]):
            if owner != account:
                continue
            for part in parts:
                if isinstance(part, bytes):
                    found.append(part.decode())
                else:
                    assert isinstance(part, tuple)
                    found += [f"{part[0]}#{part[1] + step}" for step in range(part[2])]
            assert last == len(found)
        return found


def run(first: int, last: int, accounts: Sequence[AccountId] = (ANN,)) -> Entry:
    """Events of the pair, each decided at its own number of the log."""
    numbers = range(first, last + 1)
    return Entry(list(accounts), [Position(1, each, 0) for each in numbers], PAIR, first, [event(n) for n in numbers])


def test_a_record_is_read_as_it_was_written_and_a_newer_one_is_left_alone() -> None:
    record = Posted(SOURCE, [run(1, 2, [ANN, BEN])], [CYD])
    written = records.encode(record)
    assert records.decode(written) == record
    with pytest.raises(NewerRecordError):
        records.decode(bytes((records.VERSION + 1,)) + written[1:])
    for damaged in (b"", written[:1], written[:-1], b"\x01nothing"):
        with pytest.raises(msgspec.DecodeError):
            records.decode(damaged)


def test_each_event_stands_where_the_log_placed_it() -> None:
    batch = commit(5, 7, sequence=50)
    keys = [
        # A refusal and what was noted have keys as well, and so has an older send that lost its digest.
        (KeyName(PAIR, batch.keys[0][0].device, batch.keys[0][0].id), SendKey(Position(1, 40, 0), 5, 0)),
        (batch.keys[1][0], SendKey(Position(1, 41, 3), 6, 0)),
        (batch.keys[2][0], SendKey(Position(1, 42, 0), 0, 0, b"", Code.FORBIDDEN)),
        (batch.keys[2][0], SendKey(Position(1, 43, 0), 6, 0)),
        (batch.keys[2][0], SendKey(Position(1, 44, 9), 7, 0)),
        (batch.keys[2][0], SendKey(Position(1, 2, 0), 2, 0)),
    ]
    found = of_commits(SOURCE, [msgspec.structs.replace(batch, keys=keys)], 1)
    (record,) = found[0]
    assert [position for entry in record.entries for position in entry.positions] == [
        Position(1, 40, 0),
        Position(1, 41, 3),
        Position(1, 44, 9),
    ]


def test_a_batch_is_one_record_for_each_inbox_partition_in_the_order_of_the_log() -> None:
    other = group_id("9")
    first, second = commit(1, 3), commit(1, 2, other, (BEN, CYD))
    late = [(name, msgspec.structs.replace(key, position=Position(1, 2, 5))) for name, key in second.keys]
    found = of_commits(SOURCE, [first, msgspec.structs.replace(second, keys=late)], 4)
    for partition, (record,) in found.items():
        positions = [position for entry in record.entries for position in entry.positions]
        assert positions == sorted(positions)
        assert all(inbox_partition(who, 4) == partition for entry in record.entries for who in entry.accounts)
    assert set(found) == {inbox_partition(who, 4) for who in (ANN, BEN, CYD)}


def test_a_long_batch_is_cut_where_nothing_behind_the_cut_is_dropped() -> None:
    text = "x" * (CARRIED_BYTES // 2)
    conversations = [group_id(str(number)) for number in range(40)]
    batch = []
    for place, conversation in enumerate(conversations):
        one = commit(1, 8, conversation, sequence=1_000)
        keys = [
            (name, msgspec.structs.replace(key, position=Position(1, key.number * 100 + place, 0)))
            for name, key in one.keys
        ]
        batch.append(msgspec.structs.replace(one, keys=keys, events=[(n, event(n, text)) for n, _ in one.events]))
    (found,) = of_commits(SOURCE, batch, 1).values()
    assert len(found) > 2
    assert all(len(records.encode(record)) < 2 * RECORD_BYTES for record in found)
    inboxes = Inboxes()
    assert not sum(inboxes.take(record).dropped for record in found)
    assert len(inboxes.of(ANN)) == 40 * 8
    assert sorted(inboxes.of(ANN)) == sorted(f"{each}#{n}" for each in conversations for n in range(1, 9))


def test_a_long_event_is_posted_and_not_carried() -> None:
    one = commit(1, 3)
    events = [(number, event(number, "x" * CARRIED_BYTES) if number == 2 else row) for number, row in one.events]
    (record,) = of_commits(SOURCE, [msgspec.structs.replace(one, events=events)], 1)[0]
    assert [len(entry.events) for entry in record.entries] == [1, 0, 1]
    inboxes = Inboxes()
    inboxes.take(record)
    assert inboxes.of(ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3)]
    assert [(at, len(events)) for account, at, events in inboxes.told if account == ANN] == [(1, 1), (3, 0), (3, 1)]


def test_what_was_seen_of_a_source_is_dropped_and_what_is_above_it_is_not() -> None:
    inboxes = Inboxes()
    inboxes.take(Posted(SOURCE, [run(1, 5)]))
    inboxes.take(Posted(SOURCE, [run(3, 3)]))
    inboxes.take(Posted(SOURCE, [run(4, 8)]))
    inboxes.take(Posted(f"{LOG}4", [msgspec.structs.replace(run(1, 1), conversation=group_id("9"))]))
    assert inboxes.of(ANN) == [*(f"{PAIR}#{n}" for n in range(1, 9)), f"{group_id('9')}#1"]


def test_interleaved_conversations_of_one_record_drop_nothing_of_each_other() -> None:
    """The highest position of a record is what it is held against afterwards, not within."""
    first = run(1, 3)
    second = Entry([BEN], [Position(1, 2, 0)], group_id("9"), 1, [event(1)])
    inboxes = Inboxes()
    assert inboxes.take(Posted(SOURCE, [first, second])).dropped == 0
    assert inboxes.of(BEN) == [f"{group_id('9')}#1"]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 5)), max_size=12), st.randoms(use_true_random=False))
def test_whatever_overlapping_workers_post_each_event_is_in_the_inbox_once_and_in_order(
    batches: list[tuple[int, int]], chance: random.Random
) -> None:
    """Each posts without holes from where somebody has come to, which is all that a worker ever does."""
    inboxes, come = Inboxes(), 0
    for first, more in batches:
        begin = min(first, come + 1)
        inboxes.take(Posted(SOURCE, [run(begin, begin + more)]))
        come = max(come, begin + more)
        assert inboxes.of(ANN) == [f"{PAIR}#{n}" for n in range(1, come + 1)]


def test_a_record_that_is_read_again_makes_nothing_anew_and_tells_where_the_inbox_ends() -> None:
    inboxes = Inboxes()
    record = Posted(SOURCE, [run(1, 5)])
    inboxes.take(record)
    inboxes.numbering = Numbering({}, 30)  # of a worker that begins at an earlier checkpoint
    made = inboxes.take(record, again=True)
    assert (made.rows, made.states) == ([], {})
    assert [(told.accounts, told.positions, told.events) for told in made.told] == [([ANN], [6], [])]


def test_processes_that_post_by_themselves_are_forgotten_one_day_and_the_log_never() -> None:
    inboxes = Inboxes()
    inboxes.take(Posted(SOURCE, [run(1, 1)]))
    for number in range(SENDERS + 20):
        inboxes.take(Posted(f"p.{number}", [Entry([ANN], [Position(0, 1, 0)], NONE, 0, [b"{}"])]))
    assert len(inboxes.numbering.seen) == SENDERS + 1
    assert SOURCE in inboxes.numbering.seen
    assert "p.0" not in inboxes.numbering.seen


def test_the_floor_follows_from_the_days_on_which_something_was_posted() -> None:
    inboxes = Inboxes()
    for day in range(60):
        inboxes.take(Posted(SOURCE, [run(2 * day + 1, 2 * day + 2)]), at_ms=day * DAY + 5)
    state = inboxes.states[ANN]
    assert len(state.days) <= 33
    assert floor_of(state, 59 * DAY - 30 * DAY) == 2 * 29
    assert floor_of(state, 59 * DAY - 30 * DAY - 1) == 2 * 28
    assert floor_of(state, 70 * DAY) == 2 * 59
    assert floor_of(InboxState(), 70 * DAY) == 0


def test_what_is_forgotten_is_what_was_there_at_that_record() -> None:
    inboxes = Inboxes()
    inboxes.take(Posted(SOURCE, [run(1, 5)]))
    inboxes.take(Posted("p.1", [], [ANN]))
    inboxes.take(Posted(SOURCE, [run(6, 7)]))
    state = inboxes.states[ANN]
    assert (state.floor, state.head) == (5, 7)


def test_fanouts_of_one_conversation_go_each_to_its_own_audience() -> None:
    one = commit(1, 4)
    fanouts = [Fanout(1, 2, (ANN, BEN)), Fanout(3, 4, (BEN, CYD))]
    (record,) = of_commits(SOURCE, [msgspec.structs.replace(one, fanouts=fanouts)], 1)[0]
    inboxes = Inboxes()
    inboxes.take(record)
    assert [inboxes.of(who) for who in (ANN, BEN, CYD)] == [
        [f"{PAIR}#{n}" for n in some] for some in ((1, 2), (1, 2, 3, 4), (3, 4))
    ]
