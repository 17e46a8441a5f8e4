"""A write that reached one node of three: what one reader has seen of it every later one sees, as each read repairs.

Without that it goes back (P3): who reads of the node that has it sees it, and who reads of the others does not. Two
keyspaces have the same done to them at once, and one of them was made without read repair.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
import pytest
from prove.faults.wrong import STREAMED, streamed
from tests.contract.harness import ANN
from tests.support.own_cassandra import OwnCassandra, own_cassandra

from chinwag.adapters.cassandra import CassandraServers, Database, make_schema, open_driver, schema
from chinwag.adapters.cassandra.inbox_rows import CassandraInboxRows
from chinwag.adapters.inboxes.rows import InboxRow, InboxState
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Refused

pytestmark = pytest.mark.cluster_prove

BOUND: Final = 300.0
"""Seconds after which whatever is waited for will never be."""
PATIENCE: Final = 5.0
NODES: Final = 3
WITHOUT_HINTS: Final = {"hinted_handoff_enabled": False}
"""A hint would bring the write to those that come back. It is lost together with the node that keeps it."""
TABLES: Final = ("life", "inbox", "inbox_state")
"""Those that are looked at here; a ring on a busy machine takes seconds for each. All tables are made alike."""
PLANT: Final = "no-read-repair"

T = TypeVar("T")


class Seen(msgspec.Struct, frozen=True):
    """What a reader was told of an inbox: its head, and what its rows say."""

    head: int
    rows: list[object]


class Readings(msgspec.Struct, frozen=True):
    """first: while the node that has the write answers, with another one; later: when only the others do."""

    first: Seen
    later: Seen


class Keyspace:
    """An inbox in one keyspace, written and read as its worker and its readers do it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = CassandraInboxRows(database, kept_days=30)

    async def post(self, number: int) -> None:
        """One more entry, and the head that makes it readable."""
        at = Position(1, number, 0)
        written = await asyncio.gather(
            self._rows.write([InboxRow(ANN, number, 1, [b"%d" % number], at)]),
            self._rows.save({ANN: InboxState(head=number, applied=at)}),
            return_exceptions=True,
        )
        for one in written:
            if one is not None:
                raise one

    async def seen(self) -> Seen:
        """Asked again while nodes that have gone or come are not known to have."""

        async def read() -> Seen:
            (state,) = await self._rows.states([ANN])
            rows = await self._rows.rows(ANN, 0, 9, 9)
            return Seen(state.head, [part for row in rows for part in row.parts])

        return await _until_taken(read)

    async def close(self) -> None:
        await self._database.close()


@pytest.fixture(scope="module")
def ring() -> Iterator[list[OwnCassandra]]:
    """Three nodes, of this file."""
    with own_cassandra(NODES, dict.fromkeys(range(1, NODES + 1), WITHOUT_HINTS)) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def readings(ring: list[OwnCassandra]) -> dict[str, Readings]:
    """Of the keyspace that is `right`, and of the one that is `wrong`."""
    return asyncio.run(_readings(ring))


def test_what_one_reader_has_seen_every_later_one_sees(readings: dict[str, Readings]) -> None:
    _never_goes_back(readings["right"])


@pytest.mark.parametrize("name", [PLANT])
def test_what_is_forgotten_is_found(name: str, readings: dict[str, Readings]) -> None:
    assert name in STREAMED
    with pytest.raises(AssertionError, match="has seen"):
        _never_goes_back(readings["wrong"])


def _never_goes_back(readings: Readings) -> None:
    if readings.first != Seen(2, [b"1", b"2"]):
        pytest.fail("the write reached no node at all: nothing was tried")
    assert readings.later == readings.first, "what one reader has seen is gone for the next"


async def _readings(ring: list[OwnCassandra]) -> dict[str, Readings]:
    has_it, comes_back, comes_last = ring
    spaces = {"right": await _keyspace(ring, "right"), "wrong": await _keyspace(ring, "wrong", _planted)}
    for space in spaces.values():
        await _until_taken(partial(space.post, 1))
    for node in (comes_back, comes_last):
        node.pause()
    refused = await asyncio.gather(*(space.post(2) for space in spaces.values()), return_exceptions=True)
    assert [type(one) for one in refused] == [Refused, Refused], "it is acked to nobody"
    for node in (comes_back, comes_last):
        await asyncio.to_thread(node.kill)  # what was on its way to them is gone with them
    await asyncio.to_thread(comes_back.begin)
    first = {name: await space.seen() for name, space in spaces.items()}
    await asyncio.to_thread(has_it.kill)
    await asyncio.to_thread(comes_last.begin)
    later = {name: await space.seen() for name, space in spaces.items()}
    for space in spaces.values():
        await space.close()
    return {name: Readings(first[name], later[name]) for name in spaces}


def _planted(making: pytest.MonkeyPatch) -> None:
    def replace(owner: Any, what: str, by: Callable[[Any], Any]) -> None:
        making.setattr(owner, what, by(getattr(owner, what)))

    making.setattr(streamed, "replace", replace)
    STREAMED[PLANT].plant()


async def _keyspace(
    ring: list[OwnCassandra], name: str, before: Callable[[pytest.MonkeyPatch], None] = lambda _: None
) -> Keyspace:
    """A new one with three copies of each row. before: done while its tables are made."""
    servers = CassandraServers(hosts=tuple(node.host for node in ring), port=ring[0].port, keyspace=name)
    with pytest.MonkeyPatch.context() as making:
        making.setattr(schema, "TABLES", {name: schema.TABLES[name] for name in TABLES})
        before(making)
        await _until_taken(lambda: make_schema(servers, partitions=1, replicas=NODES))
    driver, _ = await open_driver(servers)
    return Keyspace(Database(driver, patience=PATIENCE))


async def _until_taken(call: Callable[[], Awaitable[T]]) -> T:
    """Call again while it is refused, as whoever waits for a ring does; each refusal takes as long as a call may."""
    async with asyncio.timeout(BOUND):
        while True:
            try:
                return await call()
            except Refused:
                continue
