"""What a server on several processes and its engines does on this machine, beside what the engines bear.

    make bench-cluster                      # the demonstration's processes: two of each role
    make bench-cluster ARGS="--roles one"   # one of each: what one delivery worker and one gateway bear
    make bench-cluster PROFILE=cassandra    # on Cassandra, JetStream and ZooKeeper: what a message reads and writes too

Everything shares the cores of this machine, the load generator too: a figure says what one machine does with all of it,
and the CPU of each part a message says what the next machine should take. Docs: docs/benchmarks.md.
"""

import argparse
import asyncio
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from chinwag.cli.cluster_demo.site import ROLES, Site, started
from chinwag.cli.out import Rows, say
from chinwag.client.errors import ApiError
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.presence import GRACE_MS
from chinwag.flow.presence_audience import CACHE_SECONDS
from chinwag.load import group, idle, pairs
from chinwag.load.door import Door
from chinwag.load.generator import Job
from chinwag.load.guests import Guests
from chinwag.load.peer import Login
from chinwag.wire.conversations import CreateGroup, Placed
from chinwag.wire.sync import PostChange
from chinwag.wire.values import AccountId, SetTitle
from cores import choose
from processes import Generator
from site_floors import floor
from site_parts import Figure, Spent, memory, spent_until_now

LEGS = {
    "decide": "chinwag_decide_seconds",
    "commit": "chinwag_commit_seconds",
    "answer": "chinwag_answer_seconds",
    "delivery": "chinwag_delivery_seconds",
}
"""What is timed by the servers themselves (docs/operations.md); the first two of a batch, the others of a message."""
ASKED = {
    "reads": "reads of Cassandra",
    "writes": "requests that write to Cassandra",
    "rows": "rows that these write",
}
ONE = (("delivery-1", "delivery"), ("presence-1", "presence,housekeeping"), ("api-1", "api"), ("gateway-1", "gateway"))
BUDGETS = ("SENDS", "FRAMES", "REQUESTS", "MARKS", "STRANGERS", "ADDING", "ADDED", "SEARCHES", "POLLS")
SETTINGS = {
    **{f"CHINWAG_LIMITS_{kind}_PER_SECOND": "100000" for kind in BUDGETS},
    **{f"CHINWAG_LIMITS_{kind}_BURST": "1000000" for kind in BUDGETS},
    "CHINWAG_ACCOUNTS_SIGN_UPS_PER_ADDRESS": "100000",
    "CHINWAG_ACCOUNTS_ACCESS_TOKEN_MINUTES": "60",
}
SESSIONS_EACH = 10
WORKS = ("B1", "B2", "B3", "groups", "connects")


def main() -> None:
    """Measure, print a table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60, help="who chat (default: 60)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default: 8)")
    parser.add_argument("--conversations", type=int, default=200, help="of each who comes (default: 200)")
    parser.add_argument("--roles", choices=("two", "one"), default="two", help="processes of each role (default: two)")
    parser.add_argument("--profile", choices=("postgres", "cassandra"), default="postgres")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="of each engine of cassandra (default: 1)")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=WORKS, help="what is measured (default: all)")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("results-cluster.json"))
    given = parser.parse_args()
    folders = [Path(tempfile.mkdtemp(prefix="chinwag-bench-")) for _ in range(2)]
    try:
        figures = asyncio.run(_measure(given, *folders))
    except ApiError as error:
        sys.exit(f"{error}\nNo figures: the cluster did not do what was asked of it.")
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    table = Rows("figure", "value", "")
    for one in figures:
        table.add(
            one.id, f"{one.value:,.4g} {one.unit}" if one.value < 1000 else f"{one.value:,.0f} {one.unit}", one.note
        )
    table.show()
    machine = {"cores": str(os.cpu_count()), "kernel": platform.release(), "python": platform.python_version()}
    written = {one: getattr(given, one) for one in ("roles", "profile", "nodes", "people", "seconds")}
    given.results.write_bytes(
        msgspec.json.format(msgspec.json.encode(written | {"machine": machine, "results": figures}), indent=2) + b"\n"
    )


async def _measure(given: argparse.Namespace, home: Path, engines: Path) -> list[Figure]:
    began = time.perf_counter()
    roles = ROLES if given.roles == "two" else ONE
    async with started(home, engines, roles, SETTINGS, given.profile, given.nodes) as site:
        up = time.perf_counter() - began
        figures = [
            Figure("up_s", up, "s", "engines, schema, processes, nginx"),
            Figure("pss_mb", memory(site), "MB", ""),
        ]
        figures += await floor(site)
        address = _address(site)
        generator = Generator(choose(1).generators[0])
        try:
            async with Door(address.http) as door:
                guests = Guests(door, came=lambda count: count % 20 or say(f"  {count} people are in"))
                say(f"{given.people} people sign up, each with a password to hash")
                await guests.sign_up(given.people)
                bench = Bench(site, generator, guests, door, address.sockets, given)
                await bench.run()
                say("clearing up")
        finally:
            generator.stop()
        return figures + bench.figures


class Address(NamedTuple):
    """Where the site is reached."""

    http: str
    sockets: str


def _address(site: Site) -> Address:
    if site.nginx is not None:
        return Address(site.nginx.spread, site.nginx.spread.replace("http", "ws", 1) + "/v1/socket")
    of = {one.name: one.url for one in site.processes}
    return Address(of["api-1"], of["gateway-1"].replace("http", "ws", 1) + "/v1/socket")


class Bench:
    """The works, one after another, on a site that runs."""

    def __init__(
        self, site: Site, generator: Generator, guests: Guests, door: Door, sockets: str, given: argparse.Namespace
    ) -> None:
        self.figures: list[Figure] = []
        self._site = site
        self._generator = generator
        self._guests = guests
        self._door = door
        self._url = sockets
        self._seconds: float = given.seconds
        self._conversations: int = given.conversations
        self._works: tuple[str, ...] = given.works

    async def run(self) -> None:
        """Those that are asked for."""
        people = self._guests.logins()
        if "B1" in self._works:
            say("B1: two people write to each other, one message at a time each")
            await self._chat("B1", pairs.Pairs(self._url, people[:2], "b1", 1, True, seconds=self._seconds))
        if "B2" in self._works:
            await self._pairs(people)
        if "B3" in self._works:
            await self._groups(people)
        if "groups" in self._works:
            await self._listing()
        if "connects" in self._works:
            await self._connects()

    async def _pairs(self, people: Sequence[Login]) -> None:
        count = len(people) // 2
        say(f"B2: {count} pairs, one of each sends, 16 messages in flight")
        await self._chat("B2", pairs.Pairs(self._url, people[: 2 * count], "b2", 16, seconds=self._seconds))

    async def _groups(self, people: Sequence[Login]) -> None:
        conversation = await self._guests.group(len(people))
        for name, in_flight, marks in (("B3", 8, False), ("B3_single", 1, False), ("B3_marks", 8, True)):
            marked = ", with marks" if marks else ""
            say(f"{name}: one writes to a group of {len(people)}, {in_flight} in flight{marked}")
            job = group.Group(self._url, people, conversation, name, in_flight, marks, seconds=self._seconds)
            await self._deliveries(name, job, len(people))

    async def _chat(self, name: str, job: pairs.Pairs) -> None:
        async with self._spent() as spent:
            outcome = await self._do(job)
        if name == "B1":
            self._add(f"{name}.p50_ms", outcome["p50_ms"], "ms", "send to delivered")
        else:
            self._add(f"{name}.messages_s", outcome["acked_s"], "/s", "acked, so durable")
            self._add(f"{name}.p50_ms", outcome["p50_ms"], "ms")
        self._add(f"{name}.p99_ms", outcome["p99_ms"], "ms")
        self._legs(name, spent)
        self._shares(name, spent, spent.counts["chinwag_placed_total"], "a message")

    async def _deliveries(self, name: str, job: group.Group, size: int) -> None:
        async with self._spent() as spent:
            outcome = await self._do(job)
        self._add(f"{name}.deliveries_s", outcome["deliveries_s"], "/s", f"a group of {size}")
        self._add(f"{name}.p99_ms", outcome["p99_ms"], "ms", "to the last member")
        self._shares(name, spent, spent.counts["chinwag_placed_total"] * (size - 1), "a delivery")

    async def _listing(self) -> None:
        """Changes of closed groups beside those of open ones, which all go to one inbox besides (`~groups`)."""
        for kind, settings in (("closed", GroupSettings()), ("open", GroupSettings(join="open"))):
            say(f"groups: everybody renames a {kind} group of their own")
            rate = await self._renames(settings)
            note = "each by its owner" if kind == "closed" else "and all of them post to one inbox"
            self._add(f"renames_{kind}_s", rate, "/s", note)

    async def _renames(self, settings: GroupSettings) -> float:
        owners = self._guests.people[:40]
        mine = []
        for owner in owners:
            body = CreateGroup("group", (), settings)
            placed = await self._door.ask("POST", "/v1/conversations", Placed, body, owner.token)
            mine.append((owner.token, placed.conversation))
        ending = time.perf_counter() + self._seconds
        done = 0

        async def rename(token: str, conversation: str) -> None:
            nonlocal done
            while time.perf_counter() < ending:
                change = PostChange(SetTitle(f"title {done}"))
                await self._door.tell("POST", f"/v1/conversations/{conversation}/changes", change, token)
                done += 1

        began = time.perf_counter()
        await asyncio.gather(*(rename(*one) for one in mine))
        return done / (time.perf_counter() - began)

    async def _connects(self) -> None:
        say(f"connects: everybody comes with {SESSIONS_EACH} devices, into {self._conversations} conversations each")
        some = self._guests.people[:30]
        members = tuple(AccountId(one.id) for one in some[1:])
        body = CreateGroup("one of many", members)
        for _ in range(self._conversations):
            await self._door.ask("POST", "/v1/conversations", Placed, body, some[0].token)
        cursors = await self._guests.cursors()
        logins = self._guests.logins(cursors)[: len(some)]
        # What came until now is marked as delivered; then all go offline, so that whoever comes is told of to others.
        await self._come("first", logins, "somebody to whom all is new")
        await asyncio.sleep(GRACE_MS / 1000 + CACHE_SECONDS + 5)
        await self._come("comes", logins, "somebody who comes")
        rate = await self._come("connects", logins * SESSIONS_EACH, "device of somebody who is there")
        self._add("connects_s", rate, "/s", f"each in {self._conversations} conversations and more")

    async def _come(self, name: str, logins: tuple[Login, ...], of: str) -> float:
        """Let these devices connect; how many do so a second."""
        async with self._spent() as spent:
            self._generator.begin(idle.Idle(self._url, logins, seconds=2.0))
            await asyncio.to_thread(self._generator.held)
            outcome = await asyncio.to_thread(self._generator.go)
        if outcome.faults:
            raise ApiError("faulty", "; ".join(outcome.faults))
        self._shares(name, spent, len(logins), of)
        return outcome.figures["connects_s"]

    async def _do(self, job: Job) -> dict[str, float]:
        outcome = await asyncio.to_thread(self._generator.do, job)
        if outcome.faults:
            raise ApiError("faulty", "; ".join(outcome.faults))
        return outcome.figures

    @asynccontextmanager
    async def _spent(self) -> AsyncIterator[Spent]:
        """What the parts used meanwhile; filled at the end."""
        before = await asyncio.to_thread(spent_until_now, self._site)
        spent = Spent({}, {})
        yield spent
        after = await asyncio.to_thread(spent_until_now, self._site)
        spent.cpu.update({part: used - before.cpu[part] for part, used in after.cpu.items()})
        spent.counts.update({key: count - before.counts.get(key, 0.0) for key, count in after.counts.items()})

    def _legs(self, name: str, spent: Spent) -> None:
        for leg, metric in LEGS.items():
            count = spent.counts.get(f"{metric}_count", 0.0)
            if count:
                mean = 1000 * spent.counts[f"{metric}_sum"] / count
                of = "batch" if leg in ("decide", "commit") else "message"
                self._add(f"{name}.{leg}_ms", mean, "ms", f"mean of a {of}")

    def _shares(self, name: str, spent: Spent, many: float, of: str) -> None:
        for part, used in sorted(spent.cpu.items()):
            self._add(f"{name}.cpu_us.{part}", 1e6 * used / max(many, 1.0), "us", f"of processor time {of}")
        for asked, words in ASKED.items():
            count = spent.counts.get(f"chinwag_cassandra_{asked}_total", 0.0)
            if count:
                self._add(f"{name}.cassandra_{asked}", count / max(many, 1.0), "", f"{words}, {of}")

    def _add(self, name: str, value: float, unit: str, note: str = "") -> None:
        self.figures.append(Figure(name, round(value, 3), unit, note))


if __name__ == "__main__":
    main()
