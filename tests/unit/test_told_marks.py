"""An inbox is told of no mark behind a higher one, whoever posts it late, and whichever worker reads the record."""

from typing import Final

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR
from tests.unit.test_inbox_records import Inboxes

from chinwag.adapters.inboxes.numbering import Numbering
from chinwag.adapters.inboxes.records import NONE, Entry, Posted, decode, encode
from chinwag.adapters.inboxes.rows import Moved
from chinwag.adapters.inboxes.told_marks import KEPT_MS, MOST, ToldMarks, mark_told
from chinwag.domain.conversation import Position
from chinwag.domain.events import Delivered, Read
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import Mark, Marks

HERE: Final = "p.here"
THERE: Final = "p.there"


def delivered(number: int, account: AccountId = BEN) -> bytes:
    return msgspec.json.encode(Delivered(conversation=PAIR, account=account, number=number, at=1))


def posted(source: str, at: int, event: bytes, *accounts: AccountId) -> Posted:
    return Posted(source, [Entry([account], [Position(0, at, 0)], NONE, 0, [event]) for account in accounts or (ANN,)])


def test_the_lower_of_two_moves_that_comes_late_is_dropped_and_takes_no_position() -> None:
    inboxes = Inboxes()
    inboxes.take(posted(HERE, 1, delivered(14)))
    assert inboxes.take(posted(THERE, 1, delivered(7))).dropped == 1
    inboxes.take(posted(THERE, 2, delivered(14)))
    inboxes.take(posted(THERE, 3, delivered(15)))
    assert inboxes.of(ANN) == [delivered(number).decode() for number in (14, 14, 15)]


def test_another_inbox_another_mark_and_another_reader_are_told() -> None:
    inboxes = Inboxes()
    read = msgspec.json.encode(Read(conversation=PAIR, account=BEN, number=3, at=1))
    inboxes.take(posted(HERE, 1, delivered(14)))
    inboxes.take(posted(THERE, 1, delivered(7), ANN, BEN))
    inboxes.take(posted(THERE, 3, read))
    inboxes.take(posted(THERE, 4, delivered(2, CYD)))
    assert inboxes.of(ANN) == [each.decode() for each in (delivered(14), read, delivered(2, CYD))]
    assert inboxes.of(BEN) == [delivered(7).decode()]


def test_a_worker_that_begins_at_a_checkpoint_drops_what_the_one_before_drops() -> None:
    inboxes = Inboxes()
    inboxes.take(posted(HERE, 1, delivered(14)))
    inboxes.numbering = Numbering(inboxes.numbering.seen, 30, inboxes.numbering.told.kept())
    inboxes.take(posted(THERE, 1, delivered(7)))
    assert inboxes.of(ANN) == [delivered(14).decode()]


def test_a_mark_among_other_events_of_one_entry_is_known_as_well() -> None:
    inboxes = Inboxes()
    together = [b'{"kind":"account"}', delivered(7), delivered(15)]
    inboxes.take(posted(HERE, 1, delivered(14)))
    made = inboxes.take(Posted(THERE, [Entry([ANN], [Position(0, at, 0) for at in (1, 2, 3)], NONE, 0, together)]))
    assert made.dropped == 1
    assert inboxes.of(ANN) == [each.decode() for each in (delivered(14), together[0], delivered(15))]


def test_what_is_kept_changes_no_more_and_is_bounded_in_time_and_number() -> None:
    marks = ToldMarks()
    found = mark_told(delivered(5))
    assert found is not None
    assert not marks.goes_back(ANN, found, 0)
    kept = marks.kept()
    assert not marks.goes_back(ANN, found._replace(number=9), 1)
    assert list(kept.values()) == [(5, 0)]
    assert marks.goes_back(ANN, found, KEPT_MS)
    assert not marks.goes_back(BEN, found, 3 * KEPT_MS)
    assert len(marks.kept()) == 1
    for number in range(MOST + 10):
        marks.goes_back(AccountId(str(number)), found, 3 * KEPT_MS)
    assert len(marks.kept()) == MOST


@pytest.mark.parametrize("event", [b"", b"{}", b"nothing", b'{"kind":"account"}', b'{"kind":"read","number":"x"}'])
def test_what_tells_of_no_mark_is_none(event: bytes) -> None:
    assert mark_told(event) is None


def test_a_record_says_what_moved() -> None:
    record = Posted(HERE, [], [], [Moved(PAIR, BEN, 2, Marks(Mark(3, 2, 1), Mark(4, 0, 1), Mark(2, 2, 1)))])
    assert decode(encode(record)) == record
