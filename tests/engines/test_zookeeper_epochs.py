"""The counters of epochs on ZooKeeper: several that begin the next get one, and none is repeated."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.contract.over_zookeeper import a_connection, zookeeper_at
from tests.support.own_zookeeper import OwnEnsemble, own_zookeeper

from chinwag.adapters.stream_epoch import EPOCH_MOST
from chinwag.adapters.zookeeper import Epochs, ZooKeeperConnection, ZooKeeperServers
from chinwag.adapters.zookeeper.epochs import NoEpochLeftError
from chinwag.assembly.cluster.check_zookeeper import epochs_finding
from chinwag.life.doctor.finding import Level


@pytest.fixture(scope="module")
def ensemble() -> Iterator[OwnEnsemble]:
    with own_zookeeper() as started:
        yield started


@pytest.fixture
def servers(ensemble: OwnEnsemble) -> ZooKeeperServers:
    return zookeeper_at(ensemble.hosts)


@pytest.fixture
async def connection(servers: ZooKeeperServers) -> AsyncIterator[ZooKeeperConnection]:
    async with a_connection(servers) as opened:
        yield opened


@pytest.fixture
async def epochs(connection: ZooKeeperConnection) -> Epochs:
    made = Epochs(connection, "log")
    await made.make()
    await made.make()
    return made


async def test_each_partition_has_its_own(epochs: Epochs, connection: ZooKeeperConnection) -> None:
    assert await epochs.current(3) == 0
    assert await epochs.begin(3, 0) == 1
    assert await epochs.begin(3, 1) == 2
    assert await epochs.current(3) == 2
    assert await epochs.current(4) == 0
    other = Epochs(connection, "inbox")
    await other.make()
    assert await other.current(3) == 0


async def test_of_many_that_find_one_over_one_begins_the_next(epochs: Epochs, servers: ZooKeeperServers) -> None:
    async with a_connection(servers) as second:
        elsewhere = Epochs(second, "log")
        found = await asyncio.gather(*(each.begin(0, 0) for each in (epochs, elsewhere) * 10))
        assert set(found) == {1}
        assert await elsewhere.begin(0, 0) == 1, "it is over long since"


async def test_a_counter_that_was_lost_repeats_none_that_the_store_has_seen(epochs: Epochs) -> None:
    assert await epochs.begin(0, 0, floor=7) == 8
    assert await epochs.begin(0, 2, floor=7) == 8
    assert await epochs.begin(0, 8, floor=7) == 9


async def test_whoever_watches_is_told_once_of_another(epochs: Epochs, servers: ZooKeeperServers) -> None:
    told = asyncio.Event()
    assert await epochs.current(0, told.set) == 0
    async with a_connection(servers) as second:
        await Epochs(second, "log").begin(0, 0)
    async with asyncio.timeout(60):
        await told.wait()
    assert await epochs.current(0) == 1


async def test_an_epoch_that_the_store_has_no_room_for_is_refused(epochs: Epochs) -> None:
    assert await epochs.begin(0, EPOCH_MOST - 1) == EPOCH_MOST
    with pytest.raises(NoEpochLeftError):
        await epochs.begin(0, EPOCH_MOST)
    assert await epochs.current(0) == EPOCH_MOST
    with pytest.raises(NoEpochLeftError):
        await epochs.begin(1, 0, floor=EPOCH_MOST)


async def test_the_check_warns_in_time_by_the_partition_that_has_had_most(
    epochs: Epochs, connection: ZooKeeperConnection
) -> None:
    assert (await epochs_finding(connection, "log", 3)).level is Level.OK
    await epochs.begin(2, 11_998)
    assert (await epochs_finding(connection, "log", 3)).level is Level.OK
    assert await epochs.begin(2, 11_999) == 12_000
    found = await epochs_finding(connection, "log", 3)
    assert found.level is Level.WARN
    assert "12,000" in found.found
    assert found.advice
