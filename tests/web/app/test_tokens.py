"""What a script in the page, or another site, could take of a session: nothing that outlasts it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest
from playwright.async_api import Page, Response, expect
from prove.process import ServerProcess
from tests.web.app.conftest import Arrive
from tests.web.app.visitor import Visitor
from tests.web.browsers import CALL_MS

REACH: Final = """async () => {
  const seen = new Set(), texts = [];
  const walk = (value, depth) => {
    if (typeof value === "string") texts.push(value);
    if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
    if (seen.size > 200_000 || depth > 12) return;
    seen.add(value);
    if (value instanceof ArrayBuffer) return void texts.push(new TextDecoder("latin1").decode(value));
    if (ArrayBuffer.isView(value)) return void texts.push(new TextDecoder("latin1").decode(value));
    if (value instanceof Map || value instanceof Set) for (const one of value) walk(one, depth + 1);
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === "string") texts.push(key);
      // what a kind of things has in common holds nothing of any one of them, and complains when it is asked
      if (key === "prototype" || key === "__proto__") continue;
      try { walk(value[key], depth + 1) } catch { /* what cannot be read gives nothing away */ }
    }
  };
  const done = (asked) => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  walk({ ...localStorage }, 0);
  walk({ ...sessionStorage }, 0);
  walk(document.cookie, 0);
  for (const { name } of await indexedDB.databases()) {
    const open = await done(indexedDB.open(name));
    for (const store of open.objectStoreNames) {
      walk(await done(open.transaction(store).objectStore(store).getAll()), 0);
      walk(await done(open.transaction(store).objectStore(store).getAllKeys()), 0);
    }
    open.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) walk(await (await cache.match(request)).text(), 0);
  }
  walk(await (await fetch("/v1/sessions/refresh", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ attempt: "a script in the page" }),
  })).text(), 0);
  walk(document.documentElement.outerHTML, 0);
  walk(window, 0);
  return texts.join("\\n");
}"""
"""All texts that a script in the page can come by, in one."""


async def cookie_of(at: Visitor) -> str:
    """The refresh token, as the browser keeps it."""
    [cookie] = await at.page.context.cookies(f"{at.url()}/v1/sessions")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/v1/sessions")
    return cookie["value"]


async def test_nothing_in_the_pages_reach_holds_a_refresh_token(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("a text that is kept")
    await anna.page.evaluate("async () => { await navigator.serviceWorker.ready }")
    await anna.page.reload()
    await anna.sees("a text that is kept")
    reach = str(await anna.page.evaluate(REACH))
    # it looks where things are: in the database, the caches, and what the server answers
    assert "a text that is kept" in reach
    assert "<!doctype html>" in reach.lower()
    assert "access_token" in reach
    token = await cookie_of(anna)
    assert len(token) > 20
    assert token not in reach
    assert "refresh_token" not in reach.replace('"refresh_token":null', "")
    # and it would find one
    await anna.page.evaluate("(token) => { globalThis.somewhere = { deep: [new Map([[1, token]])] } }", token)
    assert token in str(await anna.page.evaluate(REACH))


@pytest.fixture
async def elsewhere() -> AsyncIterator[str]:
    """The address of another site."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    # another site than 127.0.0.1, in the eyes of a browser
    yield f"http://localhost:{server.sockets[0].getsockname()[1]}/"
    server.close()


async def test_another_site_refreshes_nothing(arrive: Arrive, served: ServerProcess, elsewhere: str) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    token = await cookie_of(anna)
    foreign: Page = await anna.page.context.new_page()
    foreign.set_default_timeout(CALL_MS)
    answers: list[Response] = []
    foreign.on("response", lambda answer: answers.append(answer))
    await foreign.goto(elsewhere)
    target = f"{served.url}/v1/sessions/refresh"
    for mode, kind in (("no-cors", "text/plain"), ("cors", "application/json"), ("cors", "text/plain")):
        await foreign.evaluate(
            """([target, mode, kind]) => fetch(target, {
              method: "POST", mode, credentials: "include", headers: { "content-type": kind },
              body: JSON.stringify({ attempt: "another site" }),
            }).then(() => "answered", () => "refused")""",
            [target, mode, kind],
        )
    async with foreign.expect_navigation():
        await foreign.evaluate(
            """(target) => {
              const form = document.createElement("form");
              Object.assign(form, { method: "POST", action: target, enctype: "text/plain" });
              const field = document.createElement("input");
              Object.assign(field, { name: '{"attempt":"another site","x":"', value: '"}' });
              form.append(field);
              document.body.append(form);
              form.submit();
            }""",
            target,
        )
    posts = [one for one in answers if one.url == target and one.request.method == "POST"]
    assert len(posts) >= 2
    for one in posts:
        assert one.status in {401, 403, 415, 400}, one.status
        assert "cookie" not in await one.request.all_headers()
    assert await cookie_of(anna) == token
    await anna.page.reload()
    await expect(anna.page.get_by_role("button", name="New message").first).to_be_visible()


async def test_two_tabs_that_refresh_at_once_stay_logged_in(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("begun")
    await ben.open("Anna")
    second = type(anna)(await anna.page.context.new_page(), anna.complaints, anna.url)
    await second.visit()
    for round_ in range(3):
        await asyncio.gather(anna.page.reload(), second.page.reload())
        for tab in (anna, second):
            await tab.open("Ben")
        await anna.say(f"first {round_}")
        await second.sees(f"first {round_}")
        await second.say(f"second {round_}")
        await ben.sees(f"second {round_}")  # a reload does not cut it off
    assert await ben.texts() == ["begun"] + [f"{tab} {n}" for n in range(3) for tab in ("first", "second")]
