"""A dump that is taken while servers run is a backup: `pg_dump`, `pg_restore`, and a new life."""

from pathlib import Path
from urllib.parse import urlsplit

import anyio
from prove.process import ServerProcess
from tests.support.clusters import Cluster, without_password
from tests.support.device import Device
from tests.support.engines import empty_database
from tests.support.keeper import Urls
from tests.support.people import Crowd, log_in_device

from chinwag.domain.ids import ClientId
from chinwag.engines.programs import cache_folder, fetch
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text


async def _program(name: str, *arguments: str) -> None:
    """One of PostgreSQL's own, of the version that runs."""
    program = fetch(cache_folder(), print).postgres / name
    done = await anyio.run_process([str(program), *arguments], check=False)
    assert done.returncode == 0, done.stderr.decode()


async def _said(device: Device, other: Device, name: str) -> Ack:
    answer = await device.ask(Send(ClientId(name), Text(name), to=other.account))
    assert isinstance(answer, Ack)
    return answer


async def test_a_dump_is_read_in_and_clients_load_afresh(cluster: Cluster, engine_urls: Urls, tmp_path: Path) -> None:
    await cluster.init()
    process = ServerProcess(cluster.data, environment=cluster.environment)
    crowd = Crowd(process)
    dump = str(tmp_path / "chinwag.dump")
    try:
        await process.start()
        anna, ben = await crowd.people("anna", "ben")
        kept = await _said(anna, ben, "kept")
        await _program("pg_dump", "--format=custom", f"--file={dump}", cluster.database)
        lost = await _said(anna, ben, "lost")
        assert lost.number == kept.number + 1
        await ben.reach_head()
        for device in (anna, ben):
            await device.disconnect()
        assert await process.stop() == 0
        async with empty_database(engine_urls.postgres) as fresh:
            await _program("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={fresh}", dump)
            cluster.environment["CHINWAG_POSTGRES_URL"] = without_password(fresh)
            new_life = await cluster.run("cluster", "restored")
            assert new_life.returncode == 0, new_life.stderr.decode()
            assert urlsplit(fresh).path.encode() in new_life.stdout
            process.environment |= cluster.environment
            await process.start()
            for device in (anna, ben):
                await device.connect()
                assert [reset.cause for reset in device.resets] == ["epoch"]
                await device.load()
            again = await _said(anna, ben, "kept")
            assert (again.number, again.sent_at) == (kept.number, kept.sent_at)
            new = await _said(anna, ben, "new")
            assert new.number == lost.number, "numbers go on from what the dump holds"
            name = (await ben.place.request("GET", "/v1/me", token=ben.token)).json()["name"]
            entered = await log_in_device(ben.place, name)
            crowd.devices.append(entered)
            assert await process.stop() == 0
    finally:
        await crowd.leave()
        process.end()
