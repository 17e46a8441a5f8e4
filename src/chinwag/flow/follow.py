"""Follow an inbox without a socket: wait until something arrives, then read on from the position one is at."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.fan_out import FanOut
from chinwag.ports.bus import Tell

SIGNALS: Final = 64
"""Signals kept for a follower that does not look; older ones are dropped, as signals may be."""


class Follower:
    """A reader that only remembers that something has come. Use it as a context manager."""

    def __init__(self, fan_out: FanOut, account: AccountId, device: DeviceId) -> None:
        self.account = account
        self._fan_out = fan_out
        self.device = device
        self._woken = asyncio.Event()
        self._signals: deque[bytes] = deque(maxlen=SIGNALS)

    def __enter__(self) -> "Follower":
        self._fan_out.attach(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._fan_out.detach(self)

    def arrived(self, position: int, events: Sequence[bytes], epoch: int) -> None:
        """Something may be read."""
        del position, events, epoch
        self._woken.set()

    def told(self, tell: Tell) -> None:
        """A signal, unless this device made it."""
        if tell.but != self.device:
            self._signals.append(tell.signal)
            self._woken.set()

    def wake(self) -> None:
        """Something is to be looked at."""
        self._woken.set()

    def signals(self) -> list[bytes]:
        """The signals (JSON) since the last call."""
        taken = list(self._signals)
        self._signals.clear()
        return taken

    async def wait(self, seconds: float) -> bool:
        """Wait until something has come since the last wait; False if nothing did within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True
