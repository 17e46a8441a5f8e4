"""How long it takes until all is well again after a death, measured from the end of the process."""

import time
from typing import Final

from prove.process import DidNotStartError, ServerProcess
from prove.storm.crowd import Crowd

SECONDS: Final = 90.0
"""For how long the first ack, and everybody's return, are waited for."""


async def start_again(world: Crowd, server: ServerProcess, died: float) -> None:
    """Start the server, and wait for the first ack and for everybody to come back; both are noted in the tally."""
    sessions = world.sessions
    world.died()
    await server.start()
    world.url = server.url
    world.alive = lambda: server.running
    await world.until(lambda: world.first_ack is not None, "the first ack after a start", SECONDS)
    world.tally.recovery.append((world.first_ack or died) - died)
    await world.until(lambda: all_since(world, sessions), "everybody to be back", SECONDS)
    world.tally.back.append(time.monotonic() - died)
    world.recovered()


async def die_at_start(server: ServerProcess) -> bool:
    """Start a server that is to die before it serves; whether it did."""
    try:
        await server.start()
    except DidNotStartError as ended:
        return ended.code == -9
    return False


def all_since(world: Crowd, sessions: int) -> bool:
    """Whether every device that wants to be connected has had a session after the first `sessions`."""
    return all(device.dead or not device.wanted or device.session > sessions for device in world.devices)
