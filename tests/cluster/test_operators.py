"""Commands of a cluster: they need no data folder, and its servers know at once what they did."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import msgspec
import pytest
from prove.process import ServerProcess
from tests.support.clusters import Cluster
from tests.support.quick_server import COMMAND

from chinwag.client import Client
from chinwag.domain.index_status import IndexStatus

PASSWORD = "a long password"


@pytest.fixture
async def served(cluster: Cluster) -> AsyncIterator[ServerProcess]:
    """A server with every role."""
    await cluster.init()
    process = ServerProcess(cluster.data, command=COMMAND, environment=cluster.environment)
    await process.start()
    yield process
    try:
        assert await process.stop() == 0
    finally:
        process.end()


async def test_an_operator_adds_people_follows_a_message_and_sees_who_does_what(
    cluster: Cluster, served: ServerProcess
) -> None:
    password = {"CHINWAG_PASSWORD": PASSWORD}
    added = await cluster.run("user", "add", "anna", environment=password)
    assert added.returncode == 0, added.stderr
    async with (
        await Client.log_in(served.url, "anna", PASSWORD) as anna,
        await Client.sign_up(served.url, f"berta-{secrets.token_hex(4)}", PASSWORD) as berta,
    ):
        placed = await anna.send("hello", to=berta.account)
        traced = await cluster.run("trace", placed.conversation, str(placed.number))
        assert traced.returncode == 0, traced.stderr
        assert berta.account in traced.stdout.decode()
    listed = await cluster.run("user", "list")
    assert b"anna " in listed.stdout
    status = await cluster.run("status")
    assert status.returncode == 0, status.stderr
    assert b"64 partitions" in status.stdout
    assert b"takes people" in status.stdout


async def test_commands_of_a_data_folder_say_what_to_do_instead(cluster: Cluster) -> None:
    for words in (("doctor",), ("backup", str(cluster.folder / "backup"))):
        done = await cluster.run(*words)
        assert done.returncode == 1
        assert "works on a data folder" in done.stderr.decode()


async def test_status_of_a_cluster_that_nobody_serves_names_what_is_missing(cluster: Cluster) -> None:
    await cluster.init()
    status = await cluster.run("status")
    assert status.returncode == 1
    assert b"NOBODY has the role delivery" in status.stdout


async def test_messages_are_found_and_the_index_is_made_anew(cluster: Cluster, served: ServerProcess) -> None:
    name = f"clara-{secrets.token_hex(4)}"
    async with (
        await Client.sign_up(served.url, name, PASSWORD) as clara,
        await Client.sign_up(served.url, f"dora-{secrets.token_hex(4)}", PASSWORD) as dora,
    ):
        for text in ("the weather is fine", "今天天气很好"):
            await clara.send(text, to=dora.account)

        async def found(query: str) -> list[int]:
            async with asyncio.timeout(60):
                while True:
                    page = await dora.search(query)
                    if page.indexed_up_to is None:
                        return [getattr(hit.message, "number", 0) for hit in page.hits]
                    await asyncio.sleep(0.3)

        assert await found("weather") == [1]
        assert await found("天气") == [2]
        rebuilt = await cluster.run("search", "rebuild")
        assert rebuilt.returncode == 0, rebuilt.stderr
        assert b"messages can be found; that is all" in rebuilt.stdout
        shown = await cluster.run("search", "status", "--json")
        status = msgspec.json.decode(shown.stdout, type=IndexStatus)
        assert (status.whole, status.behind) == (True, 0)
        assert status.messages >= 2
        assert await found("fin") == [1]
