"""Time, given to whoever needs it, so that tests can set it. The one place that reads the machine's clock for people's
times."""

import time
from collections.abc import Callable
from typing import Final

from chinwag.clock_offset import with_offset

Clock = Callable[[], int]
"""Milliseconds since 1970."""

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


def _machine() -> int:
    return time.time_ns() // 1_000_000


system_clock: Final[Clock] = with_offset(_machine)
"""The machine's clock."""


def steady_clock() -> Clock:
    """A clock that goes on steadily from now: a step of the machine's clock is not seen."""
    start = system_clock() - time.monotonic_ns() // 1_000_000
    return lambda: start + time.monotonic_ns() // 1_000_000
