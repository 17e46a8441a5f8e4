"""Backup: one moment of a data folder, copied to a folder of its own with a manifest."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Set
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import chinwag
from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.embedded import point as messages
from chinwag.adapters.relational import point as directory
from chinwag.lasting import draft_name, lasting_folder, new_file, new_folder, sync_folder
from chinwag.life.checkpoint import clear_checkpoint, held_checkpoint
from chinwag.life.copying import copied, linked
from chinwag.life.folder import DIRECTORY, MEDIA, MESSAGES, besides, files_in, media_in, refuse_unfinished
from chinwag.life.manifest import FILE, FORMAT, BackupError, ListedFile, Manifest, written
from chinwag.life.running import NotRunningError, running_checkpoint
from chinwag.life.whole import refuse_half
from chinwag.wire.control import Checkpoint


class Telling:
    """What a long command tells of itself. Override what is wanted."""

    def doing(self, what: str, total: int = 0) -> None:
        """A part begins; total: bytes that it will copy, as far as is known."""

    def did(self, count: int) -> None:
        """So many bytes more are copied."""

    def now(self, what: str) -> None:
        """What the part under way has come to."""

    def lost(self, what: str) -> None:
        """What is not there in the end, though all else is."""


@contextmanager
def checkpoint_of(data: Path, telling: Telling) -> Iterator[tuple[Path, Checkpoint]]:
    """A checkpoint of the data folder, there until the block ends: the running server's, or, if none runs, our own.

    Raises `BackupError`, `ControlError`, `DataDirectoryInUseError`, `NewerDataError`, `Refused`.
    """
    if not (data / MESSAGES).is_dir() or not (data / DIRECTORY).is_file():
        raise BackupError(f"{data} is no data folder: name it with --data-path")
    refuse_unfinished(data)
    refuse_half(data)
    try:
        with running_checkpoint(data, telling.doing) as taken:
            yield taken
            return
    except NotRunningError:
        telling.doing("no server runs: opening the data folder")
    with asyncio.Runner() as runner:
        holding = _own_checkpoint(data)
        taken = runner.run(holding.__aenter__())
        try:
            yield taken
        finally:
            runner.run(holding.__aexit__(None, None, None))


def back_up(data: Path, target: Path, telling: Telling) -> Manifest:
    """Back `data` up to the folder `target`, which must not exist. Nothing is left there if it fails.

    Raises `BackupError`, OSError, and as `checkpoint_of`.
    """
    if target.exists():
        raise BackupError(f"{target} exists already: each backup has a folder of its own")
    if data.resolve() == target.resolve() or data.resolve() in target.resolve().parents:
        raise BackupError(f"{target} lies in the data folder: a backup belongs elsewhere, best on another disk")
    draft = draft_name(target)
    with checkpoint_of(data, telling) as (stores, checkpoint):
        lasting_folder(target.parent)
        new_folder(draft)
        try:
            manifest = _copy(data, stores, draft, checkpoint.at, telling)
            draft.rename(target)
            sync_folder(target.parent)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return manifest


def _copy(data: Path, stores: Path, draft: Path, at: int, telling: Telling) -> Manifest:
    versions = messages.versions(stores / MESSAGES)
    schema = directory.schema_of(stores / DIRECTORY)
    # What is not a store is read after the moment: its files do not change, so there are only more of them.
    wanted = [(path, path.relative_to(stores)) for path in files_in(stores) if not _of_rocksdb_itself(path)]
    for entry in besides(data):
        found = files_in(entry) if entry.is_dir() else [entry]
        wanted += [(path, path.relative_to(data)) for path in found if entry.name != MEDIA]
    media = [(path, path.relative_to(data)) for path in media_in(data)]
    wanted += media
    telling.doing("copying", sum(_size(path) for path, _ in wanted))
    entries = list(_copied(wanted, {name for _, name in media}, draft, telling.did))
    manifest = Manifest(
        format=FORMAT,
        version=chinwag.__version__,
        at=at,
        data_format=versions.data_format,
        directory_schema=schema,
        inbox_epoch=versions.epochs.inbox,
        log_epoch=versions.epochs.log,
        files=entries,
    )
    with new_file(draft / FILE) as file:
        file.write(written(manifest))
        file.flush()
        os.fsync(file.fileno())
    for folder in {path.parent for path in files_in(draft)}:
        sync_folder(folder)
    return manifest


def _size(path: Path) -> int:
    """Of one that went meanwhile 0: whether that is a fault is seen when it is copied."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _of_rocksdb_itself(path: Path) -> bool:
    """What RocksDB writes for people to read, and its lock: no data, and it changes while it is copied."""
    return path.parent.name == MESSAGES and (path.name == "LOCK" or path.name.startswith("LOG"))


def _copied(
    wanted: list[tuple[Path, Path]], media: Set[Path], draft: Path, did: Callable[[int], None]
) -> Iterator[ListedFile]:
    """media: of them those that never change, and that may go meanwhile, as nobody needs them."""
    for path, name in wanted:
        if any("\ud800" <= character <= "\udfff" for character in os.fspath(name)):
            raise BackupError(f"{os.fspath(name)!a} has a name that is not UTF-8: give it another, or take it away")
        try:
            if name in media:
                yield linked(path, draft, name.as_posix(), did)
            else:
                yield copied(path, draft, name.as_posix(), did)
        except FileNotFoundError:
            if name in media:
                continue
            raise BackupError(
                f"{path} went away while it was copied: the server has probably stopped. Run the backup again."
            ) from None


@asynccontextmanager
async def _own_checkpoint(data: Path) -> AsyncIterator[tuple[Path, Checkpoint]]:
    embedded = await open_embedded(data)
    try:
        await asyncio.to_thread(clear_checkpoint, data)
        async with held_checkpoint(embedded.engine, data) as checkpoint:
            yield data / checkpoint.path, checkpoint
    finally:
        await embedded.close()
