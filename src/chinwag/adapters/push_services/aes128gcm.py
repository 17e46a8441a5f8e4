"""The encryption of Web Push (RFC 8291 on RFC 8188): one record that only the browser can open.

Written over `cryptography` here: the library for it has no wheel, and nothing is built at an installation
([why](../../../../docs/decisions/web-push-encryption.md)).
"""

import os
from typing import Final

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES: Final = 4096
"""The size of a record as it is named, and the most that every push service takes (RFC 8291, 4)."""
CONTENT_BYTES: Final = RECORD_BYTES - 16 - 4 - 1 - 65 - 1 - 16
"""What fits: less salt, size, the length of the key's name, the key, the delimiter and the tag. 3,993."""
PUBLIC_BYTES: Final = 65
AUTH_BYTES: Final = 16
_CURVE: Final = ec.SECP256R1()


def encrypt(
    content: bytes, p256dh: bytes, auth: bytes, *, key: ec.EllipticCurvePrivateKey | None = None, salt: bytes = b""
) -> bytes:
    """`content` (at most `CONTENT_BYTES`) for the browser whose public key is `p256dh` (65 bytes, uncompressed) and
    whose secret is `auth`. key and salt: made anew for each, as they must be; given only by tests.

    Raises ValueError for what is too long, or is no such key or secret.
    """
    if len(content) > CONTENT_BYTES or len(auth) != AUTH_BYTES or len(p256dh) != PUBLIC_BYTES:
        raise ValueError("content, key or secret has a wrong length")
    browser = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, p256dh)
    ours = ec.generate_private_key(_CURVE) if key is None else key
    salt = salt or os.urandom(16)
    public = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    cipher, nonce = derive(ours.exchange(ec.ECDH(), browser), auth, p256dh, public, salt)
    # The 2 says that this is the last record (RFC 8188, 2).
    sealed = cipher.encrypt(nonce, content + b"\x02", None)
    return salt + RECORD_BYTES.to_bytes(4) + bytes([len(public)]) + public + sealed


def derive(shared: bytes, auth: bytes, browser: bytes, server: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    """The cipher and the nonce of the first record, from the secret that both keys share (RFC 8291, 3.4)."""
    key_info = b"WebPush: info\x00" + browser + server
    material = _hmac(_hmac(auth, shared), key_info + b"\x01")
    secret = _hmac(salt, material)
    content_key = _hmac(secret, b"Content-Encoding: aes128gcm\x00\x01")[:16]
    return AESGCM(content_key), _hmac(secret, b"Content-Encoding: nonce\x00\x01")[:12]


def _hmac(key: bytes, data: bytes) -> bytes:
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()
