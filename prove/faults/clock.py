"""A server whose clock is wrong, and changes while it runs."""

from pathlib import Path
from typing import Final

from chinwag.clock_offset import VARIABLE
from prove.process import ServerProcess

HOUR: Final = 3600.0


def clock_file(data: Path) -> Path:
    """Where it stands how far the clock of the server on `data` is off; nothing there: it is right."""
    return data.parent / f"{data.name}.clock"


class WrongClock:
    """The clock of one server. To be made before its start; right until `jump`."""

    def __init__(self, server: ServerProcess) -> None:
        self._file = clock_file(server.data)
        self._file.write_text("0")
        server.environment[VARIABLE] = str(self._file)

    def jump(self, seconds: float) -> None:
        """From now on the server's clock is off by that much, in total; also over starts. 0: it is right again."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(str(seconds))
        draft.replace(self._file)
