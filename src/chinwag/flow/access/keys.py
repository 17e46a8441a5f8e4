"""The keys that tokens are made with, as files: a folder of mode 0700 with files of mode 0600.

`access-<created>-<id>.pem` are Ed25519 keys (PKCS 8); the youngest signs, the others still verify.
`refresh.secret` makes refresh tokens. Without this folder every device must log in again; nothing else is lost.
"""

import contextlib
import secrets
from itertools import pairwise
from pathlib import Path
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chinwag.lasting import lasting_folder, whole_file
from chinwag.told import Told

RELOAD_MS: Final = 1000
"""How soon an unknown key is looked for again."""
NOTICE_MS: Final = 60_000
"""How soon a process signs with the key that another process has made."""
SECRET_BYTES: Final = 32


class KeysExposed(Told):
    """A key can be read by other users of the machine."""


class KeysDamaged(Told):
    """A file of keys does not hold what it must."""


class KeyRing:
    """The keys of one folder, made at first use. Several processes may share the folder."""

    def __init__(self, folder: Path, now_ms: int) -> None:
        """Open or make the keys. Raises `KeysExposed` if anyone else could read them, and `KeysDamaged`."""
        self._folder = folder
        lasting_folder(folder)
        _check_private(folder)
        if not list(folder.glob("access-*.pem")):
            self._make(now_ms)
        if not (folder / "refresh.secret").exists():
            _write_new(folder / "refresh.secret", secrets.token_bytes(SECRET_BYTES))
        _check_private(folder / "refresh.secret")
        self.refresh_secret: Final = (folder / "refresh.secret").read_bytes()
        if len(self.refresh_secret) < SECRET_BYTES:  # a short one could be guessed
            raise _damaged(folder / "refresh.secret", "every device must then log in again")
        self._loaded_at = now_ms
        self._load()

    def signing(self, now_ms: int) -> tuple[str, OKPKey]:
        """The id and the key that sign now."""
        if abs(now_ms - self._loaded_at) >= NOTICE_MS:
            self._loaded_at = now_ms
            self._load()
        return self._signing, self._keys[self._signing]

    def find(self, key_id: str, now_ms: int) -> OKPKey | None:
        """The key with that id. Looks for new files, at most once a second, if it does not know it."""
        if key_id not in self._keys and abs(now_ms - self._loaded_at) >= RELOAD_MS:
            self._loaded_at = now_ms
            self._load()
        return self._keys.get(key_id)

    def rotate(self, now_ms: int, lifetime_ms: int) -> str:
        """Sign with a new key from now on; its id. Keys whose last tokens (`lifetime_ms`) have expired are deleted."""
        found = sorted(self._folder.glob("access-*.pem"))
        for path, successor in pairwise(found):
            if _created(successor) + NOTICE_MS + lifetime_ms < now_ms:
                path.unlink()
        key_id = self._make(max(now_ms, _created(found[-1]) + 1 if found else 0))
        self._load()
        return key_id

    def _make(self, now_ms: int) -> str:
        key = OKPKey.generate_key("Ed25519")
        key_id = key.thumbprint()[:16]
        _write_new(self._folder / f"access-{now_ms:015d}-{key_id}.pem", key.as_pem(private=True))
        return key_id

    def _load(self) -> None:
        paths = sorted(self._folder.glob("access-*.pem"))
        keys: dict[str, OKPKey] = {}
        for path in paths:
            _check_private(path)
            try:
                _created(path)
                keys[path.stem.split("-", 2)[2]] = OKPKey.import_key(path.read_bytes())
            except (ValueError, IndexError, TypeError, JoseError) as error:
                raise _damaged(path, "tokens that it signed are then asked for anew") from error
        self._keys = keys
        self._signing = paths[-1].stem.split("-", 2)[2]


def _created(path: Path) -> int:
    return int(path.stem.split("-", 2)[1])


def _damaged(path: Path, after: str) -> KeysDamaged:
    return KeysDamaged(f"{path} is damaged: give it back from a backup, or take it away ({after})")


def _check_private(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise KeysExposed(f"{path} can be read by others: take that right away (chmod go= {path}) and rotate the keys")


def _write_new(path: Path, content: bytes) -> None:
    """Write a file whole and durably, or leave the one that another process has just written."""
    with contextlib.suppress(FileExistsError), whole_file(path) as file:
        file.write(content)
