"""Tabs that the browser's own protocol drives alone: Playwright keeps each of its tabs visible for ever, and a browser
freezes none that is."""

import asyncio
import json
from typing import Any, Final, Self

from playwright.async_api import Browser, CDPSession
from tests.web.browsers import PATIENCE

LOADED: Final = "Page.loadEventFired"
WRITES: Final = """() => Promise.race([
  new Promise((resolve) => setTimeout(() => resolve(false), 5000)),
  (async () => {
    const { name } = (await indexedDB.databases()).find((one) => one.name.startsWith("chinwag.account."));
    const open = await new Promise((resolve, reject) => {
      const asked = indexedDB.open(name);
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
    const transaction = open.transaction([...open.objectStoreNames], "readwrite");
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    open.close();
    return true;
  })(),
])"""
"""Whether a page can write to its account's database: not while another one is within a transaction."""


class BareTab:
    """One tab of a `BareContext`."""

    def __init__(self, browser: CDPSession, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        browser.on("Target.receivedMessageFromTarget", self._heard)

    async def load(self, url: str) -> None:
        """Go to an address. Returns once its document is loaded: before, a question may meet the document
        that goes, or none at all."""
        await self._ask("Page.enable", {})
        self._loaded.clear()
        answer = await self._ask("Page.navigate", {"url": url})
        assert "errorText" not in answer, answer
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    async def evaluate(self, script: str, argument: Any = None) -> Any:
        """Call a function of the page's and give what it gives, once that is there."""
        asked = {
            "expression": f"({script})({json.dumps(argument)})",
            "awaitPromise": True,
            "returnByValue": True,
        }
        found = await self._ask("Runtime.evaluate", asked)
        if "exceptionDetails" in found:
            raise AssertionError(json.dumps(found["exceptionDetails"])[:2_000])
        return found["result"].get("value")

    async def show(self) -> None:
        """Bring it to the front."""
        await self._browser.send("Target.activateTarget", {"targetId": self._target})

    async def freeze(self, other: "BareTab") -> None:
        """As a browser does with a tab that nobody has looked at for minutes: nothing of it runs any more. A browser
        spares one that holds a lock of a database which another tab waits for; the protocol does not, so `other`
        tries."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self._ask("Page.setWebLifecycleState", {"state": "frozen"})
                if await other.evaluate(WRITES):
                    return
                await self.thaw()

    async def thaw(self) -> None:
        """Let it go on."""
        await self._ask("Page.setWebLifecycleState", {"state": "active"})

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = len(self._answers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = json.dumps({"id": number, "method": method, "params": parameters})
        await self._browser.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        async with asyncio.timeout(PATIENCE):
            said = await answer
        if "error" in said:
            raise AssertionError(f"{method}: {said['error']}")
        found: dict[str, Any] = said["result"]
        return found

    def _heard(self, event: dict[str, Any]) -> None:
        if event["sessionId"] != self._session:
            return
        said = json.loads(event["message"])
        if "id" in said:
            if not (answer := self._answers[said["id"]]).done():
                answer.set_result(said)
        elif said["method"] == LOADED:
            self._loaded.set()


class BareContext:
    """A profile of its own in a browser that Playwright started, and that it knows nothing of."""

    def __init__(self, browser: CDPSession, context: str) -> None:
        self._browser = browser
        self._context = context

    @classmethod
    async def begin(cls, browser: Browser) -> Self:
        """An empty one."""
        session = await browser.new_browser_cdp_session()
        made = await session.send("Target.createBrowserContext")
        return cls(session, made["browserContextId"])

    async def open(self, url: str) -> BareTab:
        """A new tab, in front, with its page loaded."""
        wish = {"url": "about:blank", "browserContextId": self._context}
        made = await self._browser.send("Target.createTarget", wish)
        joined = await self._browser.send("Target.attachToTarget", {"targetId": made["targetId"], "flatten": False})
        tab = BareTab(self._browser, made["targetId"], joined["sessionId"])
        await tab.load(url)
        return tab
