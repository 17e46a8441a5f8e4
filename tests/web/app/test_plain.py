"""What somebody sees is true, and what was typed is never out of reach: offline, left, closed, refused, outdated."""

import re

import pytest
from playwright.async_api import expect
from prove.process import ServerProcess
from tests.support.people import PASSWORD
from tests.web.app.conftest import Arrive
from tests.web.app.furnished import furnish
from tests.web.app.visitor import Visitor, until
from tests.web.gate import Gate

STATUS = re.compile("status of 40[0-9]")
"""What a browser itself writes of a refusal, which the page says in words."""


def refused(visitor: Visitor) -> None:
    """The browser's own words about refusals are no complaint."""
    visitor.complaints[:] = [one for one in visitor.complaints if not STATUS.search(one)]


async def two(arrive: Arrive, line: Gate | None = None) -> tuple[Visitor, Visitor]:
    """Anna, who has begun to chat with Ben, and Ben, who has it open."""
    anna = await arrive(url=(lambda: line.url) if line is not None else None)
    ben = await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("hello")
    await ben.open("Anna")
    await ben.sees("hello")
    return anna, ben


async def test_nobody_is_shown_as_online_while_the_connection_is_away(arrive: Arrive, line: Gate) -> None:
    anna, _ = await two(arrive, line)
    anna.may_be_alone = True
    dots = anna.page.locator(".av .on")
    header = anna.page.locator("header .who p")
    await expect(header).to_have_text("Online")
    await expect(dots).not_to_have_count(0)
    line.cut()
    await expect(anna.page.get_by_text("You are offline.")).to_be_visible()
    await expect(header).not_to_have_text("Online")
    await expect(dots).to_have_count(0)
    line.mend()
    await expect(header).to_have_text("Online")
    await expect(dots).not_to_have_count(0)


async def test_what_was_typed_can_be_had_after_one_was_removed_from_a_group(
    arrive: Arrive, served: ServerProcess
) -> None:
    home = await furnish(served)
    anna, ben = await arrive(permissions=["clipboard-read", "clipboard-write"]), await arrive()
    await ben.log_in("ben", f"/c/{home.garden}")
    await anna.log_in("anna", f"/c/{home.garden}")
    await ben.composer.fill("half a sentence")
    await anna.page.get_by_role("button", name="About this conversation").click()
    await anna.page.get_by_role("button", name="Ben Okafor").last.click()
    await anna.page.get_by_role("button", name="Remove from the group").click()
    await expect(ben.page.get_by_text("You are no member any longer.")).to_be_visible()
    kept = ben.page.get_by_role("group", name="You wrote this and did not send it:")
    await expect(kept).to_have_text("half a sentence")
    await ben.page.reload()
    await expect(kept).to_have_text("half a sentence")
    await ben.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ben.page.get_by_role("button", name="Copy", exact=True).click()
    assert await ben.page.evaluate("() => navigator.clipboard.readText()") == "half a sentence"
    await ben.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(kept).to_have_count(0)


async def test_a_partner_who_is_no_friend_is_shown_as_closed_once_one_looks(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    await anna.page.get_by_role("link", name="People").first.click()
    await ben.visit("/settings")
    await ben.page.get_by_role("button", name="Close account").click()
    await ben.page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    await ben.page.get_by_role("dialog").get_by_label("Password").press("Enter")
    await ben.at_the_door()
    await anna.visit("/people")
    await anna.page.get_by_role("region", name="Conversations").get_by_role("link").first.click()
    await expect(anna.page.get_by_role("heading", name="Closed account", level=1)).to_be_visible()
    await expect(anna.page.get_by_text("This account was closed.")).to_be_visible()
    await expect(anna.composer).to_have_count(0)


async def test_a_wrong_password_is_said_beside_its_own_field(arrive: Arrive) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    await anna.visit("/settings")
    now = anna.page.get_by_label("Present password")
    await now.fill("not this one")
    await anna.page.get_by_label("New password").fill("another good one")
    await anna.page.get_by_label("New password").press("Enter")
    said = "This is not your present password."
    await expect(anna.page.get_by_role("alert")).to_have_text(said)
    await expect(now).to_have_accessible_description(said)
    await expect(anna.page.get_by_label("New password")).not_to_have_accessible_description(said)
    await anna.page.get_by_role("button", name="Close account").click()
    dialog = anna.page.get_by_role("dialog")
    await dialog.get_by_label("Password").fill("not this one")
    await dialog.get_by_label("Password").press("Enter")
    await expect(dialog.get_by_role("alert")).to_have_text(said)
    refused(anna)


async def test_a_link_that_was_used_up_says_so_and_has_no_button(arrive: Arrive, served: ServerProcess) -> None:
    home = await furnish(served)
    dora = await arrive()
    await dora.log_in("dora", f"/join#{home.shed}")
    await expect(dora.page.get_by_role("button", name="Join", exact=True)).to_be_visible()
    # Ben takes it back while Dora looks at it.
    ben = await arrive()
    await ben.log_in("ben", "/")
    await ben.open("The garden shed")
    await ben.page.get_by_role("button", name="About this conversation").click()
    await ben.page.get_by_role("button", name="Link", exact=True).click()
    await ben.page.get_by_role("button", name="Revoke").click()
    await expect(ben.page.get_by_text("No links now.")).to_be_visible()
    await dora.page.get_by_role("button", name="Join", exact=True).click()
    await expect(dora.page.get_by_role("alert")).to_have_text("This link leads nowhere any longer. Ask for a new one.")
    await expect(dora.page.get_by_role("button", name="Join", exact=True)).to_have_count(0)
    refused(dora)


NEWER = """async (which) => {
  const { name, version } = (await indexedDB.databases()).find((one) => one.name.startsWith(which));
  await new Promise((resolve, reject) => {
    const asked = indexedDB.open(name, version + 1);
    asked.onsuccess = () => { asked.result.close(); resolve(); };
    asked.onerror = () => reject(asked.error);
  });
}"""


@pytest.mark.parametrize("which", ["chinwag.account.", "chinwag"])
async def test_a_tab_that_starts_older_than_the_database_asks_to_be_reloaded(arrive: Arrive, which: str) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    # a page of the same address without the app makes what a newer version would
    await anna.visit("/v1/server")
    await anna.page.evaluate(NEWER, which)
    await anna.visit("/")
    await expect(anna.page.get_by_text("A newer version of Chinwag has been here.")).to_be_visible()
    await expect(anna.page.get_by_role("button", name="Reload")).to_be_visible()


RELOADED = """() => {
  const field = document.querySelector("textarea");
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  location.reload();
}"""


@pytest.mark.web_prove
async def test_a_line_sent_right_before_a_reload_is_neither_lost_nor_typed_again(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    for number in range(5):
        await anna.composer.fill(f"sent, then gone {number}")
        async with anna.page.expect_navigation():
            await anna.page.evaluate(RELOADED)
        await anna.sees(f"sent, then gone {number}")
        await expect(anna.composer).to_have_value("")
    await ben.sees("sent, then gone 4")
    expected = ["hello", *(f"sent, then gone {number}" for number in range(5))]

    async def there() -> bool:
        return await ben.texts() == expected and await anna.texts() == expected

    await until(there)
    await expect(anna.page.get_by_text("Draft:")).to_have_count(0)


async def test_the_links_of_a_group_are_asked_for_once_whatever_happens_in_it(
    arrive: Arrive, served: ServerProcess
) -> None:
    await furnish(served)
    ben, cleo = await arrive(), await arrive()
    await cleo.log_in("cleo", "/")
    await cleo.open("The garden shed")
    await ben.log_in("ben", "/")
    await ben.open("The garden shed")
    await ben.page.get_by_role("button", name="About this conversation").click()
    asked: list[str] = []
    ben.page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/links") else None)
    await ben.page.get_by_role("button", name="Link", exact=True).click()
    make = ben.page.get_by_role("button", name="Make a link")
    await expect(make).to_be_enabled()
    await make.focus()
    for text in ("One", "Two"):
        await cleo.say(text)
        await expect(ben.page.locator("article .text", has_text=text)).to_have_count(1)
    # each line changes what is known of the group: a button that closed meanwhile would swallow the key
    await expect(make).to_be_focused()
    assert len(asked) == 1
