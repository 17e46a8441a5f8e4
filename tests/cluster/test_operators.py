"""Commands of a cluster: they need no data folder, and its servers know at once what they did."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from prove.process import ServerProcess
from tests.support.clusters import Cluster, without_password
from tests.support.engines import empty_database
from tests.support.keeper import Urls
from tests.support.quick_server import COMMAND

from chinwag.adapters.nats import NatsBus
from chinwag.adapters.postgres import begin_new_life, make_schema
from chinwag.adapters.postgres.identity import make_identity
from chinwag.adapters.postgres.registry import make_registry
from chinwag.assembly.cluster.credentials import messages_url
from chinwag.assembly.cluster.init import init
from chinwag.assembly.cluster.opened import cluster_of, connected_to_nats
from chinwag.assembly.cluster.operators import (
    cluster_index,
    cluster_stores,
    cluster_trace,
    operator_accounts,
)
from chinwag.assembly.cluster.status import cluster_status
from chinwag.assembly.cluster.told_later import ToldLater
from chinwag.client import Client
from chinwag.config import load
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.index_status import IndexStatus
from chinwag.ports.bus import REVOKED, Revoked, new_node
from chinwag.told import Told

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


NO_NATS = {"CHINWAG_NATS_URLS": "nats://127.0.0.1:1"}


async def test_a_command_waits_for_nats_only_to_tell_what_it_did_and_says_so(cluster: Cluster) -> None:
    await cluster.init()
    added = await cluster.run("user", "add", "anna", environment={"CHINWAG_PASSWORD": PASSWORD, **NO_NATS})
    assert added.returncode == 0, added.stderr
    listed = await cluster.run("user", "list", environment=NO_NATS)
    assert listed.returncode == 0
    assert b"anna " in listed.stdout
    assert b"NATS" not in listed.stderr, "who only looks needs none"
    disabled = await cluster.run("user", "disable", "anna", environment=NO_NATS)
    assert disabled.returncode == 0
    assert disabled.stdout.startswith(b"anna is disabled")
    told = disabled.stderr.decode().splitlines()
    assert told[-2] == "telling the servers: waiting for NATS at nats://127.0.0.1:1 \N{HORIZONTAL ELLIPSIS}"
    assert "It is done all the same" in told[-1]
    traced = await cluster.run("trace", "d~1~2", "1", environment=NO_NATS)
    assert traced.returncode == 1
    waits, ends = traced.stderr.decode().splitlines()[-2:]
    assert waits == "asking the servers: waiting for NATS at nats://127.0.0.1:1 \N{HORIZONTAL ELLIPSIS}"
    assert ends.startswith("chinwag: NATS at nats://127.0.0.1:1 cannot be used")
    for ran in (listed, disabled, traced):
        assert b"[warning" not in ran.stdout + ran.stderr, "nothing but words"
        assert b'"level"' not in ran.stdout + ran.stderr


async def asked(cluster: Cluster, work: str, **settings: str) -> None:
    """What every operator's command rests on, one way or another."""
    given = {"CHINWAG_CLUSTER_SECRET_FILE": str(cluster.data / "cluster.secret"), **settings}
    config = load({}, cluster.environment | given, None).config

    def silent(_: str) -> None: ...

    match work:
        case "accounts":
            async with operator_accounts(config, silent):
                pass
        case "stores":
            async with cluster_stores(config, silent):
                pass
        case "trace":
            await cluster_trace(config, ConversationId("d~1~2"), 1, silent)
        case "search":
            await cluster_index(config, silent, rebuild=False)
        case "status":
            await cluster_status(config, silent)
        case "restored":
            await begin_new_life(messages_url(config))


WORKS = ("accounts", "stores", "trace", "search", "status", "restored")


async def test_commands_on_a_database_that_is_not_prepared_say_what_prepares_it(cluster: Cluster) -> None:
    secret = cluster.data / "cluster.secret"
    secret.parent.mkdir(mode=0o700)
    secret.touch(mode=0o600)
    secret.write_text("a" * 64)
    for work in WORKS:
        with pytest.raises(Told, match="`chinwag cluster init`"):
            await asked(cluster, work)
    # An init that was cut short, after each of its steps.
    url = messages_url(load({}, cluster.environment, None).config)
    await make_identity(url, "")
    for work in WORKS:
        with pytest.raises(Told, match="`chinwag cluster init`"):
            await asked(cluster, work)
    await make_schema(url)
    await asked(cluster, "search")  # it needs only that
    for work in ("accounts", "stores", "trace", "status"):
        with pytest.raises(Told, match="`chinwag cluster init`"):
            await asked(cluster, work)
    await make_registry(url)
    for work in ("accounts", "stores"):
        with pytest.raises(Told, match="`chinwag cluster init`"):
            await asked(cluster, work)


async def test_an_empty_database_for_accounts_is_told_by_each_command_that_needs_them(
    cluster: Cluster, engine_urls: Urls
) -> None:
    """Also where an earlier version made the messages' one, which knew of no other half."""
    await cluster.init()
    connection = await asyncpg.connect(cluster.database)
    await connection.execute("DROP TABLE cluster.half")
    await connection.close()
    async with empty_database(engine_urls.postgres) as empty:
        for work in ("accounts", "stores"):
            with pytest.raises(Told, match="`chinwag cluster init`"):
                await asked(cluster, work, CHINWAG_POSTGRES_DIRECTORY_URL=without_password(empty))


@pytest.mark.parametrize("setting", ["CHINWAG_POSTGRES_URL", "CHINWAG_POSTGRES_DIRECTORY_URL"])
async def test_init_makes_nothing_where_one_database_is_in_another_encoding(cluster: Cluster, setting: str) -> None:
    name = f"{urlsplit(cluster.database).path[1:]}_latin"
    connection = await asyncpg.connect(cluster.database)
    await connection.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        latin = urlsplit(cluster.environment["CHINWAG_POSTGRES_URL"])._replace(path=f"/{name}").geturl()
        config = load({}, cluster.environment | {setting: latin}, None).config
        with pytest.raises(Told, match=f"{name} is encoded in LATIN1: make one with ENCODING 'UTF8'"):
            await init(config, lambda _: None)
        other = await asyncpg.connect(urlsplit(cluster.database)._replace(path=f"/{name}").geturl())
        for one in (connection, other):
            query = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            assert await one.fetchval(query) == 0
        await other.close()
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


async def test_the_servers_hear_what_a_command_did(cluster: Cluster) -> None:
    await cluster.init()
    heard = asyncio.Event()
    config = load({}, cluster.environment, None).config
    name = await cluster_of(config)
    nats = await connected_to_nats(config, name, new_node("test"))
    NatsBus(nats).subscribe(REVOKED, lambda _: heard.set())
    async with asyncio.timeout(60):
        while not heard.is_set():  # the subscription is on its way, too
            bus = ToldLater()
            bus.publish(REVOKED, Revoked(AccountId("1"), (DeviceId("2"),)))
            await bus.tell(config, name, lambda _: None)
            await asyncio.wait([asyncio.ensure_future(heard.wait())], timeout=0.1)
    await nats.close()
