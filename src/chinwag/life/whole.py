"""Whether a data folder has all its parts: one that has lost one must not pass for a new server's."""

from pathlib import Path

from chinwag.adapters.embedded import point as messages
from chinwag.adapters.relational.database_file import holds
from chinwag.life.folder import DIRECTORY, MESSAGES
from chinwag.told import Told


class MissingPartError(Told):
    """The data folder has one of its stores, and the other is not there or is empty."""


def refuse_half(data: Path) -> None:
    """Raise `MissingPartError` if one of the stores holds something and the other is gone. Changes nothing. Blocks.

    A first start that was cut short leaves stores that hold nothing: that is no loss, and the next start goes on.
    Raises `DamagedDataError` and `DamagedDatabaseError` as well.
    """
    begun = (data / MESSAGES / "CURRENT").is_file()
    # Devices come with the first log-in: accounts without one were added before the first start, and lack nothing.
    if not begun and holds(data / DIRECTORY, "devices"):
        raise MissingPartError(_words(data, DIRECTORY, f"{MESSAGES}/"))
    if begun and not holds(data / DIRECTORY, "accounts") and messages.holds_anything(data / MESSAGES):
        raise MissingPartError(_words(data, f"{MESSAGES}/", DIRECTORY) + _moved(data))


def _words(data: Path, there: str, missing: str) -> str:
    return (
        f"{data} is no new server's folder, and not whole: {there} holds data, and {missing} is missing or empty. "
        f"Put {missing} back, or restore a backup into a new folder with `chinwag restore`; "
        "for a new server name another folder with --data-path."
    )


def _moved(data: Path) -> str:
    """Where earlier versions put the accounts of a folder whose path means something to a URI."""
    if not any(mark in str(data.resolve()) for mark in "#?%"):
        return ""
    return (
        " Earlier versions kept the accounts of a folder with #, ? or % in its path outside of it, in a file whose "
        f"name ends before that character: copy that one to {data / DIRECTORY} if it is this server's alone."
    )
