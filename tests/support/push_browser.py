"""A browser's side of Web Push: keys of its own, and what opens a payload with them.

Written from RFC 8188 and 8291 without the server's code, so that both agree only where both are right.
"""

import os
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

MOST: Final = 4096
"""The longest body that push services take (RFC 8030, 7.2, and RFC 8291, 4)."""


class PushBrowser:
    """The keys of one subscription. p256dh: its public key, 65 bytes; auth: its secret, 16 bytes."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None, auth: bytes = b"") -> None:
        self._private = ec.generate_private_key(ec.SECP256R1()) if private is None else private
        self.p256dh = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.auth = auth or os.urandom(16)

    def open(self, body: bytes) -> bytes:
        """The content of a body in the encoding aes128gcm, of one record. Raises AssertionError, ValueError and
        InvalidTag for anything that is none."""
        assert len(body) <= MOST, f"{len(body)} bytes are more than a push service takes"
        salt, record_size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        server, sealed = body[21 : 21 + length], body[21 + length :]
        assert length == 65, "a key in the header is a point on P-256, uncompressed"
        assert record_size >= 18, "RFC 8188, 2.1"
        assert len(sealed) <= record_size, "one record"
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), server)
        shared = self._private.exchange(ec.ECDH(), point)
        material = _hkdf(self.auth, shared, b"WebPush: info\0" + self.p256dh + server, 32)
        key = _hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
        content = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert content.endswith(b"\x02"), "the delimiter of the last record"
        return content[:-1]

    def read(self, body: bytes) -> dict[str, Any]:
        """The same, of a payload of ours."""
        return msgspec.json.decode(self.open(body), type=dict[str, Any])


def base64url(given: bytes) -> str:
    """Without padding."""
    return urlsafe_b64encode(given).decode()


def unbase64url(given: str) -> bytes:
    """Of text without padding."""
    return urlsafe_b64decode(given.encode())


def _hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
