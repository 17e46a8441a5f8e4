"""`chinwag cluster check` on servers of ZooKeeper that are spoilt for real: without a majority, each alone, of another
cluster, closed to who asks. Each is named, with what to do against it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.own_zookeeper import OwnEnsemble, own_zookeeper
from tests.support.serving import PATIENCE

from chinwag.adapters.zookeeper.registry import make_registry
from chinwag.adapters.zookeeper.said import answer_of
from chinwag.assembly.cluster.check_zookeeper import check_zookeeper
from chinwag.assembly.cluster.opened_streams import connected_to_zookeeper
from chinwag.config import Config
from chinwag.config.cassandra_section import ZooKeeper
from chinwag.life.doctor import Level

pytestmark = pytest.mark.cluster_prove


@pytest.fixture(scope="module")
def ensemble() -> Iterator[OwnEnsemble]:
    with own_zookeeper(3) as servers:
        yield servers


async def wrong(cluster: str, *hosts: str, user: str = "", password: Path | None = None) -> dict[str, tuple[str, str]]:
    """What fails: what is found, and what is to be done."""
    config = Config(zookeeper=ZooKeeper(hosts=hosts, user=user, password_file=password))
    found = [one async for one in check_zookeeper(config, cluster)]
    return {one.subject: (one.found, one.advice) for one in found if one.level is Level.FAIL}


async def test_without_a_majority_the_server_that_is_left_is_not_said_to_be_away(ensemble: OwnEnsemble) -> None:
    _, second, third = ensemble.servers
    for server in (second, third):
        server.kill()
    try:
        async with asyncio.timeout(PATIENCE):
            while "Mode:" in await asyncio.to_thread(answer_of, ensemble.hosts[0]):
                pass  # it has not noticed yet
        found = await wrong("any", *ensemble.hosts)
    finally:
        for server in (second, third):
            server.launch()
        for server in ensemble.servers:
            server.wait()
    left, *away = ensemble.hosts
    assert "finds no majority" in found[f"ZooKeeper at {left}"][0]
    assert "start the others" in found[f"ZooKeeper at {left}"][1]
    assert all(found[f"ZooKeeper at {one}"][0] == "it does not answer" for one in away)
    assert "most of its servers run" in found["ZooKeeper"][1]


async def test_servers_that_each_stand_alone_are_found_out(ensemble: OwnEnsemble) -> None:
    with own_zookeeper() as one, own_zookeeper() as other:
        found = await wrong("any", *one.hosts, *other.hosts)
    for host in (*one.hosts, *other.hosts):
        assert "works alone" in found[f"ZooKeeper at {host}"][0]
        assert "server.N" in found[f"ZooKeeper at {host}"][1]


async def test_servers_of_another_cluster_and_another_s_nodes_are_found_out(
    ensemble: OwnEnsemble, tmp_path: Path
) -> None:
    found = await wrong("ours", *ensemble.hosts)
    assert found["ZooKeeper, registry"][0] == "there is none of the cluster ours"
    assert "zookeeper.hosts" in found["ZooKeeper, registry"][1]
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("right")
    config = Config(zookeeper=ZooKeeper(hosts=ensemble.hosts, user="chinwag", password_file=password))
    connection = await connected_to_zookeeper(config, "ours")
    try:
        await make_registry(connection)
    finally:
        await connection.close()
    password.write_text("wrong")
    found = await wrong("ours", *ensemble.hosts, user="chinwag", password=password)
    assert "may not read" in found["ZooKeeper, registry"][0]
    assert "zookeeper.password_file" in found["ZooKeeper, registry"][1]
