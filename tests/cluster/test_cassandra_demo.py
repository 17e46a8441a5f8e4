"""A whole cluster of the cassandra profile on this machine, in which people chat on whatever is killed."""

import asyncio
from pathlib import Path

import pytest
from tests.cluster.kills import kill
from tests.cluster.test_demo import SPREAD, At, home, talking
from tests.conversations.scripts import SCRIPTS
from tests.conversations.test_conversations import play
from tests.life.nginx import nginx_command
from tests.support.places import Sockets

from chinwag.assembly.cluster.check import check
from chinwag.cli.cluster_demo.site import Site, started
from chinwag.config import load
from chinwag.engines.wide import WideEngines
from chinwag.life.doctor.finding import Finding, Level

__all__ = ["home"]
pytestmark = pytest.mark.cluster_prove

ROLES = (
    ("delivery-1", "delivery"),
    ("delivery-2", "delivery"),
    ("presence-1", "presence,housekeeping,push"),
    ("api-1", "api"),
    ("gateway-1", "gateway"),
    ("gateway-2", "gateway"),
)
EXPECTED_TO_WARN = {"standbys", "replicas", "journal"}
"""One node of each engine bears no loss, and the demonstration has no archive."""


def wide_of(site: Site) -> WideEngines:
    assert site.wide is not None
    return site.wide


async def kill_process(site: Site, name: str) -> None:
    """Of its own kind: the demonstration starts it again."""
    (process,) = (one for one in site.processes if one.name == name)
    begun = process.begun
    kill(process.pid)
    async with asyncio.timeout(90):
        while process.begun == begun:  # noqa: ASYNC110 - it tells of nothing
            await asyncio.sleep(0.05)


async def test_people_chat_on_while_processes_and_engines_are_killed(home: Path) -> None:
    nginx_command()
    await asyncio.to_thread(home.mkdir)
    async with started(home, home.with_name("engines"), ROLES, profile="cassandra") as site:
        assert site.nginx is not None
        found = await checked(home)
        assert not [one for one in found if one.level is Level.FAIL]
        warned = {one.subject.rpartition(", ")[2] for one in found if one.level is Level.WARN}
        assert warned <= EXPECTED_TO_WARN
        for script in SCRIPTS:
            if script.name in SPREAD:
                await play(script, Sockets(At(site.nginx.spread), several=True, posted_later=True))
        wide = wide_of(site)
        async with talking(site.nginx.spread, site.nginx.sticky) as talk:
            await talk.go_on()
            for name in ("delivery-1", "gateway-1"):
                await kill_process(site, name)
                await talk.go_on()
            for engine in ("cassandra", "zookeeper"):
                await asyncio.to_thread(wide.kill, engine)
                await asyncio.to_thread(wide.again, engine)
                await talk.go_on()


async def checked(home: Path) -> list[Finding]:
    """What `chinwag cluster check` says of it."""
    config = load({}, {}, home / "chinwag.toml").config
    return [finding async for finding in check(config)]
