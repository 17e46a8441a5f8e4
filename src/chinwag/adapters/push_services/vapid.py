"""Who pushes, told to browsers' push services: a signed token for each (RFC 8292)."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from chinwag.flow.clock import Clock

TOKEN_SECONDS: Final = 12 * 3600
"""How long a token is good: half of what the RFC allows."""
RENEWED_SECONDS: Final = 3600
"""How long before its end another is made."""
TOKENS: Final = 256

PrivateKeys = Callable[[str], bytes | None]
"""The private key (PEM, PKCS 8, on P-256) of an id; None if it is not there any more."""


class Vapid:
    """Tokens, each kept as long as it is good; at most `TOKENS`. contact: a `mailto:` or `https:` address of whoever
    runs this server."""

    def __init__(self, contact: str, keys: PrivateKeys, clock: Clock) -> None:
        self._contact = contact
        self._keys = keys
        self._clock = clock
        self._made: OrderedDict[tuple[str, str], tuple[int, str]] = OrderedDict()

    def authorization(self, origin: str, key: str) -> str | None:
        """The header for pushes to `origin` (`https://host`), signed by the key of that id; None if there is none."""
        now = self._clock() // 1000
        made = self._made.get((origin, key))
        if made is None or not 0 <= made[0] - RENEWED_SECONDS - now <= TOKEN_SECONDS:
            private = self._keys(key)
            if private is None:
                return None
            made = now + TOKEN_SECONDS, self._header(origin, private, now + TOKEN_SECONDS)
            self._made[origin, key] = made
            if len(self._made) > TOKENS:
                self._made.popitem(last=False)
        self._made.move_to_end((origin, key))
        return made[1]

    def _header(self, origin: str, private: bytes, expires: int) -> str:
        claims = {"aud": origin, "exp": expires, "sub": self._contact}
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(private), algorithms=["ES256"])
        return f"vapid t={token}, k={public_key(private)}"


def public_key(private: bytes) -> str:
    """What a browser subscribes with (`applicationServerKey`), of a private key (PEM, PKCS 8): the point, uncompressed,
    in base64url without padding."""
    key = load_pem_private_key(private, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("this is no key on an elliptic curve")
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).decode()
