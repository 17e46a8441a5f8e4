"""What the addresses of pushes take and give."""

from typing import Literal

import msgspec

from chinwag.wire.http import Secretive


class WebPushKey(msgspec.Struct, frozen=True):
    """`key`: the `applicationServerKey` with which a browser subscribes, in base64url."""

    key: str


class PushKinds(msgspec.Struct, frozen=True):
    """By which services this server pushes. `web`: to browsers; null: not."""

    web: WebPushKey | None = None
    fcm: bool = False
    apns: bool = False


class WebSubscription(Secretive):
    """What `PushSubscription.toJSON()` gives in a browser: `endpoint` and the two `keys`, in base64url. `key`: with
    which key of the server it subscribed; without it, the one that the server gives now."""

    endpoint: str
    p256dh: str
    auth: str
    key: str = ""


class FcmSubscription(Secretive):
    """The registration token of an app at Firebase Cloud Messaging."""

    token: str


class ApnsSubscription(Secretive):
    """The device token of an app at the Apple Push Notification service, in hexadecimal. `topic`: the app's bundle id.
    `sandbox`: it is a build for development."""

    token: str
    topic: str
    sandbox: bool = False


class SubscribeRequest(Secretive):
    """Where pushes reach this device: by exactly one of the three."""

    web: WebSubscription | None = None
    fcm: FcmSubscription | None = None
    apns: ApnsSubscription | None = None


class PushSubscriptionView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where pushes reach this device. `endpoint` and `key` (with which it subscribed): of a browser. `registered_at`:
    milliseconds since 1970."""

    kind: Literal["web", "fcm", "apns"]
    registered_at: int
    endpoint: str = ""
    key: str = ""
