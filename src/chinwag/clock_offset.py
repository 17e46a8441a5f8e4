"""A clock that is wrong on purpose, for tests. Off unless the environment turns it on, and then never off by itself.

`CHINWAG_CLOCK_OFFSET=/path/of/a/file`: the file holds by how many seconds the clock is wrong (`-3600`), and may change
while the server runs; a file that is not there means 0.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

VARIABLE: Final = "CHINWAG_CLOCK_OFFSET"

Clock = Callable[[], int]


def with_offset(clock: Clock) -> Clock:
    """`clock` (milliseconds) itself, or `clock` as wrong as the environment asks for."""
    named = os.environ.get(VARIABLE)
    return clock if not named else Wrong(clock, Path(named))


class Wrong:
    """`clock`, off by what stands in `file` at each look."""

    def __init__(self, clock: Clock, file: Path) -> None:
        self._clock = clock
        self._file = file

    def __call__(self) -> int:
        try:
            offset = float(self._file.read_text())
        except FileNotFoundError:
            offset = 0.0
        return self._clock() + int(offset * 1000)
