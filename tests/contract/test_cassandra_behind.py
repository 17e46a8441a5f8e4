"""Two workers of one partition overlap on Cassandra, one of them a thousand records behind the other in a wide group.

The one behind finds rows of members that are far ahead of the state it holds: it must take them as of that, tell whom
the other told, and leave everything as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from tests.contract.over_cassandra import CassandraHarness, LosingDriver
from tests.contract.test_cassandra_stores import one  # noqa: F401 - a fixture
from tests.model.test_wide_groups import GROUP, PEOPLE, as_placed, long_log

from chinwag.adapters.cassandra import CassandraStores, open_driver, stores_on
from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.inboxes.rows import Moved
from chinwag.domain.conversation import Position
from chinwag.domain.ids import ConversationId
from chinwag.flow.deliver import Deliver as Worker
from chinwag.ports.inbox import Posting
from chinwag.ports.log import Record
from chinwag.ports.message_store import Commit, MessageStore

BATCH = 50
AHEAD = 100
"""Records that both have applied before one of them goes on alone."""


class Noting:
    """Where postings go: whom each event was for, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, object], frozenset[str]]] = []

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        self.told += as_placed(batch)
        return {}

    async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None: ...

    async def post(self, postings: Sequence[Posting]) -> None:
        raise AssertionError("nobody posts by itself here")

    async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None:
        raise AssertionError("nobody moves a mark here")


class Checkpoints:
    """The log, of which a worker asks nothing else when it is given its records."""

    def checkpoint(self, partition: int, position: Position) -> None:
        del partition, position


class Overlapping:
    """A process with a worker that keeps what it has read."""

    def __init__(self, stores: CassandraStores, noting: Noting) -> None:
        self.stores = stores
        self.noting = noting
        log: Any = Checkpoints()
        self.worker = Worker(0, log, stores.message_store, EmbeddedBus())

    async def play(self, records: Sequence[Record]) -> None:
        for first in range(0, len(records), BATCH):
            await self.worker._batch(records[first : first + BATCH])


async def overlapping(harness: CassandraHarness) -> Overlapping:
    driver, partitions = await open_driver(harness.servers)
    losing, noting = LosingDriver(driver), Noting()
    losing.tables = harness.losing.tables  # emptied after the test
    return Overlapping(stores_on(losing, noting, partitions), noting)


async def everything(store: MessageStore) -> list[object]:
    (state,) = await store.states([GROUP])
    assert state is not None
    whose = [(GROUP, account) for account in PEOPLE]
    numbers = [(GROUP, number) for number in range(1, state.head + 1)]
    return [
        state,
        await store.people(whose),
        await store.wrote(whose),
        await store.joinings(GROUP, None, 10_000),
        [await store.spans(account, GROUP) for account in PEOPLE],
        await store.rows(numbers),
        await store.reaction_counts(numbers[:9]),
        await store.reactions(GROUP, 1, state.head, 10_000),
        await store.wide_groups(ConversationId(""), 9),
    ]


async def test_the_one_behind_tells_the_same_people_and_changes_no_row(one: CassandraHarness) -> None:  # noqa: F811
    records = long_log()
    ahead, behind = await overlapping(one), await overlapping(one)
    try:
        await behind.play(records[:AHEAD])
        common = len(behind.noting.told)
        await ahead.play(records[AHEAD:])
        assert len(records) - AHEAD > 1_000
        before = await everything(ahead.stores.message_store)
        assert isinstance(before[0], msgspec.Struct)
        await behind.play(records[AHEAD:])
        assert behind.noting.told[common:] == ahead.noting.told
        assert len(ahead.noting.told) > 900
        assert await everything(ahead.stores.message_store) == before
        assert await everything(behind.stores.message_store) == before
        assert behind.worker.figures.failed_commits == ahead.worker.figures.failed_commits == 0
    finally:
        for each in (ahead, behind):
            await each.stores.close()
