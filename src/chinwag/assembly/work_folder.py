"""A folder of this machine in which files are made that have no name yet: what processes that died left in it goes."""

import contextlib
import shutil
import time
from pathlib import Path
from typing import Final

from chinwag.lasting import lasting_folder

LEFT_SECONDS: Final = 6 * 3_600.0
"""What is older is nobody's: the longest work, a video's smaller copy, is given up after two hours."""


def work_folder(folder: Path, *, alone: bool) -> Path:
    """Make it, and take away what was left there: all of it if no other process can be using it, else what is old. It
    must be Chinwag's alone. Blocks. Raises OSError, `NoFolderError`."""
    if alone:
        shutil.rmtree(folder, ignore_errors=True)
    made = lasting_folder(folder)
    for left in made.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - left.lstat().st_mtime < LEFT_SECONDS:
                continue
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
    return made
