"""The keys by which browsers' push services know this server (VAPID, RFC 8292), and the secret of their tags."""

import asyncio
import base64
from typing import Final

import msgspec
import structlog
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey

from chinwag.flow.access.key_ring import LOOK_MS
from chinwag.flow.clock import Clock
from chinwag.ports.directory import Directory
from chinwag.ports.key_store import KeysDamaged, KeysExposed, KeyStore, StoredKey

KEEP_SECONDS: Final = 60.0
"""From one look for keys that nobody needs any more, or that are needed and gone, to the next."""

_log = structlog.get_logger(__name__)


class PushKey(msgspec.Struct, frozen=True):
    """One key. public: the point on P-256, uncompressed, in base64url, as browsers are given it. private: PEM."""

    id: str
    public: str
    private: bytes

    def __repr__(self) -> str:
        return f"PushKey({self.id})"


class PushKeys:
    """The keys of one store. Several processes may share it. Browsers subscribe with the youngest; one that subscribed
    with an older one is sent pushes signed with that, for as long as it is there."""

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        """Raises `KeysExposed`, `KeysDamaged`, OSError."""
        self._store = store
        self._clock = clock
        self._looked_at = clock()
        self._stamp = store.stamp()
        self._load()

    def begin(self) -> None:
        """Make the first key, if there is none."""
        if not self._keys:
            self._store.add(_new_key(self._clock()))
            self._load()

    def newest(self) -> PushKey | None:
        """The key with which browsers subscribe now; None before `begin`."""
        self._look()
        return self._keys[-1] if self._keys else None

    def find(self, key: str) -> PushKey | None:
        """The key of that id."""
        self._look()
        return next((one for one in self._keys if one.id == key), None)

    def private(self, key: str) -> bytes | None:
        """The private half of that id's key; None if it is gone."""
        found = self.find(key)
        return None if found is None else found.private

    def named(self, public: str) -> PushKey | None:
        """The key of that public half."""
        self._look()
        return next((one for one in self._keys if one.public == public.rstrip("=")), None)

    @property
    def older(self) -> list[str]:
        """The ids of all but the youngest."""
        self._look()
        return [one.id for one in self._keys[:-1]]

    @property
    def secret(self) -> bytes:
        """Behind the tags of pushes. With the keys' secret it changes, as after a leak: then nothing that was sent
        before is taken back."""
        self._look()
        return self._secret

    def rotate(self) -> str:
        """Let browsers subscribe with a new key from now on; its id. Nothing ends for those that have."""
        youngest = max((one.created_at for one in self._store.read().push), default=0)
        key = _new_key(max(self._clock(), youngest + 1))
        self._store.add(key)
        self._load()
        return key.id

    async def keep(self, directory: Directory) -> None:
        """Remove older keys with which nobody is subscribed any more, and make one if all are gone, as after a leak.
        Raises `Refused`, OSError."""
        if self.newest() is None:
            await asyncio.to_thread(self.begin)
        if older := self.older:
            async with directory.reading() as reading:
                used = await reading.push_subscriptions.keys_used(older)
            if unused := [key for key in older if key not in used]:
                await asyncio.to_thread(self._store.remove, unused)
                self._load()

    def _look(self) -> None:
        """Notice what other processes did, at most once in `LOOK_MS`. While the store cannot be read, what was read
        last holds."""
        now = self._clock()
        if abs(now - self._looked_at) < LOOK_MS:
            return
        self._looked_at = now
        try:
            if (stamp := self._store.stamp()) != self._stamp:
                self._load()
                self._stamp = stamp
        except (OSError, KeysExposed, KeysDamaged) as failure:
            _log.error("the keys cannot be read again", cause=str(failure))

    def _load(self) -> None:
        held = self._store.read()
        self._keys = [_imported(one) for one in held.push]
        derived = HKDF(SHA256(), 32, salt=None, info=b"chinwag tags of pushes")
        self._secret = derived.derive(held.secret) if held.secret else b""


_POINT: Final = b"\4"


def _new_key(at: int) -> StoredKey:
    key = ECKey.generate_key("P-256")
    return StoredKey(key.thumbprint()[:16], at, key.as_pem(private=True), "push")


def _imported(stored: StoredKey) -> PushKey:
    try:
        key = ECKey.import_key(stored.private)
        public = key.as_dict(private=False)
        point = _POINT + b"".join(_decoded(str(public[name])) for name in ("x", "y"))
    except (ValueError, KeyError):
        raise KeysDamaged(f"the key {stored.id} is damaged: restore it from a backup, or remove it") from None
    return PushKey(stored.id, base64.urlsafe_b64encode(point).rstrip(b"=").decode(), stored.private)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
