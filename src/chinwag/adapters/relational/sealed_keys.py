"""The keys of several servers, in their directory's database, sealed by a secret that the database never sees.

Reading the database, or a backup of it, is not enough to sign a token: that takes the secret, a file on each server.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chinwag.adapters.postgres.said import said
from chinwag.ports.key_store import KeysDamaged, KeyStore, StoredKey, StoredKeys
from chinwag.told import Told

SECRET_BYTES: Final = 32
SECONDS: Final = 3.0
"""The longest that a call takes."""
_FORMAT: Final = b"\1"
_NONCE: Final = 12
_SECRET: Final = ""
_PUSH: Final = "push:"
"""Before the ids of keys for pushes."""
_LOCK: Final = 0x6368696E_77616702
"""The advisory lock of those who write keys."""

Found = TypeVar("Found")


class NoKeysError(Told):
    """There are no keys for this server where they must be."""


class SealedKeyStore:
    """`KeyStore` in the database `url`. Raises `NoKeysError` for a secret that is too short to seal anything."""

    def __init__(self, url: str, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            raise NoKeysError(f"the cluster's secret has {len(secret)} bytes, and needs {SECRET_BYTES} at least")
        self._url = url
        self._seal = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"chinwag signing keys").derive(secret))

    def read(self) -> StoredKeys:
        rows = self._ask(lambda connection: connection.fetch("SELECT id, created_at, sealed FROM signing_keys"))
        opened = [_stored(row["id"], row["created_at"], self._open(*row)) for row in rows]
        keys = sorted((one for one in opened if one.id != _SECRET), key=lambda one: (one.created_at, one.id))
        secret = next((one.private for one in opened if one.id == _SECRET), b"")
        return StoredKeys(
            tuple(one for one in keys if one.purpose == "access"),
            secret,
            tuple(one for one in keys if one.purpose == "push"),
        )

    def stamp(self) -> Hashable:
        rows = self._ask(lambda connection: connection.fetch("SELECT sealed FROM signing_keys"))
        return frozenset(hashlib.sha256(row["sealed"]).digest() for row in rows)

    def add(self, key: StoredKey) -> None:
        self._write([key], _INSERT)

    def begin_secret(self, secret: bytes) -> None:
        self._write([StoredKey(_SECRET, 0, secret)], _INSERT)

    def remove(self, ids: Collection[str]) -> None:
        gone = [name for one in ids if one != _SECRET for name in (one, _PUSH + one)]
        self._ask(lambda connection: connection.execute("DELETE FROM signing_keys WHERE id = ANY ($1)", gone))

    def replace(self, key: StoredKey, secret: bytes) -> None:
        self._write([key, StoredKey(_SECRET, 0, secret)], "DELETE FROM signing_keys", _INSERT)

    def _write(self, keys: Collection[StoredKey], *statements: str) -> None:
        rows = [(_id(one), one.created_at, self._closed(one)) for one in keys]
        *before, insert = statements

        async def write(connection: Any) -> None:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                for statement in before:
                    await connection.execute(statement)
                await connection.executemany(insert, rows)

        self._ask(write)

    def _closed(self, key: StoredKey) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return _FORMAT + nonce + self._seal.encrypt(nonce, key.private, _FORMAT + _name(_id(key), key.created_at))

    def _open(self, key: str, created_at: int, sealed: bytes) -> bytes:
        """What was sealed under that very name and time."""
        seal, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            # the format is sealed in as well
            return self._seal.decrypt(nonce, rest, seal + _name(key, created_at))
        except (InvalidTag, ValueError):
            what = f"the key {key}" if key else "the secret of refresh tokens"
            raise KeysDamaged(
                f"{what} in the directory's database is damaged, or was sealed with another cluster secret: give this "
                "server the secret file of the others"
            ) from None

    def _ask(self, work: Callable[[Any], Awaitable[Found]]) -> Found:
        """Do `work` on a connection of its own, in a loop of its own: whoever calls may be in one that runs."""

        async def asked() -> Found:
            async with asyncio.timeout(SECONDS):
                connection = await asyncpg.connect(self._url, server_settings={"search_path": "public"})
                try:
                    return await work(connection)
                finally:
                    connection.terminate()

        with ThreadPoolExecutor(1) as thread:
            try:
                return thread.submit(asyncio.run, asked()).result()
            except asyncpg.UndefinedTableError as error:
                raise NoKeysError(
                    "the directory's database has no tables for keys: run `chinwag cluster init`"
                ) from error
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                raise OSError(f"the keys' database cannot be asked: {said(error)}") from error


class FollowedKeys:
    """`KeyStore` for a server: looks cost nothing, and a database that is away holds up nobody. `follow` it.

    What it holds it reads at its start. Raises `NoKeysError` if there are none: a server that made its own would let
    nobody in whom the others let in. Raises OSError, `KeysDamaged`.
    """

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._held, self._stamp = store.read(), store.stamp()
        if not self._held.keys or not self._held.secret:
            raise NoKeysError("the directory's database has no keys yet: `chinwag cluster init` makes them, once")

    async def follow(self) -> None:
        """Take over what other servers did to the store. To be called about once a second; never raises for a
        database that is away. Raises `KeysDamaged`."""
        try:
            stamp = await asyncio.to_thread(self._store.stamp)
            if stamp != self._stamp:
                self._held, self._stamp = await asyncio.to_thread(self._store.read), stamp
        except (OSError, NoKeysError):
            return

    def read(self) -> StoredKeys:
        return self._held

    def stamp(self) -> Hashable:
        return self._stamp

    def add(self, key: StoredKey) -> None:
        self._store.add(key)
        self._again()

    def begin_secret(self, secret: bytes) -> None:
        self._store.begin_secret(secret)
        self._again()

    def remove(self, ids: Collection[str]) -> None:
        self._store.remove(ids)
        self._again()

    def replace(self, key: StoredKey, secret: bytes) -> None:
        self._store.replace(key, secret)
        self._again()

    def _again(self) -> None:
        self._held, self._stamp = self._store.read(), self._store.stamp()


_INSERT: Final = "INSERT INTO signing_keys (id, created_at, sealed) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"


def _id(key: StoredKey) -> str:
    """Its id in the table."""
    return _PUSH + key.id if key.purpose == "push" else key.id


def _stored(name: str, created_at: int, private: bytes) -> StoredKey:
    """The key of that id in the table."""
    if name.startswith(_PUSH):
        return StoredKey(name.removeprefix(_PUSH), created_at, private, "push")
    return StoredKey(name, created_at, private)


def _name(key: str, created_at: int) -> bytes:
    return f"chinwag {created_at} {key}".encode()
