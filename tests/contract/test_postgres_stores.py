"""What the stores on PostgreSQL promise besides their ports: owners, lost answers, other points in time."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from importlib import resources
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from prove.postgres.owners import Run, judge, work
from tests.contract.harness import ANN, BEN, PAIR, Stores, commit, entries, event, name
from tests.contract.postgres import PostgresHarness, empty, through

from chinwag.adapters import postgres
from chinwag.adapters.older_servers import OlderServersError
from chinwag.adapters.postgres import (
    MissingSchemaError,
    NewerSchemaError,
    OlderSchemaError,
    PostgresStores,
    SchemaError,
    make_schema,
    open_stores,
)
from chinwag.adapters.postgres.members import JOININGS
from chinwag.adapters.postgres.registry import PostgresRegistry, make_registry
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.member_row import MemberRow, Stay, Wrote
from chinwag.domain.mentions import Mention
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted, Step
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import new_node
from chinwag.ports.inbox import Arrival, Posting
from chinwag.ports.log import partition_of
from chinwag.ports.mark_store import Advance
from chinwag.ports.message_store import Commit, TakenOverError
from chinwag.ports.registry import Node

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def harness(messages_database: str) -> PostgresHarness:
    """The stores of one process. What it asks is answered here in the end, so it asks for long."""
    return PostgresHarness(messages_database, settling=60)


@pytest.fixture
async def other(harness: PostgresHarness, stores: Stores) -> AsyncIterator[PostgresStores]:
    """The stores of another process, on the same database, with no proxy between."""
    opened = await open_stores(harness.database)
    yield opened
    await opened.close()


def decided_in(epoch: int, made: Commit) -> Commit:
    applied = Position(epoch, made.state.applied.sequence, 0)
    return msgspec.structs.replace(made, state=msgspec.structs.replace(made.state, applied=applied))


async def execute(database: str, statement: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


# --- an answer that is lost


async def test_a_commit_whose_answer_is_lost_is_looked_for_and_is_a_commit(
    harness: PostgresHarness, stores: Stores
) -> None:
    told: list[tuple[AccountId, int, Sequence[bytes]]] = []
    stores.inbox.hold(ANN)
    stores.inbox.feed(lambda arrivals: told.extend((one.account, one.position, one.events) for one in arrivals))
    await stores.store.commit([commit(1, 2)])
    harness.fault.lose_answers = 1
    await stores.store.commit([commit(3, 4)])
    await stores.store.commit([commit(5, 5)])
    assert await entries(stores, BEN) == [f"{PAIR}#{n}" for n in range(1, 6)]
    await asyncio.sleep(0)
    assert told == [
        (ANN, first, [event(n) for n in numbers]) for first, numbers in ((1, (1, 2)), (3, (3, 4)), (5, (5,)))
    ]


async def test_when_the_answer_to_the_question_is_lost_too_it_is_asked_again(
    harness: PostgresHarness, stores: Stores
) -> None:
    harness.fault.lose_answers = 3
    await stores.store.commit([commit(1, 1)])
    assert await entries(stores, ANN) == [f"{PAIR}#1"]
    harness.fault.lose_answers = 1
    await stores.store.commit([commit(2, 2)])
    assert await entries(stores, ANN) == [f"{PAIR}#1", f"{PAIR}#2"]


@pytest.mark.parametrize("next_first", [True, False])
async def test_a_batch_that_comes_after_it_was_given_up_is_void(
    harness: PostgresHarness, stores: Stores, next_first: bool
) -> None:
    """Its connection broke on the way: the database has it later, when the next batch was decided without it."""
    await stores.store.commit([commit(1, 2)])
    let_through = harness.fault.hold_next()
    late = asyncio.create_task(stores.store.commit([commit(3, 3)]))
    await asyncio.wait_for(harness.fault.held.wait(), 30)
    harness.fault.cut_clients()
    with pytest.raises(Refused) as refused:
        await late
    assert refused.value.code is Code.UNAVAILABLE
    await stores.store.reopen()
    if next_first:
        await stores.store.commit([commit(3, 4)])
    let_through()
    await asyncio.wait_for(harness.fault.late.wait(), 30)
    if not next_first:
        await stores.store.commit([commit(3, 4)])
    state = (await stores.store.states([PAIR]))[0]
    assert state is not None
    assert state.head == 4
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3, 4)]


async def test_marks_whose_answer_is_lost_may_be_moved_again(harness: PostgresHarness, stores: Stores) -> None:
    advance = Advance(PAIR, ANN, Marks(Mark(3, 3, 3)), stepped=True)
    harness.fault.fail = "after"
    with pytest.raises(Refused, match="unavailable"):
        await stores.marks.advance([advance], [Posting(BEN, b"read")])
    harness.fault.fail = ""
    await stores.marks.advance([advance], [Posting(BEN, b"read")])
    assert (await stores.marks.marks([(PAIR, ANN)]))[0].read.number == 3
    assert await entries(stores, BEN) in (["read"], ["read", "read"])


async def test_an_engine_that_is_away_is_unavailable_and_is_used_again_when_it_is_back(
    harness: PostgresHarness, stores: Stores
) -> None:
    await stores.store.commit([commit(1, 1)])
    opened = await open_stores(through(harness.database, harness.port), settling=0.1)
    try:
        await opened.message_store.check()
        async with harness.fault.away():
            for call in (
                opened.message_store.commit([commit(2, 2)]),
                opened.message_store.states([PAIR]),
                opened.message_store.check(),
                opened.inbox.read(ANN, 0, 9),
                opened.inbox.post([Posting(ANN, b"{}")]),
                opened.mark_store.advance([Advance(PAIR, ANN, Marks(Mark(1, 1, 1)), stepped=False)], []),
                opened.mark_store.seen([ANN]),
            ):
                with pytest.raises(Refused) as refused:
                    await call
                assert refused.value.code is Code.UNAVAILABLE
                assert refused.value.retry_after is not None
        await opened.message_store.reopen()
        await opened.message_store.commit([commit(2, 2)])
        await opened.message_store.check()
    finally:
        await opened.close()
    assert await entries(stores, ANN) == [f"{PAIR}#1", f"{PAIR}#2"]


async def test_an_engine_that_falls_silent_is_given_up_in_time_and_what_comes_late_harms_nobody(
    harness: PostgresHarness, stores: Stores
) -> None:
    await stores.store.commit([commit(1, 2)])
    opened = await open_stores(through(harness.database, harness.port), patience=2.0, settling=0.1)
    try:
        harness.fault.hold()
        with pytest.raises(Refused) as refused:
            await opened.message_store.commit([commit(3, 3)])
        assert refused.value.code is Code.UNAVAILABLE
        with pytest.raises(Refused):
            await opened.message_store.check()
        harness.fault.go()
        await opened.message_store.reopen()
        (state,) = await opened.message_store.states([PAIR])
        assert state is not None
        assert state.head in (2, 3)
        await opened.message_store.commit([commit(state.head + 1, 5)])
    finally:
        await opened.close()
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in range(1, 6)]


async def test_who_finds_no_free_connection_in_time_is_refused(harness: PostgresHarness, stores: Stores) -> None:
    opened = await open_stores(through(harness.database, harness.port), connections=1, patience=2.0)
    try:
        harness.fault.hold()
        posting = asyncio.create_task(opened.inbox.post([Posting(ANN, b"first")]))
        await asyncio.wait_for(harness.fault.held.wait(), 30)
        with pytest.raises(Refused, match="unavailable"):
            await opened.inbox.bounds(ANN)
        harness.fault.go()
        with contextlib.suppress(Refused):  # it had as long as whoever waited
            await posting
        assert (await opened.inbox.bounds(ANN)).head <= 1
    finally:
        await opened.close()


# --- two owners


async def test_a_former_owner_commits_nothing(stores: Stores, harness: PostgresHarness, other: PostgresStores) -> None:
    fenced: list[tuple[int, int]] = []
    harness.open.partitions.on_fenced.append(lambda *what: fenced.append(what))
    await stores.store.commit([commit(1, 2)])
    assert await other.partitions.claim(0) == 2
    with pytest.raises(TakenOverError) as refused:
        await stores.store.commit([commit(3, 3)])
    assert refused.value.code is Code.UNAVAILABLE
    assert fenced == [(0, 1)]
    # That is the partition's own matter: the database is there, and the process need not leave its others.
    await harness.open.message_store.reached()
    with pytest.raises(Refused):
        await harness.open.message_store.check()
    await other.message_store.commit([decided_in(2, commit(3, 4))])
    await stores.store.reopen()
    with pytest.raises(Refused):
        await stores.store.commit([commit(3, 3)])
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3, 4)]
    # It becomes the owner again, and what it had decided before is of an epoch that is over.
    await stores.store.reopen()
    assert await harness.open.partitions.claim(0) == 3
    with pytest.raises(Refused):
        await stores.store.commit([commit(3, 3)])
    await stores.store.reopen()
    await stores.store.commit([decided_in(3, commit(5, 5))])
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in range(1, 6)]
    assert fenced == [(0, 1), (0, 1), (0, 1)]


async def test_a_former_owner_writes_neither_reactions_nor_counts_nor_members(
    stores: Stores, other: PostgresStores
) -> None:
    await stores.store.commit([commit(1, 2)])
    assert await other.partitions.claim(0) == 2
    late = msgspec.structs.replace(
        commit(3, 3),
        reactions=[(1, ANN, Reacted((Step(3, "x", True),)))],
        counts=[(1, ReactionCounts(Position(1, 3, 0), (("x", 1),)))],
        people=[(ANN, MemberRow((Stay(3, 3, 3),)))],
        wrote=[(ANN, Wrote(3, 3, 3))],
        joinings=[(3, ANN, 0)],
        widens=True,
    )
    with pytest.raises(TakenOverError):
        await stores.store.commit([late])
    assert await _of_members(other) == ([None], [None], [], [])
    assert await other.message_store.reactions(PAIR, 1, 9, 9) == []
    assert await other.message_store.reaction_counts([(PAIR, 1)]) == [None]
    await other.message_store.commit([decided_in(2, late)])
    assert await _of_members(other) == ([late.people[0][1]], [late.wrote[0][1]], [(3, ANN, 0)], [PAIR])
    assert await other.message_store.reactions(PAIR, 1, 9, 9) == late.reactions
    assert await other.message_store.reaction_counts([(PAIR, 1)]) == [late.counts[0][1]]


async def _of_members(stores: PostgresStores) -> tuple[object, ...]:
    store = stores.message_store
    whose = [(PAIR, ANN)]
    return (
        await store.people(whose),
        await store.wrote(whose),
        await store.joinings(PAIR, None, 9),
        await store.wide_groups(ConversationId(""), 9),
    )


async def test_a_page_of_joinings_reads_no_more_than_it_gives(stores: Stores, harness: PostgresHarness) -> None:
    """Of a group of many thousands, whether the planner has seen its rows or not."""
    many = [(number, AccountId(f"m{number}"), 0) for number in range(1, 5001)]
    await stores.store.commit([msgspec.structs.replace(commit(1, 1), joinings=many)])
    read = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname = 'joinings'"
    connection = await asyncpg.connect(harness.database)
    try:
        for _ in range(2):
            async with connection.transaction():
                before = await connection.fetchval(read) or 0
                page = await connection.fetch(JOININGS, str(PAIR).encode(), 2, b"m2", 10)
                assert [row["joined"] for row in page] == list(range(3, 13))
                assert 10 <= await connection.fetchval(read) - before <= 11
            await connection.execute("ANALYZE messages.joinings")
    finally:
        await connection.close()


async def test_an_owner_that_is_stopped_in_the_middle_commits_nothing_when_it_goes_on(
    stores: Stores, harness: PostgresHarness, other: PostgresStores
) -> None:
    await stores.store.commit([commit(1, 2)])
    harness.fault.hold()
    stopped = asyncio.create_task(stores.store.commit([commit(3, 3)]))
    await asyncio.wait_for(harness.fault.held.wait(), 30)
    await other.partitions.claim(0)
    await other.message_store.commit([decided_in(2, commit(3, 5))])
    harness.fault.go()
    with pytest.raises(Refused) as refused:
        await stopped
    assert refused.value.code is Code.UNAVAILABLE
    assert await stores.store.events(PAIR, 1, 9) == [event(n) for n in range(1, 6)]
    assert await stores.store.keys([name(5)]) != [None]
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in range(1, 6)]


async def test_what_became_of_a_batch_is_known_also_when_another_owner_came_next(
    stores: Stores, harness: PostgresHarness, other: PostgresStores
) -> None:
    """Its answer is lost, and before it can ask, somebody takes over: the turn still says that it is in."""
    harness.fault.lose_answers = 1
    asking = harness.fault.hold_next(after=1)
    committing = asyncio.create_task(stores.store.commit([commit(1, 1)]))
    await asyncio.wait_for(harness.fault.held.wait(), 30)
    await other.partitions.claim(0)
    asking()
    await committing
    assert await entries(stores, ANN) == [f"{PAIR}#1"]


async def test_owners_who_meet_in_the_middle_wait_and_never_in_a_circle(
    stores: Stores, harness: PostgresHarness, other: PostgresStores
) -> None:
    """Somebody holds the head of the one in the middle, until both owners wait, each with all that it could lock."""
    people = tuple(AccountId(f"{n:03}") for n in range(100))
    await stores.inbox.post([Posting(account, b"{}") for account in people])
    blocker = await asyncpg.connect(harness.database)
    try:
        for audience in (people, people[::-1]):
            held = blocker.transaction()
            await held.start()
            await blocker.execute("SELECT FROM messages.heads WHERE account = '050' FOR UPDATE")
            posts = [[Posting(account, b"{}") for account in some] for some in (audience, audience[::-1])]
            waiting = [
                asyncio.create_task(one.post(some)) for one, some in ((stores.inbox, posts[0]), (other.inbox, posts[1]))
            ]
            async with asyncio.timeout(90):
                while await blocker.fetchval(WAITING) < 2:  # noqa: ASYNC110 - nobody else can tell
                    await asyncio.sleep(0.01)
            await held.rollback()
            await asyncio.gather(*waiting)
    finally:
        await blocker.close()
    assert [(await stores.inbox.bounds(account)).head for account in people] == [5] * 100


async def test_two_owners_with_common_accounts_in_opposite_order(messages_database: str) -> None:
    """The short form of `make prove-postgres`."""
    await empty(messages_database, partitions=2)
    runs = [Run(partition, batches=40, accounts=100) for partition in (0, 1)]
    stores = [await open_stores(messages_database) for _ in runs]
    try:
        await asyncio.gather(*(work(opened, run) for opened, run in zip(stores, runs, strict=True)))
        assert await judge(stores[0], runs) == []
    finally:
        await asyncio.gather(*(opened.close() for opened in stores))
        await empty(messages_database)


# --- other points in time


async def test_another_timeline_voids_cursors_and_what_owners_know(
    stores: Stores, harness: PostgresHarness, other: PostgresStores
) -> None:
    """As after a standby took over that lacks the last commits."""
    await stores.store.commit([commit(1, 1)])
    before = (await stores.inbox.bounds(ANN)).epoch
    await execute(harness.database, "UPDATE messages.life SET timeline = timeline - 1")
    harness.fault.cut()
    third = await open_stores(harness.database)
    try:
        after = (await third.inbox.bounds(ANN)).epoch
        assert after > before
        with contextlib.suppress(Refused):  # its connection was cut
            await stores.store.states([PAIR])
        with pytest.raises(Refused):
            await stores.store.commit([commit(2, 2)])
        epoch = await third.partitions.claim(0)
        await third.message_store.commit([decided_in(epoch, commit(2, 2))])
        assert (await other.inbox.bounds(ANN)).epoch == after, "once, however many look"
    finally:
        await third.close()


async def test_connections_are_never_weaker_than_durable(harness: PostgresHarness, stores: Stores) -> None:
    base = urlsplit(harness.database).path[1:]
    await execute(harness.database, f"ALTER DATABASE {base} SET synchronous_commit = off")
    opened = await open_stores(harness.database)
    try:
        assert await opened.database.rows("SHOW synchronous_commit") == [("on",)]
    finally:
        await opened.close()
        await execute(harness.database, f"ALTER DATABASE {base} RESET synchronous_commit")


# --- the schema


async def test_the_schema_is_made_once_by_however_many(postgres_url: str) -> None:
    with pytest.raises(MissingSchemaError, match="chinwag cluster init"):
        await open_stores(postgres_url)
    await asyncio.gather(*(make_schema(postgres_url, partitions=4) for _ in range(4)))
    opened = await open_stores(postgres_url)
    assert opened.partitions.count == 4
    await opened.partitions.claim(3)
    await make_schema(postgres_url, partitions=4)
    assert await opened.partitions.claim(3) == 2, "made again, it is as it was"
    await opened.close()
    with pytest.raises(SchemaError, match="made for 4 partitions"):
        await make_schema(postgres_url, partitions=8)
    await execute(postgres_url, "UPDATE messages.life SET version = version + 1")
    for refused in (open_stores(postgres_url), make_schema(postgres_url, partitions=4)):
        with pytest.raises(NewerSchemaError, match="schema 4, and this version of Chinwag knows 3"):
            await refused


async def made_by_an_older_version(url: str, version: int) -> None:
    """The messages' tables of that schema, with four partitions."""
    files = ["tables.sql", "functions.sql", *(f"from_{leaving}.sql" for leaving in range(1, version))]
    made = [(resources.files(postgres) / name).read_text() for name in files]
    life = f"INSERT INTO messages.life (version, partitions, system, timeline, epoch) VALUES ({version}, 4, 0, 0, 1)"
    for statements in (*made, life):
        await execute(url, statements)


@pytest.mark.parametrize("version", [1, 2])
async def test_what_an_older_version_made_is_brought_up_and_not_served_before(postgres_url: str, version: int) -> None:
    await made_by_an_older_version(postgres_url, version)
    with pytest.raises(OlderSchemaError, match="chinwag cluster init"):
        await open_stores(postgres_url)
    await asyncio.gather(*(make_schema(postgres_url, partitions=4) for _ in range(2)))
    opened = await open_stores(postgres_url)
    assert opened.partitions.count == 4
    epoch = await opened.partitions.claim(partition_of(PAIR, 4))
    spoken = decided_in(epoch, msgspec.structs.replace(commit(1, 1), mentions=[Mention(ANN, 1, 1)]))
    await opened.message_store.commit([msgspec.structs.replace(spoken, wrote=[(ANN, Wrote(1, 1, 1))])])
    assert await opened.message_store.mentions([ANN], PAIR, 0, 9) == spoken.mentions
    assert await opened.message_store.wrote([(PAIR, ANN)]) == [Wrote(1, 1, 1)]
    await opened.close()


async def test_what_an_older_version_made_is_not_brought_up_under_its_servers(postgres_url: str) -> None:
    await made_by_an_older_version(postgres_url, 2)
    await make_registry(postgres_url)
    registry = await PostgresRegistry.open(postgres_url)
    await registry.register(Node(new_node("old"), ("delivery",)))
    with pytest.raises(OlderServersError, match="do harm, and 1 run: stop all of them"):
        await make_schema(postgres_url, partitions=4)
    with pytest.raises(OlderSchemaError, match="schema 2"):
        await open_stores(postgres_url)
    await registry.close()
    await make_schema(postgres_url, partitions=4)
    registry = await PostgresRegistry.open(postgres_url)
    await registry.register(Node(new_node("new"), ("delivery",)))
    await make_schema(postgres_url, partitions=4)  # which changes nothing
    await registry.close()


# --- the feed


async def test_answers_that_come_in_another_order_are_told_in_the_order_of_positions(
    harness: PostgresHarness, stores: Stores
) -> None:
    told: list[Arrival] = []
    stores.inbox.hold(ANN)
    stores.inbox.feed(told.extend)
    await stores.inbox.post([Posting(ANN, b"0")])
    let_through = harness.fault.hold_next_answer()
    first = asyncio.create_task(stores.inbox.post([Posting(ANN, b"1")]))
    await asyncio.wait_for(harness.fault.held.wait(), 30)
    await stores.inbox.post([Posting(ANN, b"2")])
    await stores.inbox.post([Posting(ANN, b"3")])
    await asyncio.sleep(0)
    assert [one.position for one in told] == [1], "what comes after a gap waits for what was under way"
    let_through()
    await first
    await asyncio.sleep(0)
    assert [(one.position, list(one.events)) for one in told] == [(n + 1, [b"%d" % n]) for n in range(4)]


async def test_what_another_process_posted_is_a_gap_that_nobody_waits_for(
    stores: Stores, other: PostgresStores
) -> None:
    told: list[int] = []
    stores.inbox.hold(ANN)
    stores.inbox.feed(lambda arrivals: told.extend(one.position for one in arrivals))
    await stores.inbox.post([Posting(ANN, b"1")])
    await other.inbox.post([Posting(ANN, b"2")])
    await stores.inbox.post([Posting(ANN, b"3")])
    await asyncio.sleep(0)
    assert told == [1, 3]


# --- one process needs none of this


def test_the_embedded_server_knows_nothing_of_it() -> None:
    code = (
        "import sys, chinwag.assembly.server, chinwag.cli.serve\n"
        "print([name for name in sys.modules if name.startswith(('asyncpg', 'chinwag.adapters.postgres'))])"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "[]"
