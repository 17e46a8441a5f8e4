"""The whole story by keyboard alone, and what a screen reader hears meanwhile."""

import re

from playwright.async_api import expect
from tests.support.people import PASSWORD
from tests.web.app.conftest import Arrive
from tests.web.app.keys import Keys


async def test_the_story_by_keyboard_alone(arrive: Arrive) -> None:
    anna, ben, cleo = await arrive(), await arrive(), await arrive()
    await ben.sign_up("ben", "Ben Okafor")
    await cleo.sign_up("cleo", "Cleo Marsh")
    page, keys = anna.page, Keys(anna.page)
    dialog = page.get_by_role("dialog")

    # sign up
    await anna.visit()
    await page.get_by_label("Name", exact=True).wait_for()
    await keys.to("textbox", "Name")
    await keys.type("anna")
    await keys.to("textbox", "What friends see")
    await keys.type("Anna")
    await keys.to("textbox", "Password")
    await keys.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="New message").first.wait_for()
    await keys.at("heading", "signing up")

    # find a person, and write
    await keys.to("button", "New message")
    await keys.press("Enter")
    await dialog.wait_for()
    await keys.press("Escape")
    await expect(dialog).to_have_count(0)
    await keys.at('button "New message"', "Escape")
    await keys.press("Enter")
    await keys.at('searchbox "Find people"', "Enter")
    await keys.type("ben")
    await dialog.get_by_role("button", name="Ben Okafor").wait_for()
    assert await keys.around() == {
        'button "Close"',
        'searchbox "Find people": ben',
        'button "Ben Okafor @ben"',
        'button "New group"',
    }
    await keys.to("button", "Ben Okafor")
    await keys.press("Enter", 'textbox "Message Ben Okafor"')
    await keys.type("Hello Ben")
    await keys.press("Enter", 'textbox "Message Ben Okafor"')
    await ben.open("Anna")
    await ben.sees("Hello Ben")
    await ben.say("Hello Anna")
    await anna.sees("Hello Anna")

    # the messages: move, answer, menu, and back
    await keys.press("Shift+F6", r'article "Ben Okafor, \d\d:\d\d, Hello Anna"')
    await keys.press("ArrowUp", r'article "you, \d\d:\d\d, Hello Ben, read"')
    await keys.press("Enter", 'menuitem "Reply R"')
    await keys.press("ArrowDown", r'menuitem "React \+"')
    await keys.press("ArrowDown", 'menuitem "Edit E"')
    await keys.press("Escape", 'article "you')
    await keys.press("ArrowDown", 'article "Ben Okafor')
    await keys.press("r", 'textbox "Message Ben Okafor"')
    await keys.type("An answer")
    await keys.press("Enter")
    await expect(ben.page.get_by_role("article").last.locator(".quote")).to_contain_text("Hello Anna")
    await keys.press("Control+k", 'combobox "Jump to"')
    await keys.press("Escape", 'textbox "Message Ben Okafor"')
    await keys.press("F6", 'link "Ben Okafor')

    # a group with members, and a link to it
    await keys.to("button", "New message", back=True)
    await keys.press("Enter", 'searchbox "Find people"')
    await keys.to("button", "New group")
    await keys.press("Enter", 'textbox "Name of the group"')
    await keys.type("The garden")
    await keys.to("searchbox", "Find people")
    await keys.type("ben")
    await dialog.get_by_role("button", name="Ben Okafor").wait_for()
    await keys.to("button", "Ben Okafor")
    await keys.press("Enter")
    await keys.to("button", "Begin the group")
    await keys.press("Enter", 'textbox "Message The garden"')
    await keys.type("Welcome")
    await keys.press("Enter")
    await ben.open("The garden")
    await ben.sees("Welcome")
    await keys.to("button", "About this conversation", back=True)
    await keys.press("Enter", 'heading "About"')
    await keys.to("button", "Link")
    await keys.press("Enter")
    await dialog.wait_for()
    await keys.to("button", "Make a link")
    await keys.press("Enter")
    await dialog.get_by_role("textbox").wait_for()
    await keys.to("textbox", "This address is shown once")
    link = await dialog.get_by_role("textbox").input_value()
    await keys.press("Escape", 'button "Link"')

    # who comes by the link
    others = Keys(cleo.page)
    await cleo.visit(link.removeprefix(cleo.url()))
    await cleo.page.get_by_role("button", name="Join").wait_for()
    await others.to("button", "Join")
    await others.press("Enter", 'textbox "Message The garden"')
    await cleo.sees("Welcome")

    # leave, and log out
    await keys.to("button", "Leave")
    await keys.press("Enter")
    await dialog.wait_for()
    await keys.to("button", "Leave")
    await keys.press("Enter")
    await expect(page.get_by_role("complementary")).to_have_count(0)
    await keys.at("", "leaving")
    await keys.to("link", "Settings")
    await keys.press("Enter")
    await page.get_by_role("button", name="Close account").wait_for()
    await keys.to("button", "Close account", back=True)
    await keys.to("button", "Log out", back=True)
    await keys.press("Enter")
    await dialog.wait_for()
    await keys.to("button", "Log out")
    await keys.press("Enter")
    await page.get_by_role("button", name="Sign up").wait_for()
    await keys.at("heading", "logging out")


async def test_closing_what_is_open_gives_the_focus_back_on_a_phone_too(arrive: Arrive) -> None:
    anna, ben = await arrive(phone=True), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben Okafor")
    keys = Keys(anna.page)
    await anna.begin_with("ben", "Ben Okafor")
    await anna.say("Hello")
    await anna.visit("/")
    await anna.page.get_by_role("link", name="Ben Okafor").wait_for()
    await keys.to("link", "Ben Okafor")
    await keys.press("Enter", 'heading "Ben Okafor"')
    await keys.to("button", "Back", back=True)
    await keys.press("Enter", 'link "Ben Okafor')
    for name, heading in (("People", "People"), ("You", "You")):
        await keys.to("link", name)
        await keys.press("Enter", f'heading "{heading}"')
        await keys.to("button", "Back", back=True)
        await keys.press("Enter", f'link "{name}')


async def test_what_is_new_is_said_once_a_second_without_times(arrive: Arrive) -> None:
    anna, ben, cleo = await arrive(), await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben Okafor")
    await cleo.sign_up("cleo", "Cleo Marsh")
    await anna.begin_with("ben", "Ben Okafor")
    await anna.say("mine is not told to me")
    await ben.open("Anna")
    await anna.page.evaluate(
        """() => {
          const region = document.querySelector("[aria-live=polite].said");
          globalThis.heard = [];
          new MutationObserver(() => heard.push(region.textContent))
            .observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    await cleo.begin_with("anna", "Anna")
    await cleo.say("in another conversation")
    row = anna.page.get_by_role("link", name=re.compile("^Cleo Marsh *, 1 unread *, in another"))
    await expect(row).to_be_visible()

    # no second goes by while these come
    await anna.page.clock.install()
    await anna.page.clock.pause_at(await anna.page.evaluate("() => Date.now()") + 60_000)
    await ben.say("line 0")
    # of two that come at once the later one would be said
    await expect(anna.page.get_by_role("article")).to_have_count(2)
    for n in range(1, 6):
        await ben.say(f"line {n}")
    await expect(anna.page.get_by_role("article")).to_have_count(7)
    assert await anna.page.evaluate("() => heard") == ["Ben Okafor: line 0"]
    await anna.page.clock.run_for(1_000)
    assert await anna.page.evaluate("() => heard") == ["Ben Okafor: line 0", "5 more from Ben Okafor"]
    await anna.page.clock.run_for(1_000)
    await ben.say("and one")
    await expect(anna.page.get_by_role("article")).to_have_count(8)
    assert (await anna.page.evaluate("() => heard"))[2:] == ["Ben Okafor: and one"]
    await expect(anna.page.get_by_role("log")).to_have_attribute("aria-live", "off")
