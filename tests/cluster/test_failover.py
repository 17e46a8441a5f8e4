"""A synchronous standby takes over under load: nothing that was acked is lost, and devices load afresh."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from prove.faults.proxy import Proxy
from tests.support.clusters import Cluster
from tests.support.device import Device
from tests.support.keeper import Urls
from tests.support.own_postgres import STANDBY, OwnPostgres, own_postgres, standby_of
from tests.support.people import log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.serving import PATIENCE, becomes, serving

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Message, Text

pytestmark = pytest.mark.cluster_prove

BEFORE = 30
"""So many acks before the primary is killed: it happens between two others."""


async def said_of_standbys(cluster: Cluster) -> str:
    """The lines of `cluster check` about standbys."""
    done = await cluster.run("cluster", "check")
    lines = done.stdout.decode().splitlines()
    first = next(number for number, line in enumerate(lines) if "PostgreSQL, standbys" in line)
    return "\n".join(lines[first : first + 2])


async def set_names(server: OwnPostgres, names: str) -> None:
    """Set `synchronous_standby_names`, as docs/cluster.md says, and wait until it counts."""
    connection = await asyncpg.connect(server.url)
    await connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    await connection.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(PATIENCE):
        while await connection.fetchval("SHOW synchronous_standby_names") != names:
            pass
        while names and not await connection.fetchval(
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
        ):
            pass
    await connection.close()


class Talker:
    """Sends one text after another, each until it is acked, as a client does; remembers what was acked."""

    def __init__(self, device: Device, to: Device) -> None:
        self.device, self.to = device, to
        self.acked: dict[int, str] = {}
        self.more = asyncio.Event()
        self.enough = False

    async def talk(self) -> None:
        """Until `enough`."""
        number = 0
        while not self.enough:
            number += 1
            name = f"m{number}"
            while True:
                if not self.device.online:
                    await self.device.connect()
                    continue
                self.device.answers.pop(name, None)
                self.device.send(Send(ClientId(name), Text(name), to=self.to.account))
                await self.device.until(
                    lambda name=name: self.device.answers.get(name) or not self.device.online,  # type: ignore[misc]
                    f"the answer to {name}, or the session's end",
                )
                for answer in self.device.answers.get(name, []):
                    if isinstance(answer, Ack):
                        self.acked[answer.number] = name
                if name in self.acked.values():
                    break
                for answer in self.device.answers.get(name, []):
                    assert isinstance(answer, Error)
                    assert answer.retryable, answer
            self.more.set()

    async def until(self, count: int) -> None:
        """Wait for so many acks in all."""
        async with asyncio.timeout(PATIENCE):
            while len(self.acked) < count:
                self.more.clear()
                await self.more.wait()


async def history(device: Device, conversation: str) -> dict[int, str]:
    """All texts of a conversation, by number."""
    found: dict[int, str] = {}
    after = 0
    while True:
        page = await device.place.request(
            "GET", f"/v1/conversations/{conversation}/messages?after={after}&limit=100", token=device.token
        )
        assert page.status_code == 200, page.text
        events = page.json()["events"]
        if not events:
            return found
        found |= {event["number"]: event["body"]["text"] for event in events if "body" in event}
        after = events[-1]["number"]


async def test_a_synchronous_standby_takes_over_under_load_and_nothing_acked_is_lost(
    tmp_path: Path, engine_urls: Urls
) -> None:
    with own_postgres() as primary, standby_of(primary) as standby:
        # one address for the server, as a name in DNS or a virtual address is; it leads elsewhere afterwards
        async with Proxy("127.0.0.1", primary.port).serving() as way:
            await _fail_over(Cluster(tmp_path, primary.url, engine_urls.nats), primary, standby, way)


async def _fail_over(cluster: Cluster, primary: OwnPostgres, standby: OwnPostgres, way: Proxy) -> None:
    address = urlsplit(cluster.environment["CHINWAG_POSTGRES_URL"])
    cluster.environment["CHINWAG_POSTGRES_URL"] = address._replace(
        netloc=f"{address.username}@127.0.0.1:{way.port}"
    ).geturl()
    await cluster.init()
    assert "warn" in (said := await said_of_standbys(cluster))
    assert "latest acked messages" in said
    await set_names(primary, STANDBY)
    assert "ok   PostgreSQL, standbys: standby: 1 of them synchronous now" in await said_of_standbys(cluster)
    async with serving(cluster, "server", "--limits-sends-per-second", "1000") as server:
        place = Sockets(server)
        for name in ("anna", "berta"):
            await sign_up(place, name)
        anna, berta = [await log_in_device(place, name) for name in ("anna", "berta")]
        await anna.connect()
        await berta.connect()
        talker = Talker(anna, berta)
        talking = asyncio.create_task(talker.talk())
        try:
            await talker.until(BEFORE)
            epoch = berta.epoch
            await asyncio.to_thread(primary.kill)
            connection = await asyncpg.connect(standby.url)
            assert await connection.fetchval("SELECT pg_promote()")
            await connection.close()
            way.lead_to("127.0.0.1", standby.port)
            await talker.until(len(talker.acked) + BEFORE)
        finally:
            talker.enough = True
            await talking
        await becomes(server, True)
        kept = await history(anna, conversation_of(anna))
        assert {number: kept.get(number) for number in talker.acked} == talker.acked
        assert len(set(kept.values())) == len(kept), "nothing is there twice"
        if not berta.online:
            await berta.connect()
        await berta.until(lambda: berta.resets, "a reset")
        assert berta.epoch > epoch
        await berta.load_again()
        assert "warn PostgreSQL, standbys: none is synchronous" in await said_of_standbys(cluster)
        for device in (anna, berta):
            await device.close()
        await place.close()


def conversation_of(device: Device) -> str:
    """The one that it has seen messages of."""
    return next(str(one.event.conversation) for one in device.seen if isinstance(one.event, Message))
