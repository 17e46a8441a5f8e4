"""A group of 500: its page opens on a screenful, has everybody in the end, and asks only for what it shows."""

import contextlib
import importlib
import re
import sys
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Error, Request, expect
from prove.process import ServerProcess
from tests.web.app.conftest import ROOT, Arrive
from tests.web.app.judge import sticking_out
from tests.web.app.scrolling import who as who_is
from tests.web.app.visitor import until

MEMBERS: Final = 500
AT_ONCE: Final = 150


@pytest.mark.web_prove
async def test_a_group_of_five_hundred(served: ServerProcess, arrive: Arrive) -> None:
    served.environment["CHINWAG_LIMITS_GROUP_MEMBERS"] = str(MEMBERS)
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    known = await who_is(anna)
    await served.stop()
    if (path := str(ROOT / "bench")) not in sys.path:
        sys.path.append(path)
    data: Any = importlib.import_module("data")
    crowd = await data.make_people(served.data, MEMBERS - 1)
    async with data.opened(served.data) as book:
        group = await book.group([crowd[0], data.Person(*known), *crowd[1:]])
        await book.write(group, crowd[0], 20)
    await served.start()
    anna = await arrive()
    asked: list[Request] = []
    # the engine asks, in its worker
    anna.page.context.on("request", lambda request: asked.append(request))
    await anna.log_in("anna")
    await anna.page.get_by_role("region", name="Conversations").get_by_role("link").first.click()
    await expect(anna.page.get_by_role("article")).to_have_count(20)
    # nothing shows how it stands with members yet, so nobody asks
    assert not [one for one in asked if "/v1/presence" in one.url]

    await anna.page.get_by_role("button", name="About this conversation").click()
    details = anna.page.get_by_role("complementary", name=re.compile("^About "))
    await expect(details.get_by_text(f"Group of {MEMBERS}")).to_be_visible()
    rows = details.get_by_role("listitem").filter(has=anna.page.get_by_role("button"))
    await expect(rows.first).to_be_visible()
    assert await rows.count() <= AT_ONCE
    assert await sticking_out(anna.page) == []
    accounts = {one for url in asked for one in parse_qs(urlsplit(url.url).query).get("account", [])}
    # by name, and names come one by one: some more than are drawn in the end
    assert len(accounts) <= MEMBERS // 2

    async def everybody() -> bool:
        with contextlib.suppress(Error):  # drawn anew at this very moment: the next look scrolls
            await rows.last.scroll_into_view_if_needed()
        return await rows.count() == MEMBERS and "…" not in await rows.locator("b").all_inner_texts()

    await until(everybody)
    # names are asked for by the hundred, and each name a few times at most
    assert len([one for one in asked if "/v1/users?" in one.url]) <= 10 * MEMBERS // 100
