"""A clock that is wrong on purpose, for tests. Off unless the environment turns it on, and then never off by itself.

`CHINWAG_CLOCK_OFFSET=/path/of/a/file`: the file holds by how many seconds the clock is wrong (`-3600`), and may change
while the server runs; a file that is not there means 0.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

VARIABLE: Final = "CHINWAG_CLOCK_OFFSET"
LOOK_SECONDS: Final = 0.02
"""From one look at the file to the next."""

Clock = Callable[[], int]


def with_offset(clock: Clock) -> Clock:
    """`clock` (milliseconds) itself, or `clock` as wrong as the environment asks for."""
    named = os.environ.get(VARIABLE)
    return clock if not named else Wrong(clock, Path(named))


class Wrong:
    """`clock`, off by what stands in `file`."""

    def __init__(self, clock: Clock, file: Path) -> None:
        self._clock = clock
        self._file = file
        self._looked = float("-inf")
        self._offset_ms = 0

    def __call__(self) -> int:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._offset_ms = self._look()
        return self._clock() + self._offset_ms

    def _look(self) -> int:
        try:
            return int(float(self._file.read_text()) * 1000)
        except FileNotFoundError:
            return 0
        except OSError:
            return self._offset_ms  # no file can be opened now: what was known last holds
