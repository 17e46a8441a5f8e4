"""The presence role as a part: who is online."""

from collections.abc import Callable, Collection

from chinwag.assembly.around import apart_in, friends_in
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.flow.presence import ALL_PARTS
from chinwag.flow.sharing import Sharing
from chinwag.ports import Ports
from chinwag.ports.bus import NodeId
from chinwag.roles.presence.role import PresenceRole


def presence_on(ports: Ports, config: Config, parts: Collection[int] = ALL_PARTS) -> PresenceRole:
    """The role, not started. parts: those of presence that it keeps at first."""
    return PresenceRole(
        ports.bus,
        ports.mark_store,
        ports.message_store,
        ports.registry,
        friends_in(ports.directory),
        apart=apart_in(ports.directory),
        keeping=Sharing(ports.directory).keeping,
        grace_ms=config.presence.offline_seconds * 1000,
        parts=parts,
    )


def presence_part(ports: Ports, config: Config, node: NodeId) -> Part:
    """It answers what is asked of `node`."""
    presence = presence_on(ports, config)
    stops: list[Callable[[], None]] = []

    async def start() -> None:
        await presence.start()
        stops.append(presence.answer(ports.questions, node))

    async def stop() -> None:
        for each in stops:
            each()
        await presence.stop()

    return Part(name="presence", start=start, stop=stop)
