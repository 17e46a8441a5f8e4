"""The way back: a data folder that was moved is served again, as it was then."""

from pathlib import Path

from chinwag.adapters.embedded import DataDirectoryInUseError
from chinwag.adapters.embedded import point as messages
from chinwag.adapters.postgres.moving import MoveError
from chinwag.flow.clock import system_clock
from chinwag.life.folder import MESSAGES, MOVED
from chinwag.life.moved import MovedError, move_of, unmark


def go_back(data: Path) -> bool:
    """Let servers start on `data` again; whether a new life begins in it.

    If the move had come to its end, people may have gone on elsewhere: positions and numbers were given there that this
    folder will give a second time. So every cursor becomes void, as with a restore. Blocks. Raises `MoveError`,
    `DataDirectoryInUseError`, OSError.
    """
    if not (data / MOVED).is_file():
        raise MoveError(f"{data} is not being moved, and has not moved: a server starts on it")
    if messages.in_use(data / MESSAGES):
        raise DataDirectoryInUseError(f"a process works on {data}, `chinwag move` perhaps: let it end first")
    try:
        found = move_of(data)
    except MovedError:
        found = None  # it may have come to its end
    anew = found is None or found.stage == "moved"
    if anew:
        messages.begin_anew(data / MESSAGES, system_clock)
    unmark(data)
    return anew
