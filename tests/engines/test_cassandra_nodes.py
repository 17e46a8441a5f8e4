"""A node of Cassandra that is lost for good and replaced while rows are written, a repair, a node more and one that
leaves: what docs/operations.md tells an operator to type, done.

Each row has three copies and is acked with two. So with a copy lost there may be one left of what was acked, and a new
node that is sent its rows by a node that has not got them makes it two of three that know nothing. Here it is so: a
node was away for some of the rows, no hint brought them to it, and it is another one that is lost.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.contract.harness import commit, event
from tests.engines.test_cassandra_ring import Nowhere
from tests.support.own_cassandra import OwnCassandra, nodetool, one_more, own_cassandra

from chinwag.adapters.cassandra import CassandraServers, CassandraStores, make_schema, open_stores, stores_on
from chinwag.adapters.cassandra.driver import Driver, DriverError
from chinwag.assembly.cluster.check_cassandra_nodes import check_nodes
from chinwag.assembly.cluster.nodetool import Nodetool
from chinwag.domain.ids import AccountId, direct_id
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import system_clock
from chinwag.life.doctor.finding import Level
from chinwag.ports.message_store import MessageStore

pytestmark = pytest.mark.cluster_prove

BOUND: Final = 240.0
"""Seconds after which whatever is waited for will never be."""
PATIENCE: Final = 20.0
WITHOUT_HINTS: Final = {"hinted_handoff_enabled": False}
BETWEEN: Final = (1 << 64) // 6 - (1 << 63)
"""The token in the middle between those of the first two of three nodes."""
TALKS: Final = [direct_id(AccountId(f"{number}"), AccountId(f"{number + 1000}")) for number in range(1, 33)]
"""So many that each node has copies of some."""


class Ring:
    """The nodes that there are, three before each test and after it. servers: what processes know of it, all along."""

    def __init__(self, nodes: list[OwnCassandra], folder: Path) -> None:
        self.live = list(nodes)
        self.begun = len(nodes)
        self.servers: Final = CassandraServers(hosts=tuple(node.host for node in nodes), port=nodes[0].port)
        self._folder = folder

    async def tool(self, node: OwnCassandra, *words: str) -> str:
        return await Nodetool(nodetool(self.live, self._folder)).run(node.host, *words)

    async def on_each(self, *words: str) -> None:
        """One after the other."""
        for node in self.live:
            began = time.monotonic()
            await self.tool(node, *words)
            print(f"nodetool {' '.join(words)} at {node.host}: {time.monotonic() - began:.0f} s")

    async def join(self, *, token: int = 0, instead_of: str = "") -> None:
        """Start one more, and return once it is one of them; as `one_more`."""
        self.begun += 1
        node = one_more(self.live[0], self.begun, self.live, token=token, instead_of=instead_of)
        began = time.monotonic()
        self.live.append(node)  # whatever becomes of it, it is ended
        joining = asyncio.create_task(asyncio.to_thread(node.begin))
        told: set[tuple[str, Level]] = set()
        while not joining.done():
            with contextlib.suppress(DriverError):  # asked again
                told |= set((await self._check()).items())
        await joining
        print(f"check while {node.host} joins: {sorted(told)}")
        await self.until(node.host, "UN")
        print(f"{node.host} joined: {time.monotonic() - began:.0f} s")

    async def lose(self, node: OwnCassandra) -> str:
        """Kill it, take its files away, and wait until the others miss it; its id."""
        await asyncio.to_thread(node.kill)
        self.live.remove(node)
        await asyncio.to_thread(shutil.rmtree, node.home / node.engine.log.stem)
        return (await self.until(node.host, "DN"))[-2]

    async def leave(self, node: OwnCassandra) -> None:
        """Let it hand on what it has, wait until the others miss nothing by it, and end it."""
        began = time.monotonic()
        await self.tool(node, "decommission")
        self.live.remove(node)
        await self.until(node.host, "")
        print(f"{node.host} left: {time.monotonic() - began:.0f} s")
        await asyncio.to_thread(node.stop)

    async def until(self, host: str, state: str) -> list[str]:
        """Wait until nodetool's table has the node so; what it says of it. state: empty: it is not in the table."""
        async with asyncio.timeout(BOUND):
            while True:  # each look takes a second
                said = await self.tool(self.live[0], "status")
                words = next((words for line in said.splitlines() if host in (words := line.split())), [""])
                if words[0] == state:
                    return words

    async def checked(self, missing: str = "") -> None:
        """Wait until `chinwag cluster check` has all of them, and complains of the missing one alone: nodes hear of
        each other one after the other."""
        expected = {node.host: Level.OK for node in self.live} | ({missing: Level.WARN} if missing else {})
        async with asyncio.timeout(BOUND):
            while await self._check() != expected:
                pass

    async def _check(self) -> dict[str, Level]:
        """What `chinwag cluster check` says first of each node, by its host."""
        driver = await Driver.connect(self.servers, keyspace=False)
        try:
            found = [one async for one in check_nodes(driver, self.servers, system_clock)]
        finally:
            await driver.close()
        of_nodes = [(one.subject.rpartition(" ")[2], one) for one in found if "," not in one.subject]
        return {host: one.level for host, one in of_nodes}


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ring]:
    """Of this file."""
    with own_cassandra(3, dict.fromkeys((1, 2, 3), WITHOUT_HINTS)) as nodes:
        for node in nodes:
            node.find_others()
        made = Ring(nodes, tmp_path_factory.mktemp("nodetool"))
        try:
            yield made
        finally:
            for node in made.live:
                node.kill()


@pytest.fixture
async def stores(ring: Ring) -> AsyncIterator[CassandraStores]:
    """Opened once, as by a process that runs on."""
    await make_schema(ring.servers, partitions=1, replicas=3)
    opened = await open_stores(ring.servers, Nowhere(), patience=PATIENCE)
    yield opened
    await opened.close()


async def test_a_node_that_is_lost_is_replaced_and_nothing_that_was_acked_is_lost(
    ring: Ring, stores: CassandraStores
) -> None:
    keyspace = ring.servers.keyspace
    async with writing(stores.message_store) as rows:
        await rows.more()
        _, misses, lost = ring.live
        await missed_by(misses, rows)
        await ring.lose(lost)
        await rows.more()
        await ring.checked(missing=lost.host)
        await ring.on_each("repair", "--full", "--force", keyspace)
        await ring.join(instead_of=lost.host)
        await ring.checked()
        await rows.more()
        rows.say("one replaced")
    await all_is_there(ring, stores.message_store, rows)
    await ring.on_each("repair", "--full", "-pr", keyspace)


async def test_a_node_joins_and_another_one_leaves_and_nothing_that_was_acked_is_lost(
    ring: Ring, stores: CassandraStores
) -> None:
    async with writing(stores.message_store) as rows:
        await rows.more()
        leaving, *others = ring.live
        await ring.join(token=BETWEEN)
        for node in (leaving, *others):
            await ring.tool(node, "cleanup", ring.servers.keyspace)
        await ring.checked()
        rows.say("one more")
        await rows.more()
        await ring.leave(leaving)
        await ring.checked()
        await rows.more()
        rows.say("one less")
    await all_is_there(ring, stores.message_store, rows)


class Rows:
    """Events, one after the other, in each of `TALKS` in turn; longest: seconds that one took."""

    def __init__(self, store: MessageStore, written: Sequence[int]) -> None:
        self._store = store
        self._changed = asyncio.Event()
        self.heads = list(written)
        self.acked = self.refused = 0
        self.longest = 0.0
        self.ending = False

    async def run(self) -> None:
        while not self.ending:
            talk = self.acked % len(TALKS)
            number = self.heads[talk] + 1
            began = time.monotonic()
            try:
                await self._store.commit([commit(number, number, TALKS[talk])])
                self.heads[talk] = number
                self.acked += 1
            except Refused:
                self.refused += 1
                await self._store.reopen()
            self.longest = max(self.longest, time.monotonic() - began)
            self._changed.set()

    async def more(self) -> None:
        """One in each, from now on."""
        last = self.acked + len(TALKS)
        async with asyncio.timeout(BOUND):
            while self.acked < last:
                self._changed.clear()
                await self._changed.wait()

    def say(self, what: str) -> None:
        print(f"{what}: {self.acked} acked, {self.refused} refused, the longest took {self.longest:.1f} s")
        self.longest = 0.0


@asynccontextmanager
async def writing(store: MessageStore) -> AsyncIterator[Rows]:
    """Rows that are written until the end, none of which may be refused."""
    states = await store.states(TALKS)
    rows = Rows(store, [0 if state is None else state.head for state in states])
    task = asyncio.create_task(rows.run())
    try:
        yield rows
    finally:
        rows.ending = True
        await task
    assert rows.refused == 0


async def missed_by(node: OwnCassandra, rows: Rows) -> None:
    """Let it be away while some are written, which nobody brings to it."""
    await asyncio.to_thread(node.kill)
    await rows.more()
    await asyncio.to_thread(node.begin)
    await asyncio.to_thread(node.find_others)


async def all_is_there(ring: Ring, store: MessageStore, rows: Rows) -> None:
    """With any one of three away, asked of the two others; asked of each one; and for a process that starts now."""
    assert len(ring.live) == 3
    for node in ring.live:
        node.pause()
        try:
            await holds_all(store, rows, f"without {node.host}")
        finally:
            node.go_on()
    for node in ring.live:
        alone = CassandraServers(hosts=(node.host,), port=node.port)
        by_it = stores_on(await Driver.connect(alone, alone=True), Nowhere(), 1, patience=PATIENCE)
        await holds_all(by_it.message_store, rows, f"asked of {node.host}")
        await by_it.close()
    fresh = await open_stores(ring.servers, Nowhere(), patience=PATIENCE)
    await holds_all(fresh.message_store, rows, "for a process that starts")
    await fresh.close()


async def holds_all(store: MessageStore, rows: Rows, how: str) -> None:
    async def read() -> None:
        for talk, head in zip(TALKS, rows.heads, strict=True):
            found = await store.events(talk, 1, head)
            assert list(found) == [event(number) for number in range(1, head + 1)], f"{talk}, {how}"

    await _answered(read)


async def _answered(read: Callable[[], Awaitable[None]]) -> None:
    """Asked again while a node is still being missed."""
    async with asyncio.timeout(BOUND):
        while True:
            try:
                return await read()
            except Refused:
                continue  # bounded by what a call may take
