"""A backup of the cassandra profile that is taken while servers run and people chat, and read into engines that have
nothing: one node of Cassandra, and three."""

import asyncio
import secrets
import shlex
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.cluster.restored_people import People, soon
from tests.cluster.test_restored import _program
from tests.support.clusters import Cluster, new_cluster, without_password, without_user
from tests.support.engines import empty_database
from tests.support.keeper import Urls
from tests.support.own_cassandra import OwnCassandra, nodetool, own_cassandra
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper
from tests.support.people import Crowd

from chinwag.assembly.cluster.snapshot_nodes import PHASES
from chinwag.life.folder import MEDIA

pytestmark = pytest.mark.cluster_prove

KEYSPACE = f"restored_{secrets.token_hex(4)}"
LEAST = str(64 << 20)


class Engines:
    """So many nodes of Cassandra; and two each of what may be lost as a whole."""

    def __init__(self, held: ExitStack, count: int) -> None:
        self.cassandra = held.enter_context(own_cassandra(count))
        _found_others(self.cassandra)
        self.nats = [held.enter_context(own_nats_with_streams(most=8 << 30))[0] for _ in range(2)]
        self.zookeeper = [held.enter_context(own_zookeeper()) for _ in range(2)]

    def beside(self, number: int) -> dict[str, str]:
        """The settings that lead to the first or the second of these."""
        return {
            "CHINWAG_NATS_URLS": without_user(self.nats[number].url),
            "CHINWAG_ZOOKEEPER_HOSTS": ",".join(self.zookeeper[number].hosts),
        }


@pytest.fixture(params=[1, 3], ids=["one-node", "three-nodes"])
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
    nodes = engines.cassandra
    await cluster.init()
    process = ServerProcess(cluster.data, environment=cluster.environment)
    crowd, dump, kept_files = Crowd(process), str(tmp_path / "chinwag.dump"), tmp_path / "snapshots"
    try:
        await process.start()
        people = await People.begun(crowd)
        await people.live()
        for device in crowd.devices:
            await device.disconnect()  # what follows takes longer than a device may be silent
        gate = Gate(nodetool(nodes, tmp_path), f"of-today-{len(PHASES)}", tmp_path)
        snapshot = asyncio.create_task(cluster.run("cluster", "snapshot", "of-today", "--nodetool", gate.command))

        async def reached() -> bool:
            assert not snapshot.done(), snapshot.result().stderr.decode()
            return gate.reached

        await soon(reached, "the states are copied")
        await people.between()
        gate.open()
        taken = await snapshot
        assert taken.returncode == 0, taken.stderr.decode()
        for node in nodes:
            _copied(nodes, node, kept_files / node.host)
        await _program("pg_dump", "--format=custom", f"--file={dump}", cluster.database)
        shutil.copytree(cluster.data / MEDIA, tmp_path / "media")
        await people.say(people.anna, people.direct, "lost")
        refused = await cluster.run("cluster", "restored")
        assert refused.returncode == 1
        assert b"stop all servers" in refused.stderr
        assert await process.stop() == 0
        await asyncio.to_thread(_lost_and_begun_anew, nodes)
        shutil.rmtree(cluster.data / MEDIA)
        async with empty_database(engine_urls.postgres) as fresh:
            await _program("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={fresh}", dump)
            cluster.environment |= {"CHINWAG_POSTGRES_URL": without_password(fresh), **engines.beside(1)}
            await cluster.init()
            shutil.copytree(tmp_path / "media", cluster.data / MEDIA)
            await asyncio.gather(*(asyncio.to_thread(_brought_back, node, kept_files / node.host) for node in nodes))
            for node in nodes if len(nodes) > 1 else ():
                await asyncio.to_thread(node.engine.tool, "repair", "--full", "-pr", KEYSPACE)
            new_life = await cluster.run("cluster", "restored")
            assert new_life.returncode == 0, new_life.stderr.decode()
            assert b"taken back: " in new_life.stderr
            process.environment |= cluster.environment
            await process.start()
            for device in crowd.devices:
                await device.connect()
                assert [reset.cause for reset in device.resets] == ["epoch"]
                await device.load()
            await people.found_again()
            await people.going_on()
            await people.ben.reach_head()
            assert await process.stop() == 0
    finally:
        await crowd.leave()
        process.end()


class Gate:
    """Holds the first call of nodetool that has `word` among its own, until it is opened. command: to be used in
    nodetool's place."""

    def __init__(self, tool: str, word: str, folder: Path) -> None:
        self._reached, self._opened = folder / "gate.reached", folder / "gate.opened"
        program = folder / "gate.sh"
        wait = f"touch {self._reached}; while [ ! -e {self._opened} ]; do sleep 0.1; done"
        command, *words = shlex.split(tool)
        program.write_text(f'#!/bin/sh\ncase "$*" in *{word}*) {wait};; esac\nexec {shlex.quote(command)} "$@"\n')
        program.chmod(0o755)
        self.command = shlex.join([str(program), *words])

    @property
    def reached(self) -> bool:
        return self._reached.exists()

    def open(self) -> None:
        self._opened.touch()


def _copied(nodes: Sequence[OwnCassandra], node: OwnCassandra, target: Path) -> None:
    """Take a node's snapshots away, as an operator does; each table is in one of them."""
    own = f"cassandra-{nodes.index(node) + 1}"
    # Where the node's user may read it; files are passed over whose folders are not called as their table is.
    back = node.home / "brought-back" / own / KEYSPACE
    for folder in node.home.glob(f"{own}/data/{KEYSPACE}/*/snapshots/of-today-*"):
        shutil.copytree(folder, back / folder.parents[1].name.partition("-")[0])
    assert {path.name for path in back.iterdir()} == {table for some in PHASES for table in some}
    for path in (node.home / "brought-back", back.parent, back, *back.rglob("*")):
        path.chmod(0o777)
    target.parent.mkdir(exist_ok=True)
    target.symlink_to(back)


def _lost_and_begun_anew(nodes: Sequence[OwnCassandra]) -> None:
    """All nodes with all that they had; in their place come such of the same tokens that have nothing."""
    for node in nodes:
        node.kill()
    for number, node in enumerate(nodes, 1):
        shutil.rmtree(node.home / f"cassandra-{number}")
    for node in nodes:
        node.launch()
    for node in nodes:
        node.wait()
    _found_others(nodes)


def _found_others(nodes: Sequence[OwnCassandra]) -> None:
    for node in nodes if len(nodes) > 1 else ():
        node.find_others()


def _brought_back(node: OwnCassandra, files: Path) -> None:
    """All tables that have anything."""
    for folder in sorted(files.resolve().iterdir()):
        if any(folder.glob("*-Data.db")):
            node.engine.tool("import", KEYSPACE, folder.name, str(folder))
