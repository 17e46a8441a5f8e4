"""Signatures of access tokens: who may have signed, and whether they did.

joserfc says what the header of a token may say. Its rules cost as much again as the signature; so what it said of one
header is remembered, and holds for every token with the very same one: of those only the signature is left to check.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from chinwag.flow.access.key_ring import KeyRing

ALGORITHM: Final = "Ed25519"
HEADERS: Final = 16
"""Headers remembered, the newest. One is written for each key, and of keys there are two or three at a time."""


class Signatures:
    """What the keys of a ring have signed."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._key_ids: dict[bytes, str] = {}
        self._now = 0

    def signed(self, token: str, now_ms: int) -> bytes:
        """The payload of a compact JWS that a key of the ring has signed. Raises ValueError for anything else."""
        self._now = now_ms
        raw = token.encode("ascii")
        header = raw.partition(b".")[0]
        key_id = self._key_ids.get(header)
        return self._by_rules(raw, header) if key_id is None else self._by_key(raw, key_id)

    def _by_rules(self, raw: bytes, header: bytes) -> bytes:
        """As joserfc decides."""
        try:
            decoded = jws.deserialize_compact(raw, self._key_of, algorithms=[ALGORITHM])
        except JoseError as refused:
            raise ValueError(str(refused)) from None
        said = decoded.headers()
        # A parameter more, and its rule might depend on more than the header.
        if said.keys() == {"alg", "kid", "typ"}:
            self._key_ids[header] = said["kid"]
            if len(self._key_ids) > HEADERS:
                del self._key_ids[next(iter(self._key_ids))]
        assert decoded.payload is not None
        return decoded.payload

    def _by_key(self, raw: bytes, key_id: str) -> bytes:
        """As joserfc decides for a header that it has passed, and never more kindly."""
        signed, _, signature = raw.rpartition(b".")
        key = self._find(key_id).get_op_key("verify")
        assert isinstance(key, Ed25519PublicKey)
        try:
            key.verify(_decoded(signature), signed)
        except InvalidSignature:
            raise ValueError("not signed by that key") from None
        return _decoded(signed.partition(b".")[2])

    def _key_of(self, token: GuestProtocol) -> OKPKey:
        key_id = token.headers().get("kid")
        if not isinstance(key_id, str):
            raise ValueError("no key is named")  # noqa: TRY004 - what came is wrong, not this program
        return self._find(key_id)

    def _find(self, key_id: str) -> OKPKey:
        key = self._keys.find(key_id, self._now)
        if key is None:
            raise ValueError("unknown key")
        return key


def _decoded(part: bytes) -> bytes:
    """Base64 for URLs without padding (RFC 7515, 2). Raises ValueError for what does not come out of encoding."""
    decoded = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    if urlsafe_b64encode(decoded).rstrip(b"=") != part:
        raise ValueError("not base 64")
    return decoded
