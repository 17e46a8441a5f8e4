"""Messages that move from PostgreSQL to Cassandra are the same ones there, however often the move was cut short."""

import asyncio
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
import pytest
from tests.contract.over_inbox_streams import PARTITIONS, InboxProcess, a_keyspace
from tests.contract.over_nats import nats_at
from tests.contract.over_zookeeper import zookeeper_at
from tests.life.moving import (
    PAIR,
    Picture,
    assert_same,
    filled,
    prepared,
    shown_by_database,
    shown_by_folder,
    shown_by_ports,
    target,
)
from tests.support.own_nats import OwnNats
from tests.support.own_zookeeper import OwnEnsemble

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra import CassandraServers, Driver
from chinwag.adapters.cassandra.batch import EVENT, KEY
from chinwag.adapters.cassandra.filling import CassandraFilling, FillingError
from chinwag.adapters.cassandra.mark_store import SAVE_SEEN
from chinwag.adapters.cassandra.moves import HalfMovedError, refuse_half
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Read, delete
from chinwag.adapters.postgres import GoneError, begin_new_life, make_schema, open_stores
from chinwag.adapters.postgres.leaving import Leaving, days_of
from chinwag.adapters.postgres.moving import MoveError
from chinwag.adapters.postgres.schema import NewerSchemaError, verify
from chinwag.domain.conversation import START, Position
from chinwag.fail_points import VARIABLE
from chinwag.life.backup import Telling
from chinwag.life.move.move import move
from chinwag.life.move.onward import Onward, come_back, move_onward
from chinwag.ports.message_store import KeyName

QUIET = Telling()
KEPT_SECONDS = 30 * 86_400
LATER = Position(1_790_000_000_000, 17, 3)
"""A place in the log of the source, which counts epochs by the clock."""
_MOVE = """
import asyncio, sys
from tests.engines.test_move_onward import going_on
asyncio.run(going_on(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
"""


class CutShortError(Exception):
    """The move was cut short."""


class CutShort(Telling):
    """Ends the move with an error when a part of it begins."""

    def doing(self, what: str, total: int = 0) -> None:
        if what == "reading states once more":
            raise CutShortError


async def nobody() -> None:
    """No process serves the keyspace."""


@asynccontextmanager
async def both(url: str, servers: CassandraServers, size: int = 60) -> AsyncIterator[Onward]:
    """A move between these."""
    driver = await Driver.connect(servers)
    source = None
    try:
        source = await Leaving.open(url)
        yield Onward(source, CassandraFilling(driver, PARTITIONS, "the keyspace"), nobody, KEPT_SECONDS, size)
    finally:
        if source is not None:
            await source.close()
        await driver.close()


async def going_on(url: str, port: int, keyspace: str) -> None:
    """What a process of its own does."""
    async with both(url, CassandraServers(hosts=("127.0.0.1",), port=port, keyspace=keyspace)) as onward:
        await move_onward(onward, QUIET)


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asyncio.run(filled(tmp_path_factory.mktemp("filled") / "data"))


@pytest.fixture
async def source(filled_once: Path, postgres_url: str) -> tuple[str, Picture]:
    """A database with a bit of everything, and what its ports show."""
    copy = filled_once.parent / f"of-{postgres_url.rpartition('/')[2]}"
    await asyncio.to_thread(shutil.copytree, filled_once, copy)
    before = await shown_by_folder(copy)
    await prepared(postgres_url)
    await move(copy, target(postgres_url), QUIET)
    connection = await asyncpg.connect(postgres_url)
    try:  # as if all of it had been said there
        for conversation, state in await connection.fetch("SELECT conversation, state FROM messages.states"):
            found = stored.state(state)
            assert found is not None
            later = stored.sealed(msgspec.structs.replace(found, applied=LATER))
            await connection.execute(
                "UPDATE messages.states SET state = $2 WHERE conversation = $1", conversation, later
            )
        for conversation, device, id_, key in await connection.fetch("SELECT * FROM messages.send_keys"):
            sent = stored.send_key(key)
            assert sent is not None
            later = stored.sealed(msgspec.structs.replace(sent, position=LATER))
            query = "UPDATE messages.send_keys SET key = $4 WHERE conversation = $1 AND device = $2 AND id = $3"
            await connection.execute(query, conversation, device, id_, later)
        for conversation, message, counts in await connection.fetch("SELECT * FROM messages.reaction_counts"):
            later = stored.sealed(msgspec.structs.replace(stored.reaction_counts(counts), covers=LATER))
            query = "UPDATE messages.reaction_counts SET counts = $3 WHERE conversation = $1 AND message = $2"
            await connection.execute(query, conversation, message, later)
    finally:
        await connection.close()
    return postgres_url, await shown_by_database(postgres_url, before["names"])


@pytest.fixture
def fresh(cassandra_port: int) -> CassandraServers:
    """A keyspace of the test's own."""
    return a_keyspace(cassandra_port)


async def shown_by_keyspace(
    servers: CassandraServers, nats: OwnNats, zookeeper: OwnEnsemble, before: Picture
) -> Picture:
    """What the ports show there, of a process that works."""
    at = nats_at(nats.url)
    process = InboxProcess(at, zookeeper_at(zookeeper.hosts, at.cluster), servers, works=True, patience=10.0)
    await process.start()
    try:
        store = process.stores.message_store
        picture = await shown_by_ports(store, process.inbox, process.stores.mark_store, before["names"])
        states = await store.states(before["names"]["conversations"])
        keys = await store.keys([KeyName(*name) for name in before["names"]["keys"]])
        assert {state.applied for state in states if state is not None} == {START}, "the log begins anew"
        assert {key.position for key in keys if key is not None} == {START}
        messages = [(state.id, number) for state in states if state is not None for number in range(1, state.head + 1)]
        counted = await store.reaction_counts(messages)
        assert {counts.covers for counts in counted if counts is not None} == {START}
        await process.remove_streams()
    finally:
        await process.stop()
    return picture | {what: shown for what, shown in before.items() if what.startswith("table ")}


async def refused_by_both(url: str, servers: CassandraServers) -> None:
    with pytest.raises(GoneError, match="run `chinwag move` again"):
        await open_stores(url)
    await refused_there(servers, "run `chinwag move` again")


async def refused_there(servers: CassandraServers, match: str) -> None:
    driver = await Driver.connect(servers)
    try:
        with pytest.raises(HalfMovedError, match=match):
            await refuse_half(driver)
    finally:
        await driver.close()


@pytest.mark.cluster_prove
async def test_all_of_it_is_there_over_a_kill_at_every_point_and_cursors_hold(
    source: tuple[str, Picture], fresh: CassandraServers, nats: OwnNats, zookeeper: OwnEnsemble
) -> None:
    url, before = source
    for point in ("move.begun", "move.batch:1", "move.batch:9", "move.batch:14", "move.copied", "move.marked"):
        if point == "move.marked":
            await killed(url, fresh, point)
            with pytest.raises(GoneError, match="have moved to the keyspace"):
                await open_stores(url)
            await refused_there(fresh, "run `chinwag move` again")
            continue
        await killed(url, fresh, point)
        await refused_by_both(url, fresh)
    await killed(url, fresh, "move.opened")
    async with both(url, fresh) as onward:
        assert await move_onward(onward, QUIET) == {}, "it is done"
    assert_same(before, await shown_by_keyspace(fresh, nats, zookeeper, before))
    with pytest.raises(GoneError, match="have moved"):
        await make_schema(url)
    await make_schema(url, gone=True)  # as an update does
    with pytest.raises(GoneError):
        await begin_new_life(url)
    connection = await asyncpg.connect(url)
    with pytest.raises(NewerSchemaError):  # as an older version sees it
        await verify(connection)
    await connection.close()
    async with both(url, fresh) as onward:
        assert await come_back(onward.source, onward.target, print), "people may have gone on there"
    await refused_there(fresh, "given up")
    after = await shown_by_database(url, before["names"])
    for what, shown in before.items():
        if what.startswith("inbox of ") and " after " not in what:
            assert after[what].epoch > shown.epoch, "every cursor is void"
    async with both(url, fresh) as onward:
        with pytest.raises(MoveError, match="name a new one"):
            await move_onward(onward, QUIET)


async def killed(url: str, servers: CassandraServers, point: str) -> None:
    """Move in a process of its own, which ends at `point`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _MOVE, url, str(servers.port), servers.keyspace),
        env={VARIABLE: point, "PATH": ""},
        cwd=Path(__file__).parents[2],
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()


async def test_what_is_not_as_it_was_is_found_and_given_up(
    source: tuple[str, Picture], fresh: CassandraServers
) -> None:
    url, before = source
    driver = await Driver.connect(fresh)

    async def found(table: str) -> None:
        async with both(url, fresh) as onward:
            with pytest.raises(MoveError, match=rf"\({table}: .*"):
                await move_onward(onward, QUIET)
        await refused_by_both(url, fresh)

    try:
        await refused_at_first(url, fresh, driver)
        async with both(url, fresh) as onward:
            with pytest.raises(CutShortError):
                await move_onward(onward, CutShort())
            with pytest.raises(MoveError, match="another `chinwag move`"):
                await Leaving.open(url)
        extra = b"nobody"
        await driver.write([(SAVE_SEEN, (extra, b"\0" * 9, stamp(1)))])
        await found("presence")
        await driver.write([(delete("presence", "account", 1), (stamp(2), extra))])
        (row,) = await driver.rows(Read("SELECT conversation, device, shard, id, key FROM send_keys LIMIT 1"), ())
        sent = stored.send_key(row[4])
        assert sent is not None
        not_at_zero = stored.sealed(msgspec.structs.replace(sent, position=LATER))
        await driver.write([(KEY, (*row[:4], not_at_zero, stamp(0)))])
        if not_at_zero < row[4]:  # of two values of one time the greater holds
            await driver.write([(KEY, (*row[:4], not_at_zero, stamp(1)))])
        await found("send_keys")
        gone = delete("events", "conversation bucket number", 2)
        await driver.write([(gone, (stamp(0), names.known(PAIR), 0, 7))])
        await found("events")
        async with both(url, fresh) as onward:
            assert not await come_back(onward.source, onward.target, print), "nobody was served elsewhere"
            with pytest.raises(MoveError, match="are not being moved"):
                await come_back(onward.source, None, print)
        assert_same(before, await shown_by_database(url, before["names"]))
    finally:
        await driver.close()


async def refused_at_first(url: str, servers: CassandraServers, driver: Driver) -> None:
    """What keeps a move from being begun changes nothing on either side."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "INSERT INTO registry.nodes VALUES ('gateway-1', '{gateway}', '', clock_timestamp() + '1 minute')"
        )
        async with both(url, servers) as onward:
            with pytest.raises(MoveError, match="1 processes of Chinwag serve this database"):
                await move_onward(onward, QUIET)
        await connection.execute("DELETE FROM registry.nodes")
    finally:
        await connection.close()
    await driver.write([(EVENT, (b"c", 0, 1, b"", stamp(1)))])
    async with both(url, servers) as onward:
        with pytest.raises(FillingError, match="rows in events"):
            await move_onward(onward, QUIET)
    await driver.write([(delete("events", "conversation bucket number", 2), (stamp(2), b"c", 0, 1))])

    async def served() -> None:
        raise MoveError("delivery-1 runs on the cassandra profile")

    async with both(url, servers) as onward:
        with pytest.raises(MoveError, match="delivery-1 runs"):
            await move_onward(msgspec.structs.replace(onward, idle=served), QUIET)
    await (await open_stores(url)).close()
    await refuse_half(driver)


def test_days_of_an_inbox_rise_with_its_entries() -> None:
    assert days_of([]) == ()
    assert days_of([(3, 0), (4, 10), (7, 11)]) == ((3, 0), (4, 10), (7, 11))
    assert days_of([(4, 0), (3, 5), (6, 9)]) == ((4, 0), (6, 9)), "a clock was put back"
