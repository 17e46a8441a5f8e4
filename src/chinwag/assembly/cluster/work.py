"""The roles that people do not connect to, as parts: each does what the Registry says is its own."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from chinwag.assembly.cluster.timed_log import VersionedLog
from chinwag.assembly.figures import Figures
from chinwag.assembly.part import Part
from chinwag.assembly.presence import presence_on
from chinwag.config import Config
from chinwag.domain.ids import AccountId
from chinwag.domain.presence import part_of
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.online import Owner
from chinwag.ports import Ports
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import PRESENCE, Registry, log_duty
from chinwag.roles.observe import Check

HAND_OVER_SECONDS: Final = 3.0
"""How long a process that stops waits until others have taken its partitions."""
NOBODY: Final = NodeId("nobody")
"""Asked, it does not answer."""


def presence_owner(registry: Registry) -> Owner:
    """Whom to ask about an account's presence."""

    def owner(account: AccountId) -> NodeId:
        return registry.owner(PRESENCE, part_of(account)) or NOBODY

    return owner


def hand_over_part(ports: Ports, node: NodeId) -> Part:
    """Drained after the process has said that it stops: waits until others own the partitions of the log, if anybody is
    there to take them. What they had taken here before is done here."""
    duty = log_duty(ports.log.partitions)

    async def drain() -> None:
        try:
            there = await ports.registry.nodes("delivery")
        except Refused:
            return  # nobody can take anything over now
        if not any(each.id != node and not each.draining for each in there):
            return
        gone = asyncio.Event()
        stop = ports.registry.watch_owned(duty, node, lambda owned: None if owned else gone.set())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HAND_OVER_SECONDS):
                await gone.wait()
        stop()

    return Part(name="hand-over", drain=drain)


def versions_part(log: VersionedLog) -> Part:
    """A process that has met commands of a newer version than its own leaves all its partitions to others, and is not
    ready, until it is started anew."""
    met: set[int] = set()
    log.on_given_up.append(met.add)

    async def check() -> None:
        if met:
            raise Refused(Code.UNAVAILABLE, "commands of a newer version came: update this process")

    return Part(
        name="versions",
        checks=[Check("versions", check)],
        figures=Figures(
            counters={"unreadable": ("Commands set aside that nobody can read.", lambda: log.unreadable)},
        ),
    )


def presence_part(ports: Ports, config: Config, node: NodeId) -> Part:
    """Keeps who is online, of the accounts whose part of presence is this process's."""
    presence = presence_on(ports, config, parts=())
    stops: list[Callable[[], None]] = []

    async def start() -> None:
        await presence.start()
        stops.append(presence.answer(ports.questions, node))
        stops.append(ports.registry.watch_owned(PRESENCE, node, presence.own))

    async def stop() -> None:
        for each in stops:
            each()
        await presence.stop()

    return Part(name="presence", start=start, stop=stop)
