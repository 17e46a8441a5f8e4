"""Harms that make a moment come which a storm by itself would hardly ever meet, and see what becomes of it.

What the record cannot show is looked at here, by witnesses; a violation then names the check that found it (`CHECKS`).
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from prove.cluster.copies import Copies
from prove.cluster.crowd import Crowd
from prove.cluster.people import Witness
from prove.cluster.plan import Harm
from prove.cluster.processes import Node, Processes
from prove.cluster.witness import PATIENCE, Heard, asked, between, surely, until, write
from prove.faults.pause import cont
from prove.faults.proxy import Way
from prove.storm.crowd import Crowd as Storming
from prove.storm.http_connection import Answer
from prove.storm.links import SocketLink
from prove.storm.listening import StreamLink
from prove.violation import Violation

ANSWERED: Final = "answered"
NOTED: Final = "noted"
HELD: Final = "held"
CHECKS: Final[Mapping[str, str]] = {
    ANSWERED: "an answer does not wait until the sender asks again, though the worker failed behind it",
    NOTED: "a copy of a block that is over changes nothing",
    HELD: "what came between a session's last read and the hold of its inbox reaches it",
    "gone": "who was at a killed gateway and stays away is offline within 30 s, and who is back is online",
    "flap": "nobody is seen offline who came back from a killed gateway in time",
    "P10": "every session of a revoked device is closed within a second, with the Bus cut within a second after it",
}
"""What is looked at here, by the name of the check."""
TIMES: Final = 5
"""How often workers are made to fail."""
AGAIN_SECONDS: Final = 1.9
"""Whoever waits so long for an answer has got it because the command was appended again: that is done after 2 s."""
LEASE_SECONDS: Final = 9.0
"""By then others own what a stopped process owned."""
THERE_SECONDS: Final = 1.5
"""Within so long nearly all are back. No longer, or the owners' leases were over before."""
UNDER_WAY_SECONDS: Final = 0.5
MORE: Final = 100
"""Acks of others, after which an owner that slept goes on."""
SOON_SECONDS: Final = 1.0
REACH_SECONDS: Final = 10.0
CALM_SECONDS: Final = 10.0
CUT_SECONDS: Final = 2.0

Saying = Callable[[str], Awaitable[Answer | None]]
"""Says some words."""


class Moments:
    """Of one run. witnesses: two accounts for each moment."""

    def __init__(
        self, processes: Processes, bus: str, witnesses: Iterator[Witness], sessions: Sequence[Witness] = ()
    ) -> None:
        """bus: the address of NATS, with its password. sessions: an idle crowd."""
        self._processes = processes
        self._bus = bus
        self._witnesses = witnesses
        self._sessions = sessions
        self._idle: Crowd | None = None
        self._turn = 0
        self.found: list[Violation] = []
        self.closed: list[float] = []
        """Seconds from the answer to a revocation to the end of each session of the device."""
        self.closed_after_cut: list[float] = []
        """Seconds from the moment the Bus was back."""

    async def make(self, harm: Harm, world: Storming) -> None:
        """Let it come."""
        self._turn += 1
        match harm:
            case Harm.TWO_LIVES:
                await self._two_lives(world)
            case Harm.TWO_OWNERS:
                await self._two_owners(world)
            case Harm.STUMBLE:
                await self._stumble(world)
            case Harm.COPIES:
                await self._copies()
            case Harm.LATE_HOLD:
                await self._late_hold(world)
            case Harm.REVOKED:
                async with world.silence(CALM_SECONDS):
                    await self._revoked()
            case Harm.CROWD:
                await self._crowd(world)
            case _:
                raise AssertionError(f"{harm} is no moment")

    def lines(self) -> Iterator[str]:
        """For people."""
        for closed, when in (
            (self.closed, "after the answer to the revocation"),
            (self.closed_after_cut, "after the Bus was back"),
        ):
            if closed:
                yield (
                    f"revoked: {len(closed)} sessions closed, p50 {statistics.median(closed) * 1000:.0f} ms, "
                    f"max {max(closed) * 1000:.0f} ms {when}"
                )
        if self._idle is not None:
            yield from self._idle.lines
        for one in self.found:
            yield f"{one.promise}: {one.what}"

    # Each of them

    async def _two_lives(self, world: Storming) -> None:
        gateway = self._pick("gateway")
        owners = [node for node in self._processes.of("delivery") if node is not gateway]
        async with world.silence(CALM_SECONDS):  # both lives begin with what comes then
            await gateway.kill()
            await gateway.start()
            for owner in owners:
                owner.process.freeze()
        try:
            await _all_send(world)
            async with world.silence(0):
                await gateway.kill()
                await gateway.start()
            await _all_send(world)
        finally:
            for owner in owners:
                cont(owner.process)

    async def _two_owners(self, world: Storming) -> None:
        owner = self._pick("delivery")
        owner.points.arm("deliver.decided", action="pause")
        try:
            if not await until(lambda: _stands(owner.process.pid), PATIENCE):
                raise TimeoutError("no batch was decided")
            owner.points.disarm()
            await asyncio.sleep(LEASE_SECONDS)
            wanted = world.tally.acked + MORE
            await until(lambda: world.tally.acked >= wanted, PATIENCE)
        finally:
            owner.points.disarm()
            cont(owner.process)

    async def _stumble(self, world: Storming) -> None:
        one, other = next(self._witnesses), next(self._witnesses)
        owners = self._processes.of("delivery")
        waits: list[float] = []
        async with world.silence(CALM_SECONDS):
            await surely(lambda: write(self._api, one, other, self._words("first")))
            for turn in range(TIMES):
                words = self._words(f"stumble {turn}")
                for owner in owners:
                    owner.points.arm("deliver.answered", action="error")
                began = time.monotonic()
                await surely(lambda words=words: write(self._api, one, other, words))  # type: ignore[misc]
                waits.append(time.monotonic() - began)
                for owner in owners:
                    owner.points.disarm()
        if statistics.median(waits) >= AGAIN_SECONDS:
            told = ", ".join(f"{wait:.1f}" for wait in waits)
            self._broken(ANSWERED, f"a worker failed behind its answers, and their senders waited {told} s")

    async def _copies(self) -> None:
        one, other = next(self._witnesses), next(self._witnesses)
        place = between(one, other)
        path = f"/v1/blocks/{other[0].account}"
        async with Copies.taken(self._bus, place) as copies:
            await surely(lambda: write(self._api, other, one, self._words("before")))
            await surely(lambda: asked(self._api, "PUT", path, one[0]))
            if not await self._comes_to(lambda words: write(self._api, other, one, words), 403):
                raise TimeoutError("a block has no effect")
            if not await until(copies.so_far, PATIENCE):
                raise TimeoutError("a block did not go through the log")
            blocks = copies.so_far()
            await surely(lambda: asked(self._api, "DELETE", path, one[0]))
            if not await self._comes_to(lambda words: write(self._api, other, one, words), 201):
                raise TimeoutError("the end of a block has no effect")
            if not await copies.send(blocks):
                raise TimeoutError("the log took no copy of a block")
            last = await surely(lambda: write(self._api, other, one, self._words("after")))
        if last.status == 403:
            self._broken(NOTED, f"a copy of a block of {one[0].account} that was over blocks {other[0].account} again")

    async def _late_hold(self, world: Storming) -> None:
        one, other = next(self._witnesses), next(self._witnesses)
        gateway = self._pick("gateway")
        apis = [node for node in self._processes.of("api") if node is not gateway]
        words, heard = self._words("late"), Heard(other[0])
        async with world.silence(CALM_SECONDS):
            await surely(lambda: write(apis[0].process.url, one, other, self._words("before")))
            assert gateway.nats is not None
            gateway.nats.turn(Way.LATE)
            link = await SocketLink.open(gateway.process.url, heard, None, small=False)
            try:
                if not await until(lambda: heard.welcome, PATIENCE):
                    raise TimeoutError("no welcome")
                await surely(lambda: write(apis[0].process.url, one, other, words))
                came = await until(lambda: heard.has(words) or heard.ended_at is not None, REACH_SECONDS)
            finally:
                link.cut()
                gateway.nats.turn(Way.PASS)
        if not came:
            self._broken(HELD, f"{words} to {other[0].account} came as its inbox was being held, and never reached it")

    async def _revoked(self) -> None:
        gateways, apis = self._processes.of("gateway"), self._processes.of("api")
        picked = self._pick("gateway")
        # with several servers of NATS nothing stands between them and a gateway that could be cut
        for cut in (None,) if picked.nats is None else (None, picked):
            device, by = next(self._witnesses)
            sessions: list[tuple[Node, Heard]] = []
            for node in gateways:
                heard = Heard(device)
                await SocketLink.open(node.process.url, heard, None, small=False)
                sessions.append((node, heard))
            heard = Heard(device)
            await StreamLink.open(apis[0].process.url, heard, None, small=False)
            sessions.append((apis[0], heard))
            if not await until(lambda here=sessions: all(one.welcome for _, one in here), PATIENCE):  # type: ignore[misc]
                raise TimeoutError("no welcome")
            if cut is not None and cut.nats is not None:
                cut.nats.turn(Way.SILENT)
            there = next(node for node in apis if node is not cut)
            path = f"/v1/devices/{device.device}"
            await surely(lambda url=there.process.url, path=path, by=by: asked(url, "DELETE", path, by))  # type: ignore[misc]
            answered = back = time.monotonic()
            if cut is not None and cut.nats is not None:
                await asyncio.sleep(CUT_SECONDS)
                cut.nats.turn(Way.PASS)
                back = time.monotonic()
            for node, one in sessions:
                self._closes(device.device, node, await _end(one), back if node is cut else answered, node is cut)

    async def _crowd(self, world: Storming) -> None:
        crowd, gateway = self._idle, self._pick("gateway")
        if crowd is None:
            crowd = self._idle = Crowd(self._sessions, next(self._witnesses))
            next(self._witnesses)
        other = next(node for node in self._processes.of("gateway") if node is not gateway)
        there = next(node for node in self._processes.of("api") if node is not gateway)
        async with world.silence(CALM_SECONDS):
            await crowd.meet(there.process.url)
        await crowd.lose(gateway, other.process.url, there.process.url, lambda: world.url)
        self.found += [Violation(check, what) for check, what in crowd.broken]
        crowd.broken.clear()

    def _closes(self, device: str, node: Node, at: float | None, since: float, cut: bool) -> None:
        when = "the Bus was back" if cut else "the answer"
        if at is None:
            self._broken("P10", f"a session of {device} at {node.name} was never closed after it was revoked")
            return
        took = max(0.0, at - since)
        (self.closed_after_cut if cut else self.closed).append(took)
        if took > SOON_SECONDS:
            self._broken("P10", f"a session of {device} at {node.name} was closed {took:.1f} s after {when}")

    async def _comes_to(self, say: Saying, status: int) -> bool:
        """Whether what is said is answered like that in time; each try is another message."""
        deadline = time.monotonic() + PATIENCE
        turn = 0
        while time.monotonic() < deadline:
            turn += 1
            words = self._words(f"{status} {turn}")
            if (await surely(lambda words=words: say(words))).status == status:  # type: ignore[misc]
                return True
            await asyncio.sleep(0.2)
        return False

    @property
    def _api(self) -> str:
        return self._processes.of("api")[0].process.url

    def _pick(self, role: str) -> Node:
        able = self._processes.of(role)
        return able[self._turn % len(able)]

    def _words(self, what: str) -> str:
        return f"{what} of moment {self._turn}"

    def _broken(self, check: str, what: str) -> None:
        self.found.append(Violation(check, what))


async def _all_send(world: Storming) -> None:
    """Wait until all are there, and what they send is under way."""
    await until(lambda: all(one.online for one in world.devices if one.wanted and not one.dead), THERE_SECONDS)
    await asyncio.sleep(UNDER_WAY_SECONDS)


async def _end(heard: Heard) -> float | None:
    await until(lambda: heard.ended_at is not None, REACH_SECONDS)
    return heard.ended_at


def _stands(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False
