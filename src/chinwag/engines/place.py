"""Where engines keep their data and as whom they run."""

import os
import pwd
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines.errors import EngineError
from chinwag.lasting import lasting_folder

_SYSTEM: Final = Path("/var/lib/chinwag-engines")
_OWN: Final = Path("~/.local/share/chinwag-engines")
_USERS: Final = ("postgres", "nobody")


class Place(msgspec.Struct, frozen=True):
    """A folder, and the user to whom it belongs. uid, gid: None for the user who runs us."""

    folder: Path
    uid: int | None
    gid: int | None

    @property
    def user(self) -> str:
        """The name of the user as whom engines run here."""
        return pwd.getpwuid(os.geteuid() if self.uid is None else self.uid).pw_name

    @classmethod
    def make(cls, folder: Path | None) -> "Place":
        """The folder, made if it is not there, or by default one of this user's, or of the machine's for root.

        PostgreSQL refuses to run as root: so root's engines run as `postgres` if there is such a user, else as
        `nobody`, and the folder is made that user's. A folder that is there keeps its owner. Raises `EngineError`.
        """
        path = folder_of(folder)
        if os.geteuid():
            return cls(lasting_folder(path), None, None)
        begun = path.is_dir()
        lasting_folder(path)
        there = path.stat()
        if begun and there.st_uid:
            place = cls(path, there.st_uid, there.st_gid)
        elif begun and any(path.iterdir()):
            raise EngineError(f"{path} is root's and not empty: name another folder with --engines-path")
        else:
            user = _other_user()
            os.chown(path, user.pw_uid, user.pw_gid)
            place = cls(path, user.pw_uid, user.pw_gid)
        place._see_that_it_is_reached()
        return place

    def hand_over(self, path: Path) -> Path:
        """Make `path` the engines' user's."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        return path

    def _see_that_it_is_reached(self) -> None:
        for parent in self.folder.parents:
            if not parent.stat().st_mode & 0o001 and parent.stat().st_uid != self.uid:
                raise EngineError(
                    f"engines do not run as root but as {self.user}, who may not enter {parent}: name a folder outside "
                    "of it with --engines-path"
                )


def folder_of(folder: Path | None) -> Path:
    """The folder's whole path; None: by default."""
    return (folder or (_OWN if os.geteuid() else _SYSTEM)).expanduser().absolute()


def _other_user() -> pwd.struct_passwd:
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EngineError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: add one")
