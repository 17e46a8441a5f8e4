"""The engine over a network that refuses, buffers, cuts, stops and delays, and with a server that dies and goes back in
time: every line once and in order, and what is kept is what the server has."""

import asyncio
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from prove.process import ServerProcess
from tests.life.commands import chinwag
from tests.web.browsers import PATIENCE, until
from tests.web.gate import SOCKET, STREAM, Gate
from tests.web.page_server import COMMAND
from tests.web.tabs import ONLINE, Complaints, connection, heard_by, keeps, me, said, sign_up, write

from chinwag.adapters.embedded import open_embedded

LINES = [f"line {n}" for n in range(50)]
NOT_ONLINE = "() => engine.connection.now.state !== 'online'"


async def two(browser: Browser, gate: Gate, url: str, complaints: Complaints) -> tuple[Page, Page, str]:
    """Anna behind the gate, Ben at `url`, and their conversation, in which both know of each other."""
    anna = await sign_up(await browser.new_context(), gate.url, "anna", complaints)
    ben = await sign_up(await browser.new_context(), url, "ben", complaints)
    conversation = await anna.evaluate("(other) => engine.directWith(other)", await me(ben))
    await write(anna, conversation, ["before"])
    await until(ben, "() => engine.unread.now === 1")
    return anna, ben, conversation


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param(True, id="swallowed answers end"),
        pytest.param(False, id="swallowed answers never end", marks=pytest.mark.web_prove),
    ],
)
async def test_a_lower_way_takes_over_and_the_socket_comes_back(
    ends: bool, browser: Browser, gate: Gate, page_server: ServerProcess, complaints: Complaints
) -> None:
    """Where nothing ends what was swallowed it is given up by time, which takes a minute in all."""
    gate.refused = {SOCKET}
    anna, ben, conversation = await two(browser, gate, page_server.url, complaints)
    await heard_by(anna, "stream")
    texts = ["before"]

    async def talk(way: str) -> None:
        mine, others = [f"anna by {way} {n}" for n in range(20)], [f"ben by {way} {n}" for n in range(20)]
        await write(anna, conversation, mine)
        await said(ben, conversation, len(texts) + 20)
        await write(ben, conversation, others)
        texts.extend(mine + others)
        assert await said(ben, conversation, len(texts)) == texts
        await keeps(anna, conversation, texts)
        await keeps(ben, conversation, texts)

    await talk("stream")
    # The socket's own answer is swallowed too: nothing tells that it will never come.
    gate.refused, gate.buffered = set(), {SOCKET, STREAM}
    # What flows already is cut, as by a proxy that was begun anew.
    gate.cut()
    await until(anna, NOT_ONLINE)
    gate.uncut()
    await heard_by(anna, "poll")
    # From now on she is online, whatever is looked for beside the way that works.
    await anna.evaluate(
        """() => {
          globalThis.ways = [];
          engine.connection.subscribe((one) => globalThis.ways.push(`${one.state} by ${one.transport}`));
        }"""
    )
    gate.asked.clear()

    async def look() -> None:
        if ends:
            gate.end_buffered()
        await anna.evaluate("() => engine.tryNow()")
        await said(ben, conversation, len(texts))

    async with asyncio.timeout(PATIENCE):
        while gate.asked.count(SOCKET) < 2:
            await look()
    await talk("poll")
    if ends:
        gate.end_buffered()
    gate.mend()
    async with asyncio.timeout(PATIENCE):
        while (await connection(anna))["transport"] == "poll":
            await look()
    await heard_by(anna, "socket")
    await talk("socket")
    ways = await anna.evaluate("() => [...new Set(globalThis.ways)]")
    assert [way for way in ways if way != "online by stream"] == ["online by poll", "online by socket"]


@pytest.mark.parametrize("how", ["cut", "held", "delayed", "offline"])
async def test_lines_written_meanwhile_arrive_once_and_in_order(
    how: str, browser: Browser, gate: Gate, page_server: ServerProcess, complaints: Complaints
) -> None:
    anna, ben, conversation = await two(browser, gate, page_server.url, complaints)
    match how:
        case "cut":
            gate.cut()
        case "held":
            gate.hold()
        case "delayed":
            gate.delay = 0.4
        case _:
            await anna.context.set_offline(True)
    others = ["by ben meanwhile 1", "by ben meanwhile 2"]
    await write(ben, conversation, others)
    await write(anna, conversation, LINES)
    if how == "delayed":
        # Slow is not away: nothing is lost for it, and nobody is told so.
        await said(ben, conversation, 53)
        assert await anna.evaluate(ONLINE)
    else:
        # An open socket survives `set_offline`, so only the missing answer tells.
        await until(anna, NOT_ONLINE)
        assert await said(ben, conversation, 3) == ["before", *others]
    await anna.context.set_offline(False)
    gate.mend()
    await until(anna, ONLINE)
    texts = await said(ben, conversation, 53)
    assert [text for text in texts if text in LINES] == LINES
    assert sorted(texts) == sorted(["before", *others, *LINES])
    await keeps(anna, conversation, texts)
    await keeps(ben, conversation, texts)


async def test_a_server_killed_in_mid_conversation_loses_and_doubles_nothing(
    browser: Browser, gate: Gate, page_server: ServerProcess, complaints: Complaints
) -> None:
    anna, ben, conversation = await two(browser, gate, gate.url, complaints)
    for round_ in range(2):
        mine = LINES[round_ * 25 : round_ * 25 + 25]
        await write(anna, conversation, mine[:10])
        await page_server.kill()
        await write(anna, conversation, mine[10:20])
        await until(anna, NOT_ONLINE)
        await page_server.start()
        await write(anna, conversation, mine[20:])
        await until(anna, ONLINE)
        await said(ben, conversation, 1 + 25 * (round_ + 1))
    texts = ["before", *LINES]
    assert await said(ben, conversation, 51) == texts
    await keeps(anna, conversation, texts)
    await keeps(ben, conversation, texts)


async def test_a_server_restored_from_a_backup_is_followed_back(
    browser: Browser, page_server: ServerProcess, complaints: Complaints, tmp_path: Path
) -> None:
    """What came after the backup is gone for everybody; lines that wait go out all the same, once."""
    server = page_server
    gate = Gate(lambda: server.url)
    await gate.start()
    restored = ServerProcess(
        tmp_path / "restored", command=COMMAND, environment=page_server.environment, cwd=Path(__file__).parents[2]
    )
    try:
        anna, ben, conversation = await two(browser, gate, gate.url, complaints)
        await write(anna, conversation, LINES[:5])
        await keeps(ben, conversation, ["before", *LINES[:5]])
        ran = await chinwag("backup", tmp_path / "backup", "--data-path", page_server.data, folder=tmp_path)
        assert ran.code == 0, ran.said
        await write(anna, conversation, LINES[5:10])
        await keeps(ben, conversation, ["before", *LINES[:10]])
        gate.cut()
        await until(anna, NOT_ONLINE)
        await write(anna, conversation, ["waited"])
        ran = await chinwag("restore", tmp_path / "backup", "--data-path", restored.data, folder=tmp_path)
        assert ran.code == 0, ran.said
        await restored.start()
        server = restored
        gate.mend()
        await until(anna, ONLINE)
        await until(ben, ONLINE)
        texts = ["before", *LINES[:5], "waited"]
        assert await said(ben, conversation, len(texts)) == texts
        await keeps(anna, conversation, texts)
        await keeps(ben, conversation, texts)
        await write(ben, conversation, ["on we go"])
        await keeps(anna, conversation, [*texts, "on we go"])
    finally:
        await gate.stop()
        if restored.running:
            await restored.stop()
        restored.end()
        shutil.rmtree(tmp_path / "backup", ignore_errors=True)


async def test_a_cursor_that_is_too_old_loads_afresh(
    browser: Browser, gate: Gate, page_server: ServerProcess, complaints: Complaints
) -> None:
    anna, ben, conversation = await two(browser, gate, page_server.url, complaints)
    gate.cut()
    await until(anna, NOT_ONLINE)
    others = [f"by ben {n}" for n in range(60)]
    await write(ben, conversation, others)
    await said(ben, conversation, 61)
    await write(anna, conversation, ["waited"])
    await page_server.stop()
    stores = await open_embedded(page_server.data)
    while await stores.inbox.trim(1 << 60, 1000):
        pass  # all that is in inboxes is too old to keep
    await stores.close()
    await page_server.start()
    gate.mend()
    texts = ["before", *others, "waited"]
    assert await said(anna, conversation, 62) == texts
    await until(
        anna, "([id, text]) => engine.conversation(id).now?.last?.body?.text === text", [conversation, "waited"]
    )
    # What lies between what was kept and the newest page is loaded when somebody looks there, and none is missing.
    shown = await anna.evaluate(
        """async (id) => {
          const window = engine.open(id, "newest");
          for (let tries = 0; tries < 10 && !window.now.atStart; tries += 1) await window.showBefore(50);
          const texts = window.now.rows.map((row) => row.event?.body?.text ?? "unsent");
          window.close();
          return texts;
        }""",
        conversation,
    )
    assert shown == texts
    await keeps(anna, conversation, texts)
    assert await anna.evaluate("(id) => engine.conversation(id).now.head", conversation) == 62
