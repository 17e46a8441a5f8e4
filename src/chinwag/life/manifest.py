"""What a backup says of itself: a file `manifest.json`, written last, so that a backup without one is none."""

from pathlib import Path
from typing import Final

import msgspec

from chinwag.life.folder import MEDIA
from chinwag.told import Told

FILE: Final = "manifest.json"
FORMAT: Final = 1


class BackupError(Told):
    """A backup cannot be made or used; the message says why and what would work."""


class ListedFile(msgspec.Struct, frozen=True):
    """One file: its path in the backup, with `/`, its size in bytes, and its SHA-256 in hexadecimal."""

    path: str
    bytes: int
    sha256: str


def is_medium(file: ListedFile) -> bool:
    """Whether it is of the media store, whose files are named by their SHA-256."""
    parts = Path(file.path).parts
    return parts[0] == MEDIA and parts[-1] == file.sha256


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One backup. `at`: the moment that it shows, in milliseconds since 1970. `version`: of Chinwag that made it.

    data_format, directory_schema, inbox_epoch, log_epoch: those of the stores at that moment.
    """

    format: int
    version: str
    at: int
    data_format: int
    directory_schema: str
    inbox_epoch: int
    log_epoch: int
    files: list[ListedFile]

    @property
    def bytes(self) -> int:
        """What all files take."""
        return sum(entry.bytes for entry in self.files)


class _Format(msgspec.Struct, frozen=True):
    format: int


def read_manifest(source: Path) -> Manifest:
    """The manifest of the backup in `source`. Raises `BackupError`."""
    try:
        content = (source / FILE).read_bytes()
    except OSError as error:
        raise BackupError(f"{source} is no backup: {FILE} cannot be read ({error.strerror})") from None
    try:
        found = msgspec.json.decode(content, type=_Format).format
        if found > FORMAT:
            raise BackupError(
                f"{source} was made by a newer Chinwag (backup format {found}; this one knows {FORMAT}): "
                "restore it with that version"
            )
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupError(f"{source} is no backup: {FILE} is damaged ({error})") from None
    for entry in manifest.files:
        parts = Path(entry.path).parts
        if not parts or entry.path.startswith("/") or ".." in parts:
            raise BackupError(f"{source} is no backup: {FILE} names a file outside of it")
    return manifest


def written(manifest: Manifest) -> bytes:
    """The content of its file: indented, since people look into it."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
