"""What a client asks about pushes: where they reach its device, and what its account wants to be told by them."""

from typing import Literal

import msgspec

from chinwag.client.asking import Asking
from chinwag.client.errors import ApiError
from chinwag.wire.http import AccountSettings, ChangeSettingsRequest
from chinwag.wire.push import (
    ApnsSubscription,
    FcmSubscription,
    PushKinds,
    PushSubscriptionView,
    SubscribeRequest,
    WebSubscription,
)
from chinwag.wire.values import QuietHours

PushSubscription = WebSubscription | FcmSubscription | ApnsSubscription


class Pushes(Asking):
    """Pushes to this device, and the settings of its account that concern them."""

    async def push_kinds(self) -> PushKinds:
        """By which services the server pushes, and the key with which a browser subscribes."""
        return await self._http.get("/v1/push", PushKinds)

    async def subscribe(self, subscription: PushSubscription) -> PushSubscriptionView:
        """Have pushes reach this device there, in place of where they did. Raises `ApiError` (`bad_subscription`,
        `endpoint_taken`, `push_unavailable`)."""
        match subscription:
            case WebSubscription():
                request = SubscribeRequest(web=subscription)
            case FcmSubscription():
                request = SubscribeRequest(fcm=subscription)
            case ApnsSubscription():
                request = SubscribeRequest(apns=subscription)
        return await self._http.put("/v1/push/subscription", PushSubscriptionView, request)

    async def subscription(self) -> PushSubscriptionView | None:
        """Where pushes reach this device; None: nowhere."""
        try:
            return await self._http.get("/v1/push/subscription", PushSubscriptionView)
        except ApiError as error:
            if error.code == "not_found":
                return None
            raise

    async def unsubscribe(self) -> None:
        """No more pushes to this device. Logging out does it as well."""
        await self._http.delete("/v1/push/subscription")

    async def test_push(self) -> None:
        """Have this device be pushed something, which shows that pushes arrive. Raises `ApiError` (`not_found`)."""
        await self._http.post_quietly("/v1/push/test")

    async def settings(self) -> AccountSettings:
        """What one has chosen."""
        return await self._http.get("/v1/me/settings", AccountSettings)

    async def set_pushes(
        self,
        *,
        preview: Literal["", "none", "sender", "text"] | None = None,
        quiet_hours: QuietHours | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> AccountSettings:
        """Choose what pushes show (`""`: as the kind of device has it by itself), and when none come (None: always);
        what is not given stays."""
        wanted = ChangeSettingsRequest(push_preview=preview, quiet_hours=quiet_hours)
        return await self._http.patch("/v1/me/settings", wanted, AccountSettings)
