"""Accounts in a database of their own: while that is away, people who are there go on chatting (P14)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from prove.faults.proxy import Proxy, Way
from prove.process import ServerProcess
from tests.support.clusters import Cluster, new_cluster, without_password
from tests.support.device import Device, texts
from tests.support.engines import empty_database
from tests.support.keeper import Urls
from tests.support.people import PASSWORD, log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.serving import PATIENCE, serving

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text


@asynccontextmanager
async def two_databases(folder: Path, engines: Urls) -> AsyncIterator[tuple[Cluster, Proxy]]:
    """A cluster that is made, and the way to its accounts' database."""
    at = urlsplit(engines.postgres)
    assert at.hostname is not None
    assert at.port is not None
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(new_cluster(folder, engines))
        accounts = urlsplit(without_password(await stack.enter_async_context(empty_database(engines.postgres))))
        way = await stack.enter_async_context(Proxy(at.hostname, at.port).serving())
        through = accounts._replace(netloc=f"{accounts.username}@127.0.0.1:{way.port}")
        cluster.environment["CHINWAG_POSTGRES_DIRECTORY_URL"] = through.geturl()
        await cluster.init()
        yield cluster, way


async def say(device: Device, other: Device, text: str) -> None:
    """Send a text, and see it placed and delivered."""
    answer = await device.ask(Send(ClientId(text), Text(text), to=other.account))
    assert isinstance(answer, Ack), answer
    await other.until(lambda: text in texts(other), text)


async def status(place: Sockets, name: str) -> int:
    """What a log-in gets."""
    answer = await place.request("POST", "/v1/sessions", json={"name": name, "password": PASSWORD, "device": "new"})
    if answer.status_code == 503:
        assert answer.json()["code"] == "unavailable"
    return int(answer.status_code)


async def test_without_the_accounts_database_people_chat_and_a_valid_token_gets_in_elsewhere(
    tmp_path: Path, engine_urls: Urls
) -> None:
    async with AsyncExitStack() as stack:
        cluster, way = await stack.enter_async_context(two_databases(tmp_path, engine_urls))
        one: ServerProcess = await stack.enter_async_context(serving(cluster, "one"))
        other: ServerProcess = await stack.enter_async_context(serving(cluster, "other"))
        here, there = Sockets(one), Sockets(other)
        stack.push_async_callback(here.close)
        stack.push_async_callback(there.close)
        started = time.time()
        for name in ("anna", "ben"):
            await sign_up(here, name)
        # A token holds whole seconds, and clocks may differ by one: these are of later than both processes.
        await asyncio.sleep(max(0.0, started + 3 - time.time()))
        anna, ben = [await log_in_device(here, name) for name in ("anna", "ben")]
        for device in (anna, ben):
            await device.connect()
            stack.push_async_callback(device.close)
        await say(anna, ben, "before")

        way.turn(Way.GONE)
        for number in range(5):
            await say(anna, ben, f"anna {number}")
            await say(ben, anna, f"ben {number}")
        await anna.disconnect()
        anna.place = there
        await anna.connect()
        assert anna.welcome is not None, anna.byes
        await say(anna, ben, "from elsewhere")
        assert await status(here, "anna") == 503
        assert await status(there, "anna") == 503

        way.turn(Way.PASS)
        for place in (here, there):
            await until_in(place)
        await say(ben, anna, "after")
        assert texts(ben)[-1] == "after"
        assert len(texts(ben)) == len(set(texts(ben))) == 13


async def until_in(place: Sockets) -> None:
    """Wait until somebody can log in again, without a hand."""
    async with asyncio.timeout(PATIENCE):
        while await status(place, "anna") != 201:
            pass


async def _refused(cluster: Cluster, words: str, *commands: tuple[str, ...]) -> None:
    for command in commands or (("cluster", "init"), ("cluster", "check"), ("serve",)):
        done = await cluster.run(*command)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode != 0, (command, said)
        assert words in said, (command, said)
        assert "Traceback" not in said, (command, said)


async def test_another_half_than_a_cluster_s_own_is_refused_and_nothing_is_made_there(
    tmp_path: Path, engine_urls: Urls
) -> None:
    async with two_databases(tmp_path, engine_urls) as (cluster, _), empty_database(engine_urls.postgres) as empty:
        right = dict(cluster.environment)
        messages, accounts = right["CHINWAG_POSTGRES_URL"], right["CHINWAG_POSTGRES_DIRECTORY_URL"]
        again = await cluster.run("cluster", "init")
        assert again.returncode == 0, again.stderr
        cluster.environment["CHINWAG_POSTGRES_DIRECTORY_URL"] = without_password(empty)
        await _refused(cluster, "correct postgres.directory_url")
        cluster.environment |= {"CHINWAG_POSTGRES_URL": accounts, "CHINWAG_POSTGRES_DIRECTORY_URL": messages}
        await _refused(cluster, "holds accounts alone")
        cluster.environment |= {"CHINWAG_POSTGRES_URL": messages, "CHINWAG_POSTGRES_DIRECTORY_URL": ""}
        await _refused(cluster, "holds messages alone", ("cluster", "init"), ("serve",))
        connection = await asyncpg.connect(empty)
        made = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'messages', 'cluster')"
        )
        await connection.close()
        assert made == 0
        cluster.environment |= right
        whole = await cluster.run("cluster", "check")
        assert b"both databases: one cluster's" in whole.stdout


async def test_halves_that_an_older_version_made_are_joined_as_they_are_and_never_swapped(
    tmp_path: Path, engine_urls: Urls
) -> None:
    async with two_databases(tmp_path, engine_urls) as (cluster, way):
        right = dict(cluster.environment)
        for url in (cluster.database, _inside(cluster, right["CHINWAG_POSTGRES_DIRECTORY_URL"], way)):
            connection = await asyncpg.connect(url)
            await connection.execute("DROP TABLE cluster.half")
            await connection.close()
        swapped = (right["CHINWAG_POSTGRES_DIRECTORY_URL"], right["CHINWAG_POSTGRES_URL"])
        cluster.environment |= dict(
            zip(("CHINWAG_POSTGRES_URL", "CHINWAG_POSTGRES_DIRECTORY_URL"), swapped, strict=True)
        )
        await _refused(cluster, "swap them", ("cluster", "init"))
        cluster.environment |= right
        async with serving(cluster, "before"):
            pass  # it serves as it did
        await cluster.init()
        cluster.environment |= dict(
            zip(("CHINWAG_POSTGRES_URL", "CHINWAG_POSTGRES_DIRECTORY_URL"), swapped, strict=True)
        )
        await _refused(cluster, "holds accounts alone", ("cluster", "init"), ("serve",))


def _inside(cluster: Cluster, url: str, way: Proxy) -> str:
    """An address through the proxy, with its password."""
    at = urlsplit(url)
    words = urlsplit(cluster.database).password
    return at._replace(netloc=f"{at.username}:{words}@127.0.0.1:{way.port}").geturl()
