"""Reactions and pins, by keys and by clicks, as two people see them; and what one wants of a conversation oneself."""

import contextlib
import re

from playwright.async_api import Locator, expect
from prove.process import ServerProcess
from tests.support.people import PASSWORD
from tests.web.app.conftest import Arrive
from tests.web.app.test_told import AWAY, SHOWN
from tests.web.app.visitor import Visitor, until

from chinwag.client import Client


async def _two(arrive: Arrive) -> tuple[Visitor, Visitor]:
    """Anna, who may be told of what comes, and Ben, in a conversation that both have open."""
    anna, ben = await arrive(permissions=["notifications"]), await arrive()
    await anna.sign_up("anna", "Anna")
    await anna.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("hello")
    await ben.open("Anna")
    await ben.sees("hello")
    return anna, ben


async def _press(visitor: Visitor, text: str, key: str) -> None:
    """A key on the message with this text, once it has its place: before that there is less to do with it."""
    await visitor.page.locator("article[data-number]", has_text=text).last.focus()
    await visitor.page.keyboard.press(key)


def _reaction(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("group", name="Reactions").get_by_role("button", name=name, exact=True)


async def test_a_reaction_is_put_on_and_taken_back_and_says_who(arrive: Arrive) -> None:
    anna, ben = await _two(arrive)
    # by keys alone: the picker finds it by a word
    await _press(ben, "hello", "+")
    dialog = ben.page.get_by_role("dialog", name="React")
    await dialog.get_by_label("Search emoji").fill("heart red")
    await ben.page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    heart = "\u2764\ufe0f"
    await expect(_reaction(anna, f"{heart}, 1: Ben")).to_have_attribute("aria-pressed", "false")
    await expect(_reaction(ben, f"{heart}, 1: You")).to_have_attribute("aria-pressed", "true")
    # the other puts the same on, by a click on what is there
    await _reaction(anna, f"{heart}, 1: Ben").click()
    await expect(_reaction(anna, f"{heart}, 2: You and Ben")).to_have_attribute("aria-pressed", "true")
    await expect(_reaction(ben, f"{heart}, 2: You and Anna")).to_have_attribute("aria-pressed", "true")
    await expect(anna.page.get_by_role("article", name=re.compile(f"hello.*Reactions: {heart} 2"))).to_be_visible()
    # loaded afresh it is the same
    await anna.page.reload()
    await expect(_reaction(anna, f"{heart}, 2: You and Ben")).to_be_visible()
    # Tab leads from the message to what is on it
    await _press(ben, "hello", "Tab")
    await expect(_reaction(ben, f"{heart}, 2: You and Anna")).to_be_focused()
    await ben.page.keyboard.press("Enter")
    await expect(_reaction(anna, f"{heart}, 1: You")).to_be_visible()
    await _reaction(anna, f"{heart}, 1: You").click()
    for one in (anna, ben):
        await expect(one.page.get_by_role("group", name="Reactions")).to_have_count(0)


async def test_a_pinned_message_is_found_in_the_list_until_it_is_deleted(arrive: Arrive) -> None:
    anna, ben = await _two(arrive)
    await anna.say("the code of the door is 4711")
    await _press(anna, "the code", "p")
    await ben.page.get_by_role("button", name="1 pinned message").click()
    dialog = ben.page.get_by_role("dialog", name="Pinned messages")
    await expect(dialog.get_by_role("listitem")).to_contain_text("the code of the door is 4711")
    for one, said in ((anna, "You pinned a message"), (ben, "Anna pinned a message")):
        await expect(one.page.get_by_role("log")).to_contain_text(said)
    # it says what the message says now, and goes with it
    await _press(anna, "the code", "e")
    await expect(anna.composer).to_have_value("the code of the door is 4711")
    await anna.composer.fill("the code of the door is 4712")
    await anna.composer.press("Enter")
    await expect(dialog.get_by_role("listitem")).to_contain_text("4712")
    await anna.sees("4712")
    await _press(anna, "the code", "d")
    await anna.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(dialog).to_contain_text("Nothing is pinned here.")
    await expect(dialog).not_to_contain_text("4712")
    await dialog.get_by_role("button", name="Close").click()
    await expect(ben.page.get_by_role("button", name="1 pinned message")).to_have_count(0)
    # unpinned from the menu, by whoever is in the conversation
    await _press(ben, "hello", "p")
    await expect(anna.page.get_by_role("button", name="1 pinned message")).to_be_visible()
    await _press(anna, "hello", "Enter")
    await anna.page.get_by_role("menuitem", name="Unpin").click()
    await expect(ben.page.get_by_role("button", name="1 pinned message")).to_have_count(0)


async def test_what_speaks_to_one_is_counted_apart(arrive: Arrive) -> None:
    anna, ben = await _two(arrive)
    await anna.page.get_by_role("link", name="People").first.click()
    await ben.say("something")
    await _press(ben, "hello", "r")
    await ben.say("hello to you too")
    row = anna.page.get_by_role("region", name="Conversations").get_by_role("link")
    await expect(row).to_have_accessible_name(re.compile("2 unread, of which 1 for you"))
    await expect(anna.page).to_have_title("(2, of which 1 for you) Chinwag")
    await row.click()
    await expect(anna.page).to_have_title("Chinwag")


async def test_a_muted_and_archived_conversation_tells_nothing_on_any_device(arrive: Arrive) -> None:
    anna, ben = await _two(arrive)
    other = await arrive()
    await other.log_in("anna")
    row = other.page.get_by_role("region", name="Conversations").get_by_role("link")
    await anna.page.get_by_role("button", name="About this conversation").click()
    about = anna.page.get_by_role("complementary")
    await about.get_by_role("button", name="Always").click()
    await expect(about.get_by_text("Muted", exact=True)).to_be_visible()
    await expect(row).to_have_accessible_name(re.compile("muted"))
    await about.get_by_label("Archive, until something is said here").check()
    await other.page.get_by_role("button", name="Archive, 1 conversation").click()
    await expect(row).to_have_accessible_name(re.compile("Ben"))
    # archived while muted: what is said does not bring it back, and is told nowhere
    await anna.page.evaluate(AWAY)
    await ben.say("are you there?")
    await anna.sees("are you there?")
    await expect(other.page.get_by_role("button", name="Archive, 1 conversation")).to_be_visible()
    # unmuted it is among the others, and told
    await about.get_by_role("button", name="Unmute").click()
    await expect(other.page.get_by_role("button", name=re.compile("Archive"))).to_have_count(0)
    await ben.say("now?")

    async def told() -> bool:
        return [body for _, body in await anna.page.evaluate(SHOWN)] == ["now?"]

    await until(told)


async def test_all_who_have_reacted_are_listed_a_page_at_a_time(arrive: Arrive, served: ServerProcess) -> None:
    signs = [chr(0x1F600 + n) for n in range(10)]
    async with contextlib.AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(await Client.sign_up(served.url, f"person{n}", PASSWORD, device="Laptop"))
            for n in range(6)
        ]
        first = people[0]
        group = (await first.create_group("Many", [one.account for one in people[1:]])).conversation
        said = (await first.send("who is in?", conversation=group)).number
        for one in people:
            for sign in signs:
                await one.react(group, said, sign)
    at = await arrive()
    await at.log_in("person0")
    await at.open("Many")
    await _press(at, "who is in?", "w")
    dialog = at.page.get_by_role("dialog", name="Who has reacted")
    await expect(dialog.get_by_role("listitem")).to_have_count(50)
    await dialog.get_by_role("button", name="More").click()
    await expect(dialog.get_by_role("listitem")).to_have_count(60)
    await expect(dialog.get_by_role("button", name="More")).to_have_count(0)
    await expect(dialog.get_by_role("listitem").last).to_have_text(re.compile(f"person5.*{signs[-1]}", re.DOTALL))


async def test_all_are_named_at_once_by_whoever_may(arrive: Arrive, served: ServerProcess) -> None:
    async with (
        await Client.sign_up(served.url, "anna", PASSWORD, device="Laptop") as anna,
        await Client.sign_up(served.url, "ben", PASSWORD, device="Laptop") as ben,
    ):
        await anna.create_group("The garden", [ben.account])
    owner, member = await arrive(), await arrive()
    await owner.log_in("anna")
    await member.log_in("ben")
    await member.open("The garden")
    await member.composer.press_sequentially("@a")
    await expect(member.page.get_by_role("option")).to_have_text([re.compile("anna")])
    await member.composer.fill("")
    await member.page.get_by_role("link", name="People").first.click()
    await owner.open("The garden")
    await owner.composer.press_sequentially("@al")
    await expect(owner.page.get_by_role("option")).to_have_text([re.compile("all.*Everybody here", re.DOTALL)])
    await owner.composer.press("Enter")
    await expect(owner.composer).to_have_value("@all ")
    await owner.composer.press_sequentially("we meet at three")
    await owner.composer.press("Enter")
    await expect(member.page).to_have_title(re.compile("of which 1 for you"))
    await member.open("The garden")
    await expect(member.page.locator("article .at.self")).to_have_text("@all")


async def test_marked_as_unread_it_is_so_on_all_devices_until_it_is_opened(arrive: Arrive) -> None:
    anna, _ = await _two(arrive)
    other = await arrive()
    await other.log_in("anna")
    await anna.page.get_by_role("button", name="About this conversation").click()
    await anna.page.get_by_label("Marked as unread, until you open it again").check()
    rows = [one.page.get_by_role("region", name="Conversations").get_by_role("link") for one in (anna, other)]
    for row in rows:
        await expect(row).to_have_accessible_name(re.compile("marked as unread"))
    await other.open("Ben")
    for row in rows:
        await expect(row).not_to_have_accessible_name(re.compile("marked as unread"))
