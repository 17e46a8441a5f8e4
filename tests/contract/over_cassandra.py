"""The stores on Cassandra under the contract suites, with a driver that can lose what it is given.

What they post goes to the inboxes on PostgreSQL, which are another adapter: they only give it away.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from tests.contract.postgres import PostgresHarness

from chinwag.adapters.cassandra import CassandraServers, CassandraStores, Driver, make_schema, open_driver, stores_on
from chinwag.adapters.cassandra.database import Changes
from chinwag.adapters.cassandra.driver import DriverError, Row
from chinwag.adapters.cassandra.statements import Read, Values
from chinwag.adapters.inboxes.rows import Moved
from chinwag.ports.inbox import Inbox, Posting
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import Commit, MessageStore


class LosingDriver:
    """Between the stores and their driver, for writes alone. fail, writes, hold, go: as `tests.contract.harness.Fault`.

    lets: writes that are made before `fail` counts. held: set when a write waits. lost: set when an answer was lost.
    tables: those that were written. final: whether what fails is not to be asked again, as that would be in vain.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.final = True
        self.fail: Literal["", "before", "after"] = ""
        self.writes = self.reads = self.lets = 0
        self.tables: set[str] = set()
        self.held = asyncio.Event()
        self.lost = asyncio.Event()
        self._passing = asyncio.Event()
        self._passing.set()

    def hold(self) -> None:
        self.held.clear()
        self._passing.clear()

    def go(self) -> None:
        self._passing.set()

    async def rows(self, statement: Read, values: Values) -> list[Row]:
        self.reads += 1
        return await self.driver.rows(statement, values)

    async def page(self, statement: Read, values: Values, after: bytes | None) -> tuple[list[Row], bytes | None]:
        self.reads += 1
        return await self.driver.page(statement, values, after)

    async def write(self, writes: Changes) -> None:
        if not self._passing.is_set():
            self.held.set()
            await self._passing.wait()
        self.writes += 1
        self.tables |= {write.table for write, _ in writes}
        self.lets -= 1
        fail = self.fail if self.lets < 0 else ""
        if fail == "before":
            raise DriverError("lost on its way there", no=self.final)
        await self.driver.write(writes)
        if fail == "after":
            self.lost.set()
            raise DriverError("lost on its way back", no=self.final)

    async def close(self) -> None:
        await self.driver.close()


class ToPostgres:
    """A `Poster` that gives everything to the inboxes on PostgreSQL."""

    def __init__(self, harness: PostgresHarness) -> None:
        self._harness = harness

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        await self._harness.store.reopen()  # after one that failed
        told = [Commit(commit.state, commit.events, commit.fanouts, [], []) for commit in batch if commit.fanouts]
        if told:
            await self._harness.store.commit(told)
        return {}

    async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None: ...

    async def post(self, postings: Sequence[Posting]) -> None:
        await self._harness.inbox.post(postings)

    async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None:
        await self._harness.inbox.post(postings)


class _Both:
    """Both engines, as one that fails."""

    def __init__(self, harness: "CassandraHarness") -> None:
        self._harness = harness

    @property
    def fail(self) -> Literal["", "before", "after"]:
        return self._harness.losing.fail

    @fail.setter
    def fail(self, where: Literal["", "before", "after"]) -> None:
        self._harness.losing.fail = self._harness.postgres.fault.fail = where

    @property
    def writes(self) -> int:
        return self._harness.losing.writes

    def hold(self) -> None:
        self._harness.losing.hold()
        self._harness.postgres.fault.hold()

    def go(self) -> None:
        self._harness.losing.go()
        self._harness.postgres.fault.go()


class CassandraHarness:
    """The stores of one process. servers: with a keyspace of one partition of the log, empty."""

    shares_writes: ClassVar[bool] = False

    def __init__(self, servers: CassandraServers, database: str) -> None:
        self.servers = servers
        self.postgres = PostgresHarness(database)
        self.fault = _Both(self)
        self.losing: LosingDriver
        self.open: CassandraStores
        self._written: set[str] = set()

    @property
    def now(self) -> int:
        return self.postgres.now

    @now.setter
    def now(self, now: int) -> None:
        self.postgres.now = now

    async def start(self) -> None:
        await self.postgres.start()
        driver, partitions = await open_driver(self.servers)
        self.losing = LosingDriver(driver)
        self.open = stores_on(self.losing, ToPostgres(self.postgres), partitions)

    async def stop(self) -> None:
        await self.open.close()
        await self.postgres.stop()
        self._written |= self.losing.tables

    async def remove(self) -> None:
        await self.postgres.remove()
        await emptied(self.servers, self._written)

    async def settled(self) -> None:
        """Postings are readable with the transaction that makes them."""

    @property
    def store(self) -> MessageStore:
        return self.open.message_store

    @property
    def inbox(self) -> Inbox:
        return self.postgres.inbox

    @property
    def marks(self) -> MarkStore:
        return self.open.mark_store


async def new_keyspace(servers: CassandraServers) -> None:
    """Make one that is emptied in no time: then nothing of it need be in files before."""
    await make_schema(servers, partitions=1, replicas=1)
    driver = await Driver.connect(servers)
    await driver.define(f"ALTER KEYSPACE {servers.keyspace} WITH durable_writes = false")
    await driver.close()


async def emptied(servers: CassandraServers, tables: set[str]) -> None:
    """Empty these tables."""
    driver = await Driver.connect(servers)
    await asyncio.gather(*(driver.define(f"TRUNCATE {servers.keyspace}.{table}") for table in tables))
    await driver.close()
