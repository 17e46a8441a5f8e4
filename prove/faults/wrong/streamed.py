"""Servers on the cassandra profile that are made wrong: each forgets one thing on which its stores and streams rest.

A storm would need luck to meet most of them, so each has a test of the engines that must fail over it. That it does
is a test as well: in `tests/engines/test_planted_streams.py`, and for read repair in that of its own, on a ring.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from chinwag.adapters.cassandra import batch, inbox_rows, schema
from chinwag.adapters.cassandra.driver import Driver
from chinwag.adapters.cassandra.inbox_rows import CassandraInboxRows
from chinwag.adapters.held_since import HeldSince
from chinwag.adapters.inboxes.numbering import Made, Numbering
from chinwag.adapters.inboxes.rows import Checkpoint
from chinwag.adapters.inboxes.told_marks import ToldMarks
from chinwag.adapters.nats import streams
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId
from prove.faults.wrong.wrong import Wrong, replace


def _unstamped() -> None:
    """The second write of an inbox's state, and all later ones, have the time that a write without a timestamp has."""
    written = [0]

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def write(self: Driver, writes: Any) -> None:
            changed = []
            for statement, values in writes:
                now = values
                if statement.table == "inbox_state":
                    written[0] += 1
                    if written[0] > 1:
                        now = (*values[:2], time.time_ns() // 1000)
                changed.append((statement, now))
            await plain(self, changed)

        return write

    replace(Driver, "write", wrapped)


def _discard_old() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        def made(**words: Any) -> Any:
            return plain(**words | {"discard": "old"})

        return made

    replace(streams, "Config", wrapped)


def _seen_not_kept() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def save_checkpoint(self: CassandraInboxRows, partition: int, checkpoint: Checkpoint) -> None:
            await plain(self, partition, msgspec.structs.replace(checkpoint, seen={}))

        return save_checkpoint

    replace(CassandraInboxRows, "save_checkpoint", wrapped)


def _rows_by_batch() -> None:
    """What a source had posted before is looked at once a batch, not at each record."""

    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        batches: dict[int, tuple[Made, dict[str, Position]]] = {}

        def apply(self: Numbering, made: Made, *given: Any) -> None:
            if id(self) not in batches or batches[id(self)][0] is not made:
                batches[id(self)] = (made, dict(self.seen))
            by_now, self.seen = self.seen, dict(batches[id(self)][1])
            plain(self, made, *given)
            for source, position in by_now.items():
                self.seen[source] = max(position, self.seen.get(source, position))

        return apply

    replace(Numbering, "apply", wrapped)


def _epoch_left_out() -> None:
    def wrapped(plain: Callable[[Position], int]) -> Callable[[Position], int]:
        def stamp_of(position: Position) -> int:
            return plain(Position(0, position.sequence, position.part))

        return stamp_of

    for module in (inbox_rows, batch):
        replace(module, "stamp_of", wrapped)


def _marks_go_back() -> None:
    def wrapped(_: Callable[..., bool]) -> Callable[..., bool]:
        def goes_back(*_: Any) -> bool:
            return False

        return goes_back

    replace(ToldMarks, "goes_back", wrapped)


def _told_as_posted() -> None:
    def wrapped(_plain: Callable[..., Any]) -> Callable[..., Any]:
        def given(self: HeldSince, account: AccountId, posted_at: int) -> bool:
            del self, account, posted_at
            return True

        return given

    replace(HeldSince, "given", wrapped)


def _no_read_repair() -> None:
    replace(schema, "OPTIONS", lambda plain: plain.replace("'BLOCKING'", "'NONE'"))


STREAMED: Final = (
    Wrong(
        "write-unstamped",
        ("P7", "P8"),
        "a write of an inbox's state has no timestamp",
        _unstamped,
        test="test_inbox_streams.py::test_what_was_seen_outlives_the_worker",
    ),
    Wrong(
        "discard-old",
        ("P1", "P7"),
        "a full stream forgets what nobody has read",
        _discard_old,
        test="test_inbox_stream_faults.py::test_a_full_stream_refuses_and_loses_nothing",
    ),
    Wrong(
        "seen-not-kept",
        ("P7", "P8"),
        "a checkpoint is kept without what each source had posted",
        _seen_not_kept,
        test="test_inbox_streams.py::test_what_was_seen_outlives_the_worker",
    ),
    Wrong(
        "rows-by-batch",
        ("P5", "P7"),
        "rows of an inbox are made by batch instead of by record",
        _rows_by_batch,
        test=("test_inbox_streams.py::test_a_worker_that_died_before_any_state_makes_the_same_rows_of_other_batches"),
    ),
    Wrong(
        "epoch-left-out",
        ("P1", "P7"),
        "the timestamp of a row has no epoch",
        _epoch_left_out,
        test="test_inbox_stream_faults.py::test_a_stream_that_is_lost_gives_all_a_new_epoch_and_goes_on",
    ),
    Wrong(
        "marks-go-back",
        ("P9",),
        "inboxes are told of marks as they come",
        _marks_go_back,
        test="test_inbox_marks.py::test_of_two_processes_that_move_a_mark_at_once_nobody_hears_of_the_lower_last",
    ),
    Wrong(
        "told-as-posted",
        ("P13",),
        "who comes while a worker of inboxes is behind is told what messages said before",
        _told_as_posted,
        test="test_inbox_lag.py::test_who_comes_while_a_worker_is_behind_is_not_told_what_was_said_before",
    ),
    Wrong(
        "no-read-repair",
        ("P3",),
        "tables are made without read repair",
        _no_read_repair,
        test="test_read_repair.py::test_what_one_reader_has_seen_every_later_one_sees",
    ),
)
