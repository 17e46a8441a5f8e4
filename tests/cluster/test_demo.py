"""`chinwag cluster demo`: a whole cluster on this machine, in which people chat on whatever is killed."""

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.conversations.scripts import SCRIPTS
from tests.conversations.test_conversations import play
from tests.life.nginx import nginx_command
from tests.support.places import Sockets

from chinwag.assembly.cluster.status import ClusterStatus
from chinwag.cli.cluster_demo.process import clean_environment
from chinwag.cli.cluster_demo.site import SETTINGS
from chinwag.client import Client
from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.programs import cache_folder
from chinwag.wire.values import Message, Text

PATIENCE = 300.0
PASSWORD = "a long password"
_ROW = re.compile(r"^(\S+-\d)\s+(\d+)\s")


SPREAD = ("direct", "log-out", "marks", "presence", "several-devices", "typing")
"""Scripts whose people and devices hear of one another at once, whichever processes they come to."""


class At(NamedTuple):
    """A server at an address."""

    url: str


class Demo:
    """The command, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._process = process
        self._more = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def says(self, pattern: str, after: int = 0) -> re.Match[str]:
        """Wait for a line that has this in it, among those after the first `after`."""

        def found() -> re.Match[str] | None:
            return next((match for line in self.lines[after:] if (match := re.search(pattern, line))), None)

        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: found() is not None or self._reading.done())
        match = found()
        assert match is not None, "\n".join(self.lines)
        return match

    @property
    def processes(self) -> dict[str, int]:
        """The first number of each process, by its name."""
        return {match[1]: int(match[2]) for line in self.lines if (match := _ROW.match(line))}

    async def status(self) -> ClusterStatus:
        """`chinwag status` of it."""
        environment = clean_environment() | {"CHINWAG_CONFIG": str(self.folder / "chinwag.toml")}
        asked = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chinwag.cli", "status", "--json"), env=environment, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await asked.communicate()
        return msgspec.json.decode(said, type=ClusterStatus)

    async def until(self, holds: Callable[[ClusterStatus], bool]) -> ClusterStatus:
        """Wait until the status is so."""
        async with asyncio.timeout(PATIENCE):
            while not holds(told := await self.status()):
                pass
        return told

    async def kill(self, name: str, pid: int) -> None:
        """kill -9, and wait until it is back."""
        said = len(self.lines)
        os.kill(pid, signal.SIGKILL)
        await self.says(f"{name} was ended by signal 9", said)
        await self.says(f"{name} is back", said)

    async def end(self) -> int:
        """Ctrl-C, and wait; the exit code."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            async with self._more:
                self.lines.append(line.decode().rstrip())
                self._more.notify_all()
        async with self._more:
            self._more.notify_all()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Demo]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chinwag.cli", "cluster", "demo", "--folder", str(folder)),
        env=clean_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    demo = Demo(process, folder)
    try:
        yield demo
    finally:
        await demo.end()


class Person:
    """A client, and what it has heard."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[str] = []
        self._more = asyncio.Condition()

    async def listen(self) -> None:
        async for event in self.client.events():
            if isinstance(event, Message) and isinstance(event.body, Text) and event.sender != self.client.account:
                async with self._more:
                    self.heard.append(event.body.text)
                    self._more.notify_all()

    async def hears(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: len(self.heard) >= count)


class Talk:
    """Two people who say things to one another, by the one address and by the other."""

    def __init__(self, one: Person, other: Person) -> None:
        self.people = (one, other)
        self.said = 0

    async def go_on(self) -> None:
        """Each says three things and hears three, each once and in order, whatever has happened before."""
        one, other = self.people
        for number in range(self.said, self.said + 3):
            await one.client.send(f"one {number}", to=other.client.account)
            await other.client.send(f"other {number}", to=one.client.account)
        self.said += 3
        await one.hears(self.said)
        await other.hears(self.said)
        assert one.heard == [f"other {number}" for number in range(self.said)]
        assert other.heard == [f"one {number}" for number in range(self.said)]


@asynccontextmanager
async def talking(spread: str, sticky: str) -> AsyncIterator[Talk]:
    async with (
        await Client.sign_up(spread, "anna", PASSWORD) as anna,
        await Client.sign_up(sticky, "berta", PASSWORD) as berta,
        asyncio.TaskGroup() as listening,
    ):
        people = Person(anna), Person(berta)
        tasks = [listening.create_task(person.listen()) for person in people]
        try:
            yield Talk(*people)
        finally:
            for task in tasks:
                task.cancel()


def restart_database(home: Path) -> None:
    """End PostgreSQL as its own administrator does, and start it where it was."""
    place = Place.make(home.with_name(f"{home.name}.engines"))
    programs = fetch(cache_folder(), print)
    database = Postgres(programs.postgres, place, settings=SETTINGS)
    engines = Engines(place, database, Nats(programs.nats, place))
    ports = {key: one.port for key, one in engines.standings().items()}
    database.stop(engines._running()["postgres"])
    engines.up(ports, print)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder in one that other users may enter, which those of a test's own are not: root's engines run as one."""
    with tempfile.TemporaryDirectory(prefix="chinwag-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "demo"


async def test_people_chat_on_while_processes_are_killed_and_the_database_restarts(home: Path) -> None:
    nginx_command()
    async with running(home) as demo:
        spread = (await demo.says(r"Chat at (\S+)"))[1]
        sticky = (await demo.says(r"     or (\S+)"))[1]
        told = await demo.until(
            lambda status: not status.missing and all(one.owns or one.url == "" for one in status.nodes)
        )
        assert len(told.nodes) == 8
        for script in SCRIPTS:
            if script.name in SPREAD:
                await play(script, Sockets(At(spread), several=True))
        async with talking(spread, sticky) as talk:
            await talk.go_on()
            for name in ("gateway-1", "delivery-1", "presence-1", "api-1"):
                await demo.kill(name, demo.processes[name])
                await talk.go_on()
            await asyncio.to_thread(restart_database, home)
            await talk.go_on()
        assert await demo.end() == 0
    assert not [line for line in demo.lines if "Traceback" in line]
