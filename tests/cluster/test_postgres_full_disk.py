"""The disk of PostgreSQL is full: what is not taken is refused, what was acked is there, and with room all goes on, the
server begun anew if it has ended by itself."""

import asyncio
import contextlib
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from tests.cluster.engine_disks import Disks, all_acked_is_there, complaints, written
from tests.cluster.wide_site import said, unavailable
from tests.support.clusters import Cluster
from tests.support.device import texts
from tests.support.keeper import Urls
from tests.support.own_postgres import own_postgres
from tests.support.people import Crowd
from tests.support.serving import PATIENCE, becomes, serving

pytestmark = pytest.mark.cluster_prove

KIND = "PostgreSQL"


async def fill_journal(url: str) -> None:
    """Write more than is left of its file, after which it needs another one. It ends itself meanwhile."""
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection = await asyncpg.connect(url)
        for _ in range(64):
            await connection.execute("SELECT pg_logical_emit_message(true, 'filler', repeat('x', 1 << 20))")


@pytest.mark.parametrize("what", ["tables", "journal"])
async def test_a_full_disk_takes_nothing_and_loses_nothing(tmp_path: Path, engine_urls: Urls, what: str) -> None:
    disks = Disks()
    try:
        with own_postgres(prepare=lambda place, folder: disks.mount(KIND, 1, place, folder)) as postgres:
            cluster = Cluster(tmp_path, postgres.url, engine_urls.nats)
            await cluster.init()
            async with AsyncExitStack() as held:
                server = await held.enter_async_context(serving(cluster, "server"))
                people = Crowd(server)
                held.push_async_callback(people.leave)
                anna, ben = await people.people("anna", "ben")
                await said(anna, ben, "before")
                async with AsyncExitStack() as full:
                    await disks.fill(KIND, full)
                    if what == "journal":
                        await fill_journal(postgres.url)
                    await written(KIND, anna, ben)
                    slowest = await unavailable(anna, ben, "meanwhile")
                    print(f"no room for its {what}: refused after {slowest:.1f} s; it lives: {postgres.live}")
                    found = await complaints(cluster, KIND)
                    assert any("full" in one for one in found)
                    if what == "tables":
                        assert "No space left on device" in server.log()
                        assert postgres.live
                    else:
                        await asyncio.to_thread(postgres.ended)
                if what == "journal":
                    await asyncio.to_thread(postgres.begin)
                await becomes(server, True)
                await said(anna, ben, "meanwhile")
                await said(anna, ben, "after")
                for device in (anna, ben):
                    await device.disconnect()
                    await device.connect()
                async with asyncio.timeout(PATIENCE):
                    await ben.reach_head()
                assert [text for text in texts(ben) if not text.endswith("x")] == ["before", "meanwhile", "after"]
                all_acked_is_there(KIND, anna, [text for text in texts(ben) if text.endswith("x")])
    finally:
        disks.unmount()
