"""Sends that a server refuses for now: they go again, in their order, when it says so.

A server's limits on single devices are there for good reasons. A generator that meets them waits as long as it is
asked to, sends one message at a time from then on, and counts how often that was.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from chinwag.wire.frames import Error

LEAST_SECONDS: Final = 0.01
LONGEST_SECONDS: Final = 10.0
"""A longer wait is no limit to be kept to but an end."""
RATE_LIMITED: Final = "rate_limited"
_AGAIN: Final = frozenset({RATE_LIMITED, "out_of_turn"})
"""What follows a refused send names it (`after`), and is refused as out of turn."""


class Patience:
    """One sender's refused sends. again: called when all that was under way is answered and the wait is over."""

    def __init__(self, again: Callable[[], None]) -> None:
        self.refused = 0
        """Refusals for the server's limits."""
        self.held = 0
        """Sends that wait to go again."""
        self._again = again
        self._wait = 0.0
        self._waiting = False

    def take(self, error: Error) -> bool:
        """Hold a refused send; whether it is one that can go again."""
        wait = error.retry_after or 0.0
        if error.code not in _AGAIN or error.id is None or wait > LONGEST_SECONDS:
            return False
        self.refused += error.code == RATE_LIMITED
        self.held += 1
        self._wait = max(self._wait, wait)
        return True

    def answered(self, under_way: int) -> None:
        """One more answer has come; `under_way` sends have none, those held among them."""
        if self.held and self.held == under_way and not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_later(max(self._wait, LEAST_SECONDS), self._over)

    def _over(self) -> None:
        self.held, self._wait, self._waiting = 0, 0.0, False
        self._again()
