"""The KeyStore: the keys that tokens are signed with, those by which browsers' push services know this server, and the
secret behind refresh tokens and tickets."""

from collections.abc import Collection, Hashable
from typing import Literal, Protocol

import msgspec

from chinwag.told import Told


class StoredKey(msgspec.Struct, frozen=True):
    """A private key for signing. created_at: milliseconds since 1970; private: PEM, PKCS 8. purpose: it signs access
    tokens, or what is told to push services."""

    id: str
    created_at: int
    private: bytes
    purpose: Literal["access", "push"] = "access"

    def __repr__(self) -> str:
        return f"StoredKey({self.id})"


class StoredKeys(msgspec.Struct, frozen=True):
    """All that a store holds. keys: those of access tokens; push: those of pushes; the oldest first. secret: empty if
    there is none yet."""

    keys: tuple[StoredKey, ...] = ()
    secret: bytes = b""
    push: tuple[StoredKey, ...] = ()

    def __repr__(self) -> str:
        return f"StoredKeys({len(self.keys)})"


class KeysExposed(Told):
    """Others than the store's owner can read a key, or could put one of theirs beside it."""


class KeysDamaged(Told):
    """What lies where a key should lie is none."""


class KeyStore(Protocol):
    """Keys at rest. Several processes may share a store.

    Durability: what `add`, `begin_secret`, `remove` and `replace` did is durable when they return. Atomicity: each key
    and the secret are there whole or not at all, for a reader at any moment as after a crash. `replace` is not one
    step: a crash in its midst may leave some of what was there, and then it is to be called again; at no moment does a
    reader find no key at all.

    Privacy: nobody but the store's owner can read a key. A store in which somebody else could is not used: every call
    but `stamp` raises `KeysExposed`; `replace` only where it could not put its own keys safely.

    Failures: a store that cannot be read or written raises OSError, one that holds something else than keys
    `KeysDamaged`. Calls block, for a sync of a disk at most: they are for starts, rotations, and a look now and then.
    """

    def read(self) -> StoredKeys:
        """All that is there now. What another process removes meanwhile is in it, or is not."""
        ...

    def stamp(self) -> Hashable:
        """A value that is another one after every change. Cheap enough to be asked for once a second."""
        ...

    def add(self, key: StoredKey) -> None:
        """Store a key beside the others. A key of that id and purpose that is there already is left as it is."""
        ...

    def begin_secret(self, secret: bytes) -> None:
        """Store the secret, unless there is one: of several processes the first wins."""
        ...

    def remove(self, ids: Collection[str]) -> None:
        """Remove the keys of these ids, whatever their purpose; those that are not there are passed over."""
        ...

    def replace(self, key: StoredKey, secret: bytes) -> None:
        """Leave nothing but `key` and `secret`."""
        ...
