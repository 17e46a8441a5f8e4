"""A backup of three nodes of Cassandra and of the media, taken while people write to two servers, and brought back into
a ring that has nothing, with NATS and ZooKeeper that have nothing either."""

import asyncio
import shlex
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.cluster.test_cassandra_restored import KEYSPACE, LEAST, _lost, _tables_in
from tests.cluster.test_restored import _program, _said
from tests.support.clusters import Cluster, new_cluster, without_password
from tests.support.device import Device
from tests.support.engines import empty_database
from tests.support.keeper import Urls
from tests.support.media import Filer, picture
from tests.support.own_cassandra import OwnCassandra, own_cassandra
from tests.support.own_nats import OwnNats, own_nats_with_streams
from tests.support.own_zookeeper import OwnEnsemble, own_zookeeper
from tests.support.people import Crowd

from chinwag.assembly.cluster.snapshot_nodes import PHASES
from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text

pytestmark = pytest.mark.cluster_prove


class Engines:
    """Three nodes of Cassandra; and two sets of three servers each of what may be lost as a whole, of which the second
    begins when it is needed."""

    def __init__(self, held: ExitStack) -> None:
        self._held = held
        self.ring = held.enter_context(own_cassandra(3))
        for node in self.ring:
            node.find_others()
        self.nats: list[OwnNats]
        self.zookeeper: OwnEnsemble
        self.begin_others()

    def begin_others(self) -> None:
        """New ones, which have nothing."""
        self.nats = self._held.enter_context(own_nats_with_streams(3, most=8 << 30))
        self.zookeeper = self._held.enter_context(own_zookeeper(3))

    def environment(self) -> dict[str, str]:
        """The settings that lead to all of it."""
        return {
            "CHINWAG_STORE_PROFILE": "cassandra",
            "CHINWAG_CASSANDRA_HOSTS": ",".join(node.host for node in self.ring),
            "CHINWAG_CASSANDRA_PORT": str(self.ring[0].port),
            "CHINWAG_CASSANDRA_KEYSPACE": KEYSPACE,
            "CHINWAG_CASSANDRA_REPLICAS": "3",
            "CHINWAG_STREAMS_REPLICAS": "3",
            "CHINWAG_STREAMS_LOG_BYTES": LEAST,
            "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
            "CHINWAG_NATS_URLS": ",".join(f"nats://127.0.0.1:{one.port}" for one in self.nats),
            "CHINWAG_ZOOKEEPER_HOSTS": ",".join(self.zookeeper.hosts),
        }


@pytest.fixture
async def world(tmp_path: Path, engine_urls: Urls) -> AsyncIterator[tuple[Cluster, Engines]]:
    with ExitStack() as held:
        engines = await asyncio.to_thread(Engines, held)
        async with new_cluster(tmp_path, Urls(engine_urls.postgres, engines.nats[0].url)) as made:
            made.environment |= engines.environment()
            yield made, engines


async def test_three_nodes_and_media_are_brought_back_and_people_chat_on(
    world: tuple[Cluster, Engines], engine_urls: Urls, tmp_path: Path
) -> None:
    cluster, engines = world
    await cluster.init()
    shared = tmp_path / "shared"  # one folder of media of all machines
    (shared / "media").mkdir(parents=True)
    own = {"CHINWAG_CLUSTER_SECRET_FILE": str(cluster.data / "cluster.secret")}
    servers = [ServerProcess(tmp_path / name, environment=cluster.environment | own) for name in ("one", "two")]
    for server in servers:
        server.data.mkdir()
        (server.data / "media").symlink_to(shared / "media")
    crowds = [Crowd(server) for server in servers]
    try:
        await asyncio.gather(*(server.start() for server in servers))
        anna, ben = await crowds[0].person("anna"), await crowds[1].person("ben")
        kept = await _said(anna, ben, "kept")
        content = picture()
        number = await _file_sent(anna, kept.conversation, content)
        await ben.reach_head()
        for device in (anna, ben):
            await device.disconnect()  # what follows takes longer than a device may be silent
        async with AsyncExitStack() as writing:
            # people go on while it is taken
            talk = asyncio.create_task(_talk(*[await crowds[turn].person(name) for turn, name in enumerate("cd")]))
            writing.callback(talk.cancel)
            tool = f"{_tool(engines, tmp_path)} {{host}}"
            taken = await cluster.run("cluster", "snapshot", "of-today", "--nodetool", tool)
            assert taken.returncode == 0, taken.stderr.decode()
            _copied(engines.ring, tmp_path / "snapshots")
            dump = str(tmp_path / "chinwag.dump")
            await _program("pg_dump", "--format=custom", f"--file={dump}", cluster.database)
            shutil.copytree(shared / "media", tmp_path / "media")
        for device in (anna, ben):
            await device.connect()
        lost = await _said(anna, ben, "lost")
        await ben.reach_head()
        for crowd in crowds:
            for device in crowd.devices:
                await device.disconnect()
        assert [await server.stop() for server in servers] == [0, 0]

        await _lost(engines.ring[0])
        shutil.rmtree(shared / "media")
        for server_ in engines.nats:
            server_.kill()
        for other in engines.zookeeper.servers:
            other.kill()
        await asyncio.to_thread(engines.begin_others)
        async with empty_database(engine_urls.postgres) as fresh:
            await _program("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={fresh}", dump)
            cluster.environment |= {**engines.environment(), "CHINWAG_POSTGRES_URL": without_password(fresh)}
            await cluster.init()
            await asyncio.gather(*(asyncio.to_thread(_imported, node, tmp_path / "snapshots") for node in engines.ring))
            for node in engines.ring:
                await asyncio.to_thread(node.engine.tool, "repair", "--full", KEYSPACE)
            shutil.copytree(tmp_path / "media", shared / "media")
            new_life = await cluster.run("cluster", "restored")
            assert new_life.returncode == 0, new_life.stderr.decode()
            for server in servers:
                server.environment |= cluster.environment
            await asyncio.gather(*(server.start() for server in servers))
            for device in (anna, ben):
                await device.connect()
                assert [reset.cause for reset in device.resets] == ["epoch"]
                await device.load()
            again = await _said(anna, ben, "kept")
            assert (again.number, again.sent_at) == (kept.number, kept.sent_at)
            new = await _said(anna, ben, "new")
            assert new.number == lost.number, "numbers go on from what the backup holds"
            reader = Filer(ben)
            read = await reader.ask("GET", f"/v1/conversations/{kept.conversation}/messages/{number}/media")
            await reader.close()
            assert (read.status_code, read.content) == (200, content)
            # each quorum of the ring has it
            for node in engines.ring:
                node.pause()
                try:
                    answer = await ben.place.request(
                        "GET", f"/v1/conversations/{kept.conversation}/messages/{kept.number}", token=ben.token
                    )
                    assert answer.status_code == 200, answer.text
                finally:
                    node.go_on()
            assert [await server.stop() for server in servers] == [0, 0]
    finally:
        for crowd in crowds:
            await crowd.leave()
        for server in servers:
            server.end()
            print(server.log()[-3_000:])


async def _talk(*people: Device) -> None:
    """One of them writes to the other without end."""
    one, other = people
    number = 1
    while True:
        answer = await one.ask(Send(ClientId(f"word-{number}"), Text(f"word {number}"), to=other.account))
        if isinstance(answer, Ack):
            number += 1
        else:
            assert answer.retryable, answer
            await asyncio.sleep(answer.retry_after or 0.1)


async def _file_sent(device: Device, conversation: str, content: bytes) -> int:
    """Send a file to a conversation; its number there."""
    filer = Filer(device)
    upload = await filer.upload(content)
    placed = await filer.send(conversation, {"upload": upload["id"]})
    assert placed.status_code == 201, placed.text
    await filer.close()
    return int(placed.json()["number"])


def _tool(engines: Engines, folder: Path) -> Path:
    """A program that runs nodetool for the node that is named first, as ssh would."""
    cases = "".join(
        f'{node.host}) shift; exec {shlex.join(node.engine.tool_command())} "$@";;\n' for node in engines.ring
    )
    program = folder / "nodetool.sh"
    program.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\nexit 1\n')
    program.chmod(0o755)
    return program


def _copied(ring: Sequence[OwnCassandra], target: Path) -> None:
    """Take the snapshots of each node away; where its own user may read them, in folders named as tables are."""
    target.mkdir()
    for node in ring:
        brought = node.home / "brought-back" / node.host / KEYSPACE
        for folder in node.home.glob(f"{node.engine.log.stem}/data/{KEYSPACE}/*/snapshots/of-today-*"):
            shutil.copytree(folder, brought / folder.parents[1].name.partition("-")[0])
        assert {table for table, _ in _tables_in(brought)} == {table for some in PHASES for table in some}
        (target / node.host).symlink_to(brought)
    for path in (ring[0].home / "brought-back", *(ring[0].home / "brought-back").rglob("*")):
        path.chmod(0o777)


def _imported(node: OwnCassandra, snapshots: Path) -> None:
    for table, folder in _tables_in(snapshots / node.host):
        node.engine.tool("import", KEYSPACE, table, str(folder))
