"""Pushes: where they reach this device."""

from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from chinwag.domain.push import kind_of
from chinwag.domain.push_notice import WebAddress
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.push.subscriptions import Subscriptions
from chinwag.ports.directory import PushSubscription
from chinwag.roles.api.admit import Caller
from chinwag.wire.push import PushKinds, PushSubscriptionView, SubscribeRequest, WebPushKey

Verbs = NamedDependency[Subscriptions]
"""The dependency `subscriptions`."""


@get("/push", operation_id="getPush", summary="By which services this server pushes", tags=["push"])
async def get_push(subscriptions: Verbs, principal: Caller) -> PushKinds:
    """A kind that is missing here is refused as `push_unavailable`."""
    key, kinds = subscriptions.web_key, subscriptions.kinds
    return PushKinds(None if key is None else WebPushKey(key), "fcm" in kinds, "apns" in kinds)


@get(
    "/push/subscription",
    operation_id="getPushSubscription",
    summary="Where pushes reach this device",
    tags=["push"],
)
async def get_subscription(subscriptions: Verbs, principal: Caller) -> PushSubscriptionView:
    """`not_found` if it has no subscription."""
    return _view(subscriptions, await subscriptions.of(principal.device))


@put(
    "/push/subscription",
    operation_id="putPushSubscription",
    summary="Have pushes reach this device",
    tags=["push"],
)
async def put_subscription(
    data: JSONBody[SubscribeRequest], subscriptions: Verbs, principal: Caller
) -> PushSubscriptionView:
    """One a device: it takes the place of the one before. An address that another device has moves here only with the
    same keys, else it is `endpoint_taken`."""
    if sum(one is not None for one in (data.web, data.fcm, data.apns)) != 1:
        raise Refused(Code.BAD_SUBSCRIPTION, "give one of web, fcm and apns")
    account, device = principal.account, principal.device
    if (web := data.web) is not None:
        found = await subscriptions.put_web(account, device, web.endpoint, web.p256dh, web.auth, web.key)
    elif (fcm := data.fcm) is not None:
        found = await subscriptions.put_fcm(account, device, fcm.token)
    elif (apns := data.apns) is not None:
        found = await subscriptions.put_apns(account, device, apns.token, apns.topic, apns.sandbox)
    return _view(subscriptions, found)


@delete("/push/subscription", operation_id="deletePushSubscription", summary="No more pushes", tags=["push"])
async def delete_subscription(subscriptions: Verbs, principal: Caller) -> None:
    """To this device. Logging out does it as well."""
    await subscriptions.remove(principal.device)


@post(
    "/push/test",
    status_code=202,
    operation_id="testPush",
    summary="Have this device be pushed something",
    tags=["push"],
)
async def post_test(subscriptions: Verbs, principal: Caller) -> None:
    """It is sent within a second or so, also while the device is connected. `not_found` without a subscription."""
    await subscriptions.test(principal.account, principal.device)


def push_routes(subscriptions: Subscriptions) -> Router:
    """Everything about pushes."""
    return Router(
        path="/v1",
        route_handlers=[get_push, get_subscription, put_subscription, delete_subscription, post_test],
        dependencies={"subscriptions": Provide(lambda: subscriptions, sync_to_thread=False)},
    )


def _view(subscriptions: Subscriptions, found: PushSubscription) -> PushSubscriptionView:
    address = found.address
    if isinstance(address, WebAddress):
        return PushSubscriptionView("web", found.registered_at, address.endpoint, subscriptions.public_key(address.key))
    return PushSubscriptionView(kind_of(address), found.registered_at)
