"""The key ring: which key signs, which ones still verify, and when what others did to the store is noticed."""

import secrets
from typing import Final

import structlog
from joserfc.jwk import OKPKey

from chinwag.ports.key_store import KeysDamaged, KeysExposed, KeyStore, StoredKey

LIFETIME_MS: Final = 600_000
"""An access token's, where nothing else is said."""
LOOK_MS: Final = 1_000
"""How soon a process notices that keys were added or replaced."""
GRACE_MS: Final = 60_000
"""How much longer than its tokens an old key verifies: clocks of several machines, and processes that notice late."""
SECRET_BYTES: Final = 32

_log = structlog.get_logger(__name__)


class KeyRing:
    """The keys of one store, made at first use. Several processes may share the store.

    The youngest key signs. An older one verifies until the last token that it can have signed has expired, and no
    longer, whether or not it still lies in the store.
    """

    def __init__(self, store: KeyStore, now_ms: int, lifetime_ms: int = LIFETIME_MS) -> None:
        """Read or make the keys. lifetime_ms: of an access token. Raises `KeysExposed`, `KeysDamaged`, OSError."""
        self.lifetime_ms: Final = lifetime_ms
        self.generation = 0
        """Another number whenever a key or the secret is gone: what was verified before counts no longer."""
        self.replaced = 0
        """How often the secret was replaced under this ring, with all keys."""
        self.store: Final = store
        self._looked_at = now_ms
        self._stamp = store.stamp()
        held = store.read()
        if not held.keys:
            store.add(_new_key(now_ms))
        if not held.secret:
            store.begin_secret(secrets.token_bytes(SECRET_BYTES))
        self._keys: dict[str, OKPKey] = {}
        self._ends: dict[str, int | None] = {}
        self.refresh_secret = b""
        self._load()

    def signing(self, now_ms: int) -> tuple[str, OKPKey]:
        """The id and the key that sign now."""
        self.look(now_ms)
        return self._signing, self._keys[self._signing]

    def find(self, key_id: str, now_ms: int) -> OKPKey | None:
        """The key with that id, if it verifies now."""
        self.look(now_ms)
        key = self._keys.get(key_id)
        if key is None:
            return None
        ends = self._ends[key_id]
        return None if ends is not None and ends < now_ms else key

    def look(self, now_ms: int) -> None:
        """Notice what other processes did to the store: at most once a second, at the price of one look at it.

        While the store cannot be read, what was read last holds.
        """
        if abs(now_ms - self._looked_at) < LOOK_MS:
            return
        self._looked_at = now_ms
        try:
            stamp = self.store.stamp()
            if stamp != self._stamp:
                self._load()
                self._stamp = stamp
        except (OSError, KeysExposed, KeysDamaged) as failure:
            _log.error("the keys cannot be read again", cause=str(failure))

    def rotate(self, now_ms: int) -> str:
        """Sign with a new key from now on; its id. Tokens that are out stay good until they expire."""
        self.prune(now_ms)
        return self.begin(self.new_key(now_ms))

    def new_key(self, now_ms: int) -> StoredKey:
        """A key younger than all others, which is nowhere yet."""
        return _new_key(max(now_ms, *(key.created_at + 1 for key in self.store.read().keys)))

    def begin(self, key: StoredKey) -> str:
        """Sign with `key` from now on; its id."""
        self.store.add(key)
        self._load()
        return key.id

    def replace(self, key: StoredKey) -> str:
        """Let `key` and a new secret take the place of all others: every token and ticket made before is void at once
        here, and within `LOOK_MS` in every other process. The id of `key`."""
        self.store.replace(key, secrets.token_bytes(SECRET_BYTES))
        self._load()
        return key.id

    def prune(self, now_ms: int) -> None:
        """Remove keys that verify nothing any more."""
        over = [name for name, ends in self._ends.items() if ends is not None and ends < now_ms]
        if over:
            self.store.remove(over)
            self._load()

    def _load(self) -> None:
        held = self.store.read()
        if not held.keys or not held.secret:
            raise KeysDamaged("there are no keys any more where they were read before")
        keys = {key.id: self._keys.get(key.id) or _imported(key) for key in held.keys}
        ends: dict[str, int | None] = {held.keys[-1].id: None}
        for key, successor in zip(held.keys, held.keys[1:], strict=False):
            ends[key.id] = successor.created_at + GRACE_MS + self.lifetime_ms
        if not self._keys.keys() <= keys.keys() or held.secret != self.refresh_secret:
            self.generation += 1
        if self.refresh_secret and held.secret != self.refresh_secret:
            self.replaced += 1
        self._keys, self._ends = keys, ends
        self._signing = held.keys[-1].id
        self.refresh_secret = held.secret


def _new_key(at: int) -> StoredKey:
    key = OKPKey.generate_key("Ed25519")
    return StoredKey(key.thumbprint()[:16], at, key.as_pem(private=True))


def _imported(key: StoredKey) -> OKPKey:
    try:
        return OKPKey.import_key(key.private)
    except ValueError:
        raise KeysDamaged(f"the key {key.id} is damaged: restore it from a backup, or remove it") from None
