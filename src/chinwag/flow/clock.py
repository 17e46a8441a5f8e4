"""Time, given to whoever needs it, so that tests can set it."""

import time
from collections.abc import Callable
from typing import Final

from chinwag.clock_offset import with_offset

Clock = Callable[[], int]
"""Milliseconds since 1970."""


def _machine() -> int:
    return time.time_ns() // 1_000_000


system_clock: Final[Clock] = with_offset(_machine)
"""The machine's clock."""
