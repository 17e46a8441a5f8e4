"""What is done to the server in a storm, and what must be so when it is done."""

import asyncio
import time
from typing import Final

from prove.facts import Fault, Up
from prove.faults.at_point import FailPoint
from prove.faults.clock import WrongClock
from prove.faults.disk import Disk
from prove.faults.files import no_files
from prove.faults.pause import stopped
from prove.process import ServerProcess
from prove.storm.crowd import Crowd
from prove.storm.plan import START, PlannedTrouble, Trouble, in_flight
from prove.storm.recovery import all_since, die_at_start, start_again

SECONDS: Final = 60.0
"""For how long anything is waited for that a trouble needs."""
OFTEN: Final = 25
"""A point that is passed all the time acts at one of so many passings."""
SELDOM: Final = (
    "catch_up.half",
    "marks.gathered",
    "marks.applied",
    "relay.read",
    "relay.posted",
    "directory.committed",
    "following.read",
)
"""Points that are passed now and then; they act at once."""
REFUSED: Final = 20
"""Refusals that a full disk must bring."""
CUT: Final = 10
"""Devices that lose their connection while there are no file descriptors."""
AFTERWARDS: Final = 50
"""Acks after which a trouble that was no death counts as overcome."""


class Troubles:
    """Does to one server what is planned."""

    def __init__(self, server: ServerProcess, disk: Disk | None = None) -> None:
        """disk: the small one on which the server's data lies, if its disk is to be full at times."""
        self.server = server
        self._disk = disk
        self.last = ""
        """What was done last, for people."""
        self._points = FailPoint(server)
        self._clock = WrongClock(server)
        self._world: Crowd
        self._acked_at_kill = 0

    async def begin(self, world: Crowd) -> None:
        """Start the server."""
        self._world = world
        self._points.disarm()
        await self.server.start()
        world.url = self.server.url
        world.alive = lambda: self.server.running

    async def end(self) -> None:
        """Leave no process behind."""
        self.server.end()

    async def make(self, trouble: PlannedTrouble) -> None:
        """Do it, and see the server come back."""
        self._world.tally.troubles[trouble.kind] += 1
        self._world.recorder.flush()
        match trouble.kind:
            case Trouble.KILL:
                await self._kill(trouble.point)
            case Trouble.DRAIN:
                await self._drain(trouble.point)
            case Trouble.STOP:
                await self._stop(trouble)
            case Trouble.CLOCK:
                await self._jump(trouble)
            case Trouble.DISK:
                await self._fill(trouble)
            case Trouble.FDS:
                await self._starve(trouble)

    # Deaths

    async def _kill(self, point: str) -> None:
        world, server = self._world, self.server
        wanted = in_flight(device.plan for device in world.devices)
        await world.until(lambda: world.in_flight() >= wanted, f"{wanted} sends in flight", SECONDS)
        world.lost_in_flight = 0
        world.alive = None
        if point in ("", START):
            await server.kill()
        else:
            self._points.arm(point, 1 if point in SELDOM else world.draw.randint(1, OFTEN))
            await world.until(lambda: not server.running, f"the server to pass {point} and die", SECONDS)
            await server.exited()
            self._hit(point)
        died = await self._dead(point)
        tally = world.tally
        between, self._acked_at_kill = tally.acked - self._acked_at_kill, tally.acked
        tally.kills += 1
        tally.in_flight.append(world.lost_in_flight)
        tally.between.append(between)
        world.write(Fault("kill", point, world.lost_in_flight, between, world.now()))
        if point == START:
            self._points.arm(START)
            if await die_at_start(server):
                self._hit(START)
            self._points.disarm()
        await self._again(died)
        self.last = (
            f"killed {'at ' + point if point else 'at random'}: {world.lost_in_flight} in flight, {between} acked "
            f"since the kill before; ready after {server.recovery * 1000:.0f} ms, acked again after "
            f"{tally.recovery[-1] * 1000:.0f} ms, all back after "
            f"{tally.back[-1] * 1000:.0f} ms"
        )

    async def _drain(self, point: str) -> None:
        """Stopped in good order, and killed before that is done. It counts as no kill: all was answered before."""
        world = self._world
        world.lost_in_flight = 0
        world.alive = None
        in_flight = world.in_flight()
        self._points.arm(point)
        self.server.terminate()
        await self.server.exited()
        self._hit(point)
        died = await self._dead(point)
        world.write(Fault("drain", point, in_flight, 0, world.now()))
        await self._again(died)
        world.tally.recovery.pop()
        world.tally.back.pop()
        self.last = f"stopped in good order, and killed at {point}"

    async def _dead(self, point: str) -> float:
        """When the server died. All its connections have ended, so all its answers have come."""
        if point:
            self._points.disarm()
        await self._world.until(lambda: not self._world.online(), "the end of every connection", SECONDS)
        assert self.server.died_at is not None
        return self.server.died_at

    async def _again(self, died: float) -> None:
        await start_again(self._world, self.server, died)
        self._world.write(Up(self._world.now()))

    def _hit(self, point: str) -> None:
        # It says so itself: a server that died of something else is not counted.
        if self.server.has_logged(f'"event":"fail_point","point":"{point}"'):
            self._world.tally.hits[point] += 1

    # What it lives through

    async def _stop(self, trouble: PlannedTrouble) -> None:
        world = self._world
        world.write(Fault("stop", "", world.in_flight(), 0, world.now()))
        async with stopped(self.server):
            await asyncio.sleep(trouble.seconds)
        await self._overcome(f"stopped for {trouble.seconds:.1f} s and continued")

    async def _jump(self, trouble: PlannedTrouble) -> None:
        world = self._world
        world.write(Fault("clock", "", world.in_flight(), 0, world.now()))
        self._clock.jump(trouble.seconds)
        await self._overcome(f"clock off by {trouble.seconds:+.0f} s")

    async def _fill(self, trouble: PlannedTrouble) -> None:
        """A full disk, until sends are refused for it and a moment longer."""
        world, disk = self._world, self._disk
        assert disk is not None
        world.write(Fault("full disk", "", world.in_flight(), 0, world.now()))
        wanted = world.tally.refused + REFUSED
        async with disk.full():
            await world.until(lambda: world.tally.refused >= wanted, "a refusal from a full disk", SECONDS)
            await asyncio.sleep(trouble.seconds)
        await self._overcome(f"disk full for {trouble.seconds:.1f} s after the first refusals")

    async def _starve(self, trouble: PlannedTrouble) -> None:
        """No file descriptors, while some devices are cut and try to come back."""
        world = self._world
        world.write(Fault("no files", "", world.in_flight(), 0, world.now()))
        with no_files(self.server):
            for device in world.draw.sample(world.devices, CUT):
                if device.online:
                    device.cut()
            await asyncio.sleep(trouble.seconds)
        await self._overcome(f"no file descriptors for {trouble.seconds:.1f} s")

    async def _overcome(self, what: str) -> None:
        """See it go on: `AFTERWARDS` acks, and everybody connected who wants to be."""
        world = self._world
        began, wanted = time.monotonic(), world.tally.acked + AFTERWARDS
        await world.until(lambda: world.tally.acked >= wanted, f"acks after: {what}", SECONDS)
        await world.until(lambda: all_since(world, 0), f"everybody to be back after: {what}", SECONDS)
        world.write(Up(world.now()))
        self.last = f"{what}; {AFTERWARDS} acks {(time.monotonic() - began) * 1000:.0f} ms later"
