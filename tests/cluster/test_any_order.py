"""A server may be started before its engines: it waits for them, says so, and ends when it is asked to."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prove.faults.proxy import Proxy, Way
from prove.process import DidNotStartError, ServerProcess
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls
from tests.support.own_nats import own_nats

PATIENCE = 90.0


async def test_a_server_waits_for_both_engines_and_then_serves(tmp_path: Path, engine_urls: Urls) -> None:
    database = Proxy("127.0.0.1", urlsplit(engine_urls.postgres).port or 0)
    with own_nats() as nats:
        async with new_cluster(tmp_path, Urls(engine_urls.postgres, nats.url)) as cluster, database.serving():
            await cluster.init()
            nats.kill()
            database.turn(Way.GONE)
            url = urlsplit(cluster.environment["CHINWAG_POSTGRES_URL"])
            by_proxy = url._replace(netloc=f"{url.username}@127.0.0.1:{database.port}").geturl()
            process = ServerProcess(cluster.data, environment=cluster.environment | {"CHINWAG_POSTGRES_URL": by_proxy})
            starting = asyncio.create_task(process.start())
            try:
                async with asyncio.timeout(PATIENCE):
                    await process.logged('"engine":"PostgreSQL at ')
                    await process.logged('"engine":"NATS at ')
                    database.turn(Way.PASS)
                    nats.begin()
                    await starting
                    assert await process.stop() == 0
            finally:
                process.end()
                starting.cancel()


@pytest.mark.parametrize("engine", ["CHINWAG_POSTGRES_URL", "CHINWAG_NATS_URLS"])
async def test_a_server_that_waits_ends_when_asked_to(cluster: Cluster, engine: str) -> None:
    await cluster.init()
    nowhere = {
        "CHINWAG_POSTGRES_URL": "postgresql://chinwag@127.0.0.1:1/chinwag",
        "CHINWAG_NATS_URLS": "nats://127.0.0.1:1",
    }
    process = ServerProcess(cluster.data, environment=cluster.environment | {engine: nowhere[engine]})
    starting = asyncio.create_task(process.start())
    try:
        async with asyncio.timeout(PATIENCE):
            await process.logged("waiting for an engine")
            process.terminate()
            with pytest.raises(DidNotStartError) as ended:
                await starting
        assert ended.value.code == 0
        assert "Traceback" not in process.log()
    finally:
        process.end()
