"""A browser's own push service, stood in for: `pushManager.subscribe` waits for ever where the browser's maker is out
of reach, so a page is given a `PushManager` whose subscriptions a receiver of ours hands out. All else is the
browser's: the permission, the service worker, and what it shows."""

from typing import Any, Final

from playwright.async_api import BrowserContext
from tests.support.push_receiver import PushReceiver, Subscription

_FAKE: Final = """(() => {
  const HELD = "test.subscription";
  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0)).buffer;
  const made = ({ key, endpoint, p256dh, auth }) => ({
    endpoint,
    options: { userVisibleOnly: true, applicationServerKey: bytes(key) },
    toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
    unsubscribe: async () => { localStorage.removeItem(HELD); return true; },
  });
  const held = () => JSON.parse(localStorage.getItem(HELD));
  PushManager.prototype.getSubscription = async () => held() && made(held());
  PushManager.prototype.subscribe = async ({ applicationServerKey: key, userVisibleOnly }) => {
    if (!userVisibleOnly) throw new DOMException("pushes must be shown", "NotAllowedError");
    if (held() === null) localStorage.setItem(HELD, JSON.stringify({ key, ...(await handedOut(key)) }));
    return made(held());
  };
})()"""


class HandedOut:
    """The subscriptions that a profile was given, the newest last."""

    def __init__(self) -> None:
        self.all: list[Subscription] = []

    @property
    def now(self) -> Subscription:
        """The one that holds."""
        return self.all[-1]


async def subscribed_at(context: BrowserContext, receiver: PushReceiver) -> HandedOut:
    """Have the pages of a profile subscribe at `receiver`."""
    handed = HandedOut()

    async def hand_out(key: str) -> dict[str, Any]:
        handed.all.append(receiver.subscribe(key))
        body: dict[str, Any] = handed.now.body["web"]
        return body

    await context.expose_function("handedOut", hand_out)
    await context.add_init_script(_FAKE)
    return handed
