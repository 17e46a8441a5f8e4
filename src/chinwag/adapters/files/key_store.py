"""Keys as files: a folder of mode 0700 with files of mode 0600.

`access-<created>-<id>.pem` are Ed25519 keys (PKCS 8), `push-<created>-<id>.pem` keys on P-256, `refresh.secret` the
secret. Without this folder every device must log in again; nothing else is lost.
"""

import os
from collections.abc import Collection, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from chinwag.lasting import lasting_folder, sync_folder, whole_file
from chinwag.ports.key_store import KeysDamaged, KeysExposed, StoredKey, StoredKeys

_BEHIND: Final = "refresh.secret"
AGAIN: Final = 10
"""How often a folder that changed under its reader, or that has no keys, is read again."""


class FileKeyStore:
    """`KeyStore` upon a folder, made at once if it is not there. Raises `KeysExposed`, OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        lasting_folder(folder)

    def read(self) -> StoredKeys:
        self._check_private()
        keys, whole = self._keys()
        for _ in range(AGAIN):
            if whole:
                break
            keys, whole = self._keys()
        secret = b""
        with suppress(FileNotFoundError):
            secret = (self._folder / _BEHIND).read_bytes()
            if not secret:
                raise KeysDamaged(f"{self._folder / _BEHIND} is empty: {_AFRESH}")
        keys.sort(key=lambda one: (one.created_at, one.id))
        return StoredKeys(
            tuple(one for one in keys if one.purpose == "access"),
            secret,
            tuple(one for one in keys if one.purpose == "push"),
        )

    def stamp(self) -> Hashable:
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    found.append((entry.name, status.st_ino, status.st_mtime_ns, status.st_mode))
        return tuple(sorted(found))

    def add(self, key: StoredKey) -> None:
        self._check_private()
        self._write(_name(key), key.private)

    def begin_secret(self, secret: bytes) -> None:
        self._check_private()
        self._write(_BEHIND, secret)

    def remove(self, ids: Collection[str]) -> None:
        self._check_private()
        gone = [path for path in self._paths() if _id(path) in ids]
        for path in gone:
            path.unlink(missing_ok=True)
        if gone:
            sync_folder(self._folder)

    def replace(self, key: StoredKey, secret: bytes) -> None:
        self._check_private(self._folder)
        self._write(_name(key), key.private, instead=True)
        self._write(_BEHIND, secret, instead=True)
        for path in self._folder.iterdir():
            # Drafts of a start that was killed are keys too.
            if path.name != _name(key) and (_id(path) or path.name.startswith(".")):
                path.unlink(missing_ok=True)
        sync_folder(self._folder)

    def _keys(self) -> tuple[list[StoredKey], bool]:
        """The keys that are there, and whether they were there all the while: a folder is not read at one moment, so
        one whose keys are being replaced may show neither the old nor the new one."""
        keys, paths = [], self._paths()
        for path in paths:
            with suppress(FileNotFoundError):  # another process has just removed it
                keys.append(_key(path))
        return keys, any(key.purpose == "access" for key in keys) and len(keys) == len(paths)

    def _paths(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if _id(path)]

    def _check_private(self, *paths: Path) -> None:
        """Of all that there is, or of `paths`."""
        for path in paths or (self._folder, self._folder / _BEHIND, *self._paths()):
            with suppress(FileNotFoundError):
                if path.stat().st_mode & 0o077:
                    raise KeysExposed(
                        f"{path} is open to other users of this machine: take that right away (chmod go= {path}), and "
                        "if anybody may have used it, replace all keys at once (chinwag keys rotate --leaked)"
                    )

    def _write(self, name: str, content: bytes, *, instead: bool = False) -> None:
        """Write a file whole and durably: `instead` of the one that is there, or else leave that one."""
        with suppress(FileExistsError), whole_file(self._folder / name, replace=instead) as file:
            file.write(content)


_AFRESH: Final = "take the folder away, and the server makes new keys at its next start; every device must log in again"


def _key(path: Path) -> StoredKey:
    private = path.read_bytes()
    if not private.startswith(b"-----BEGIN PRIVATE KEY-----"):
        raise KeysDamaged(f"{path} is no key: {_AFRESH}")
    try:
        purpose: Literal["access", "push"] = "push" if path.stem.startswith("push-") else "access"
        return StoredKey(_id(path), int(path.stem.split("-", 2)[1]), private, purpose)
    except (ValueError, IndexError):
        raise KeysDamaged(f"{path} has no key's name: give its own back, or take it away") from None


def _id(path: Path) -> str:
    """The id of the key in a file of that name; empty if it is not a key's name."""
    kind, _, rest = path.stem.partition("-")
    created, _, name = rest.partition("-")
    named = kind in ("access", "push") and path.suffix == ".pem" and created.isascii() and created.isdecimal()
    return name if named else ""


def _name(key: StoredKey) -> str:
    return f"{key.purpose}-{key.created_at:015d}-{key.id}.pem"
