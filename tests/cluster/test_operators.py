"""Commands of a cluster: they need no data folder, and its servers know at once what they did."""

import asyncio
import json
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


async def test_an_export_reads_the_cluster_while_its_servers_go_on(cluster: Cluster, served: ServerProcess) -> None:
    async with (
        await Client.sign_up(served.url, f"anna-{secrets.token_hex(4)}", PASSWORD) as anna,
        await Client.sign_up(served.url, f"berta-{secrets.token_hex(4)}", PASSWORD) as berta,
        await Client.sign_up(served.url, f"carla-{secrets.token_hex(4)}", PASSWORD) as carla,
    ):
        placed = [await anna.send(f"text {number}", to=berta.account) for number in range(3)]
        await berta.send("for Carla", to=carla.account)
        # It needs no NATS.
        done = await cluster.run(
            "export", "--id", anna.account, environment={"CHINWAG_NATS_URLS": "nats://127.0.0.1:1"}
        )
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert (lines[0]["type"], lines[0]["account"]) == ("export", anna.account)
        assert lines[-1] == {"type": "end", "lines": len(lines) - 1}
        (conversation,) = [line for line in lines if line["type"] == "conversation"]
        assert (conversation["id"], conversation["head"]) == (placed[0].conversation, placed[-1].number)
        events = [line["event"] for line in lines if line["type"] == "event"]
        assert [one["body"]["text"] for one in events] == ["text 0", "text 1", "text 2"]
        named = {line["id"] for line in lines if line["type"] == "account"}
        assert named == {anna.account, berta.account}, "and nothing of what others say to each other"
        file = cluster.folder / "all.jsonl"
        everything = await cluster.run("export", "--output", str(file))
        assert everything.returncode == 0, everything.stderr
        assert file.stat().st_mode & 0o077 == 0
        said = [json.loads(line) for line in file.read_bytes().splitlines()]
        assert sum(line["type"] == "conversation" for line in said) == 2
        assert {anna.account, berta.account, carla.account} <= {one["id"] for one in said if one["type"] == "account"}
    nobody = await cluster.run("export", "no such account")
    assert nobody.returncode == 1
    assert b"there is no account" in nobody.stderr


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
