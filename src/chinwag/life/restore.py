"""Restore: a backup becomes a data folder, and a new life begins in it."""

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import Final

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.embedded import point as messages
from chinwag.adapters.embedded.data_directory import FORMAT as DATA_FORMAT
from chinwag.adapters.embedded.data_directory import DataDirectoryInUseError, Epochs
from chinwag.adapters.relational import open_directory
from chinwag.adapters.relational import point as directory
from chinwag.flow.clock import system_clock
from chinwag.lasting import lasting_folder, new_folder, sync_folder
from chinwag.life.backup import Telling
from chinwag.life.copying import copied_as_promised
from chinwag.life.folder import DIRECTORY, DRAFT, MESSAGES, REPLACED, RESTORING, contents, files_in
from chinwag.life.manifest import BackupError, Manifest, is_medium, read_manifest

NAMED: Final = 3
"""So many media that are lost are named."""


def restore(source: Path, data: Path, *, replace: bool, telling: Telling) -> tuple[Manifest, Epochs, Path | None]:
    """Make the backup in `source` the data folder `data`: its manifest, the new epochs, where replaced data now is.

    `data` must be empty or not there; with `replace`, what it holds is put aside in it. The data is copied, checked
    against the manifest, opened (and so brought to this version's format) and given new epochs before anything takes
    its place: a restore that fails before that leaves the folder as it was. One that is cut short while it takes its
    place can be run again; until then the server refuses to start on the folder.

    Raises `BackupError`, `DataDirectoryInUseError`, `NewerDataError`, `NewerDatabaseError`, OSError.
    """
    manifest = read_manifest(source)
    if manifest.data_format > DATA_FORMAT:
        raise BackupError(
            f"{source} was made by a newer Chinwag ({manifest.version}, data format {manifest.data_format}; this one "
            f"knows {DATA_FORMAT}): restore it with that version"
        )
    if data.resolve() == source.resolve() or data.resolve() in source.resolve().parents:
        raise BackupError(f"{source} lies in the data folder: move it elsewhere first")
    lasting_folder(data)
    data.chmod(0o700)
    present = contents(data)
    unfinished = data / RESTORING
    if present and not replace and not unfinished.exists():
        raise BackupError(f"{data} is not empty: restore into a new folder, or add --replace everything")
    if messages.in_use(data / MESSAGES):
        raise DataDirectoryInUseError(f"a server runs on {data}: stop it first")
    _enough_room(data, manifest)

    draft = data / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    try:
        new_folder(draft)
        telling.doing("copying and checking", manifest.bytes)
        _copy(source, draft, manifest, telling)
        telling.doing("opening")
        epochs = _begin_anew(draft)
        for folder in {path.parent for path in files_in(draft)} | {draft}:
            sync_folder(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise

    telling.doing("taking its place")
    shutil.rmtree(unfinished, ignore_errors=True)
    draft.rename(unfinished)  # from here on the server does not start, until all is in its place
    sync_folder(data)
    replaced = _put_aside(data, present) if present else None
    for part in sorted(unfinished.iterdir()):
        part.rename(data / part.name)
    sync_folder(data)
    unfinished.rmdir()
    sync_folder(data)
    return manifest, epochs, replaced


def _copy(source: Path, draft: Path, manifest: Manifest, telling: Telling) -> None:
    """All that the manifest names, but for media that are not what their names say: a backup gives them a second name
    without reading them, and no picture may keep all messages away. Raises `BackupError`, OSError."""
    lost = []
    for entry in manifest.files:
        try:
            copied_as_promised(source, draft, entry, telling.did)
        except BackupError:
            if not is_medium(entry):
                raise
            (draft / entry.path).unlink(missing_ok=True)
            lost.append(entry.path)
    if lost:
        said = ", ".join(lost[:NAMED]) + (" …" if len(lost) > NAMED else "")
        telling.lost(
            f"{len(lost):,} of the media are damaged or missing in {source} and are left out: {said}. Put files of "
            "those names in their place from another backup, if it has them; what shows them stays without."
        )


def _begin_anew(draft: Path) -> Epochs:
    """Open both stores, so that what cannot be opened is found out now, and give them epochs of their own."""
    found = directory.problems_of(draft / DIRECTORY)
    if found:
        raise BackupError(f"the backup's {DIRECTORY} is damaged ({found[0]}): use another backup")
    messages.begin_anew(draft / MESSAGES, system_clock)

    async def opened() -> Epochs:
        embedded = await open_embedded(draft)
        epochs = embedded.engine.epochs
        await embedded.close()
        await (await open_directory(draft / DIRECTORY)).close()
        return epochs

    return asyncio.run(opened())


def _put_aside(data: Path, present: list[Path]) -> Path:
    aside = data / f"{REPLACED}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    new_folder(aside)
    for entry in [*present, *(data / (DIRECTORY + end) for end in ("-wal", "-shm"))]:
        if entry.exists():
            entry.rename(aside / entry.name)
    sync_folder(aside)
    return aside


def _enough_room(data: Path, manifest: Manifest) -> None:
    free = shutil.disk_usage(data).free
    if free < manifest.bytes:
        raise BackupError(f"{os.fspath(data)} has room for {free:,} bytes; the backup needs {manifest.bytes:,}")
