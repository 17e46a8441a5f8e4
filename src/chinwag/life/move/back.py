"""The way back: a data folder that was moved is served again, as it was then."""

from collections.abc import Callable
from pathlib import Path

from chinwag.adapters.embedded import DataDirectoryInUseError
from chinwag.adapters.embedded import point as messages
from chinwag.adapters.postgres.moving import Filling, MoveError
from chinwag.flow.clock import system_clock
from chinwag.life.folder import MESSAGES, MOVED
from chinwag.life.moved import MovedError, move_of, unmark


async def refuse_served(data: Path, url: str | None, name: str, say: Callable[[str], None]) -> None:
    """Raise `MoveError` if servers run on what this folder has moved to, or if that cannot be seen for want of an
    address. url: the database of messages; None: none is named. name: what people call it. say: takes a warning.

    If the database cannot be reached, that is only said: nothing more can be seen from here.
    """
    try:
        moved = move_of(data)
    except MovedError:
        moved = None  # whereto is not known: whatever is named is looked at
    else:
        if moved is None or moved.stage != "moved":
            return  # nobody serves half of an installation
    if url is None:
        if moved is not None:
            raise MoveError(
                f"what was in {data} goes on in {moved.to}: name that database as for the move (postgres.url), so that "
                "it can be seen that no server runs there"
            )
        return
    try:
        filling = await Filling.open(url)
    except MoveError as away:
        say(f"{away}. See for yourself that no server runs there")
        return
    try:
        held = await filling.held()
        if moved is not None and held is not None and held.id != moved.id:
            raise MoveError(f"{name} is not what {data} has moved to, which is {moved.to}: correct postgres.url")
        await filling.idle()
    finally:
        await filling.close()


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
