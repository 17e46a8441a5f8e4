"""The line goes and comes back, the server dies and comes back: what was written arrives once and in order."""

import re

import pytest
from playwright.async_api import expect
from prove.process import ServerProcess
from tests.web.app.conftest import Arrive
from tests.web.app.visitor import Visitor, until
from tests.web.gate import Gate

LINES = [f"line {n}" for n in range(50)]


async def two(arrive: Arrive, line: Gate, *, both: bool = False) -> tuple[Visitor, Visitor]:
    """Anna, whose line can be cut (Ben's too, with `both`), and Ben, in one conversation that Ben has open."""
    anna = await arrive(url=lambda: line.url)
    ben = await (arrive(url=lambda: line.url) if both else arrive())
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("before")
    await ben.open("Anna")
    await ben.sees("before")
    return anna, ben


async def arrived(at: Visitor, expected: list[str]) -> None:
    """Wait until it is exactly these: a line too many, or out of order, would stay."""

    async def there() -> bool:
        return await at.texts() == expected

    try:
        await until(there)
    except TimeoutError:
        assert await at.texts() == expected  # which says what there is
        raise


@pytest.mark.parametrize("how", ["cut", "held", "delayed", "offline"])
async def test_fifty_lines_written_without_a_line_arrive_once_and_in_order(
    arrive: Arrive, line: Gate, how: str
) -> None:
    anna, ben = await two(arrive, line)
    anna.may_be_alone = True
    match how:
        case "cut":
            line.cut()
        case "held":
            line.hold()
        case "delayed":
            line.delay = 0.4
        case _:
            # an open socket survives this: its frames wait; so the line is cut besides, as a network would
            await anna.page.context.set_offline(True)
            line.cut()
    if how in ("cut", "offline"):
        await expect(anna.page.get_by_text("You are offline.")).to_be_visible()
    for text in LINES:
        await anna.say(text)
    if how == "delayed":
        # Slow is not away: all goes its way, and nobody is told otherwise.
        await arrived(ben, ["before", *LINES])
        await expect(anna.page.get_by_text("You are offline.")).to_have_count(0)
        return
    await ben.say("written meanwhile")
    await expect(ben.page.get_by_role("article", name="written meanwhile, sent")).to_be_visible()
    assert await anna.texts() == ["before", *LINES]
    await expect(anna.page.get_by_role("article", name="line 49, sending")).to_be_visible()
    if how == "offline":
        await anna.page.context.set_offline(False)
    line.mend()
    await arrived(ben, ["before", "written meanwhile", *LINES])
    await arrived(anna, ["before", "written meanwhile", *LINES])
    await expect(anna.page.get_by_text("You are offline.")).to_have_count(0)


async def test_the_app_starts_reads_searches_and_writes_with_the_server_away(
    arrive: Arrive, line: Gate, served: ServerProcess
) -> None:
    anna, ben = await two(arrive, line)
    anna.may_be_alone = True
    # the first visit's service worker has the shell once it is active
    active = "navigator.serviceWorker.getRegistration().then((one) => one?.active?.state === 'activated')"

    async def kept() -> bool:
        return bool(await anna.page.evaluate(active))

    await until(kept)
    line.cut()
    await anna.page.reload()
    await anna.sees("before")
    # Words in what this device keeps are found, and lead there.
    await anna.page.keyboard.press("Control+k")
    await anna.page.get_by_role("combobox", name="Jump to").fill("befo")
    await anna.page.get_by_role("option", name="before").click()
    await expect(anna.page).to_have_url(re.compile("/c/[^/]+/1$"))
    await anna.sees("before")
    await anna.say("written with the server away")
    await anna.page.get_by_role("link", name="People").click()
    await expect(anna.page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    line.mend()
    await arrived(ben, ["before", "written with the server away"])


async def test_a_server_that_is_killed_in_mid_conversation_loses_and_doubles_nothing(
    arrive: Arrive, line: Gate, served: ServerProcess
) -> None:
    # the server comes back on another port: the line knows it, and the browsers keep their address
    anna, ben = await two(arrive, line, both=True)
    anna.may_be_alone = ben.may_be_alone = True
    for text in LINES[:20]:
        await anna.say(text)
    await served.kill()
    for text in LINES[20:40]:
        await anna.say(text)
    await served.start()
    for text in LINES[40:]:
        await anna.say(text)
    await arrived(ben, ["before", *LINES])
    await arrived(anna, ["before", *LINES])
