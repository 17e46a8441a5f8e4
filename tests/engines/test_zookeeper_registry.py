"""The registry on ZooKeeper when a server, the way to it, or a session is lost."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from kazoo.protocol.states import KazooState
from prove.faults.proxy import Proxy, Way
from tests.contract.over_zookeeper import a_connection, a_registry, zookeeper_at
from tests.contract.test_registry import Owned, Watcher
from tests.support.own_zookeeper import HOST, OwnEnsemble, OwnZooKeeper, own_zookeeper

from chinwag.adapters.zookeeper import ZooKeeperConnection, ZooKeeperRegistry, ZooKeeperServers, numbers
from chinwag.adapters.zookeeper import connection as connecting
from chinwag.adapters.zookeeper.connection import MissingError
from chinwag.domain.ids import Snowflake
from chinwag.domain.ownership import owned
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Node, WorkerNumber, log_duty

LONG = 30.0
"""A session that no busy machine outlasts."""
GATEWAY = Node(NodeId("g1"), ("gateway",))
DUTY = log_duty(64)


@pytest.fixture(scope="module")
def ensemble() -> Iterator[OwnEnsemble]:
    with own_zookeeper() as started:
        yield started


@pytest.fixture
def servers(ensemble: OwnEnsemble) -> ZooKeeperServers:
    return zookeeper_at(ensemble.hosts)


@pytest.fixture
async def relay(ensemble: OwnEnsemble) -> AsyncIterator[Proxy]:
    """Between one process and ZooKeeper."""
    async with Proxy(HOST, ensemble.servers[0].port).serving() as opened:
        yield opened


def through(servers: ZooKeeperServers, relay: Proxy) -> ZooKeeperServers:
    return zookeeper_at([f"{HOST}:{relay.port}"], servers.cluster)


async def until_held(number: WorkerNumber) -> int:
    """The number, once it is held for certain."""
    async with asyncio.timeout(90):
        while True:
            try:
                return number()
            except Refused:
                await asyncio.sleep(0.05)


async def until_away(connection: ZooKeeperConnection) -> None:
    """We are told so a moment after what was asked has failed."""
    async with asyncio.timeout(90):
        while connection.away_since is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_registered(registry: ZooKeeperRegistry, node: Node) -> None:
    """A busy server may need longer than is waited for it."""
    async with asyncio.timeout(90):
        while True:
            try:
                return await registry.register(node)
            except Refused:
                await asyncio.sleep(0.05)


async def until_back(connection: ZooKeeperConnection) -> None:
    async with asyncio.timeout(90):
        while connection.away_since is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_process_that_is_cut_off_is_gone_with_its_session_and_makes_no_ids(
    servers: ZooKeeperServers, relay: Proxy
) -> None:
    async with a_registry(through(servers, relay)) as (cut_off, connection), a_registry(servers) as (other, _):
        lost: list[int] = []
        connection.on_lost_session(lambda: lost.append(connection.session))
        session = connection.session
        await cut_off.register(GATEWAY)
        number = await cut_off.lease_worker()
        held, ids = number(), Snowflake(number)
        ids.next(1_800_000_000_000)
        relay.turn(Way.GONE)
        async with asyncio.timeout(90):
            while await other.nodes("gateway"):
                pass
        # Others may have it from now on, and so it has made none for a while.
        with pytest.raises(Refused) as refused:
            ids.next(1_800_000_000_000)
        assert refused.value.code is Code.UNAVAILABLE
        relay.turn(Way.PASS)
        async with asyncio.timeout(90):
            while not await other.nodes("gateway"):
                pass
        assert await until_held(number) != held, "one that was lost rests"
        assert lost == [connection.session]
        assert connection.session != session


async def test_a_connection_that_is_lost_is_not_the_end_of_the_session(servers: ZooKeeperServers, relay: Proxy) -> None:
    async with (
        a_registry(through(servers, relay), session=LONG) as (registry, connection),
        a_registry(servers) as (other, _),
    ):
        lost: list[None] = []
        connection.on_lost_session(lambda: lost.append(None))
        await registry.register(GATEWAY)
        number = await registry.lease_worker()
        held, session = number(), connection.session
        relay.turn(Way.GONE)
        await until_away(connection)
        with pytest.raises(Refused) as refused:  # at once: it would be done when nobody wants it any longer
            await registry.nodes("gateway")
        assert refused.value.code is Code.UNAVAILABLE
        assert list(await other.nodes("gateway")) == [GATEWAY]
        relay.turn(Way.PASS)
        await until_back(connection)
        assert await until_held(number) == held
        assert (connection.session, lost) == (session, [])
        assert list(await registry.nodes("gateway")) == [GATEWAY]


async def _begun_again(server: OwnZooKeeper, relay: Proxy) -> None:
    """Begin one that was killed, and let nobody in before it serves: who asks it while it starts may wait for an answer
    as long as the whole session lasts, which is then gone."""
    relay.turn(Way.GONE)
    await asyncio.to_thread(server.begin)
    relay.turn(Way.PASS)


async def test_a_server_that_is_killed_and_begun_again_knows_sessions_numbers_and_nodes(
    ensemble: OwnEnsemble, servers: ZooKeeperServers, relay: Proxy
) -> None:
    async with a_registry(through(servers, relay), session=LONG) as (registry, connection):
        await registry.register(GATEWAY)
        number = await registry.lease_worker()
        held, session, seen = number(), connection.session, Watcher()
        registry.watch(seen)
        await seen.until(lambda live: live == [GATEWAY])
        await asyncio.to_thread(ensemble.servers[0].kill)
        with pytest.raises(Refused):
            await registry.register(Node(NodeId("g2"), ("gateway",)))
        await until_away(connection)
        await _begun_again(ensemble.servers[0], relay)
        await until_back(connection)
        assert await until_held(number) == held
        assert connection.session == session
        await until_registered(registry, Node(NodeId("g3"), ("gateway",)))
        await seen.until(lambda live: [node.id for node in live] == ["g1", "g3"])


async def test_what_is_asked_before_we_are_told_that_the_connection_is_lost_is_not_done_later(
    ensemble: OwnEnsemble, servers: ZooKeeperServers
) -> None:
    async with a_connection(servers) as connection:
        lost = threading.Event()
        connection._client.add_listener(lambda state: lost.set() if state != KazooState.CONNECTED else None)
        ensemble.servers[0].kill()
        assert lost.wait(90), "nobody noticed"  # the client's own threads know, and nobody is told while this one waits
        assert connection.away_since is None
        with pytest.raises(Refused):
            await connection.create("late")
        await until_away(connection)
        await asyncio.to_thread(ensemble.servers[0].begin)
        await until_back(connection)
        await connection.reach()
        with pytest.raises(MissingError):
            await connection.get("late")


async def test_a_process_that_is_gone_leaves_its_parts_to_the_others(servers: ZooKeeperServers, relay: Proxy) -> None:
    mine, theirs = NodeId("one"), NodeId("two")
    async with a_registry(through(servers, relay)) as (cut_off, _), a_registry(servers) as (other, _):
        await cut_off.register(Node(mine, ("delivery",)))
        await other.register(Node(theirs, ("delivery",)))
        share, rest = owned(DUTY.name, 64, mine, {mine, theirs}), owned(DUTY.name, 64, theirs, {mine, theirs})
        here, there = Owned(), Owned()
        cut_off.watch_owned(DUTY, mine, here)
        other.watch_owned(DUTY, theirs, there)
        await here.until(share)
        await there.until(rest)
        relay.turn(Way.GONE)
        await there.until(share | rest)
        assert cut_off.owned(DUTY, mine) == share, "who does not see the registry goes on with what it saw"
        relay.turn(Way.PASS)
        await there.until(rest)
        assert cut_off.owned(DUTY, mine) == share


async def test_when_the_registry_was_away_for_all_nobody_takes_it_all(servers: ZooKeeperServers, relay: Proxy) -> None:
    """Every session ends meanwhile, so the first that comes back sees nobody but itself at first."""
    nodes = [NodeId("one"), NodeId("two")]
    ways = through(servers, relay)
    async with a_registry(ways) as (one, _), a_registry(ways) as (two, _), a_registry(servers) as (straight, _):
        both, shares, seen = (one, two), [Owned(), Owned()], Watcher()
        for registry, node in zip(both, nodes, strict=True):
            await registry.register(Node(node, ("delivery",)))
        straight.watch(seen)
        await seen.until(lambda live: len(live) == 2)
        for registry, node, share in zip(both, nodes, shares, strict=True):
            registry.watch_owned(DUTY, node, share)
            await share.until(owned(DUTY.name, 64, node, nodes))
        told = [list(share.told) for share in shares]
        relay.turn(Way.GONE)
        await seen.until(lambda live: not live)
        relay.turn(Way.PASS)
        await seen.until(lambda live: len(live) == 2)
        # Each has looked since then once it sees this one.
        await straight.register(GATEWAY)
        for registry in both:
            looked = Watcher()
            registry.watch(looked)
            await looked.until(lambda live: GATEWAY in live)
        assert [share.told for share in shares] == told


async def test_a_number_that_was_freed_rests(servers: ZooKeeperServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "WORKERS", 8)
    async with a_registry(servers) as (first, connection):
        number = (await first.lease_worker())()
        await first.close()
        # Somebody else has all other numbers but one.
        other = (number + 1) % 8
        for each in set(range(8)) - {number, other}:
            await connection.create(f"workers/{each}")
            await connection.create(f"workers/{each}/held", ephemeral=True)
        async with a_registry(servers) as (second, _), a_registry(servers, rest=0.0) as (hurried, _):
            assert (await second.lease_worker())() == other
            with pytest.raises(Refused) as refused:
                await second.lease_worker()
            assert refused.value.code is Code.UNAVAILABLE
            assert (await hurried.lease_worker())() == number


async def test_a_holder_that_lives_keeps_its_number_beyond_any_rest(servers: ZooKeeperServers) -> None:
    async with a_registry(servers, rest=0.0) as (first, _), a_registry(servers, rest=0.0) as (second, _):
        held = {(await first.lease_worker())() for _ in range(3)}
        assert held.isdisjoint({(await second.lease_worker())() for _ in range(3)})


async def test_a_number_is_not_certain_beyond_two_thirds_of_the_session(
    servers: ZooKeeperServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_connection(servers, session=300.0) as connection:
        registry = await ZooKeeperRegistry.open(connection)
        number = await registry.lease_worker()
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 199.0)
        number()
        monkeypatch.setattr(time, "monotonic", lambda: now + 201.0)
        with pytest.raises(Refused):
            number()
        monkeypatch.undo()
        await registry.close()


async def test_a_registry_that_is_not_there_or_newer_or_anothers_is_refused_in_words(
    servers: ZooKeeperServers,
) -> None:
    bare = await ZooKeeperConnection.open(servers)
    try:
        with pytest.raises(Refused, match="cluster init"):
            await ZooKeeperRegistry.open(bare)
    finally:
        await bare.close()
    async with a_connection(servers) as connection:
        await connection.set("version", b"99")
        with pytest.raises(Refused, match="another version"):
            await ZooKeeperRegistry.open(connection)
    stranger = await ZooKeeperConnection.open(
        ZooKeeperServers(hosts=servers.hosts, cluster=servers.cluster, user="somebody", password="else")
    )
    try:
        with pytest.raises(Refused, match="may not read"):
            await ZooKeeperRegistry.open(stranger)
    finally:
        await stranger.close()


async def test_where_no_server_answers_a_process_is_told_so(
    relay: Proxy, servers: ZooKeeperServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 0.5)
    relay.turn(Way.GONE)
    with pytest.raises(Refused, match="no server answers"):
        await ZooKeeperConnection.open(through(servers, relay))


async def test_of_three_servers_the_leader_may_die() -> None:
    with own_zookeeper(3) as three:
        servers = zookeeper_at(three.hosts)
        async with (
            a_registry(servers, session=LONG) as (one, connection),
            a_registry(servers, session=LONG) as (two, _),
        ):
            await one.register(Node(NodeId("one"), ("delivery",)))
            number, seen = await one.lease_worker(), Watcher()
            held, session = number(), connection.session
            two.watch(seen)
            await seen.until(lambda live: [node.id for node in live] == ["one"])
            (leader,) = [server for server in three.servers if server.leads]
            leader.kill()
            await until_registered(two, Node(NodeId("two"), ("delivery",)))
            await seen.until(lambda live: [node.id for node in live] == ["one", "two"])
            await until_back(connection)
            assert await until_held(number) == held
            assert connection.session == session
            assert any(server.leads for server in three.servers if server is not leader)
