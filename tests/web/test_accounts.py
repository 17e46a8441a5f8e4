"""Several accounts in one browser, a database that fails, and a lead that nobody has."""

from playwright.async_api import Browser
from prove.process import ServerProcess
from tests.web.browsers import until
from tests.web.gate import SOCKET, STREAM, Gate
from tests.web.tabs import ONLINE, Complaints, keeps, log_in, me, open_tab, said, sign_up, write

LINES = [f"line {n}" for n in range(20)]


async def test_unsent_lines_wait_for_their_own_account(
    browser: Browser, gate: Gate, page_server: ServerProcess, complaints: Complaints
) -> None:
    """Anna's lines cannot go out; Ben logs in, in another tab of her browser. They go out when she is back, in her name
    and once; none of them under his."""
    cem = await sign_up(await browser.new_context(), page_server.url, "cem", complaints)
    shared = await browser.new_context()
    other = await sign_up(await browser.new_context(), page_server.url, "ben", complaints)
    first = await sign_up(shared, gate.url, "anna", complaints)
    second = await open_tab(shared, gate.url, complaints)
    await until(second, ONLINE)
    anna, ben = await me(first), await me(other)
    conversation = await first.evaluate("(id) => engine.directWith(id)", await me(cem))
    await write(first, conversation, ["before"])
    await until(cem, "() => engine.unread.now === 1")
    # All ways of the engine are closed, and the door is open.
    gate.refused = {SOCKET, STREAM, "/v1/sync"}
    gate.cut()
    await until(first, "() => engine.connection.now.state !== 'online'")
    gate.uncut()
    await write(first, conversation, LINES)
    assert await second.evaluate("() => engine.unsent()") == {"account": anna, "name": "anna", "count": 20}

    await log_in(second, "ben")
    await until(second, "(id) => engine.session.now.state === 'in' && engine.session.now.me.id === id", ben)
    await until(first, "() => engine.session.now.state === 'other'")
    asked = await first.evaluate("() => engine.session.now")
    assert (asked["me"]["id"], asked["unsent"]) == (ben, 20)
    await first.evaluate("() => engine.goOn()")
    await until(first, "(id) => engine.session.now.state === 'in' && engine.session.now.me.id === id", ben)
    gate.refused = set()
    for page in (first, second):
        await until(page, ONLINE)
    assert await said(cem, conversation, 1) == ["before"]

    await log_in(first, "anna")
    await until(second, "() => engine.session.now.state === 'other'")
    await second.evaluate("() => engine.goOn()")
    for page in (first, second):
        await until(page, "(id) => engine.session.now.state === 'in' && engine.session.now.me.id === id", anna)
        await until(page, ONLINE)
    assert await said(cem, conversation, 21) == ["before", *LINES]
    await keeps(second, conversation, ["before", *LINES])
    assert await first.evaluate("() => engine.unsent()") is None
    # Nobody but her has said anything.
    await until(cem, "() => engine.conversations.now.length === 1")


async def test_what_fails_in_the_database_comes_as_a_failure(
    browser: Browser, page_server: ServerProcess, complaints: Complaints
) -> None:
    """Every promise of the engine fails with a `Failure`, whichever part of it broke."""
    anna = await sign_up(await browser.new_context(), page_server.url, "anna", complaints)
    ben = await sign_up(await browser.new_context(), page_server.url, "ben", complaints)
    conversation = await anna.evaluate("(other) => engine.directWith(other)", await me(ben))
    await write(anna, conversation, ["before"])
    await until(anna, "(id) => engine.conversation(id).now?.head === 1", conversation)
    await anna.evaluate(
        """() => {
          const broken = () => { throw new DOMException("the disk is gone", "UnknownError") };
          IDBDatabase.prototype.transaction = broken;
          IDBFactory.prototype.open = broken;
        }"""
    )
    codes = await anna.evaluate(
        """async (id) => {
          const fails = [
            () => engine.search("before"),
            () => engine.unsent(),
            () => engine.event(id, 1),
            () => engine.send(id, { text: "lost" }),
            () => engine.keepDraft(id, null),
          ];
          const codes = [];
          for (const one of fails) {
            codes.push(await one().then(() => "done", (error) => `${error.name} ${error.code}`));
          }
          return codes;
        }""",
        conversation,
    )
    assert codes == ["Failure storage"] * 5


DEAF = """
const Channel = BroadcastChannel;
globalThis.BroadcastChannel = class extends Channel {
  constructor(name) {
    super(name);
    this.addEventListener("message", (event) => { if (globalThis.deaf) event.stopImmediatePropagation() });
  }
  postMessage(message) { if (!globalThis.deaf) super.postMessage(message) }
};
"""
"""A page that hears nobody, and that nobody hears, once it says so."""


async def test_a_tab_that_asks_while_nobody_leads_is_told_so(
    browser: Browser, page_server: ServerProcess, complaints: Complaints
) -> None:
    """No leader answers it, not even that it is there: then there is nothing to wait for, and it says so long before a
    request would be given up."""
    anna = await browser.new_context()
    await anna.add_init_script(DEAF)
    page = await sign_up(anna, page_server.url, "anna", complaints)
    assert await page.evaluate("async () => (await engine.devices()).length") == 1
    await page.evaluate("() => { globalThis.deaf = true }")
    told = await page.evaluate(
        """() => Promise.race([
          engine.devices().then(() => "answered", (error) => `${error.name} ${error.code}`),
          new Promise((resolve) => setTimeout(() => resolve("not told"), 45_000)),
        ])"""
    )
    assert told == "Failure unreachable"
    await page.evaluate("() => { globalThis.deaf = false }")
    assert await page.evaluate("async () => (await engine.devices()).length") == 1
