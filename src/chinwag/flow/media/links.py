"""Links to media that a browser can open by itself, as it plays a video: signed, soon over, and of no use once whoever
asked for one may not read the message any more.

A link is `m1.<what it says>.<mac>`, which holds no token: device and account are looked at anew each time.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.tokens import Claims
from chinwag.flow.clock import Clock
from chinwag.ports.directory import MadeKind

LIFETIME_MS: Final = 600_000
LINK_MAX: Final = 1_500
"""Characters; nothing longer is looked at."""


class MediaGrant(msgspec.Struct, frozen=True, array_like=True):
    """What a link opens, for whom, until when (milliseconds since 1970)."""

    account: AccountId
    device: DeviceId
    conversation: ConversationId
    number: int
    kind: MadeKind
    expires_at: int

    @property
    def claims(self) -> Claims:
        """As admission asks for them."""
        return Claims(self.account, self.device, self.expires_at - LIFETIME_MS, self.expires_at)


_decode: Final = msgspec.msgpack.Decoder(MediaGrant).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class MediaLinks:
    """Makes links, and reads them. Every server of an installation takes those of the others."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._clock()

    def issue(self, principal: Principal, conversation: ConversationId, number: int, kind: MadeKind) -> tuple[str, int]:
        """A link's last part, and when it expires."""
        expires = self._clock() + LIFETIME_MS
        grant = MediaGrant(principal.account, principal.device, conversation, number, kind, expires)
        said = f"m1.{urlsafe_b64encode(_encode(grant)).decode().rstrip('=')}"
        return f"{said}.{self._mac(said)}", expires

    def read(self, link: str) -> MediaGrant:
        """What a link says. Raises `unauthenticated`, `token_expired`."""
        said, _, mac = link.rpartition(".") if len(link) <= LINK_MAX and link.isascii() else ("", "", "")
        if not said.startswith("m1.") or not hmac.compare_digest(mac, self._mac(said)):
            raise Refused(Code.UNAUTHENTICATED)
        try:
            packed = said[3:]
            grant = _decode(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        except (binascii.Error, ValueError, msgspec.MsgspecError):
            raise Refused(Code.UNAUTHENTICATED) from None
        if grant.expires_at <= self._clock():
            raise Refused(Code.TOKEN_EXPIRED, "the link has expired")
        return grant

    def _mac(self, said: str) -> str:
        digest = hmac.digest(self._keys.refresh_secret, b"media-link:" + said.encode(), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
