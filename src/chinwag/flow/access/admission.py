"""Admission: who a token lets in. Asked for every request and every new socket, so it answers from memory if it can.

The Directory is asked at most once a second per device; a revocation heard on the Bus counts at once. With the
Directory away two kinds of devices are let in all the same (promise P14 of docs/guarantees.md): one that this process
has seen confirmed within the last ten minutes, and one whose token was issued since this process hears of every
revocation, as such a token would be known here if it were revoked. Any other is told `unavailable`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.tokens import Claims, Tokens
from chinwag.flow.clock import Clock
from chinwag.flow.together import Together
from chinwag.ports.bus import REVOKED, Bus, Publication, Revoked
from chinwag.ports.directory import Directory, Standing

FRESH_MS: Final = 1_000
"""How old an answer of the Directory may be."""
TRUST_MS: Final = 600_000
"""How old it may be while the Directory is away."""
APART_MS: Final = 1_000
"""How far the clocks of two processes may be apart."""
BOUND: Final = 2.0
"""Seconds to wait for the Directory."""
DEVICES: Final = 200_000
"""Devices remembered: twice what one gateway holds."""


class Principal(msgspec.Struct, frozen=True):
    """Who asks: `device` of `account`, until `expires_at` (milliseconds since 1970)."""

    account: AccountId
    device: DeviceId
    expires_at: int
    admin: bool = False


class _Seen(msgspec.Struct):
    """What the Directory last said of a device. `asked_at` is when it was last tried, with or without success."""

    account: AccountId
    admin: bool
    refused: Code | None
    confirmed_at: int
    asked_at: int


class Admission:
    """Lets devices in by their access tokens. One per process; `close` ends its subscription."""

    def __init__(self, tokens: Tokens, directory: Directory, bus: Bus, clock: Clock) -> None:
        self._tokens = tokens
        self._directory = directory
        self._clock = clock
        self._seen: OrderedDict[DeviceId, _Seen] = OrderedDict()
        self._revoked: OrderedDict[DeviceId, int] = OrderedDict()
        self._standings: Together[DeviceId, Standing | None] = Together(self._read)
        self._stop = bus.subscribe(REVOKED, self._note)
        self._heard_all_since = clock()
        bus.on_interruption(self._interrupted)

    def close(self) -> None:
        """Stop listening for revocations."""
        self._stop()

    def peek(self, token: str) -> Principal | None:
        """Whom `token` lets in, if that is known without asking anyone; None: call `check`. Never raises."""
        claims = self._tokens.remembered(token)
        now = self._clock()
        if claims is None or claims.expires_at <= now or claims.device in self._revoked:
            return None
        seen = self._seen.get(claims.device)
        if seen is None or seen.refused or seen.account != claims.account or not _is_fresh(seen, now):
            return None
        return Principal(claims.account, claims.device, claims.expires_at, seen.admin)

    async def check(self, token: str) -> Principal:
        """Whom `token` lets in. Raises `unauthenticated`, `token_expired`, `revoked`, `account_disabled`,
        `unavailable`; at most `BOUND` seconds pass."""
        if (known := self.peek(token)) is not None:
            return known
        return await self.admit(self._tokens.verify(token))

    async def admit(self, claims: Claims) -> Principal:
        """Whom claims let in that were verified already. Raises as `check`."""
        self._refuse_revoked(claims)
        seen = await self._ask(claims)
        self._refuse_revoked(claims)  # it may have been revoked while we asked
        if seen.account != claims.account:
            raise Refused(Code.UNAUTHENTICATED)
        if seen.refused is not None:
            raise Refused(seen.refused)
        return Principal(claims.account, claims.device, claims.expires_at, seen.admin)

    async def _ask(self, claims: Claims) -> _Seen:
        device = claims.device
        seen = self._seen.get(device)
        now = self._clock()
        if seen is not None and _is_fresh(seen, now):
            return seen
        try:
            standing = await self._standing(device)
        except Refused as refusal:
            if refusal.code is not Code.UNAVAILABLE:
                raise
            if seen is None:
                if claims.issued_at <= self._heard_all_since + APART_MS:
                    raise
                return _Seen(claims.account, False, None, now, now)  # not kept: the Directory has not said it
            # Seen by this process, and lately: go on without the Directory.
            if now - seen.confirmed_at > TRUST_MS:
                raise
            seen.asked_at = now
            return seen
        seen = _judged(claims, standing, now)
        self._seen[device] = seen
        self._seen.move_to_end(device)
        if len(self._seen) > DEVICES:
            self._seen.popitem(last=False)
        return seen

    async def _standing(self, device: DeviceId) -> Standing | None:
        try:
            async with asyncio.timeout(BOUND):
                return await self._standings.ask(device)
        except TimeoutError:
            raise Refused(Code.UNAVAILABLE, "the directory did not answer in time", 1.0) from None

    async def _read(self, devices: Sequence[DeviceId]) -> dict[DeviceId, Standing | None]:
        async with asyncio.timeout(BOUND), self._directory.reading() as directory:
            return dict.fromkeys(devices) | await directory.devices.standings(devices)

    def _interrupted(self) -> None:
        """Revocations may have been lost until now."""
        self._heard_all_since = self._clock()

    def _refuse_revoked(self, claims: Claims) -> None:
        if claims.device in self._revoked:
            raise Refused(Code.REVOKED)

    def _note(self, publication: Publication) -> None:
        if not isinstance(publication, Revoked):
            return
        devices = set(publication.devices)
        if publication.account_closed:
            # Devices are revoked for ever; one that logs in after the account is enabled again is a new one.
            devices.update(device for device, seen in self._seen.items() if seen.account == publication.account)
        now = self._clock()
        for device in devices:
            self._seen.pop(device, None)
            self._revoked[device] = now + self._tokens.lifetime_ms
            self._revoked.move_to_end(device)
        # No token outlives these; and one too many is only forgotten, the Directory knows it still.
        while self._revoked and (len(self._revoked) > DEVICES or next(iter(self._revoked.values())) <= now):
            self._revoked.popitem(last=False)


def _is_fresh(seen: _Seen, now: int) -> bool:
    return 0 <= now - max(seen.confirmed_at, seen.asked_at) < FRESH_MS


def _judged(claims: Claims, standing: Standing | None, now: int) -> _Seen:
    if standing is None:
        return _Seen(claims.account, False, Code.REVOKED, now, now)
    refused = None
    if standing.revoked or standing.closed:
        refused = Code.REVOKED
    elif standing.disabled:
        refused = Code.ACCOUNT_DISABLED
    return _Seen(standing.account, standing.admin, refused, now, now)
