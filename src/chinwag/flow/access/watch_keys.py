"""Watch the keys: once they have been replaced, nobody stays connected who came in with an older one."""

import asyncio
from typing import Final

import structlog

from chinwag.flow.access.key_ring import LOOK_MS, KeyRing
from chinwag.flow.clock import Clock
from chinwag.ports.bus import REVOKED, Bus, EverybodyRevoked
from chinwag.ports.key_store import KeysDamaged, KeysExposed

PRUNE_MS: Final = 60_000
"""From one removal of keys that verify nothing any more to the next."""

_log = structlog.get_logger(__name__)


async def watch_keys(keys: KeyRing, bus: Bus, clock: Clock) -> None:
    """Look at the keys every `LOOK_MS`, until cancelled; publish `EverybodyRevoked` when all were replaced."""
    replaced = keys.replaced
    pruned_at = 0
    while True:
        now = clock()
        keys.look(now)
        if keys.replaced != replaced:
            replaced = keys.replaced
            _log.warning("all keys were replaced: everybody has to log in again")
            bus.publish(REVOKED, EverybodyRevoked())
        if abs(now - pruned_at) >= PRUNE_MS:
            pruned_at = now
            try:
                keys.prune(now)
            except (OSError, KeysExposed, KeysDamaged) as failure:
                _log.error("old keys stay for now", cause=str(failure))
        await asyncio.sleep(LOOK_MS / 1000)
