"""`chinwag cluster check` on engines that are spoilt for real: each fault is named, with what to type against it, and
once that is typed it is gone."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text
from tests.cluster.test_check import config_of, found
from tests.support.clusters import Cluster
from tests.support.keeper import Urls
from tests.support.own_nats import own_nats
from tests.support.own_postgres import own_postgres

from chinwag.adapters.postgres import open_stores
from chinwag.adapters.relational.postgres import engine_on
from chinwag.assembly.cluster.check import check
from chinwag.assembly.cluster.init import init
from chinwag.assembly.cluster.opened import EngineAwayError, connected_to_nats
from chinwag.life.doctor import Finding, Level
from chinwag.ports.bus import NodeId

SPOILT = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings that a server obeys when it is told to read its configuration again."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL with the settings that it comes with, which those of the run have not."""
    with own_postgres() as server:
        yield server.url


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the cluster's secret is, which opens what is in that PostgreSQL."""
    return tmp_path_factory.mktemp("spoilt")


@pytest.fixture
async def made(folder: Path, postgres: str, nats_url: str) -> Cluster:
    """The cluster on it, made if it is not there."""
    cluster = Cluster(folder, postgres, nats_url)
    await init(config_of(cluster), lambda _: None)
    return cluster


@asynccontextmanager
async def spoilt(database: str) -> AsyncIterator[None]:
    """A server told to spare its disk."""
    await _tell(database, *(f"ALTER SYSTEM SET {one} = off" for one in SPOILT))
    try:
        yield
    finally:
        await _tell(database, *(f"ALTER SYSTEM RESET {one}" for one in SPOILT))


async def _tell(database: str, *statements: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        for statement in (*statements, "SELECT pg_reload_conf()"):
            await connection.execute(statement)
        wanted = "off" if "SET" in statements[0].split() else "on"
        while [await connection.fetchval(f"SHOW {one}") for one in SPOILT] != [wanted] * len(SPOILT):
            await connection.execute("SELECT pg_sleep(0.01)")  # until it has read them
    finally:
        await connection.close()


def wrong(findings: dict[str, Finding]) -> dict[str, str]:
    """What fails, each with what is to be done."""
    return {subject: one.advice for subject, one in findings.items() if one.level is Level.FAIL}


async def test_a_server_that_spares_its_disk_is_found_out_until_it_does_not(made: Cluster) -> None:
    assert wrong(await found(made)) == {}
    async with spoilt(made.database):
        advice = wrong(await found(made))
    assert advice.keys() == {f"PostgreSQL, {one}" for one in SPOILT}
    for one in SPOILT:
        assert f"set {one} = on" in advice[f"PostgreSQL, {one}"]
    assert wrong(await found(made)) == {}


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_of_another_encoding_is_found_out(made: Cluster, encoding: str) -> None:
    connection = await asyncpg.connect(made.database)
    name = f"other_{encoding.lower()}"
    await connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    await connection.close()
    other = urlsplit(made.environment["CHINWAG_POSTGRES_URL"])._replace(path=f"/{name}").geturl()
    findings = await found(made, {"CHINWAG_POSTGRES_URL": other})
    assert findings["PostgreSQL, encoding"].found == encoding
    assert "ENCODING 'UTF8' TEMPLATE template0" in wrong(findings)["PostgreSQL, encoding"]


@asynccontextmanager
async def of_database(database: str, setting: str, value: str) -> AsyncIterator[None]:
    """What all sessions of the database begin with."""
    connection = await asyncpg.connect(database)
    name = urlsplit(database).path[1:]
    await connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    try:
        yield
    finally:
        await connection.execute("SET default_transaction_read_only = off")
        await connection.execute(f"ALTER DATABASE {name} RESET {setting}")
        await connection.close()


async def test_a_database_that_takes_no_writes_is_found_out(made: Cluster) -> None:
    async with of_database(made.database, "default_transaction_read_only", "on"):
        advice = wrong(await found(made))
    assert advice.keys() == {"PostgreSQL, default_transaction_read_only"}
    assert "RESET default_transaction_read_only" in advice["PostgreSQL, default_transaction_read_only"]
    assert wrong(await found(made)) == {}


async def test_tables_of_an_older_version_are_found_out(made: Cluster) -> None:
    connection = await asyncpg.connect(made.database)
    try:
        await connection.execute("UPDATE messages.life SET version = version - 1")
        findings = await found(made)
        await connection.execute("UPDATE messages.life SET version = version + 1")
    finally:
        await connection.close()
    assert wrong(findings).keys() == {"tables of messages"}
    assert "chinwag cluster init" in findings["tables of messages"].found


async def test_a_database_that_goes_away_while_it_is_looked_at_is_a_finding(made: Cluster) -> None:
    """Its sessions are cut as a crash of the server cuts them."""
    looking = check(config_of(made))
    findings = [await anext(looking)]
    connection = await asyncpg.connect(made.database)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    )
    await connection.close()
    findings += [finding async for finding in looking]
    assert any("stopped answering" in one.found for one in findings if one.level is Level.FAIL)


async def test_processes_wait_for_one_another_s_rows_whatever_the_server_s_default_is(made: Cluster) -> None:
    async with of_database(made.database, "default_transaction_isolation", "serializable"):
        stores = await open_stores(made.database)
        engine = engine_on(made.database, 5.0)
        try:
            async with stores.database.transaction() as connection:
                assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
            autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
            for one in (engine, autocommit):
                async with one.connect() as connection:
                    assert await connection.scalar(text("SHOW transaction_isolation")) == "read committed"
        finally:
            await engine.dispose()
            await stores.close()


async def test_a_nats_that_takes_only_short_messages_is_found_out(tmp_path: Path, engine_urls: Urls) -> None:
    with own_nats(lambda _: {"max_payload": 64 << 10}) as nats:
        cluster = Cluster(tmp_path, engine_urls.postgres, nats.url)
        finding = (await found(cluster))["NATS"]
        assert finding.level is Level.FAIL
        assert "65,536" in finding.found
        assert "max_payload: 1048576" in finding.advice
        with pytest.raises(EngineAwayError) as refused:
            await connected_to_nats(config_of(cluster), "check", NodeId("check"))
        assert "max_payload: 1048576" in str(refused.value)
