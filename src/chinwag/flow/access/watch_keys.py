"""Watch the keys: once they have been replaced, nobody stays connected who came in with an older one.

Each process that lets people in watches for itself.
"""

from functools import partial
from typing import Final

import structlog

from chinwag.flow.access.key_ring import LOOK_MS, KeyRing
from chinwag.flow.clock import Clock
from chinwag.flow.standing import Job
from chinwag.ports.bus import REVOKED, Bus, EverybodyRevoked

PRUNE_MS: Final = 60_000
"""From one removal of keys that verify nothing any more to the next."""

_log = structlog.get_logger(__name__)


def watching_keys(keys: KeyRing, bus: Bus, clock: Clock) -> Job:
    """Looks at the keys every `LOOK_MS`, publishes `EverybodyRevoked` when all were replaced, removes those that
    verify nothing any more."""
    watch = _Watch(keys, bus)
    return Job(
        name="keys",
        step=partial(watch.step, clock),
        poll_seconds=LOOK_MS / 1000,
        failing="old keys stay for now",
    )


class _Watch:
    def __init__(self, keys: KeyRing, bus: Bus) -> None:
        self._keys = keys
        self._bus = bus
        self._replaced = keys.replaced
        self._pruned_at = 0

    async def step(self, clock: Clock) -> bool:
        now = clock()
        self._keys.look(now)
        if self._keys.replaced != self._replaced:
            self._replaced = self._keys.replaced
            _log.warning("all keys were replaced: everybody has to log in again")
            self._bus.publish(REVOKED, EverybodyRevoked())
        if abs(now - self._pruned_at) >= PRUNE_MS:
            self._pruned_at = now
            self._keys.prune(now)
        return False
