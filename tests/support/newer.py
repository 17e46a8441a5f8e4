"""A version of Chinwag that is newer than this one: the same code, whose commands and batches have the next numbers."""

import shutil
from pathlib import Path
from typing import Final

import chinwag

_PLANTED: Final = (
    ("domain/command.py", "RULES_VERSION: Final = 4\n", "RULES_VERSION: Final = 5\n"),
    ("adapters/nats/log_messages.py", "\nVERSION: Final = 1\n", "\nVERSION: Final = 2\n"),
)
"""File, what stands in it, and what stands there in a newer version."""


def newer_version(folder: Path) -> dict[str, str]:
    """Make it in `folder`; the environment in which `chinwag` is that one. For a server that this version meets in an
    update, everything that it says to others carries a number which this version does not know."""
    copy = folder / "chinwag"
    unneeded = shutil.ignore_patterns("__pycache__", "web_files")
    shutil.copytree(Path(chinwag.__file__).parent, copy, ignore=unneeded)
    for name, old, new in _PLANTED:
        path = copy / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} no longer holds {old!r}: a newer version would be none"
        path.write_text(text.replace(old, new))
    return {"PYTHONPATH": str(folder)}
