"""A backup of the cassandra profile that is taken while servers run, and read into engines that have nothing: one node
of Cassandra, and three."""

import asyncio
import secrets
import shlex
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.cluster.test_restored import _program, _said
from tests.support.clusters import Cluster, new_cluster, without_password, without_user
from tests.support.engines import empty_database
from tests.support.keeper import Urls
from tests.support.media import Filer, picture
from tests.support.own_cassandra import OwnCassandra, own_cassandra
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper
from tests.support.people import Crowd

from chinwag.adapters.cassandra import CassandraServers, Driver
from chinwag.assembly.cluster.snapshot_nodes import PHASES
from chinwag.life.folder import MEDIA
from chinwag.wire.values import direct_id

pytestmark = pytest.mark.cluster_prove

KEYSPACE = f"restored_{secrets.token_hex(4)}"
LEAST = str(64 << 20)


class Engines:
    """So many nodes of Cassandra; and two each of what may be lost as a whole."""

    def __init__(self, held: ExitStack, count: int) -> None:
        self.cassandra = held.enter_context(own_cassandra(count))
        if count > 1:
            for node in self.cassandra:
                node.find_others()
        self.nats = [held.enter_context(own_nats_with_streams(most=8 << 30))[0] for _ in range(2)]
        self.zookeeper = [held.enter_context(own_zookeeper()) for _ in range(2)]

    def beside(self, number: int) -> dict[str, str]:
        """The settings that lead to the first or the second of these."""
        return {
            "CHINWAG_NATS_URLS": without_user(self.nats[number].url),
            "CHINWAG_ZOOKEEPER_HOSTS": ",".join(self.zookeeper[number].hosts),
        }


@pytest.fixture(params=[1, 3])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, engine_urls: Urls
) -> AsyncIterator[tuple[Cluster, Engines]]:
    with ExitStack() as held:
        engines = Engines(held, request.param)
        async with new_cluster(tmp_path, Urls(postgres=engine_urls.postgres, nats=engines.nats[0].url)) as made:
            made.environment |= {
                "CHINWAG_STORE_PROFILE": "cassandra",
                "CHINWAG_CASSANDRA_HOSTS": ",".join(node.host for node in engines.cassandra),
                "CHINWAG_CASSANDRA_PORT": str(engines.cassandra[0].port),
                "CHINWAG_CASSANDRA_KEYSPACE": KEYSPACE,
                "CHINWAG_CASSANDRA_REPLICAS": str(len(engines.cassandra)),
                "CHINWAG_STREAMS_REPLICAS": "1",
                "CHINWAG_STREAMS_LOG_BYTES": LEAST,
                "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
                **engines.beside(0),
            }
            yield made, engines


async def test_what_was_backed_up_is_there_after_all_is_lost_and_people_chat_on(
    world: tuple[Cluster, Engines], engine_urls: Urls, tmp_path: Path
) -> None:
    cluster, engines = world
    nodes, tool = engines.cassandra, _tool(engines.cassandra, tmp_path)
    await cluster.init()
    process = ServerProcess(cluster.data, environment=cluster.environment)
    crowd, dump, kept_files = Crowd(process), str(tmp_path / "chinwag.dump"), tmp_path / "snapshots"
    try:
        await process.start()
        anna, ben = await crowd.people("anna", "ben")
        kept = await _said(anna, ben, "kept")
        shared, path = picture(), f"/v1/conversations/{direct_id(anna.account, ben.account)}/messages/{{}}/media"
        filer = Filer(anna)
        upload = await filer.upload(shared, kind="picture")
        sent = await filer.send(direct_id(anna.account, ben.account), {"upload": upload["id"]})
        assert sent.status_code == 201, sent.text
        path = path.format(sent.json()["number"])
        seen = (await filer.ask("GET", path)).content
        assert seen
        await filer.close()
        await ben.reach_head()
        for device in (anna, ben):
            await device.disconnect()  # what follows takes longer than a device may be silent
        taken = await cluster.run("cluster", "snapshot", "of-today", "--nodetool", tool)
        assert taken.returncode == 0, taken.stderr.decode()
        for node in nodes:
            _copied(nodes, node, kept_files / node.host)
        await _program("pg_dump", "--format=custom", f"--file={dump}", cluster.database)
        shutil.copytree(cluster.data / MEDIA, tmp_path / "media")
        for device in (anna, ben):
            await device.connect()
        lost = await _said(anna, ben, "lost")
        assert lost.number == kept.number + 2  # the picture is between
        await ben.reach_head()
        for device in (anna, ben):
            await device.disconnect()
        refused = await cluster.run("cluster", "restored")
        assert refused.returncode == 1
        assert b"stop all servers" in refused.stderr
        assert await process.stop() == 0
        await _lost(nodes[0])
        shutil.rmtree(cluster.data / MEDIA)
        async with empty_database(engine_urls.postgres) as fresh:
            await _program("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={fresh}", dump)
            cluster.environment |= {"CHINWAG_POSTGRES_URL": without_password(fresh), **engines.beside(1)}
            await cluster.init()
            shutil.copytree(tmp_path / "media", cluster.data / MEDIA)
            await asyncio.gather(*(_brought_back(node, kept_files / node.host) for node in nodes))
            for node in nodes if len(nodes) > 1 else ():
                await asyncio.to_thread(node.engine.tool, "repair", "-full", KEYSPACE)
            new_life = await cluster.run("cluster", "restored")
            assert new_life.returncode == 0, new_life.stderr.decode()
            process.environment |= cluster.environment
            await process.start()
            for device in (anna, ben):
                await device.connect()
                assert [reset.cause for reset in device.resets] == ["epoch"]
                await device.load()
            again = await _said(anna, ben, "kept")
            assert (again.number, again.sent_at) == (kept.number, kept.sent_at)
            filer = Filer(ben)
            assert (await filer.ask("GET", path)).content == seen
            await filer.close()
            new = await _said(anna, ben, "new")
            assert new.number == lost.number, "numbers go on from what the backup holds"
            assert await process.stop() == 0
    finally:
        await crowd.leave()
        process.end()


def _tool(nodes: Sequence[OwnCassandra], folder: Path) -> str:
    """What runs nodetool for a node that is named by its address, as `ssh {host} nodetool` does."""
    if len(nodes) == 1:
        return shlex.join(nodes[0].engine.tool_command())
    cases = "".join(f'{node.host}) shift; exec {shlex.join(node.engine.tool_command())} "$@";;\n' for node in nodes)
    script = folder / "nodetool-at"
    script.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\nexit 1\n')
    script.chmod(0o755)
    return shlex.join([str(script), "{host}"])


def _copied(nodes: Sequence[OwnCassandra], node: OwnCassandra, target: Path) -> None:
    """Take a node's snapshots away, as an operator does; each table is in one of them."""
    own = f"cassandra-{nodes.index(node) + 1}"
    for folder in node.home.glob(f"{own}/data/{KEYSPACE}/*/snapshots/of-today-*"):
        shutil.copytree(folder, target / folder.parents[1].name.partition("-")[0])
    assert {table for table, _ in _tables_in(target)} == {table for some in PHASES for table in some}
    # Where the node's user may read it; files are passed over whose folders are not called as their table is.
    back = node.home / "brought-back" / own
    shutil.copytree(target, back / KEYSPACE)
    for path in (node.home / "brought-back", back, *back.rglob("*")):
        path.chmod(0o777)
    shutil.rmtree(target)
    target.symlink_to(back / KEYSPACE)


async def _brought_back(node: OwnCassandra, files: Path) -> None:
    for table, folder in _tables_in(files):
        await asyncio.to_thread(node.engine.tool, "import", KEYSPACE, table, str(folder))


def _tables_in(folder: Path) -> list[tuple[str, Path]]:
    return [(path.name, path.resolve()) for path in sorted(folder.iterdir())]


async def _lost(node: OwnCassandra) -> None:
    driver = await Driver.connect(CassandraServers(hosts=(node.host,), port=node.port), keyspace=False)
    await driver.define(f"DROP KEYSPACE {KEYSPACE}")
    await driver.close()
