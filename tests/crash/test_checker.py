"""The checker finds what is planted, and nothing in a run that is right."""

from collections.abc import Callable

import pytest
from tests.support.checker import Acked, Attempt, Entry, Record, Row, Sight, check

TEA = "g~1"
TEXTS = ("one", "two", "three")


def row(number: int, sender: str, name: str, text: str) -> Row:
    return Row(TEA, number, sender, f"{sender}-phone", name, text)


def right() -> Record:
    """Ann sends three, Ben one between; both see all, and Ben's second device comes late."""
    rows = [
        row(1, "ann", "a1", "one"),
        row(2, "ben", "b1", "hello"),
        row(3, "ann", "a2", "two"),
        row(4, "ann", "a3", "three"),
    ]
    entries = [Entry(position, one) for position, one in enumerate(rows, 1)]
    return Record(
        attempts=[
            *(Attempt("ann-phone", "ann", TEA, f"a{turn}", text) for turn, text in enumerate(TEXTS, 1)),
            Attempt("ben-phone", "ben", TEA, "b1", "hello"),
        ],
        acks=[
            *(Acked("ann-phone", TEA, name, number) for name, number in (("a1", 1), ("a2", 3), ("a3", 4), ("a2", 3))),
            Acked("ben-phone", TEA, "b1", 2),
        ],
        sights={
            "ann-phone": Sight("ann", 0, 5, [*entries, Entry(5, None)]),
            "ben-phone": Sight("ben", 0, 4, list(entries)),
            "ben-laptop": Sight("ben", 2, 4, entries[2:], knew={TEA: 2}),
        },
        histories={("ann", TEA): list(rows), ("ben", TEA): list(rows)},
    )


def lose_an_ack(record: Record) -> None:
    for rows in record.histories.values():
        rows[3:] = [row(4, "ben", "b2", "another")]


def invent(record: Record) -> None:
    record.attempts.pop()


def forge(record: Record) -> None:
    for rows in record.histories.values():
        rows[1] = row(2, "ben", "b1", "something else")


def double(record: Record) -> None:
    for rows in record.histories.values():
        rows.append(row(5, "ann", "a3", "three"))


def answer_twice(record: Record) -> None:
    record.acks.append(Acked("ann-phone", TEA, "a1", 2))


def disagree(record: Record) -> None:
    record.histories["ben", TEA][0] = row(1, "ann", "a2", "two")


def hole(record: Record) -> None:
    for rows in record.histories.values():
        del rows[1]
    for sight in record.sights.values():
        sight.entries = [entry for entry in sight.entries if entry.row is None or entry.row.number != 2]


def swap(record: Record) -> None:
    for rows in record.histories.values():
        rows[2], rows[3] = row(3, "ann", "a3", "three"), row(4, "ann", "a2", "two")


def leave_a_gap(record: Record) -> None:
    del record.sights["ben-phone"].entries[1]


def end_early(record: Record) -> None:
    record.sights["ben-laptop"].entries.pop()


def deliver_twice(record: Record) -> None:
    sight = record.sights["ben-phone"]
    sight.entries.append(Entry(5, sight.entries[3].row))
    sight.head = 5


def pass_over(record: Record) -> None:
    """Positions are dense, and yet an event is missing."""
    sight = record.sights["ben-phone"]
    sight.entries = [sight.entries[0], *(Entry(entry.position - 1, entry.row) for entry in sight.entries[2:])]
    sight.head = 3


def test_a_right_run_has_no_violation() -> None:
    assert check(right()) == []


def test_a_reset_explains_a_gap() -> None:
    record = right()
    sight = record.sights["ben-phone"]
    del sight.entries[1]
    sight.resets = {1: 2}
    assert check(record) == []


@pytest.mark.parametrize(
    ("plant", "promise"),
    [
        (lose_an_ack, "P1"),
        (invent, "P2"),
        (forge, "P2"),
        (double, "P6"),
        (answer_twice, "P6"),
        (disagree, "P3"),
        (hole, "P3"),
        (swap, "P4"),
        (leave_a_gap, "P7"),
        (end_early, "P7"),
        (deliver_twice, "P5"),
        (pass_over, "P5"),
    ],
)
def test_a_planted_violation_is_found(plant: Callable[[Record], None], promise: str) -> None:
    record = right()
    plant(record)
    assert promise in {violation.promise for violation in check(record)}
