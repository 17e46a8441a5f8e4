"""What is done to the server in a storm, and what must be so when it is done."""

import asyncio
import os
import signal
import time
from typing import Final

from tests.support.process import ServerProcess

from prove.facts import Fault, Up
from prove.storm.plan import ACKS, IN_FLIGHT, PlannedTrouble, Trouble
from prove.storm.world import World

SECONDS: Final = 60.0
"""For how long anything is waited for that a trouble needs or brings."""


class Troubles:
    """Does to one server what is planned."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.last = ""
        """What was done last, for people."""
        self._world: World
        self._acked_at_kill = 0

    async def begin(self, world: World) -> None:
        """Start the server."""
        self._world = world
        await self.server.start()
        world.url = self.server.url

    async def end(self) -> None:
        """Leave no process behind."""
        self.server.end()

    async def arm(self, trouble: PlannedTrouble) -> None:
        """Get ready for the next."""

    async def make(self, trouble: PlannedTrouble) -> None:
        """Do it, and see the server come back."""
        if trouble.kind is Trouble.KILL:
            await self._kill(trouble)

    async def _kill(self, trouble: PlannedTrouble) -> None:
        world, tally, server = self._world, self._world.tally, self.server
        await world.until(lambda: world.in_flight() >= IN_FLIGHT, f"{IN_FLIGHT} sends in flight", SECONDS)
        world.lost_in_flight = 0
        os.kill(server.pid, signal.SIGKILL)
        died = time.monotonic()
        await server.exited()
        await world.until(lambda: not world.online(), "the end of every connection", SECONDS)
        in_flight, between = world.lost_in_flight, tally.acked - self._acked_at_kill
        self._acked_at_kill = tally.acked
        tally.kills += 1
        tally.in_flight.append(in_flight)
        tally.between.append(between)
        world.write(Fault("kill", trouble.point, in_flight, between, world.now()))
        world.recorder.flush()
        await self._start(died)
        self.last = (
            f"kill {trouble.point or 'at random'}: {in_flight} in flight, {between} acked since the last, acked again "
            f"after {tally.recovery[-1] * 1000:.0f} ms, all back after {tally.back[-1] * 1000:.0f} ms"
        )

    async def _start(self, died: float) -> None:
        world, tally = self._world, self._world.tally
        sessions = world.sessions
        world.first_ack = None
        world.url = ""
        await self.server.start()
        world.url = self.server.url
        world.write(Up(world.now()))
        await world.until(lambda: world.first_ack is not None, "the first ack after a start", SECONDS)
        assert world.first_ack is not None
        tally.recovery.append(world.first_ack - died)
        await world.until(
            lambda: all(one.dead or not one.wanted or one.session > sessions for one in world.devices),
            "everybody to be back",
            SECONDS,
        )
        tally.back.append(time.monotonic() - died)


_ = (asyncio, ACKS)
