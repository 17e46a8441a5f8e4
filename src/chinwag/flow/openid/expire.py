"""Expire: what is kept of log-ins under way goes once it is good for nothing, whoever comes after it or not."""

from typing import Final

from chinwag.flow.clock import Clock
from chinwag.ports.directory import Directory

POLL_SECONDS: Final = 60.0
"""How often it is looked for."""


async def expire(directory: Directory, clock: Clock) -> None:
    """Forget trips, arrivals and logout tokens that are too old. Raises `unavailable`."""
    now = clock()
    async with directory.reading() as reading:
        if not await reading.openid_trips.expired(now):
            return
    async with directory.transaction() as transaction:
        await transaction.openid_trips.expire(now)
