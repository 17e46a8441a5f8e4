"""The push services of this server, each for its kind of address."""

import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from chinwag.adapters.outgoing.guarded import GuardedWeb
from chinwag.adapters.push_services.apns import APNS_HOST, SANDBOX_HOST, Apns, ApnsKey
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.breakers import Breakers
from chinwag.adapters.push_services.fcm import FCM_HOST, Fcm
from chinwag.adapters.push_services.service_account import ServiceAccount
from chinwag.adapters.push_services.vapid import PrivateKeys, Vapid
from chinwag.adapters.push_services.web_push import WebPush
from chinwag.domain.push_notice import (
    ApnsAddress,
    FcmAddress,
    PushAddress,
    PushNotice,
    PushOutcome,
    Resting,
    WebAddress,
)
from chinwag.flow.clock import Clock, system_clock
from chinwag.ports.push_service import PushService, Still, always

NOT_CONFIGURED_SECONDS: Final = 600.0


class PushServices:
    """`PushService` for addresses of every kind. A kind that is None is not configured: it rests."""

    def __init__(
        self,
        web: PushService[WebAddress] | None = None,
        fcm: PushService[FcmAddress] | None = None,
        apns: PushService[ApnsAddress] | None = None,
    ) -> None:
        self.web = web
        self.fcm = fcm
        self.apns = apns

    async def send(self, to: PushAddress, notice: PushNotice, still: Still = always) -> PushOutcome:
        match to:
            case WebAddress() if self.web is not None:
                return await self.web.send(to, notice, still)
            case FcmAddress() if self.fcm is not None:
                return await self.fcm.send(to, notice, still)
            case ApnsAddress() if self.apns is not None:
                return await self.apns.send(to, notice, still)
            case _:
                return Resting("this kind is not configured", NOT_CONFIGURED_SECONDS)

    def resting(self, to: PushAddress) -> float:
        match to:
            case WebAddress() if self.web is not None:
                return self.web.resting(to)
            case FcmAddress() if self.fcm is not None:
                return self.fcm.resting(to)
            case ApnsAddress() if self.apns is not None:
                return self.apns.resting(to)
            case _:
                return NOT_CONFIGURED_SECONDS

    async def close(self) -> None:
        for service in (self.web, self.fcm, self.apns):
            if service is not None:
                await service.close()


def web_push(
    contact: str, keys: PrivateKeys, hosts: Sequence[str], *, dangerous: bool = False, clock: Clock = system_clock
) -> WebPush:
    """For browsers. contact: a `mailto:` or `https:` address; hosts: patterns of those that may be asked; dangerous:
    this machine may be as well, which is for tests."""
    return WebPush(_asking(GuardedWeb(hosts, dangerous=dangerous), clock), Vapid(contact, keys, clock))


def fcm(account: ServiceAccount, clock: Clock = system_clock) -> Fcm:
    """For apps by Firebase."""
    hosts = (FCM_HOST, urlsplit(account.token_uri).hostname or "")
    return Fcm(_asking(GuardedWeb(hosts), clock), account)


def apns(key: ApnsKey, clock: Clock = system_clock) -> Apns:
    """For apps on Apple's devices."""
    return Apns(_asking(GuardedWeb((APNS_HOST, SANDBOX_HOST), only_http2=True), clock), key)


def _asking(web: GuardedWeb, clock: Clock) -> Asking:
    return Asking(web, Breakers(time.monotonic), clock)
