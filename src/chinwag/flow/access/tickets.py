"""Tickets: what discovery gives a device to show at one gateway, once and soon, instead of its access token.

A ticket is `t1.<account>.<device>.<node>.<expiry>.<nonce>.<mac>`. It names the gateway it is good at, so that
gateway alone can see to it that it is used once.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from typing import Final

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.tokens import SKEW_MS, Claims
from chinwag.flow.clock import Clock
from chinwag.ports.bus import NodeId

LIFETIME_MS: Final = 30_000
USED: Final = 100_000
"""Used tickets remembered; so many in half a minute and further ones are refused."""
TICKET_MAX: Final = 512
"""Characters; nothing longer is looked at."""
_DIGITS: Final = 15


SHARED: Final = NodeId("shared")
"""Named by a ticket that is good at any one of the gateways that share an address, as nobody can tell which of them a
proxy there will choose. Each of them takes it once."""


class Tickets:
    """Makes tickets for any gateway, and redeems those for `node`. shared: those as well for a gateway that shares its
    address with others."""

    def __init__(self, keys: KeyRing, clock: Clock, node: NodeId, shared: bool = False) -> None:
        self._keys = keys
        self._clock = clock
        self._nodes = frozenset((node, SHARED) if shared else (node,))
        self._used: OrderedDict[str, int] = OrderedDict()

    def issue(self, principal: Principal, node: NodeId) -> tuple[str, int]:
        """A ticket for `node`, and when it expires (milliseconds since 1970)."""
        expires = self._clock() + LIFETIME_MS
        nonce = urlsafe_b64encode(secrets.token_bytes(12)).decode()
        said = f"t1.{principal.account}.{principal.device}.{node}.{expires}.{nonce}"
        return f"{said}.{self._mac(said)}", expires

    def redeem(self, ticket: str) -> Claims:
        """Whose ticket this is; it is used up then. Raises `unauthenticated` or `token_expired`."""
        said, _, mac = ticket.rpartition(".") if len(ticket) <= TICKET_MAX and ticket.isascii() else ("", "", "")
        parts = said.split(".")
        shaped = len(parts) == 6 and parts[0] == "t1" and parts[4].isdecimal() and len(parts[4]) <= _DIGITS
        if not shaped or not hmac.compare_digest(mac, self._mac(said)):
            raise Refused(Code.UNAUTHENTICATED)
        _, account, device, node, expires, nonce = parts
        now = self._clock()
        if node not in self._nodes:
            raise Refused(Code.UNAUTHENTICATED, "the ticket is for another gateway")
        if not now < int(expires) <= now + LIFETIME_MS + SKEW_MS:
            raise Refused(Code.TOKEN_EXPIRED, "the ticket has expired")
        while self._used and next(iter(self._used.values())) <= now:
            self._used.popitem(last=False)
        if nonce in self._used:
            raise Refused(Code.UNAUTHENTICATED, "the ticket was used before")
        if len(self._used) >= USED:
            raise Refused(Code.OVERLOADED, retry_after=5.0)
        self._used[nonce] = int(expires)
        return Claims(AccountId(account), DeviceId(device), now, int(expires))

    def _mac(self, said: str) -> str:
        digest = hmac.digest(self._keys.refresh_secret, b"ticket:" + said.encode(), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
