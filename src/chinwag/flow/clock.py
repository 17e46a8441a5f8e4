"""Time, given to whoever needs it, so that tests can set it."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970."""


def system_clock() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000
