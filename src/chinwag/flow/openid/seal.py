"""Seals what providers give, so that whoever reads the database cannot use it."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chinwag.flow.access.key_ring import KeyRing

_FORMAT: Final = b"\1"
_NONCE_BYTES: Final = 12


class Seal:
    """Under a key made of the KeyStore's secret. Once that is replaced, nothing opens that was sealed before: every
    device has to log in again then anyway."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._made_of = b""
        self._cipher: AESGCM | None = None

    def close(self, text: str, owner: str) -> bytes:
        """Seal a text that is `owner`'s; of an empty one nothing."""
        if not text:
            return b""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._now().encrypt(nonce, text.encode(), _FORMAT + owner.encode())

    def open(self, sealed: bytes, owner: str) -> str:
        """What was sealed as `owner`'s. Empty if it was nothing, or cannot be opened: the secret was replaced since."""
        format_, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if format_ != _FORMAT:
            return ""
        try:
            return self._now().decrypt(nonce, rest, format_ + owner.encode()).decode()
        except (InvalidTag, ValueError):
            return ""

    def _now(self) -> AESGCM:
        secret = self._keys.refresh_secret
        if self._cipher is None or secret != self._made_of:
            key = HKDF(SHA256(), 32, salt=None, info=b"chinwag tokens of providers").derive(secret)
            self._made_of, self._cipher = secret, AESGCM(key)
        return self._cipher
