"""A server under attack, and the well-behaved people on it who must not feel it.

While an attack runs, two of them talk. What they said must arrive, once and in order, and what they ask must be
answered. How long that took is printed, not judged.
"""

import asyncio
import contextlib
import itertools
import statistics
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from prove.attacks.raw import Raw
from prove.process import ServerProcess
from tests.support.device import Device, texts
from tests.support.people import Crowd, settle_in

from chinwag.domain.body import Text
from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Ping, Send

_names = itertools.count()


class Town:
    """The server, its good people, and the devices of its bad ones."""

    def __init__(self, process: ServerProcess, crowd: Crowd, good: list[Device], bad: list[Device]) -> None:
        self.process = process
        self.crowd = crowd
        self.good = good
        self.bad = bad
        address = urlsplit(process.url)
        self.host, self.port = str(address.hostname), int(address.port or 0)

    @contextlib.asynccontextmanager
    async def talk(self, what: str, at_least: int = 10) -> AsyncIterator[None]:
        """Two talk while the block runs, `at_least` so many messages; afterwards nothing of it is missing."""
        talker, listener = self.good
        before = len(texts(listener))
        stop = asyncio.Event()
        said: list[str] = []
        took: list[float] = []

        async def talking() -> None:
            while not stop.is_set() or len(said) < at_least:
                text = f"{what} {next(_names)}"
                began = time.monotonic()
                answer = await talker.ask(Send(ClientId(text), Text(text), to=listener.account))
                assert isinstance(answer, Ack), answer
                took.append(time.monotonic() - began)
                listener.send(Ping())
                said.append(text)
                await asyncio.sleep(0.05)  # a pace below the budget, not a wait for anything

        task = asyncio.create_task(talking())
        try:
            yield
        finally:
            stop.set()
            await task
        await listener.until(lambda: len(texts(listener)) >= before + len(said), "all that was said")
        assert texts(listener)[before:] == said
        for device in self.good:
            assert device.online, device.transcript()
            assert not device.gaps
            assert not device.byes
        answer = await self.crowd.place.request("GET", "/v1/me", token=talker.token)
        assert answer.status_code == 200
        mistakes = [line[:3000] for line in self.process.log().splitlines() if '"level":"error"' in line]
        assert not mistakes, mistakes[0]
        longest = max(took) * 1e3
        print(
            f"felt: {what}: {len(said)} messages, p50 {statistics.median(took) * 1e3:.1f} ms, longest {longest:.1f} ms"
        )

    async def raw(self, *, small: bool = False) -> Raw:
        """A connection on which anything may be written."""
        return await Raw.open(self.process.url, small=small)

    async def upgraded(self, *headers: str) -> Raw:
        """A socket that has not said hello."""
        return await Raw.socket(self.process.url, *headers)


async def settled(process: ServerProcess, *flags: str) -> Town:
    """Start `process` with two good people and four bad ones, the good ones connected."""
    made = await settle_in(process.data, ["ann", "ben", "mal", "mel", "mil", "mol"])
    await process.start(*flags)
    crowd = Crowd(process)
    devices = [Device(crowd.place, *one) for one in made]
    crowd.devices += devices
    for device in devices:
        await device.load()
    for device in devices[:2]:
        await device.connect()
    return Town(process, crowd, devices[:2], devices[2:])
