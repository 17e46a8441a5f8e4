"""Three nodes of each engine and two processes of each role, of which one after the other is killed below people who
chat. Nothing acked is lost; how long they wait is printed, and told in docs/cluster.md."""

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from tests.cluster.kills import Crowd, chatting, kill
from tests.cluster.test_demo import home
from tests.life.nginx import nginx_command

from chinwag.cli.cluster_demo.memory import memory_of
from chinwag.cli.cluster_demo.site import SETTINGS, Site, started
from chinwag.engines import Engines, Place, Postgres, fetch
from chinwag.engines.programs import cache_folder
from chinwag.engines.wide import WideEngines, WideStanding
from chinwag.engines.zookeeper import asked

__all__ = ["home"]
pytestmark = pytest.mark.cluster_prove

PAIRS = 6
ROOM = {"CHINWAG_ACCOUNTS_SIGN_UPS_PER_ADDRESS": "1000"}
PROCESSES = ("delivery-1", "delivery-2", "gateway-1", "api-1", "presence-1")


async def test_people_wait_for_seconds_whatever_is_killed_and_nothing_acked_is_lost(home: Path) -> None:
    nginx_command()
    await asyncio.to_thread(home.mkdir)
    engines = home.with_name("engines")
    async with started(home, engines, more=ROOM, profile="cassandra", nodes=3) as site:
        assert site.nginx is not None
        assert site.wide is not None
        print(f"memory: {sum(memory_of(site).values()) / 1e9:.2f} GB")
        wide = site.wide
        async with chatting([site.nginx.spread, site.nginx.sticky], PAIRS) as crowd:
            await told(crowd, "nothing", partial(asyncio.sleep, 5.0))
            for name in PROCESSES:
                await told(crowd, name, partial(kill_process, site, name))
            for name, key in (
                ("NATS that leads", key_of(wide, "nats", leads_streams)),
                ("Cassandra", "cassandra-2"),
                ("ZooKeeper that leads", key_of(wide, "zookeeper", leads_zookeeper)),
            ):
                await told(crowd, name, partial(asyncio.to_thread, wide.kill, key))
                await told(crowd, f"{name} comes back", partial(asyncio.to_thread, wide.again, key))
            await told(crowd, "PostgreSQL", partial(asyncio.to_thread, restart_postgres, engines, site))


async def told(crowd: Crowd, name: str, harm: Callable[[], Awaitable[object]]) -> None:
    """Do that, and print how long people waited."""

    async def do() -> None:
        await harm()

    print(f"longest pause from send to ack, {name}: {await crowd.while_(do):.2f} s")


async def kill_process(site: Site, name: str) -> None:
    """It is started again by itself: wait for that."""
    (process,) = (one for one in site.processes if one.name == name)
    begun = process.begun
    kill(process.pid)
    async with asyncio.timeout(90):
        while process.begun == begun:  # noqa: ASYNC110 - it tells of nothing
            await asyncio.sleep(0.05)


def key_of(wide: WideEngines, kind: str, leads: Callable[[WideStanding], bool]) -> str:
    """The name of the node of a kind that leads the others."""
    nodes = wide.of(kind)
    return next(key for key, one in wide.standings().items() if one in nodes and leads(one))


def leads_streams(nats: WideStanding) -> bool:
    with urllib.request.urlopen(f"{nats.monitor}/jsz", timeout=10) as answer:
        said = json.load(answer)
    with urllib.request.urlopen(f"{nats.monitor}/varz", timeout=10) as answer:
        return bool(said["meta_cluster"]["leader"] == json.load(answer)["server_name"])


def leads_zookeeper(node: WideStanding) -> bool:
    return "Mode: leader" in asked(node.host, node.port, "srvr")


def restart_postgres(engines: Path, site: Site) -> None:
    """kill -9, and start it where it was."""
    place, programs = Place.make(engines), fetch(cache_folder(), print)
    database = Engines(place, Postgres(programs.postgres, place, settings=SETTINGS), None)
    port = site.engines["postgres"].port
    kill(database.standings()["postgres"].pid)
    database.up({"postgres": port}, print)
