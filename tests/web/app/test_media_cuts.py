"""Uploads whose line goes, whose page is loaded anew, that are held back, taken back and refused."""

import asyncio
import hashlib
import re
from typing import Final

import pytest
from playwright.async_api import expect
from prove.process import ServerProcess
from tests.web.app.conftest import Arrive
from tests.web.app.sent import noise, photo, placed, send
from tests.web.app.visitor import Visitor, until
from tests.web.gate import Gate

LARGE: Final = 6_000_000
PART: Final = 400_000
"""Bytes of it that are up when something happens: more than its first piece."""


async def two(arrive: Arrive, line: Gate) -> tuple[Visitor, Visitor]:
    """Anna and Ben, whose line can be cut, in one conversation that both have open. A server that comes back has
    another port; the line leads to it."""
    anna, ben = await arrive(url=lambda: line.url), await arrive(url=lambda: line.url)
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("before")
    await ben.open("Anna")
    await ben.sees("before")
    return anna, ben


async def begun(anna: Visitor, line: Gate) -> None:
    """Wait until a part of the upload is there, and not all of it."""
    bar = anna.page.locator("article progress")

    async def part() -> bool:
        return await bar.count() == 1 and PART <= float(await bar.get_attribute("value") or 0) < LARGE

    await until(part)


async def digest_of(ben: Visitor, name: str) -> str:
    """What Ben saves under that name, by its digest."""
    await ben.page.get_by_role("article", name=re.compile(re.escape(name))).focus()
    async with ben.page.expect_download() as saving:
        await ben.page.keyboard.press("o")
    path = await (await saving.value).path()
    return hashlib.sha256(await asyncio.to_thread(path.read_bytes)).hexdigest()


@pytest.mark.parametrize("how", ["the line goes", "the page is loaded anew", "the server dies"])
async def test_an_upload_goes_on_where_it_was(arrive: Arrive, line: Gate, served: ServerProcess, how: str) -> None:
    anna, ben = await two(arrive, line)
    anna.may_be_alone = ben.may_be_alone = True
    file = noise(LARGE, "film.bin")
    content = file["buffer"]
    assert isinstance(content, bytes)
    # so slow that something can happen in the middle of it
    line.delay = 0.2
    await send(anna, file)
    await anna.say("after it")
    await begun(anna, line)
    sent = len([path for path in line.asked if path == "/v1/media"])
    match how:
        case "the line goes":
            line.cut()
            await expect(anna.page.get_by_text("You are offline.")).to_be_visible()
            line.mend()
        case "the page is loaded anew":
            await anna.page.reload()
            line.mend()
        case _:
            line.mend()
            await served.kill()
            await served.start()
    await ben.sees("after it")
    assert len([path for path in line.asked if path == "/v1/media"]) == sent, "it was begun anew"
    assert await ben.texts() == ["before", "after it"]
    await expect(ben.page.locator("article")).to_have_count(3)
    assert await digest_of(ben, "film.bin") == hashlib.sha256(content).hexdigest()


async def test_what_is_held_back_lets_others_pass_and_goes_when_it_may(arrive: Arrive, line: Gate) -> None:
    anna, ben = await two(arrive, line)
    line.delay = 0.2
    await send(anna, noise(LARGE, "film.bin"))
    await begun(anna, line)
    await anna.page.get_by_role("button", name="Hold back").click()
    await expect(anna.page.get_by_text("Held back")).to_be_visible()
    line.mend()
    await anna.say("goes before it")
    await ben.sees("goes before it")
    # it stays held back when the page is loaded anew
    await anna.page.reload()
    await expect(anna.page.get_by_text("Held back")).to_be_visible()
    await anna.page.get_by_role("button", name="Go on").click()
    await expect(ben.page.get_by_role("button", name="Download film.bin")).to_be_visible()
    await placed(anna, 1)


async def test_what_is_taken_back_is_sent_to_nobody(arrive: Arrive, line: Gate) -> None:
    anna, ben = await two(arrive, line)
    line.delay = 0.2
    await send(anna, noise(LARGE, "film.bin"))
    await begun(anna, line)
    await anna.page.get_by_role("button", name="Do not send").click()
    line.mend()
    await expect(anna.page.locator("article.media")).to_have_count(0)
    await anna.say("never mind")
    await ben.sees("never mind")
    await expect(ben.page.locator("article")).to_have_count(2)


async def test_a_picture_that_was_chosen_without_a_line_is_kept_and_goes_when_it_is_back(
    arrive: Arrive, line: Gate
) -> None:
    anna, ben = await two(arrive, line)
    anna.may_be_alone = ben.may_be_alone = True
    line.cut()
    await expect(anna.page.get_by_text("You are offline.")).to_be_visible()
    await send(anna, photo(), captions=("from the train",))
    await expect(anna.page.get_by_text("Kept, and goes up when you are online")).to_be_visible()
    # it is seen by who sent it, whether or not it is sent
    await expect(anna.page.locator("article.media img")).to_be_visible()
    line.mend()
    await ben.sees("from the train")
    await placed(anna, 1)


async def test_a_file_that_is_too_large_says_so_and_holds_up_nothing(arrive: Arrive, served: ServerProcess) -> None:
    assert await served.stop() == 0
    served.flags = (*served.flags, *SMALL)
    await served.start()
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("before")
    await ben.open("Anna")
    anna.may_be_alone = True
    await send(anna, noise(200_000, "film.bin"))
    await expect(anna.page.get_by_text("This file is larger than this server takes.")).to_be_visible()
    await anna.say("after")
    await ben.sees("after")
    await anna.page.get_by_role("button", name="Delete").click()
    await expect(anna.page.locator("article.media")).to_have_count(0)
    anna.complaints[:] = [one for one in anna.complaints if "status of 413" not in one]


SMALL: Final = ("--media-file-bytes", "100000")
