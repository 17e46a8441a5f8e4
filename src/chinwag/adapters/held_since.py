"""Since when each inbox is held: what was posted before that is not given to whoever came by then, but read by them.

What is posted carries a message as it said then. A worker of inboxes that is behind may number it after the message was
edited or deleted, and after that was acked: a session that began by then must be told what the message says now (P13 of
docs/guarantees.md). So it is told that there is something, and reads that from the store, as it does all that came
before it.
"""

from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.flow.clock import Clock

APART_MS: Final = 2_000
"""How far two clocks may be apart: each is within a second of the engines', or its process not ready."""


class HeldSince:
    """Of one process. clock: this machine's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[AccountId, int] = {}

    def hold(self, account: AccountId) -> None:
        """Somebody more holds its inbox from now on."""
        self._last[account] = self._clock()

    def release(self, account: AccountId) -> None:
        """Nobody does any more."""
        self._last.pop(account, None)

    def given(self, account: AccountId, posted_at: int) -> bool:
        """Whether what was posted then (milliseconds since 1970; 0: just now) is surely younger than all holds."""
        return not posted_at or posted_at > self._last.get(account, 0) + APART_MS
