"""Access tokens (JWT, RFC 7519, signed with Ed25519, RFC 8037 and 9864) and refresh tokens (opaque).

An access token is verified without asking anyone. A refresh token is `r1.<device>.<nonce>.<mac>`: the MAC says that
it once was ours, the directory says (by digest) whether it is the one that counts. So a used one is known for ever
without keeping every one, and a forged one can log nobody out.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from typing import Final

import msgspec
from joserfc import jwt

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.signatures import ALGORITHM, Signatures
from chinwag.flow.clock import Clock

ISSUER: Final = "chinwag"
TOKEN_MAX: Final = 2048
"""Characters; nothing longer is looked at."""
CACHED: Final = 20_000
SKEW_MS: Final = 60_000
"""How far the clocks of two processes may be apart: a token from further ahead is not taken yet."""
_NONCE_BYTES: Final = 16


class Claims(msgspec.Struct, frozen=True):
    """What a verified access token says. Times are milliseconds since 1970."""

    account: AccountId
    device: DeviceId
    issued_at: int
    expires_at: int


class _Payload(msgspec.Struct):
    iss: str
    sub: str
    dev: str
    iat: int
    exp: int
    jti: str


_payload: Final = msgspec.json.Decoder(_Payload).decode


class Tokens:
    """Makes and verifies tokens. The ring says how long an access token is good, whatever stands in it: whoever has
    a key could write anything there."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self.keys: Final = keys
        self._clock = clock
        self._signatures = Signatures(keys)
        # By digest: a token is five times as long.
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._generation = keys.generation
        self.lifetime_ms: Final = keys.lifetime_ms

    def access(self, account: AccountId, device: DeviceId) -> tuple[str, int]:
        """A new access token, and when it expires (milliseconds since 1970)."""
        now = self._clock()
        issued = now // 1000
        expires = issued + self.lifetime_ms // 1000
        key_id, key = self.keys.signing(now)
        header = {"alg": ALGORITHM, "kid": key_id, "typ": "at+jwt"}
        claims = {
            "iss": ISSUER,
            "sub": account,
            "dev": device,
            "iat": issued,
            "exp": expires,
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM]), expires * 1000

    def verify(self, token: str) -> Claims:
        """What an access token says. Raises `unauthenticated` or `token_expired`. Verified ones are remembered,
        for a signature costs about as much as the rest of a request."""
        claims = self.remembered(token)
        if claims is None:
            claims = self._verify(token)
            self._verified[digest(token)] = claims
            if len(self._verified) > CACHED:
                self._verified.popitem(last=False)
        if claims.expires_at <= self._clock():
            self._verified.pop(digest(token), None)
            raise Refused(Code.TOKEN_EXPIRED)
        return claims

    def remembered(self, token: str) -> Claims | None:
        """What a token said when it was verified lately; it may have expired since."""
        self.keys.look(self._clock())
        if self.keys.generation != self._generation:
            self._verified.clear()
            self._generation = self.keys.generation
        name = digest(token)
        claims = self._verified.get(name)
        if claims is not None:
            self._verified.move_to_end(name)
        return claims

    @property
    def installation(self) -> str:
        """A short name of this installation, the same for all that share its keys, and no secret: browsers keep the
        cookies of all servers of one host together, whatever their ports."""
        return self._mac("installation").hex()[:8]

    def refresh(self, device: DeviceId) -> str:
        """A new refresh token for a device."""
        return self._refresh(device, secrets.token_bytes(_NONCE_BYTES))

    def successor(self, token: str, attempt: str) -> str | None:
        """The refresh token after `token`: the same for the same `attempt`, so that who has lost the answer can ask
        again. None if `token` is not one of ours."""
        device = self.device_of(token)
        return None if device is None else self._refresh(device, self._mac("next", token, attempt)[:_NONCE_BYTES])

    def device_of(self, refresh_token: str) -> DeviceId | None:
        """Whose refresh token this is or was; None if this server never made it."""
        parts = refresh_token.split(".") if len(refresh_token) <= TOKEN_MAX and refresh_token.isascii() else []
        if len(parts) != 4 or parts[0] != "r1":
            return None
        expected = _text(self._mac("token", parts[1], parts[2]))
        return DeviceId(parts[1]) if hmac.compare_digest(expected, parts[3]) else None

    def _refresh(self, device: DeviceId, nonce: bytes) -> str:
        text = _text(nonce)
        return f"r1.{device}.{text}.{_text(self._mac('token', device, text))}"

    def _mac(self, purpose: str, *parts: str) -> bytes:
        # With the lengths, no two lists of parts give the same message.
        message = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
        return hmac.digest(self.keys.refresh_secret, message.encode("utf-8", "surrogatepass"), "sha256")

    def _verify(self, token: str) -> Claims:
        if len(token) > TOKEN_MAX:
            raise Refused(Code.UNAUTHENTICATED)
        now = self._clock()
        try:
            payload = _payload(self._signatures.signed(token, now))
        except (ValueError, msgspec.DecodeError):
            raise Refused(Code.UNAUTHENTICATED) from None
        if payload.iss != ISSUER:
            raise Refused(Code.UNAUTHENTICATED)
        issued_at = payload.iat * 1000
        if issued_at > now + SKEW_MS:
            raise Refused(Code.TOKEN_EXPIRED, "the token is from the future: a clock was moved back")
        return Claims(
            account=AccountId(payload.sub),
            device=DeviceId(payload.dev),
            issued_at=issued_at,
            expires_at=min(payload.exp * 1000, issued_at + self.lifetime_ms),
        )


def digest(secret: str) -> bytes:
    """How a token or an invitation code is stored. They are random, so a plain SHA-256 hides them."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
