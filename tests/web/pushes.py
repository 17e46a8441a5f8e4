"""Pushes to a real browser whose app is closed: what a push service would hand over, handed over by the browser's own
protocol, from a tab that is not the app's. The browser's own push service, of its maker, is never spoken with.

A click on a notification is the event that the browser makes of one: a headless browser draws none, and opens no window
for a click that nobody made, so the address that it would open is kept instead.
"""

import asyncio
import json
from typing import Any, Final, Self

from playwright.async_api import BrowserContext, CDPSession, Page, Worker
from tests.web.browsers import PATIENCE

SHOWN: Final = """async () => (await self.registration.getNotifications())
  .map((one) => ({ title: one.title, body: one.body, tag: one.tag, ...one.data }))"""
WATCH: Final = """() => {
  self.opened = [];
  self.told = [];
  self.failed = [];
  self.came = [];
  const text = PushMessageData.prototype.text;
  PushMessageData.prototype.text = function () {
    const said = text.call(this);
    self.came.push(said.trim());
    return said;
  };
  const show = ServiceWorkerRegistration.prototype.showNotification;
  ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
    self.told.push([title, options.body]);
    // It stays until it is looked at: without that a browser takes one down by itself that was shown for some seconds.
    return show.call(this, title, { ...options, requireInteraction: true }).catch((failure) => {
      self.failed.push(`not shown: ${failure}`);
      throw failure;
    });
  };
  self.addEventListener("unhandledrejection", ({ reason }) => self.failed.push(String(reason)));
  Clients.prototype.openWindow = async (path) => { self.opened.push(path); return null; };
  navigator.setAppBadge = async (count) => { self.shownBadge = count; };
  navigator.clearAppBadge = async () => { self.shownBadge = 0; };
}"""
CLICK: Final = """async ([tag, action, reply]) => {
  const notification = (await self.registration.getNotifications()).find((one) => one.tag === tag);
  if (notification === undefined) throw new Error(`nothing is shown of ${tag}`);
  const event = new NotificationEvent("notificationclick", { notification, action, reply });
  let done = Promise.resolve();
  event.waitUntil = (work) => { done = work; };
  self.dispatchEvent(event);
  await done;
}"""
WHO: Final = """async () => {
  const asked = indexedDB.open("chinwag");
  const database = await new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const found = database.transaction("session").objectStore("session").get("current");
  const session = await new Promise((resolve) => { found.onsuccess = () => resolve(found.result); });
  database.close();
  return session.me.id;
}"""


class Pushes:
    """Of one browser profile."""

    def __init__(self, context: BrowserContext, session: CDPSession, origin: str) -> None:
        self.context = context
        self.origin = origin
        self.account = ""
        """Who is logged in there."""
        self._session = session
        self._registrations: dict[str, str] = {}
        session.on("ServiceWorker.workerRegistrationUpdated", self._registered)

    @classmethod
    async def to(cls, page: Page) -> Self:
        """To the profile of a page of the app, in which somebody is logged in."""
        await page.evaluate("async () => { await navigator.serviceWorker.ready; }")
        bystander = await page.context.new_page()
        pushes = cls(page.context, await page.context.new_cdp_session(bystander), await page.evaluate("origin"))
        await pushes._session.send("ServiceWorker.enable")
        await pushes.worker.evaluate(WATCH)
        pushes.account = await page.evaluate(WHO)
        # Whoever is pushed to looks at something else, or at nothing.
        await page.bring_to_front()
        return pushes

    @property
    def worker(self) -> Worker:
        """The app's service worker."""
        [worker] = self.context.service_workers
        return worker

    async def deliver(self, **notice: Any) -> None:
        """Hand a push over, of the account unless it says otherwise; the payload is filled with spaces as the server
        fills it."""
        await self.hand_over(json.dumps({"v": 1, "account": self.account, "tag": "of no meaning here", **notice}))

    async def hand_over(self, payload: str) -> None:
        """Hand over what a push service would, decrypted."""
        data = payload.ljust(512)
        asked = {"origin": self.origin, "registrationId": self._registration(), "data": data}
        await self._session.send("ServiceWorker.deliverPushMessage", asked)

    async def message(self, conversation: str, number: int, text: str, *, sender: str = "Ben", **more: Any) -> None:
        """Hand over a push of a message."""
        words = {"sender": sender, "text": text} if text else {}
        said = {"kind": "message", "conversation": conversation, "number": number, "unread": 1, **words, **more}
        await self.deliver(**said)

    async def shown(self) -> list[dict[str, Any]]:
        """The notifications that are there, with what they carry."""
        found: list[dict[str, Any]] = await self.worker.evaluate(SHOWN)
        return found

    async def told(self) -> list[list[str]]:
        """Titles and texts of all that was shown so far, also of what was taken away since."""
        found: list[list[str]] = await self.worker.evaluate("() => self.told")
        return found

    async def shows(self, *expected: tuple[str, str]) -> None:
        """Wait until these are shown, by title and text, and no others."""
        found: list[tuple[str, str]] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while found != sorted(expected):
                    found = sorted((one["title"], one["body"]) for one in await self.shown())
                    await asyncio.sleep(0.05)
        except TimeoutError:
            heard = await self.worker.evaluate("() => ({ told: self.told, failed: self.failed, came: self.came })")
            raise AssertionError(f"shows {found}, and not {sorted(expected)}: {heard}") from None

    async def click(self, tag: str, action: str = "", reply: str | None = None) -> None:
        """Click on a notification, or answer in it. Returns when all that follows is done."""
        await self.worker.evaluate(CLICK, [tag, action, reply])

    async def opened(self) -> list[str]:
        """The addresses for which a window would have been opened."""
        found: list[str] = await self.worker.evaluate("() => self.opened")
        return found

    async def badge(self) -> int | None:
        """What stands on the app's icon; None: nothing was ever said of it."""
        found: int | None = await self.worker.evaluate("() => self.shownBadge ?? null")
        return found

    def _registered(self, event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            self._registrations[one["scopeURL"]] = one["registrationId"]

    def _registration(self) -> str:
        return self._registrations[f"{self.origin}/"]
