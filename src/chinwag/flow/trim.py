"""Let go of inbox entries older than what is kept: a device whose cursor is behind them begins afresh."""

from typing import Final

from chinwag.flow.clock import DAY_MS, Clock
from chinwag.ports.inbox import Inbox

TRIM_SECONDS: Final = 600.0
"""From one look for old entries to the next."""
ENTRIES: Final = 5_000
"""Entries that go in one step."""
PAUSE_SECONDS: Final = 0.05
"""Between two steps: meanwhile others have their turn."""


class Trim:
    """Trims all inboxes to `kept_days`."""

    def __init__(self, inbox: Inbox, clock: Clock, kept_days: int) -> None:
        self._inbox = inbox
        self._clock = clock
        self._kept_ms = kept_days * DAY_MS

    async def once(self) -> int:
        """Take off some entries that are too old; how many. Raises `Refused(UNAVAILABLE)`."""
        return await self._inbox.trim(self._clock() - self._kept_ms, ENTRIES)
