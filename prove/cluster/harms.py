"""Does what is planned to a cluster, and sees it overcome."""

import asyncio
import time
from typing import Final

from prove.cluster.engines import ProofEngines
from prove.cluster.entrance import Entrance
from prove.cluster.moments import Moments
from prove.cluster.plan import MINUTE, MOMENTS, Harm, PlannedHarm
from prove.cluster.processes import Node, Processes
from prove.facts import Fault, Up
from prove.faults.pause import stopped
from prove.faults.proxy import Proxy, Way
from prove.storm.crowd import Crowd
from prove.storm.device import Device

SECONDS: Final = 120.0
"""For how long it is waited that a harm is overcome."""
AFTERWARDS: Final = 50
"""Acks after which it counts as overcome, if besides everybody is there who wants to be."""


class Harms:
    """`Hands` of a storm over a cluster."""

    def __init__(self, processes: Processes, engines: ProofEngines, entrance: Entrance, moments: Moments) -> None:
        self._processes = processes
        self._engines = engines
        self._entrance = entrance
        self._moments = moments
        self.last = ""
        """What was done last, for people."""
        self._world: Crowd
        self._acked = 0

    async def begin(self, world: Crowd) -> None:
        """Start all processes."""
        self._world = world
        await self._processes.start()
        world.url = self._entrance.url
        world.alive = self._processes.alive

    async def end(self) -> None:
        """Leave no process behind."""
        for node in self._processes.nodes:
            node.wanted = False
            node.process.end()

    async def make(self, harm: PlannedHarm) -> None:
        """Do it, and see it overcome."""
        world = self._world
        world.recorder.flush()
        node = self._processes.nodes[harm.node] if harm.node >= 0 else None
        what = f"{harm.kind} {node.name if node is not None else ''}".strip()
        in_flight, between = world.in_flight(), world.tally.acked - self._acked
        world.write(Fault(str(harm.kind), node.role if node is not None else "", in_flight, between, world.now()))
        began = time.monotonic()
        await self._do(harm, node)
        world.write(Up(world.now()))
        harmed = time.monotonic() - began
        wanted = world.tally.acked + AFTERWARDS
        await world.until(lambda: world.tally.acked >= wanted, f"acks after: {what}", SECONDS)
        missing = set(world.devices)
        await world.until(lambda: _all_seen(missing), f"everybody to be back after: {what}", SECONDS)
        self._acked = world.tally.acked
        world.tally.troubles[harm.kind] += 1
        self.last = f"{what}, for {harmed:.1f} s; overcome {time.monotonic() - began - harmed:.1f} s later"

    async def _do(self, harm: PlannedHarm, node: Node | None) -> None:
        engines = self._engines
        match harm.kind:
            case Harm.DATABASE_KILLED:
                await engines.postgres.kill()
                await engines.postgres.start()
            case Harm.DATABASE_AWAY:
                await engines.postgres.stop()
                await asyncio.sleep(harm.seconds)
                await engines.postgres.start()
            case Harm.BUS_KILLED:
                await engines.nats.kill()
                await asyncio.sleep(harm.seconds)
                await engines.nats.start()
            case Harm.BUS_STOPPED:
                engines.nats.freeze()
                await asyncio.sleep(harm.seconds)
                engines.nats.thaw()
            case _ if harm.kind in MOMENTS:
                await self._moments.make(harm.kind, self._world)
            case _:
                assert node is not None
                await self._to_one(harm, node)

    async def _to_one(self, harm: PlannedHarm, node: Node) -> None:
        match harm.kind:
            case Harm.KILL:
                await node.kill()
                await asyncio.sleep(harm.seconds)
                await node.start()
            case Harm.DRAIN:
                node.wanted = False
                await node.process.stop()
                await asyncio.sleep(harm.seconds)
                await node.start()
            case Harm.STOP:
                async with stopped(node.process):
                    await asyncio.sleep(harm.seconds)
            case Harm.CUT_DATABASE:
                await _silent(node.postgres, harm.seconds)
            case Harm.CUT_BUS:
                await _silent(node.nats, harm.seconds)
            case Harm.CLOCK:
                node.clock.jump(MINUTE)
                await asyncio.sleep(harm.seconds)
                node.clock.jump(0.0)
            case _:
                raise AssertionError(f"{harm.kind} meets no single process")


def _all_seen(missing: set[Device]) -> bool:
    """Whether each device was there, or away by its own wish, at one of the looks so far. All at one moment they may
    never be: some are cut and come back all the time."""
    missing -= {device for device in missing if device.dead or not device.wanted or device.online}
    return not missing


async def _silent(proxy: Proxy, seconds: float) -> None:
    proxy.turn(Way.SILENT)
    await asyncio.sleep(seconds)
    proxy.turn(Way.PASS)
