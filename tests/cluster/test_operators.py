"""Commands of a cluster: they need no data folder, and its servers know at once what they did."""

import secrets
from collections.abc import AsyncIterator

import pytest
from prove.process import ServerProcess
from tests.support.clusters import Cluster
from tests.support.quick_server import COMMAND

from chinwag.client import Client

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
