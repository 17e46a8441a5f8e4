"""What goes on besides in large groups goes on in one process: who is there is counted and the group delivered by that,
an heir is found, whoever left is forgotten, and many are pushed to, each once. When that process is killed another goes
on with all of it; and a server alone does the same."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from prove.process import ServerProcess
from tests.support import hasty_server
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls
from tests.support.large_scene import Talk
from tests.support.link import SocketLink
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper
from tests.support.people import PASSWORD, asked, sign_up
from tests.support.places import Sockets
from tests.support.push_receiver import PushReceiver, Subscription, push_receiver
from tests.support.serving import PATIENCE, becomes, serving

from chinwag.domain.ids import ConversationId
from chinwag.wire.codec import decode_server
from chinwag.wire.frames import FOLLOW, CountedReaction, Counts, Follow, Followed, Hello, Welcome

pytestmark = pytest.mark.cluster_prove

SETTINGS: Final = {
    "CHINWAG_LIMITS_GROUP_MEMBERS": "3",
    "CHINWAG_LIMITS_LARGE_GROUP_MEMBERS": "20",
    "CHINWAG_LIMITS_WIDE_ABOVE": "4",
    "CHINWAG_LIMITS_LARGE_ABOVE": "20",
    "CHINWAG_LIMITS_LARGE_ACTIVE": "5",
    "CHINWAG_LIMITS_SMALL_BELOW": "4",
    "CHINWAG_PRESENCE_HEARTBEAT_SECONDS": "2",
    "CHINWAG_PRESENCE_OFFLINE_SECONDS": "5",
    "CHINWAG_PUSH_CONTACT": "mailto:op@example.org",
    "CHINWAG_PUSH_HOSTS": "*",
    "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
}
NAMES: Final = ("anna", "ben", "cyd", "dan", "eve")
"""All five must be there for a group of them to be large; with three it is small again."""
FIGURES: Final = ("groups_made_large", "push_turns", "heirs", "groups_made_small", "joinings_forgotten")
Figures = dict[str, tuple[int, ...]]
"""Of each figure what each process that lives has counted."""


class Site:
    """Processes that have all roles. alone: there is one, which must come back before anything goes on."""

    def __init__(self, processes: Sequence[ServerProcess], *, posted_later: bool = False) -> None:
        self.alone = len(processes) == 1
        self.processes = processes
        self.places = [Sockets(one, several=not self.alone, posted_later=posted_later) for one in processes]

    @property
    def live(self) -> list[ServerProcess]:
        return [one for one in self.processes if one.running]

    @property
    def place(self) -> Sockets:
        """One that lives."""
        return next(one for one in self.places if one.process in self.live)

    async def figures(self) -> Figures:
        return {name: tuple([int(await one.figure(f"chinwag_{name}_total")) for one in self.live]) for name in FIGURES}

    async def lose(self, process: ServerProcess) -> None:
        await process.kill()
        if self.alone:
            await self.all_there()

    async def all_there(self) -> None:
        """Start whatever does not run, and wait until all are ready."""
        for one in self.processes:
            if not one.running:
                await one.start()
        for one in self.processes:
            await becomes(one, True)


@pytest.fixture
async def receiver() -> AsyncIterator[PushReceiver]:
    async with push_receiver() as made:
        yield made


@asynccontextmanager
async def two_of(cluster: Cluster, *, posted_later: bool = False) -> AsyncIterator[Site]:
    """Two processes of a cluster that is not made yet."""
    await cluster.init()
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(serving(cluster, name, environment=SETTINGS, command=hasty_server.COMMAND))
            for name in ("one", "two")
        ]
        yield Site(processes, posted_later=posted_later)


class Person:
    """An account with a device."""

    def __init__(self, site: Site, given: Any) -> None:
        self._site = site
        self.account: str = given["account"]["id"]
        self.token: str = given["access_token"]

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        key = secrets.token_hex(8) if method != "GET" else None
        answer = await asked(self._site.place, method, f"/v1{path}", token=self.token, json=body, key=key)
        assert answer.is_success, (method, path, answer.text)
        return answer.json() if answer.content else None

    async def change(self, group: ConversationId, **change: object) -> None:
        await self.ask("POST", f"/conversations/{group}/changes", {"change": change})

    async def subscribed(self, receiver: PushReceiver) -> Subscription:
        browser = receiver.subscribe((await self.ask("GET", "/push"))["web"]["key"])
        await self.ask("PUT", "/push/subscription", browser.body)
        return browser

    async def talk(self, process: ServerProcess) -> Talk:
        """A session there, which is welcome. Whoever opens it cuts it."""
        talk = Talk()
        talk.link = await SocketLink.open(process.url, lambda payload: talk.take(decode_server(payload)))
        talk.say(Hello(token=self.token, features=(FOLLOW,)))
        await talk.some(Welcome)
        return talk


class People:
    """Five of them. Three are pushed to, on a device that is never connected."""

    def __init__(self, site: Site, receiver: PushReceiver) -> None:
        self.site = site
        self.receiver = receiver
        self.all: list[Person] = []
        self.browsers: list[Subscription] = []

    async def come(self) -> None:
        """Make their accounts, and let each be there for a moment."""
        for name in NAMES:
            name = f"{name}-{secrets.token_hex(4)}"
            await sign_up(self.site.place, name)
            self.all.append(await self._device(name, "desk"))
            if name[:3] in ("ben", "cyd", "dan"):
                self.browsers.append(await (await self._device(name, "phone")).subscribed(self.receiver))

    async def _device(self, name: str, label: str) -> Person:
        body = {"name": name, "password": PASSWORD, "device": label}
        return Person(self.site, (await asked(self.site.place, "POST", "/v1/sessions", json=body)).json())

    async def group(self) -> ConversationId:
        """An open one of all five, which its owner lets grow."""
        anna, *others = self.all
        body = {"title": "Tea", "settings": {"join": "open", "large": True}}
        group = ConversationId((await anna.ask("POST", "/conversations", body))["conversation"])
        for one in others:
            await one.change(group, type="join")
        return group

    async def until_large(self, group: ConversationId, large: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while (await self.all[1].ask("GET", f"/conversations/{group}"))["large"] is not large:
                pass

    async def until_owned(self, group: ConversationId) -> None:
        async with asyncio.timeout(PATIENCE):
            while not (await self.all[1].ask("GET", f"/conversations/{group}"))["members"]:
                pass


async def live_through(people: People, loses: ServerProcess | None = None) -> Figures:
    """A group is large, says something, is owned by another, and is small again; a process is killed in between. What
    the processes that live then have counted of it."""
    site, receiver = people.site, people.receiver
    before = await site.figures()
    anna, ben, cyd, dan, eve = people.all
    group = await people.group()
    there = [await one.talk(site.live[0]) for one in people.all]
    await people.until_large(group, True)
    for talk in there:
        talk.link.cut()
    for one in (ben, cyd, dan):
        await one.ask("PUT", f"/conversations/{group}/preferences", {"every": True})
    text = f"hello {secrets.token_hex(4)}"
    said = await anna.ask("POST", f"/conversations/{group}/messages", {"body": {"type": "text", "text": text}})
    if loses is not None:
        # two have had their turn, and the third has its own in a moment, or has had it just now
        await receiver.until(people.browsers[0], len(people.browsers[0].pushed) + 1, PATIENCE)
        before = {} if site.alone else {name: _without(site, loses, counted) for name, counted in before.items()}
        await site.lose(loses)
    for browser in people.browsers:
        while text not in texts(browser):
            await receiver.until(browser, len(browser.pushed) + 1, PATIENCE)
    await counted_for_all(people, group, said["number"])
    await anna.change(group, type="leave")
    await people.until_owned(group)
    await eve.change(group, type="leave")
    await people.until_large(group, False)
    async with asyncio.timeout(PATIENCE):
        while sum((found := since(before, await site.figures()))["joinings_forgotten"]) < 2:
            pass
    changes = (await ben.ask("GET", f"/conversations/{group}/changes?after=0"))["events"]
    assert [one["number"] for one in changes] == list(range(1, len(changes) + 1))
    own = [one["change"] for one in changes if one["kind"] == "notice" and one["from"] == "~server"]
    assert own == [{"type": "delivery", "large": large} for large in (True, False)]
    heirs = [one["change"]["account"] for one in changes if one["kind"] == "notice" and one["change"]["type"] == "role"]
    assert heirs == [ben.account], "whoever has been there longest"
    for browser in people.browsers:
        assert texts(browser).count(text) <= (1 if loses is None else 2)
        assert sum(one.get("text") == text for one in browser.shown) == 1
    return found


def _without(site: Site, process: ServerProcess, counted: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(count for one, count in zip(site.live, counted, strict=True) if one is not process)


def since(before: Figures, now: Figures) -> Figures:
    """How much more it is."""
    return {
        name: tuple(count - old for count, old in zip(counted, before.get(name, (0,) * len(counted)), strict=True))
        for name, counted in now.items()
    }


def texts(browser: Subscription) -> list[str]:
    return [one.payload.get("text", "") for one in browser.pushed]


async def counted_for_all(people: People, group: ConversationId, number: int) -> None:
    """Whoever follows hears what a reaction has come to, wherever that is."""
    eve, cyd = people.all[4], people.all[2]
    talks = [await eve.talk(one) for one in people.site.live]
    for talk in talks:
        talk.say(Follow(group, number))
        await talk.some(Followed)
    await cyd.ask("PUT", f"/conversations/{group}/messages/{number}/reactions/%F0%9F%91%8D")
    for talk in talks:
        (counts, *_) = await talk.some(Counts)
        assert [(one.number, one.reactions) for one in counts.messages] == [(number, (CountedReaction("👍", 1),))]
        talk.link.cut()


async def go_on_whatever_is_killed(site: Site, receiver: PushReceiver) -> None:
    people = People(site, receiver)
    await people.come()
    if not site.alone:
        await live_through(people)  # by its end each process has long seen the other, and knows what is its own
    found = await live_through(people)
    assert {name: sum(counted) for name, counted in found.items()} == dict(zip(FIGURES, (1, 3, 1, 1, 2), strict=True))
    for name, counted in found.items():
        assert sum(count > 0 for count in counted) == 1, (name, counted)
    pushes = found["push_turns"].index(3)
    for one in (site.processes[pushes], site.processes[1 - pushes if not site.alone else 0]):
        found = await live_through(people, one)
        assert found["push_turns"][0] <= 3
        assert {name: found[name] for name in FIGURES[2:]} == {
            "heirs": (1,),
            "groups_made_small": (1,),
            "joinings_forgotten": (2,),
        }
        await site.all_there()
    for place in site.places:
        await place.close()


async def test_a_server_alone_goes_on_after_each_kill(tmp_path: Path, receiver: PushReceiver) -> None:
    process = ServerProcess(tmp_path / "data", command=hasty_server.COMMAND, environment=SETTINGS)
    await process.start()
    try:
        await go_on_whatever_is_killed(Site([process]), receiver)
    finally:
        process.end()


async def test_on_postgres_one_does_it_and_another_goes_on(cluster: Cluster, receiver: PushReceiver) -> None:
    async with two_of(cluster) as site:
        await go_on_whatever_is_killed(site, receiver)


async def test_on_cassandra_one_does_it_and_another_goes_on(
    tmp_path: Path, engine_urls: Urls, cassandra_port: int, receiver: PushReceiver
) -> None:
    with own_zookeeper() as ensemble, own_nats_with_streams(most=8 << 30) as (nats,):
        async with new_cluster(tmp_path, Urls(engine_urls.postgres, nats.url)) as cluster:
            cluster.environment |= {
                "CHINWAG_STORE_PROFILE": "cassandra",
                "CHINWAG_CASSANDRA_HOSTS": "127.0.0.1",
                "CHINWAG_CASSANDRA_PORT": str(cassandra_port),
                "CHINWAG_CASSANDRA_KEYSPACE": f"jobs_{secrets.token_hex(6)}",
                "CHINWAG_CASSANDRA_REPLICAS": "1",
                "CHINWAG_ZOOKEEPER_HOSTS": ",".join(ensemble.hosts),
                "CHINWAG_STREAMS_REPLICAS": "1",
                "CHINWAG_STREAMS_LOG_BYTES": str(64 << 20),
                "CHINWAG_STREAMS_INBOX_BYTES": str(64 << 20),
            }
            async with two_of(cluster, posted_later=True) as site:
                await go_on_whatever_is_killed(site, receiver)
