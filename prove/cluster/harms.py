"""Does what is planned to a cluster, and sees it overcome."""

import asyncio
import time
from typing import Final

from prove.cluster.entrance import Entrance
from prove.cluster.moments import Moments
from prove.cluster.plan import MINUTE, MOMENTS, Harm, PlannedHarm
from prove.cluster.processes import AnyEngines, Node, Processes
from prove.cluster.wide import WideProofEngines
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

    def __init__(self, processes: Processes, engines: AnyEngines, entrance: Entrance, moments: Moments) -> None:
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
        met = node.name if node is not None else ", ".join(harm.engines)
        what = f"{harm.kind} {met}".strip()
        in_flight, between = world.in_flight(), world.tally.acked - self._acked
        world.write(Fault(str(harm.kind), _role(harm, node), in_flight, between, world.now()))
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
            case _ if isinstance(engines, WideProofEngines) and harm.engines:
                await _to_nodes(harm, engines)
            case Harm.BUS_KILLED if not isinstance(engines, WideProofEngines):
                await engines.nats.kill()
                await asyncio.sleep(harm.seconds)
                await engines.nats.start()
            case Harm.BUS_STOPPED if not isinstance(engines, WideProofEngines):
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
                assert node.nats is not None
                await _silent(node.nats, harm.seconds)
            case Harm.CLOCK:
                node.clock.jump(MINUTE)
                await asyncio.sleep(harm.seconds)
                node.clock.jump(0.0)
            case _:
                raise AssertionError(f"{harm.kind} meets no single process")


async def _to_nodes(harm: PlannedHarm, engines: WideProofEngines) -> None:
    if harm.kind in (Harm.NODE_KILLED, Harm.PAIR_KILLED):
        await asyncio.gather(*(engines.kill(key) for key in harm.engines))
        await asyncio.sleep(harm.seconds)
        await asyncio.gather(*(engines.start(key) for key in harm.engines))
        return
    for key in harm.engines:
        engines.freeze(key)
    await asyncio.sleep(harm.seconds)
    for key in harm.engines:
        engines.thaw(key)


def _role(harm: PlannedHarm, node: Node | None) -> str:
    """What the record says was met: the role of a process, or the kinds of engines."""
    if node is not None:
        return node.role
    return "+".join(key.partition("-")[0] for key in harm.engines)


def _all_seen(missing: set[Device]) -> bool:
    """Whether each device was there, or away by its own wish, at one of the looks so far. All at one moment they may
    never be: some are cut and come back all the time."""
    missing -= {device for device in missing if device.dead or not device.wanted or device.online}
    return not missing


async def _silent(proxy: Proxy, seconds: float) -> None:
    proxy.turn(Way.SILENT)
    await asyncio.sleep(seconds)
    proxy.turn(Way.PASS)
