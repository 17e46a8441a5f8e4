"""How long to wait before trying again: exponential, with full jitter, bounded."""

import random
from typing import Final

FIRST_SECONDS: Final = 0.25
MOST_SECONDS: Final = 30.0
ASKED_SECONDS: Final = 3_600.0
"""No server keeps a client away for longer by one word."""


class Backoff:
    """Delays for one thing that is tried again and again.

    The n-th delay is drawn evenly from 0 to min(most, first * 2^n) seconds, so that clients which lost their
    server at one moment do not come back at one moment.
    """

    def __init__(
        self, first: float = FIRST_SECONDS, most: float = MOST_SECONDS, rng: random.Random | None = None
    ) -> None:
        self._first = first
        self._most = most
        self._random = rng or random.Random()  # noqa: S311 - spreads load, hides nothing
        self._failures = 0

    def next(self, at_least: float = 0.0) -> float:
        """Seconds to wait now; never less than `at_least`, which the server asked for, and spread above it."""
        ceiling = min(self._most, self._first * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return min(at_least, ASKED_SECONDS) + self._random.uniform(0.0, ceiling)

    def reset(self) -> None:
        """It worked: begin again with short delays."""
        self._failures = 0
