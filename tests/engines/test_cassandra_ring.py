"""The stores on three Cassandra nodes: with one away nobody notices, with two nothing is taken, and all comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import pytest
from tests.contract.harness import ANN, PAIR, commit, event
from tests.support.own_cassandra import OwnCassandra, own_cassandra

from chinwag.adapters.cassandra import CassandraServers, CassandraStores, make_schema, open_stores
from chinwag.adapters.cassandra.driver import Driver
from chinwag.adapters.inboxes.rows import Moved
from chinwag.assembly.cluster.check_cassandra_nodes import check_nodes
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import system_clock
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance
from chinwag.ports.message_store import Commit, MessageStore

pytestmark = pytest.mark.cluster_prove

PATIENCE: Final = 10.0
STILL_SECONDS: Final = 15.0
"""For longer than the driver goes on asking a node that does not answer."""


class Nowhere:
    """A `Poster` for tests that look at no inbox."""

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        return {}

    async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None: ...
    async def post(self, postings: Sequence[Posting]) -> None: ...
    async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None: ...


@pytest.fixture(scope="module")
def ring() -> Iterator[list[OwnCassandra]]:
    """Three nodes, of this file."""
    with own_cassandra(3) as nodes:
        for node in nodes:
            node.find_others()
        yield nodes


@pytest.fixture
async def servers(ring: list[OwnCassandra]) -> CassandraServers:
    """A keyspace of the test's own with three copies of each row, seen by all nodes."""
    keyspace = f"t{time.time_ns()}"
    made = CassandraServers(hosts=tuple(node.host for node in ring), port=ring[0].port, keyspace=keyspace)
    await _made(made)
    return made


@pytest.fixture
async def stores(servers: CassandraServers) -> AsyncIterator[CassandraStores]:
    """On it."""
    opened = await open_stores(servers, Nowhere(), patience=PATIENCE)
    yield opened
    await opened.close()


async def test_each_node_is_asked_whichever_one_is_asked_for_them(ring: list[OwnCassandra]) -> None:
    servers = CassandraServers(hosts=tuple(node.host for node in ring), port=ring[0].port)
    driver = await Driver.connect(servers, keyspace=False)
    try:
        for _ in range(4):  # each time other nodes answer
            found = [one.subject async for one in check_nodes(driver, servers, system_clock)]
            assert {f"Cassandra at {node.host}" for node in ring} <= set(found)
    finally:
        await driver.close()


async def test_with_one_node_killed_everything_goes_on_and_nothing_acked_is_lost(
    ring: list[OwnCassandra], stores: CassandraStores
) -> None:
    writing = _Writing(stores.message_store)
    task = asyncio.create_task(writing.run())
    await writing.reached(20)
    await asyncio.to_thread(ring[2].kill)
    await writing.reached(writing.acked + 40)
    await asyncio.to_thread(ring[2].begin)
    await writing.reached(writing.acked + 20)
    writing.ending = True
    await task
    print(f"longest pause {writing.longest:.2f} s, {writing.acked} acked")
    assert writing.refused == 0
    # The node that missed some of it is asked together with each other one: a quorum has all.
    for away in (0, 1):
        await asyncio.to_thread(ring[away].kill)
        try:
            assert await _all(stores.message_store, writing.acked) == [event(n) for n in range(1, writing.acked + 1)]
        finally:
            await asyncio.to_thread(ring[away].begin)


async def test_a_node_that_stands_still_holds_nobody_up_and_catches_up(
    ring: list[OwnCassandra], stores: CassandraStores
) -> None:
    writing = _Writing(stores.message_store)
    task = asyncio.create_task(writing.run())
    await writing.reached(10)
    ring[1].pause()
    try:
        await writing.reached(writing.acked + 30)
    finally:
        ring[1].go_on()
    await writing.reached(writing.acked + 10)
    writing.ending = True
    await task
    print(f"longest pause {writing.longest:.2f} s, {writing.acked} acked")
    assert writing.refused == 0
    assert await _all(stores.message_store, writing.acked) == [event(n) for n in range(1, writing.acked + 1)]


async def test_with_any_one_node_standing_still_a_process_asks_for_the_first_time_what_it_never_asked(
    ring: list[OwnCassandra], servers: CassandraServers
) -> None:
    number = 0
    for node in ring:
        for one in ring:  # they miss the one before no longer
            await asyncio.to_thread(one.find_others)
        stores = await open_stores(servers, Nowhere(), patience=PATIENCE)
        longest = {"read": 0.0, "write": 0.0}
        node.pause()
        try:
            until = time.monotonic() + STILL_SECONDS
            with _taking("read", longest):
                await stores.message_store.states([PAIR])
            while time.monotonic() < until:
                number += 1
                with _taking("write", longest):
                    await stores.message_store.commit([commit(number, number)])
                with _taking("read", longest):
                    assert await stores.message_store.events(PAIR, number, number) == [event(number)]
        finally:
            node.go_on()
            await stores.close()
        told = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in longest.items())
        print(f"without {node.host}: {number} by now, the longest {told}")


async def test_with_two_nodes_stopped_nothing_is_taken_until_one_goes_on(
    ring: list[OwnCassandra], stores: CassandraStores
) -> None:
    await stores.message_store.commit([commit(1, 2)])
    mark = Marks(Mark(2, 2, 5), Mark(2, 2, 5))
    await stores.mark_store.advance([Advance(PAIR, ANN, mark, stepped=True)])
    for node in ring[1:]:
        node.pause()
    try:
        began = time.monotonic()
        for call in (
            stores.message_store.commit([commit(3, 3)]),
            stores.message_store.check(),
            stores.message_store.states([PAIR]),
            stores.mark_store.marks([(PAIR, ANN)]),
        ):
            with pytest.raises(Refused) as refused:
                await call
            assert refused.value.code is Code.UNAVAILABLE
        print(f"four refusals in {time.monotonic() - began:.1f} s")
    finally:
        for node in ring[1:]:
            node.go_on()
    async with asyncio.timeout(60):
        while True:
            try:
                await stores.message_store.reopen()
                break
            except Refused:
                continue  # bounded by what a call may take
    await stores.message_store.check()
    [state] = await stores.message_store.states([PAIR])
    assert state is not None
    assert state.head in (2, 3), "what had no answer may be made later, as the same rows"
    await stores.message_store.commit([commit(3, 4)])
    assert await stores.message_store.events(PAIR, 1, 9) == [event(n) for n in (1, 2, 3, 4)]
    assert await stores.mark_store.marks([(PAIR, ANN)]) == [mark]


@contextmanager
def _taking(what: str, longest: dict[str, float]) -> Iterator[None]:
    """Keep how long it takes, if nothing of its kind took longer."""
    began = time.monotonic()
    yield
    longest[what] = max(longest[what], time.monotonic() - began)


class _Writing:
    """One event after the other, each acked before the next; longest: seconds between two."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._changed = asyncio.Event()
        self.acked = self.refused = 0
        self.longest = 0.0
        self.ending = False

    async def run(self) -> None:
        while not self.ending:
            began = time.monotonic()
            try:
                await self._store.commit([commit(self.acked + 1, self.acked + 1)])
                self.acked += 1
            except Refused:
                self.refused += 1
                await self._store.reopen()
            self.longest = max(self.longest, time.monotonic() - began)
            self._changed.set()

    async def reached(self, acked: int) -> None:
        async with asyncio.timeout(120):
            while self.acked < acked:
                self._changed.clear()
                await self._changed.wait()


async def _made(servers: CassandraServers) -> None:
    """The nodes of a new ring hear of one another one after the other."""
    async with asyncio.timeout(120):
        while True:
            try:
                return await make_schema(servers, partitions=1, replicas=3)
            except Refused:
                continue


async def _all(store: MessageStore, last: int) -> list[object]:
    """All events, asked again while a node is still being missed."""
    async with asyncio.timeout(60):
        while True:
            try:
                return list(await store.events(PAIR, 1, last))
            except Refused:
                continue
