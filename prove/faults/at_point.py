"""A server that kills or stops itself at a named point of the flow, when it is told to."""

from pathlib import Path
from typing import Final

from chinwag.fail_points import POINTS, VARIABLE, Action
from prove.process import ServerProcess

SERVING: Final = tuple(name for name, point in POINTS.items() if point.phase == "serving")
"""Points that a server passes while it serves. Of the others, a start passes `start.begun`, a stop `stop.drained`."""


class FailPoint:
    """Arms points in a running server. To be made before its start; the file lies beside the data folder."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._file = server.data.parent / f"{server.data.name}.fail-point"
        server.environment[VARIABLE] = f"@{self._file}"

    def arm(self, name: str, passing: int = 1, action: Action = "kill") -> None:
        """From now on the server acts when it passes `name` for the `passing`th time, counted from now; once.

        A running server heeds it at the next point that it passes, whichever that is; one that is not running, when
        it is started.
        """
        assert name in POINTS, name
        _put(self._file, f"{name}:{passing}={action}")

    def disarm(self) -> None:
        """Nothing happens at any point. To be called before the start after a kill, or the next start may die too."""
        self._file.unlink(missing_ok=True)

    def reached(self, name: str) -> bool:
        """Whether the server said since its last start that it has reached `name`."""
        return self._server.has_logged(f'"event":"fail_point","point":"{name}"')


def _put(file: Path, words: str) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(words)
    draft.replace(file)  # whole or not at all
