"""A world with all its devices: what is true of them together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from prove.record import Recorder
from prove.storm.device import Device
from prove.storm.world import Stuck, World

STUCK_SECONDS: Final = 120.0
"""Without enough acks, or without coming to rest, for so long a storm is stuck."""
OFFLINE_SECONDS: Final = 75.0
"""For who was there when the Bus lost something: two rounds of a recount, and the grace."""


class Crowd(World):
    """One run's world, and who is in it. offline_seconds: how long who is gone may be told as online. stuck_seconds:
    how long it is waited for anything else. inbox_seconds: how long what was acked may be on its way to inboxes; 0: it
    is there with the ack."""

    def __init__(self, recorder: Recorder, seed: int) -> None:
        super().__init__(recorder, seed)
        self.devices: list[Device] = []
        self.offline_seconds = OFFLINE_SECONDS
        self.stuck_seconds = STUCK_SECONDS
        self.inbox_seconds = 0.0

    def in_flight(self) -> int:
        """Sends under way now."""
        return sum(device.in_flight for device in self.devices)

    def online(self) -> int:
        """Devices that are connected."""
        return sum(device.online for device in self.devices)

    @asynccontextmanager
    async def silence(self, seconds: float) -> AsyncIterator[None]:
        """Nobody says anything new inside the block. It begins once all that was said is answered, or after so long."""
        self.hushed = True
        try:
            with suppress(Stuck):
                await self.until(lambda: not any(one.unanswered for one in self.devices if one.online), "", seconds)
            yield
        finally:
            self.hushed = False
            for device in self.devices:
                device.outbox.pump()

    def recovered(self) -> None:
        """Everybody is back, and sends as before."""
        super().recovered()
        for device in self.devices:
            device.outbox.pump()

    def state(self) -> str:
        """Where things stand, for people."""
        waiting = [device for device in self.devices if device.unanswered and not device.dead]
        worst = max(waiting, key=lambda device: device.unanswered, default=None)
        text = f"{super().state()}, {self.in_flight()} in flight, {self.online()} online"
        return text if worst is None else f"{text}; {len(waiting)} devices wait for answers, such as {worst.state()}"

    async def close(self) -> None:
        """End all that runs. Nothing more is noted: that devices go now is no part of the run."""
        await super().close()
        for device in self.devices:
            device.close()
