"""The data folder: who may read it, whether it can be opened, and by which version."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chinwag.adapters.embedded import point as messages
from chinwag.adapters.embedded import written
from chinwag.adapters.embedded.data_directory import FORMAT
from chinwag.adapters.relational import point as directory
from chinwag.adapters.relational.database_file import look_alikes
from chinwag.adapters.relational.revisions import known_revisions
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.life.folder import DIRECTORY, MESSAGES, REPLACED, RESTORING
from chinwag.life.moved import MovedError, refuse_moved

NAMED: Final = 5
"""So many files that others may read or write are named."""
ALIKE_MOST: Final = 20
"""So many groups of names that look alike are told of."""


def data_folder(data: Path, runs: bool) -> Iterator[Finding]:
    """The folder as a whole. runs: its server has answered."""
    if not data.exists():
        parent = next(folder for folder in data.parents if folder.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            yield ok("data folder", f"{data} is not there yet: the first start makes it")
        else:
            yield fail("data folder", f"{data} cannot be made", f"make {parent} writable, or choose --data-path")
        return
    if not data.is_dir():
        yield fail("data folder", f"{data} is no folder", "choose another --data-path")
        return
    yield from _rights(data)
    if (data / RESTORING).exists():
        yield fail("data folder", "holds half of a restore", "run `chinwag restore` again, with the same source")
    try:
        refuse_moved(data)
    except MovedError as error:
        yield fail("data folder", "is being moved elsewhere, or has moved", str(error))
    aside = sorted(entry.name for entry in data.glob(f"{REPLACED}*"))
    if aside:
        yield warn(
            "data folder",
            f"keeps what a restore replaced: {', '.join(aside)}",
            "delete it when you are sure of the new",
        )
    if (data / MESSAGES).is_dir():
        yield from _stores(data, runs)
    else:
        yield ok("data folder", f"{data} holds no messages yet")


def _rights(data: Path) -> Iterator[Finding]:
    found = data.stat()
    if found.st_uid != os.geteuid():
        yield warn(
            "data folder",
            f"{data} belongs to user {found.st_uid}, and this is user {os.geteuid()}",
            "run the doctor and the server as the folder's owner",
        )
    elif not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield fail("data folder", f"{data} cannot be written", f"chmod u+rwx {data}")
    # The folder keeps others out of all that is in it, until it is opened, moved or copied: so each part counts.
    parts = [data, *sorted(data.glob("*")), *sorted((data / "keys").glob("*"))]
    modes = {
        path.relative_to(data.parent).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in parts if path.exists()
    }
    readable = [name for name, mode in modes.items() if mode & 0o055]
    writable = [name for name, mode in modes.items() if mode & 0o022]
    if writable:
        yield fail(
            "permissions",
            f"others may write to {', '.join(writable[:NAMED])}",
            f"chmod -R go= {data}; if others use this machine, restore a backup from before, and rotate the keys",
        )
    if readable:
        advice = f"chmod -R go= {data}; and if others use this machine, rotate the keys"
        yield fail("permissions", f"others may read {', '.join(readable[:NAMED])}", advice)
    if not readable and not writable:
        yield ok("permissions", f"{data} is its owner's alone")


def _stores(data: Path, runs: bool) -> Iterator[Finding]:
    if messages.in_use(data / MESSAGES) and not runs:
        yield warn(
            "lock",
            "a process has the data folder open, and does not answer on the control socket",
            "if that is a server that hangs, stop it; look for it with `fuser -v` on the folder's messages/LOCK",
        )
    try:
        if not runs and (lost := written.missing(data / MESSAGES)):
            yield fail("messages", f"has lost some ({lost})", "put the files back as they were, or restore a backup")
        found = messages.versions(data / MESSAGES)
    except Exception as error:
        yield fail(
            "messages", f"cannot be opened: {error}", "restore a backup, and keep this folder for those who help"
        )
        return
    advice = "run the newer version, or restore a backup made before the upgrade"
    if found.data_format > FORMAT:
        yield fail("data format", f"{found.data_format}; this version knows {FORMAT}", advice)
    elif found.data_format < FORMAT:
        yield ok("data format", f"{found.data_format}: the next start brings it to {FORMAT}. Back up before that.")
    else:
        yield ok("data format", str(found.data_format))
    try:
        schema = directory.schema_of(data / DIRECTORY)
    except sqlite3.Error as error:
        yield fail("directory", f"{DIRECTORY} cannot be read: {error}", "restore a backup")
        return
    if schema not in known_revisions():
        yield fail("directory", f"schema {schema}, which this version does not know", advice)
    else:
        yield ok("directory", f"schema {schema}")
        yield from _names(data)


def _names(data: Path) -> Iterator[Finding]:
    """Names from before look-alikes were refused. Written in ASCII: that is where they differ."""
    for alike in look_alikes(data / DIRECTORY, ALIKE_MOST):
        said = " and ".join(f"{name!a} (id {account})" for name, account in alike)
        yield warn(
            "names", f"{said} look alike", "see that nobody passes for another: `chinwag user disable`, or tell people"
        )
