"""Tabs with the engine alone (`web/tests/engine`), and what the tests of the engine do in them."""

import asyncio
import re
from typing import Any, Final

from playwright.async_api import BrowserContext, ConsoleMessage, Page
from tests.web.browsers import CALL_MS, PATIENCE, Driven, until

PASSWORD: Final = "a long password"
ONLINE: Final = "() => engine.connection.now.state === 'online'"
UNREACHABLE: Final = re.compile(r"net::ERR_|WebSocket connection to|status of (403|50[0-9]) ")
"""What a browser itself writes of a server, or a proxy, that does not let it in."""


class Complaints(list[str]):
    """What the consoles of a test's tabs said that is no fault of the network; a test ends with none."""

    def hear(self, page: Page) -> None:
        """Listen to a tab."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.append(f"error: {error}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not UNREACHABLE.search(message.text):
            self.append(f"{message.type}: {message.text} ({message.location['url']})")


async def open_tab(context: BrowserContext, url: str, complaints: Complaints | None = None) -> Page:
    """A new tab, once it knows who is here."""
    page = await context.new_page()
    page.set_default_timeout(CALL_MS)
    if complaints is not None:
        complaints.hear(page)
    await page.goto(url)
    await until(page, "() => engine.session.now.state !== 'starting'")
    return page


async def sign_up(context: BrowserContext, url: str, name: str, complaints: Complaints | None = None) -> Page:
    """A new tab with a new account, online."""
    page = await open_tab(context, url, complaints)
    await join(page, name)
    return page


async def join(page: Driven, name: str) -> None:
    """Sign up at the door, and wait until it is online."""
    await until(page, "() => globalThis.engine?.session.now.state === 'out'")
    await page.evaluate("([name, password]) => engine.signUp({ name, password })", [name, PASSWORD])
    await until(page, ONLINE)


async def log_in(page: Driven, name: str) -> None:
    """Log in, at the door or over somebody else."""
    await page.evaluate("([name, password]) => engine.logIn(name, password)", [name, PASSWORD])


async def me(page: Driven) -> str:
    """The id of who is here."""
    return str(await page.evaluate("() => engine.session.now.me.id"))


async def write(page: Driven, conversation: str, texts: list[str]) -> None:
    """Write lines, one after the other. Returns when all are kept."""
    await page.evaluate(
        "async ([id, texts]) => { for (const text of texts) await engine.send(id, { text }) }", [conversation, texts]
    )


async def said(page: Driven, conversation: str, count: int) -> list[str]:
    """All texts of a conversation, once there are at least `count`, as the server has them."""
    script = """async (id) => {
      const texts = [];
      for (let after = 0; ; ) {
        const path = `/v1/conversations/${id}/messages?limit=200&after=${after}`;
        const { events } = await engine.http({ method: "GET", path });
        texts.push(...events.map((one) => one.body.text));
        if (events.length < 200) return texts;
        after = events.at(-1).number;
      }
    }"""
    async with asyncio.timeout(PATIENCE):
        while True:
            texts: list[str] = []
            try:
                texts = await page.evaluate(script, conversation)
            except Exception as failure:
                # A failure is shown by its words: the conversation may not have begun, or nobody may have answered.
                if not any(words in str(failure) for words in ("no such conversation", "unreachable")):
                    raise
            if len(texts) >= count:
                return texts
            await asyncio.sleep(0.1)


async def kept(page: Driven, conversation: str) -> list[str]:
    """The texts that the browser keeps of a conversation, rising."""
    texts: list[str] = await page.evaluate(
        """async (id) => {
          const open = await new Promise((resolve, reject) => {
            const asked = indexedDB.open(`chinwag.account.${engine.session.now.me.id}`);
            asked.onsuccess = () => resolve(asked.result);
            asked.onerror = () => reject(asked.error);
          });
          const range = IDBKeyRange.bound([id], [id, []]);
          const asked = open.transaction("events").objectStore("events").getAll(range);
          await new Promise((resolve) => { asked.onsuccess = resolve });
          open.close();
          return asked.result.map((one) => one.event.body.text);
        }""",
        conversation,
    )
    return texts


async def keeps(page: Driven, conversation: str, texts: list[str]) -> None:
    """Wait until the last of these is kept; then exactly these are, each once and in order."""
    async with asyncio.timeout(PATIENCE):
        while texts[-1:] != (await kept(page, conversation))[-1:]:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.05)
    assert await kept(page, conversation) == texts


async def heard_by(page: Driven, transport: str) -> None:
    """Wait until it is online by this way."""
    await until(
        page,
        "(name) => engine.connection.now.state === 'online' && engine.connection.now.transport === name",
        transport,
        f"a {transport}",
    )


async def connection(page: Driven) -> dict[str, Any]:
    """How it stands with the server."""
    found: dict[str, Any] = await page.evaluate("() => engine.connection.now")
    return found


async def leaders(page: Driven) -> list[str]:
    """Who holds the lead: one, or nobody."""
    held: list[str] = await page.evaluate(
        "async () => (await navigator.locks.query()).held.filter((one) => one.name === 'chinwag.engine')"
        ".map((one) => one.clientId)"
    )
    return held


async def another_leads(page: Driven, leader: str) -> None:
    """Wait until the lead is held, and not by this one."""
    script = """async (leader) => {
      const { held } = await navigator.locks.query();
      return held.some((one) => one.name === "chinwag.engine" && one.clientId !== leader);
    }"""
    await until(page, script, leader, "another leader")


async def leaderships(page: Driven) -> int:
    """How often the lead was taken."""
    return int(
        await page.evaluate(
            """async () => {
              const name = `chinwag.account.${engine.session.now.me.id}`;
              const open = await new Promise((resolve, reject) => {
                const asked = indexedDB.open(name);
                asked.onsuccess = () => resolve(asked.result);
                asked.onerror = () => reject(asked.error);
              });
              const asked = open.transaction("state").objectStore("state").get("leadership");
              await new Promise((resolve) => { asked.onsuccess = resolve });
              open.close();
              return asked.result;
            }"""
        )
    )
