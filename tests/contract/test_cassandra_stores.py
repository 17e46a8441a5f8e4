"""What only the stores on Cassandra promise: rows merge by where in the log they were made, and an epoch ends."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, commit, entries, event, name
from tests.contract.over_cassandra import CassandraHarness, LosingDriver, ToPostgres

from chinwag.adapters.cassandra import (
    CassandraServers,
    CassandraStores,
    SchemaError,
    fences,
    make_schema,
    open_driver,
    stores_on,
)
from chinwag.adapters.cassandra.database import BATCH_ROWS
from chinwag.adapters.cassandra.driver import Driver, DriverError
from chinwag.adapters.cassandra.schema import JOINING_BUCKET, MEMBER_SHARDS, TABLES, VERSION
from chinwag.adapters.cassandra.stamps import BeyondStampError, stamp
from chinwag.adapters.cassandra.statements import Read, Write, insert
from chinwag.adapters.inboxes.rows import Moved
from chinwag.domain.conversation import Position, SendKey
from chinwag.domain.facts import Target
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.member_row import MemberRow, Stay, Wrote
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted, Step
from chinwag.domain.refusal import Refused
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance
from chinwag.ports.message_store import Changed, Commit, Joining, MessageStore, TakenOverError


@pytest.fixture
async def one(cassandra: CassandraServers, messages_database: str) -> AsyncIterator[CassandraHarness]:
    """A process, and the first that writes."""
    harness = CassandraHarness(cassandra, messages_database)
    await harness.start()
    yield harness
    harness.fault.go()
    await harness.stop()
    await harness.remove()


@pytest.fixture
async def other(one: CassandraHarness) -> AsyncIterator[CassandraStores]:
    """Another process on the same rows, which nothing holds up."""
    driver, partitions = await open_driver(one.servers)
    losing = LosingDriver(driver)
    stores = stores_on(losing, ToPostgres(one.postgres), partitions)
    yield stores
    await stores.close()
    one.losing.tables |= losing.tables


def placed(number: int, epoch: int, sequence: int, text: str) -> Commit:
    """One event, by a record of that epoch."""
    at = Position(epoch, sequence, 0)
    before = commit(number, number)
    return msgspec.structs.replace(
        before,
        state=msgspec.structs.replace(before.state, applied=at),
        events=[(number, event(number, text))],
        keys=[(name(number), SendKey(at, number, 1000 + number))],
        fanouts=[],
    )


async def test_a_batch_of_an_epoch_that_is_over_is_refused_and_changes_nothing(
    one: CassandraHarness, other: CassandraStores
) -> None:
    await one.store.commit([placed(1, 1, 1, "first")])
    await other.fences.begin(0, 2)
    with pytest.raises(TakenOverError):
        await one.store.commit([placed(2, 1, 2, "too late")])
    assert await other.message_store.events(PAIR, 1, 9) == [event(1, "first")]
    assert await other.message_store.keys([name(2)]) == [None]
    with pytest.raises(TakenOverError):
        await one.open.fences.begin(0, 1)


async def test_a_writer_that_was_stopped_in_the_midst_of_a_batch_tells_nobody_that_it_is_stored(
    one: CassandraHarness, other: CassandraStores
) -> None:
    """All that it has on its way arrives after another epoch has begun: the newer rows hold, and its send keys are
    void, so that a retry is placed."""
    await one.store.commit([placed(1, 1, 1, "first")])
    one.losing.hold()
    stopped = asyncio.create_task(one.store.commit([placed(2, 1, 7, "of a record that is lost")]))
    await one.losing.held.wait()
    await other.fences.begin(0, 2)
    [before] = await other.message_store.states([PAIR])
    assert before is not None
    assert before.head == 1
    one.losing.go()
    with pytest.raises(TakenOverError):
        await stopped
    retried = await other.message_store.keys([name(2)])
    assert retried == [None], "nobody was told that it is stored"
    now = msgspec.structs.replace(placed(2, 2, 1, "of somebody else"), keys=[])
    await other.message_store.commit([now])
    for stores in (other.message_store, one.store):
        assert await stores.events(PAIR, 1, 9) == [event(1, "first"), event(2, "of somebody else")]
        assert await stores.keys([name(1)]) == [SendKey(Position(1, 1, 0), 1, 1001)]
        assert await stores.keys([name(2)]) == [None]
        assert [state.head for state in await stores.states([PAIR]) if state] == [2]
    await other.fences.begin(0, 5)
    await other.message_store.commit([placed(3, 5, 1, "third")])
    await other.message_store.reopen()
    assert [key is not None for key in await other.message_store.keys([name(1), name(2), name(3)])] == [
        True,
        False,
        True,
    ]


async def test_no_request_is_sent_long_after_a_look(
    one: CassandraHarness, other: CassandraStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that stands still between its rows and its state looks again before it goes on."""
    await one.store.commit([placed(1, 1, 1, "first")])
    monkeypatch.setattr(fences, "FRESH_SECONDS", 0.0)

    class Slow:
        async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
            await other.fences.begin(0, 2)
            return {}

        async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None: ...

        async def post(self, postings: Sequence[Posting]) -> None: ...
        async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None: ...

    one.open.message_store._poster = Slow()
    told = msgspec.structs.replace(placed(2, 1, 2, "too late"), fanouts=commit(2, 2).fanouts)
    with pytest.raises(TakenOverError):
        await one.store.commit([told])
    [state] = await other.message_store.states([PAIR])
    assert state is not None
    assert state.head == 1


async def test_a_batch_that_tells_nobody_anything_is_given_to_the_poster_as_well(one: CassandraHarness) -> None:
    """How far the log is applied is kept there: a stream that goes back into a stretch of refusals must be noticed."""
    given: list[Position] = []

    class Listening:
        async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
            given.extend(commit.state.applied for commit in batch)
            return {}

        async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None: ...

        async def post(self, postings: Sequence[Posting]) -> None: ...
        async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None: ...

    one.open.message_store._poster = Listening()
    await one.store.commit([placed(1, 1, 1, "first")])
    assert given == [Position(1, 1, 0)]


async def test_what_was_acked_in_an_epoch_is_read_by_the_next(one: CassandraHarness, other: CassandraStores) -> None:
    """The batch ends with a look; whoever begins an epoch after that look finds all of it."""
    await one.store.commit(
        [
            placed(1, 1, 1, "first"),
        ]
    )
    await other.fences.begin(0, 2)
    [state] = await other.message_store.states([PAIR])
    assert state is not None
    assert state.head == 1
    assert await other.message_store.keys([name(1)]) == [SendKey(Position(1, 1, 0), 1, 1001)]


async def test_two_workers_of_one_epoch_leave_the_same_rows_whatever_batches_they_make(
    one: CassandraHarness, other: CassandraStores
) -> None:
    edited = Changed(event(1, "edited"), Target("message", ANN, 1001, "text", (2,)))
    first, second = placed(1, 1, 1, "first"), placed(2, 1, 2, "edits it")
    rewriting = msgspec.structs.replace(second, rewrites=[(1, edited)], spans=[])
    whole = msgspec.structs.replace(
        second, events=first.events + second.events, keys=first.keys + second.keys, rewrites=[(1, edited)]
    )
    await one.store.commit([first])
    await other.message_store.commit([whole])
    await one.store.commit([first])  # again, from before
    await one.store.commit([rewriting])
    await other.message_store.commit([first])
    assert await one.store.events(PAIR, 1, 9) == [edited, event(2, "edits it")]
    [state] = await one.store.states([PAIR])
    assert state is not None
    assert state.head == 2


def joined(number: int, epoch: int, sequence: int, row: MemberRow, *joinings: Joining) -> Commit:
    """As `placed`, with what is so of Ben since then."""
    made = placed(number, epoch, sequence, f"{number}")
    wrote = Wrote(number, number, number)
    return msgspec.structs.replace(made, people=[(BEN, row)], wrote=[(BEN, wrote)], joinings=joinings, widens=True)


async def _of_ben(store: MessageStore) -> tuple[object, ...]:
    whose = [(PAIR, BEN)]
    return (await store.people(whose))[0], (await store.wrote(whose))[0], await store.joinings(PAIR, None, 9)


async def test_what_a_lost_log_made_of_members_is_void_also_where_their_numbers_are_given_again(
    one: CassandraHarness, other: CassandraStores
) -> None:
    """A writer that was stopped tells nobody; what it had on its way says that a member left, and that one came."""
    stays, store = MemberRow((Stay(1, 1, 1),)), other.message_store
    await one.store.commit([joined(1, 1, 1, stays, (1, BEN, 0), (1, ANN, 0))])
    one.losing.hold()
    lost = joined(2, 1, 7, MemberRow((Stay(1, 1, 1, 2),)), (1, BEN, 2), (2, CYD, 0))
    lost = msgspec.structs.replace(lost, people=[*lost.people, (CYD, MemberRow((Stay(2, 1, 1),)))])
    stopped = asyncio.create_task(one.store.commit([lost]))
    await one.losing.held.wait()
    await other.fences.begin(0, 2)
    assert [state.head for state in await store.states([PAIR]) if state] == [1]
    one.losing.go()
    with pytest.raises(TakenOverError):
        await stopped
    kept = stays, None, [(1, ANN, 0), (1, BEN, 0)]
    assert await _of_ben(store) == kept
    # Others get these numbers, and more; whoever reads may be a process that has seen the state of before.
    await store.commit(
        [
            placed(2, 2, 1, "of somebody else"),
        ]
    )
    await store.commit([placed(3, 2, 2, "of somebody else")])
    for stores in (store, one.store):
        assert await _of_ben(stores) == kept
        assert await stores.people([(PAIR, CYD)]) == [None]
    await other.fences.begin(0, 3)
    gone = MemberRow((Stay(1, 1, 1, 4),))
    await store.commit([joined(4, 3, 1, gone, (1, BEN, 4))])
    assert await _of_ben(store) == (gone, Wrote(4, 4, 4), [(1, ANN, 0), (1, BEN, 4)])


def counting(number: int, epoch: int, sequence: int, count: int) -> Commit:
    """As `placed`, with so many who like message 1."""
    made = placed(number, epoch, sequence, f"{number}")
    counts = ReactionCounts(made.state.applied, (("👍", count),))
    wide = msgspec.structs.replace(made.state, wide=True)
    return msgspec.structs.replace(made, state=wide, counts=[(1, counts)])


async def test_what_a_lost_log_counted_is_void(one: CassandraHarness, other: CassandraStores) -> None:
    store, name = other.message_store, (PAIR, 1)
    await one.store.commit([counting(1, 1, 1, 5)])
    one.losing.hold()
    stopped = asyncio.create_task(one.store.commit([counting(2, 1, 7, 6)]))
    await one.losing.held.wait()
    await other.fences.begin(0, 2)
    assert [state.head for state in await store.states([PAIR]) if state] == [1]
    one.losing.go()
    with pytest.raises(TakenOverError):
        await stopped
    await store.commit([placed(2, 2, 1, "of somebody else")])
    assert await store.reaction_counts([name]) == [None], "it is counted from the rows"
    await store.commit([counting(3, 2, 2, 6)])
    await other.fences.begin(0, 3)
    await store.commit([placed(4, 3, 1, "later")])
    (found,) = await store.reaction_counts([name])
    assert found is not None, "what was applied in an epoch that is over holds"


async def test_of_two_workers_of_one_epoch_the_one_behind_counts_nothing_away(
    one: CassandraHarness, other: CassandraStores
) -> None:
    await one.store.commit([counting(1, 1, 1, 1)])
    await other.message_store.commit([counting(2, 1, 5, 5)])
    await one.store.commit([counting(2, 1, 2, 2)])  # again, from before
    (found,) = await one.store.reaction_counts([(PAIR, 1)])
    assert found == ReactionCounts(Position(1, 5, 0), (("👍", 5),))


async def test_what_another_worker_of_one_epoch_wrote_of_members_ahead_is_given(
    one: CassandraHarness, other: CassandraStores
) -> None:
    """It is true once the records are applied that make it so: whoever reads looks at the state's head."""
    ahead = MemberRow((Stay(1, 1, 1, 2),))
    await one.store.commit([joined(1, 1, 1, MemberRow((Stay(1, 1, 1),)), (1, BEN, 0))])
    await other.message_store.commit([joined(2, 1, 2, ahead, (1, BEN, 2))])
    await one.store.commit([joined(1, 1, 1, MemberRow((Stay(1, 1, 1),)), (1, BEN, 0))])  # again, from before
    assert await _of_ben(one.store) == (ahead, Wrote(2, 2, 2), [(1, BEN, 2)])


async def test_joinings_are_read_through_parts_with_little_in_them(one: CassandraHarness) -> None:
    far = [(number * JOINING_BUCKET + 1, ANN, 0) for number in (0, 1, 5, 6, 7, 30, 31, 32, 33)]
    await one.store.commit([msgspec.structs.replace(commit(1, 1), joinings=far)])
    await one.store.forget_joinings(PAIR, [far[0][:2], far[4][:2]])
    left = [one for one in far if one not in (far[0], far[4])]
    assert await one.store.joinings(PAIR, None, 99) == left
    for limit in (1, 3):
        found: list[Joining] = []
        while some := await one.store.joinings(PAIR, found[-1][:2] if found else None, limit):
            found += some
        assert found == left


async def test_a_group_that_becomes_wide_is_few_requests(one: CassandraHarness) -> None:
    accounts = [AccountId(f"m{number}") for number in range(501)]
    stay = MemberRow((Stay(1, 0, 1),))
    batch = msgspec.structs.replace(
        commit(1, 1),
        people=[(account, stay) for account in accounts],
        wrote=[(account, Wrote(1, 1, 0)) for account in accounts],
        joinings=[(1, account, 0) for account in accounts],
        widens=True,
    )
    writes = one.losing.writes
    await one.store.commit([batch])
    assert one.losing.writes - writes <= MEMBER_SHARDS + 501 // BATCH_ROWS + 1 + 4
    reads = one.losing.reads
    assert await one.store.people([(PAIR, account) for account in accounts[:32]]) == [stay] * 32
    assert one.losing.reads - reads <= MEMBER_SHARDS + 1


async def test_what_clears_reactions_is_made_again_by_the_next_commit(
    one: CassandraHarness, other: CassandraStores
) -> None:
    """It is done after the state, which names it until it is done."""
    liked = Reacted((Step(1, "👍", True),))
    await one.store.commit([msgspec.structs.replace(placed(1, 1, 1, "first"), reactions=[(1, BEN, liked)])])
    clearing = msgspec.structs.replace(placed(2, 1, 2, "deletes it"), cleared=[1])
    writing = one.losing.driver.write

    async def failing(writes: list[tuple[Write, object]]) -> None:
        if writes[0][0].cql.startswith("DELETE"):
            raise DriverError("not now", no=True)
        await writing(writes)  # type: ignore[arg-type]

    one.losing.driver.write = failing  # type: ignore[method-assign, assignment]
    await one.store.commit([clearing])
    assert await other.message_store.reacted([(PAIR, 1, BEN)]) == [liked]
    await other.message_store.states([PAIR])
    await other.message_store.commit([placed(3, 1, 3, "third")])
    assert await other.message_store.reacted([(PAIR, 1, BEN)]) == [None]


async def test_a_message_is_two_requests_and_a_batch_is_two_looks(
    one: CassandraHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a conversation whose worker has read its state: event and send key go together, and the state after them."""
    monkeypatch.setattr(fences, "FRESH_SECONDS", 3_600.0)  # however slow this machine is
    await one.store.commit([placed(1, 1, 1, "first")])
    reads, writes = one.losing.reads, one.losing.writes
    await one.store.commit([msgspec.structs.replace(placed(2, 1, 2, "second"), spans=[])])
    assert (one.losing.reads - reads, one.losing.writes - writes) == (2, 2)
    reads, writes = one.losing.reads, one.losing.writes
    await one.store.commit([msgspec.structs.replace(commit(3, 102), fanouts=[], keys=[])])
    assert (one.losing.reads - reads, one.losing.writes - writes) == (2, 2), "a hundred of one conversation together"


async def test_an_answer_that_is_lost_is_asked_for_with_the_same_rows(one: CassandraHarness) -> None:
    one.losing.fail, one.losing.final = "after", False
    waiting = asyncio.create_task(one.store.commit([commit(1, 2)]))
    await one.losing.lost.wait()
    one.losing.fail = ""
    await waiting
    assert await one.store.events(PAIR, 1, 9) == [event(1), event(2)]
    assert await entries(one, ANN) == [f"{PAIR}#1", f"{PAIR}#2"]


async def test_a_position_that_no_timestamp_holds_is_refused_before_anything_is_written(one: CassandraHarness) -> None:
    writes = one.losing.writes
    with pytest.raises(BeyondStampError):
        await one.store.commit([placed(1, 1 << 14, 1, "of an epoch too many")])
    assert one.losing.writes == writes
    await one.store.commit([placed(1, 1, 1, "first")])


async def test_a_write_without_a_timestamp_hides_nothing(one: CassandraHarness) -> None:
    """What somebody types by hand has the wall clock's, which all of ours lie above."""
    await one.store.commit([placed(1, 1, 1, "first")])
    session = one.losing.driver._session
    await session.execute(await _bound(session, "DELETE FROM events WHERE conversation = ? AND bucket = ?"))
    assert await one.store.events(PAIR, 1, 9) == [event(1, "first")]
    await one.store.commit([placed(2, 1, 2, "second")])
    assert await one.store.events(PAIR, 1, 9) == [event(1, "first"), event(2, "second")]


async def _bound(session: object, cql: str) -> object:
    prepared = await session.create_prepared(cql)  # type: ignore[attr-defined]
    return prepared.bind([PAIR.encode(), 0])


async def test_two_processes_that_move_a_mark_at_once_keep_the_furthest_and_of_equals_the_first(
    one: CassandraHarness, other: CassandraStores
) -> None:
    def read(number: int, at: int) -> Marks:
        return Marks(Mark(number, number, at), Mark(number, number, at))

    one.losing.hold()
    late = asyncio.create_task(one.marks.advance([Advance(PAIR, ANN, read(7, 500), stepped=True)]))
    await one.losing.held.wait()
    await other.mark_store.advance([Advance(PAIR, ANN, read(7, 400), stepped=True)])
    one.losing.go()
    await late
    assert await one.marks.marks([(PAIR, ANN)]) == [read(7, 400)], "it was read when it was first read"
    assert [step.at for step in await one.marks.readers(PAIR, 7, 9)] == [400]
    one.losing.hold()
    late = asyncio.create_task(one.marks.advance([Advance(PAIR, ANN, read(8, 600), stepped=True)]))
    await one.losing.held.wait()
    await other.mark_store.advance([Advance(PAIR, ANN, read(9, 550), stepped=True)])
    one.losing.go()
    await late
    assert await one.marks.marks([(PAIR, ANN)]) == [read(9, 550)]


async def test_the_number_of_partitions_stays(cassandra: CassandraServers) -> None:
    await make_schema(cassandra, partitions=1, replicas=1)
    with pytest.raises(SchemaError, match="made for 1 partitions, which cannot be changed to 2"):
        await make_schema(cassandra, partitions=2, replicas=1)
    with pytest.raises(SchemaError):
        await make_schema(msgspec.structs.replace(cassandra, keyspace="a; DROP"), partitions=1, replicas=1)


async def test_what_an_older_version_made_is_brought_up_and_a_newer_one_s_is_refused(
    cassandra: CassandraServers,
) -> None:
    servers = msgspec.structs.replace(cassandra, keyspace=f"older_{os.urandom(6).hex()}")
    driver = await Driver.connect(cassandra)
    at = f"{servers.keyspace}.life"
    life = insert(at, "one version partitions", 1)
    try:
        replicas = {"class": "NetworkTopologyStrategy", servers.datacenter: 1}
        await driver.define(f"CREATE KEYSPACE {servers.keyspace} WITH replication = {replicas}")
        for table in ("life", "states", "events"):
            await driver.define(f"CREATE TABLE {servers.keyspace}.{table} ({TABLES[table]})")
        await driver.write([(life, (1, VERSION - 1, 1, stamp(VERSION - 1)))])
        with pytest.raises(SchemaError, match=f"schema {VERSION - 1}, and this version of Chinwag needs {VERSION}"):
            await open_driver(servers)
        await make_schema(servers, partitions=1, replicas=1)
        opened, partitions = await open_driver(servers)
        assert partitions == 1
        assert await opened.rows(Read("SELECT conversation FROM wide_groups"), ()) == []
        await opened.close()
        await driver.write([(life, (1, VERSION + 1, 1, stamp(VERSION + 1)))])
        for refused in (open_driver(servers), make_schema(servers, partitions=1, replicas=1)):
            with pytest.raises(SchemaError, match=f"schema {VERSION + 1}, and this version of Chinwag knows {VERSION}"):
                await refused
    finally:
        await driver.define(f"DROP KEYSPACE IF EXISTS {servers.keyspace}")
        await driver.close()


async def test_a_keyspace_that_is_not_there_is_told(cassandra: CassandraServers) -> None:
    with pytest.raises(Refused, match="unavailable"):
        await open_driver(msgspec.structs.replace(cassandra, keyspace="nowhere"))
