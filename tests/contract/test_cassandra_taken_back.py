"""After a restore: what lies above the states that were brought back is taken back, and what is below stays."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, commit
from tests.contract.over_cassandra import CassandraHarness

from chinwag.adapters import stored
from chinwag.adapters.cassandra import CassandraServers, SchemaError
from chinwag.adapters.cassandra.batch import Batch
from chinwag.adapters.cassandra.schema import TABLES
from chinwag.adapters.cassandra.span_rows import SPAN
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Read
from chinwag.adapters.cassandra.stream_tables import TABLES as STREAM_TABLES
from chinwag.adapters.cassandra.taken_back import Piece, TakenBack, refuse_a_part
from chinwag.assembly.cluster.snapshot_nodes import PHASES
from chinwag.domain.conversation import Closing, Conversation, Member, Position, Role, Span
from chinwag.domain.ids import AccountId, direct_id
from chinwag.domain.member_row import MemberRow, Stay
from chinwag.domain.mentions import Mention
from chinwag.domain.reactions import Reacted, Step
from chinwag.ports.message_store import Commit

NEW: Final = [66]
"""The epoch after the restore."""
DEE: Final = AccountId("4")
HEART: Final = "\u2764\ufe0f"


@pytest.fixture
async def one(cassandra: CassandraServers, messages_database: str) -> AsyncIterator[CassandraHarness]:
    """A process, and the first that writes."""
    harness = CassandraHarness(cassandra, messages_database)
    await harness.start()
    yield harness
    await harness.stop()
    await harness.remove()


def kept() -> Commit:
    """What the copies have whole: three messages; Ann and Ben are there, Ben likes and is mentioned."""
    liked = Reacted((Step(3, HEART, True),))
    return msgspec.structs.replace(commit(1, 3), fanouts=[], mentions=[Mention(BEN, 2, 2)], reactions=[(1, BEN, liked)])


def above() -> Commit:
    """What came between: Ben leaves, Cyd comes, Dee comes and goes, all of whom may read from the beginning; Ben takes
    the heart away, Ann puts one, Ben is mentioned again."""
    at = Position(1, 9, 0)
    before = commit(4, 7)
    closing = Closing("", 4, 1, 3, 3)
    gone, passing = Span(BEN, PAIR, 1, 4, closing), Span(DEE, PAIR, 1, 7, closing)
    return msgspec.structs.replace(
        before,
        state=msgspec.structs.replace(before.state, applied=at),
        fanouts=[],
        spans=[gone, Span(CYD, PAIR, 1), Span(ANN, PAIR, 1), passing],
        mentions=[Mention(BEN, 6, 6)],
        reactions=[
            (1, BEN, Reacted((Step(3, HEART, True), Step(5, HEART, False)))),
            (2, ANN, Reacted((Step(7, HEART, True),))),
        ],
    )


def widened(made: Commit, people: Sequence[tuple[AccountId, MemberRow]]) -> Commit:
    """The same of a wide group, whose state knows its owner alone."""
    owner = {ANN: Member(Role.OWNER)}
    state = msgspec.structs.replace(made.state, wide=True, members=owner, count=2)
    return msgspec.structs.replace(made, state=state, people=people)


async def _taken_back(one: CassandraHarness) -> list[Piece]:
    return [piece async for piece in TakenBack(one.open.database, NEW).all()]


@pytest.mark.parametrize("wide", [False, True])
async def test_what_lies_above_a_state_is_taken_back_and_what_comes_then_holds(
    one: CassandraHarness, *, wide: bool
) -> None:
    store, database = one.store, one.open.database
    before, between = kept(), above()
    if wide:
        before = widened(before, [(BEN, MemberRow((Stay(1, 0, 1),)))])
        comes_and_goes = [(5, 0), (6, 7)]
        others = [MemberRow((Stay(joined, 0, 1, left),)) for joined, left in comes_and_goes]
        between = widened(between, [(BEN, MemberRow((Stay(1, 0, 1, 4),))), (CYD, others[0]), (DEE, others[1])])
    await store.commit([before])
    await database.write(Batch([between]).rows)  # their state was copied before
    found = await _taken_back(one)
    assert [(piece.table, piece.changed) for piece in found] == [("spans", 4), ("reactions", 2), ("mentions", 1)]
    one.losing.tables |= {"spans", "closings", "reactions", "mentions"}

    async def as_kept() -> None:
        assert await store.spans(BEN, PAIR) == [Span(BEN, PAIR, 1)]
        assert await store.spans(ANN, PAIR) == [Span(ANN, PAIR, 1)]
        assert [await store.spans(one, PAIR) for one in (CYD, DEE)] == [[], []]
        names = [(PAIR, 1, BEN), (PAIR, 2, ANN)]
        assert await store.reacted(names) == [Reacted((Step(3, HEART, True),)), None]
        assert await store.mentions([BEN], PAIR, 0, 9) == [Mention(BEN, 2, 2)]

    await as_kept()
    left = await database.rows(Read("SELECT account FROM closings"))
    assert left == [(BEN.encode(),)], "who has no row but a leaving in vain would not be found when it is erased"
    assert [piece.changed for piece in await _taken_back(one)] == [0, 0, 0]
    await as_kept()
    # The numbers are given to others; one of them is Cyd, who comes with the same one.
    await one.open.fences.begin(0, NEW[0])
    later = commit(4, 5)
    comes = msgspec.structs.replace(
        later,
        state=msgspec.structs.replace(later.state, applied=Position(NEW[0], 1, 0)),
        fanouts=[],
        keys=[],
        spans=[Span(CYD, PAIR, 1)],
    )
    comes.state.members[CYD] = comes.state.members[ANN]
    await store.commit([comes])
    assert await store.spans(CYD, PAIR) == [Span(CYD, PAIR, 1)]
    assert await store.spans(BEN, PAIR) == [Span(BEN, PAIR, 1)]
    assert [piece.changed for piece in await _taken_back(one)] == [0, 0, 0], "what is so by now stays"


async def test_who_had_left_and_came_back_above_the_state_has_left(one: CassandraHarness) -> None:
    """All its memberships read from the same number on, and so are one row."""
    before = kept()
    left = Span(CYD, PAIR, 1, 3, Closing("", 3, 1, 0, 0))
    await one.store.commit([msgspec.structs.replace(before, spans=[*before.spans, left])])
    await one.open.database.write(Batch([above()]).rows)
    assert await one.store.spans(CYD, PAIR) == [Span(CYD, PAIR, 1)]
    await _taken_back(one)
    one.losing.tables |= {"spans", "closings", "reactions", "mentions"}
    assert await one.store.spans(CYD, PAIR) == [left]
    assert [piece.changed for piece in await _taken_back(one)] == [0, 0, 0]


async def test_a_leaving_of_an_older_version_stays_though_its_row_is_younger_than_the_state(
    one: CassandraHarness,
) -> None:
    """Such a version kept it in no row of its own. A reader of a later epoch has written the row again, or a batch that
    was stored in part did."""
    before = kept()
    left = Span(CYD, PAIR, 1, 3, Closing("", 3, 1, 0, 0))
    await one.store.commit([before])
    for at in (stamp(1, 9), stamp(NEW[0] - 1), stamp(NEW[0])):
        row = (CYD.encode(), len(PAIR.encode()), PAIR.encode(), 1, stored.sealed(left), at)
        await one.open.database.write([(SPAN, row)])
        assert [piece.changed for piece in await _taken_back(one)] == [0, 0, 0]
        assert await one.store.spans(CYD, PAIR) == [left]
    one.losing.tables |= {"spans"}


async def test_who_declines_whom_in_the_states_is_told_once_each(one: CassandraHarness) -> None:
    pair = direct_id(ANN, CYD)
    made = msgspec.structs.replace(commit(1, 1, pair, (ANN, CYD)), fanouts=[])
    state: Conversation = msgspec.structs.replace(made.state, direct=True, declining=(CYD,))
    await one.store.commit([msgspec.structs.replace(made, state=state), kept()])
    assert [list(piece.declining) for piece in await _taken_back(one)] == [[(CYD, ANN)], [], []]


async def test_tables_that_were_left_out_are_named_before_anything_is_taken_back(one: CassandraHarness) -> None:
    database = one.open.database
    await refuse_a_part(database)  # nobody has said anything yet
    await database.write(Batch([kept()]).rows)
    with pytest.raises(SchemaError, match="no row in states, but"):
        await refuse_a_part(database)
    await one.store.commit([kept()])
    await refuse_a_part(database)


def test_each_table_is_copied_once_and_what_speaks_of_others_before_them() -> None:
    place = {table: number for number, some in enumerate(PHASES) for table in some}
    assert place.keys() == {*TABLES, *STREAM_TABLES} - {"companions"}
    assert sum(map(len, PHASES)) == len(place)
    for earlier, later in (
        ("marks", "states"),
        ("steps", "states"),
        ("states", "events"),
        ("states", "spans"),
        ("states", "send_keys"),
        ("inbox_state", "inbox"),
        ("inbox_checkpoints", "inbox"),
    ):
        assert place[earlier] < place[later], (earlier, later)
