"""Many who are there and say nothing, at one gateway that is killed: half come back, half stay away, and others see
who is online and who is not, and nothing in between."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from chinwag.wire.frames import Ping, ServerFrame, SignalFrame
from chinwag.wire.values import Presence
from prove.cluster.people import Witness
from prove.cluster.processes import Node
from prove.cluster.witness import PATIENCE, Heard, asked, surely, until
from prove.storm.links import Link, SocketLink
from prove.storm.people import Person

MEMBERS: Final = 90
"""Members of one group: who is online in a larger one is told to nobody."""
ASKED: Final = 100
"""Accounts whose presence is asked for at once."""
AT_ONCE: Final = 20
OFFLINE_SECONDS: Final = 30.0
"""By then who was at the gateway and is not back is offline."""
GRACE_SECONDS: Final = 7.0
"""Who is back by then was never seen to be away: a little less than the storm's servers wait (`SOON`)."""
BEAT_SECONDS: Final = 2.0

T = TypeVar("T")


class Crowd:
    """Of one run. watcher: shares a group with each, and with nobody else."""

    def __init__(self, people: Sequence[Witness], watcher: Witness) -> None:
        self._people = [devices[0] for devices in people]
        self._watcher = watcher[0]
        self._grouped = False
        self.broken: list[tuple[str, str]] = []
        """Checks, and what they found."""
        self.lines: list[str] = []

    async def lose(self, gateway: Node, other: str, api: str, url: Callable[[], str]) -> None:
        """Let all come to `gateway`, kill it, and see what is seen. other: another gateway; url: where clients go."""
        watching = _Watching(self._watcher)
        link = await SocketLink.open(other, watching, None, small=False)
        sitting: dict[Person, Heard] = {}
        beats = asyncio.create_task(_beat(sitting, watching))
        try:
            await _come(self._people, sitting, lambda: gateway.process.url)
            names = [one.account for one in self._people]
            if not await self._seen(api, names, True, PATIENCE):
                raise TimeoutError("an idle crowd does not come online")
            staying, returning = self._people[::2], self._people[1::2]
            watching.away.clear()
            began = time.monotonic()
            await gateway.kill()
            sitting.clear()
            leaving = self._seen(api, [one.account for one in staying], False, OFFLINE_SECONDS)
            (gone, took), _, _ = await asyncio.gather(
                _timed(leaving, began), _come(returning, sitting, url), gateway.start()
            )
            back = {one.account: at for one, heard in sitting.items() if (at := heard.welcome_at) is not None}
            there = await self._seen(api, [one.account for one in returning], True, PATIENCE)
            flaps = [one for one, at in back.items() if one in watching.away and at - began < GRACE_SECONDS]
        finally:
            beats.cancel()
            for one in (watching, *sitting.values()):
                one.cut()
            link.cut()
        self._judge(gone, there, flaps)
        latest = max(back.values(), default=began) - began
        self.lines.append(
            f"crowd: {len(names)} sessions lost with {gateway.name}: {len(staying)} offline after {took:.1f} s, "
            f"{len(back)} back after {latest:.1f} s at most, {len(flaps)} flaps seen"
        )

    def _judge(self, gone: bool, there: bool, flaps: Sequence[str]) -> None:
        if not gone:
            self.broken.append(("gone", f"who was at a killed gateway is online still after {OFFLINE_SECONDS:.0f} s"))
        if not there:
            self.broken.append(("gone", "who came back from a killed gateway is not online"))
        if flaps:
            self.broken.append(("flap", f"{len(flaps)} were seen offline who were back in time, such as {flaps[0]}"))

    async def meet(self, api: str) -> None:
        """Let the watcher make groups with all of them, once."""
        if self._grouped:
            return
        for turn, some in enumerate(_some(self._people, MEMBERS)):
            body = {"title": f"crowd {turn}", "members": [one.account for one in some]}
            key = f"crowd-{turn}"
            answer = await surely(
                lambda body=body, key=key: asked(api, "POST", "/v1/conversations", self._watcher, body, key)  # type: ignore[misc]
            )
            if answer.status != 201:
                raise AssertionError(f"no group for a crowd: {answer}")
        self._grouped = True

    async def _seen(self, api: str, names: Sequence[str], online: bool, seconds: float) -> bool:
        """Whether all of these are told so in time."""
        deadline = time.monotonic() + seconds
        left = list(names)
        while True:
            for some in _some(left, ASKED):
                query = "&".join(f"account={name}" for name in some)
                answer = await surely(lambda query=query: asked(api, "GET", f"/v1/presence?{query}", self._watcher))  # type: ignore[misc]
                items: list[dict[str, Any]] = json.loads(answer.body)["items"]
                told = {one["account"]: one["online"] for one in items}
                left = [name for name in left if name not in some or told.get(name, False) is not online]
            if not left or time.monotonic() > deadline:
                return not left
            await asyncio.sleep(0.2)


def _some(of: Sequence[T], size: int) -> list[Sequence[T]]:
    return [of[first : first + size] for first in range(0, len(of), size)]


async def _timed(seen: Awaitable[bool], began: float) -> tuple[bool, float]:
    """Whether it was seen in time, and how long after `began` that was known."""
    found = await seen
    took = time.monotonic() - began
    return found and took <= OFFLINE_SECONDS, took


class _Watching(Heard):
    """away: who was told to be offline."""

    def __init__(self, person: Person) -> None:
        super().__init__(person)
        self.away: set[str] = set()

    def frame(self, link: Link, frame: ServerFrame) -> None:
        """Something came."""
        super().frame(link, frame)
        if isinstance(frame, SignalFrame):
            signal = frame.signal
            if isinstance(signal, Presence) and not signal.online:
                self.away.add(signal.account)


async def _come(people: Sequence[Person], sitting: dict[Person, Heard], url: Callable[[], str]) -> None:
    """Let all connect, some at a time, each until it is welcome."""
    waiting = iter(people)

    async def some() -> None:
        for person in waiting:
            await _sit(person, sitting, url)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def _sit(person: Person, sitting: dict[Person, Heard], url: Callable[[], str]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            heard = Heard(person)
            try:
                await SocketLink.open(url(), heard, None, small=False)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            await until(lambda heard=heard: heard.welcome or heard.ended_at is not None, PATIENCE)  # type: ignore[misc]
            if heard.welcome:
                sitting[person] = heard
                return


async def _beat(sitting: dict[Person, Heard], watching: Heard) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        for heard in (*sitting.values(), watching):
            if heard.link is not None and heard.ended_at is None:
                heard.link.send(Ping())
