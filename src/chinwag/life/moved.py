"""What a data folder says of its own move: from the first moment of it on, no server starts on the folder."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from chinwag.lasting import sync_folder, whole_file
from chinwag.life.folder import MOVED
from chinwag.told import Told

ANYWAY: Final = "anyway"
"""The word that goes with `chinwag move --back`."""


class MovedError(Told):
    """The data folder is being moved, or has moved: what is in it is not what people see."""


class Move(msgspec.Struct, frozen=True):
    """A move of this folder. id: the database knows it by that. to: the database, for people. at: when the move began,
    in milliseconds since 1970. stage: `under way`, or `moved` once everything is there and was compared."""

    id: str
    to: str
    at: int
    stage: Literal["under way", "moved"] = "under way"


def move_of(data: Path) -> Move | None:
    """The move that the folder knows of. Raises `MovedError` for a mark that cannot be read."""
    try:
        return msgspec.json.decode((data / MOVED).read_bytes(), type=Move)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise MovedError(
            f"{data / MOVED} says that this folder is being moved, and cannot be read ({error}): put it back, or give "
            f"the move up with `chinwag move --back {ANYWAY}`"
        ) from None


def refuse_moved(data: Path) -> None:
    """Raise `MovedError` if the folder is being moved or has moved. For whoever would serve it or change it."""
    move = move_of(data)
    if move is None:
        return
    if move.stage == "moved":
        raise MovedError(
            f"what was in {data} has moved to {move.to}, and goes on there: start the server with `--store-profile "
            "postgres`. To come back to this folder as it was then, and lose whatever was said and done since, type "
            f"`chinwag move --back {ANYWAY}`"
        )
    raise MovedError(
        f"{data} is being moved to {move.to}, and that has not come to its end: run `chinwag move` again, and it goes "
        f"on where it was. To give the move up and stay with this folder, type `chinwag move --back {ANYWAY}`"
    )


def mark(data: Path, move: Move) -> None:
    """Let the folder say so; it is on disk on return. Raises OSError."""
    with whole_file(data / MOVED, replace=True) as file:
        file.write(msgspec.json.encode(move) + b"\n")


def unmark(data: Path) -> None:
    """Take the mark away; that is on disk on return. Raises OSError."""
    (data / MOVED).unlink(missing_ok=True)
    sync_folder(data)
