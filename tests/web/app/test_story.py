"""The story that the web client is for: two people find each other and chat, on a laptop and on a phone."""

import re

from playwright.async_api import expect
from tests.web.app.conftest import Arrive


async def test_two_people_find_each_other_and_chat(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive(phone=True, color_scheme="dark")
    await anna.sign_up("anna", "Anna Lindqvist")
    await ben.sign_up("ben", "Ben Okafor")

    await anna.begin_with("ben", "Ben Okafor")
    await anna.say("Hello Ben, this works")
    await expect(ben.page).to_have_title(re.compile(r"^\(1\)"))
    await ben.open("Anna Lindqvist")
    await ben.sees("Hello Ben, this works")
    # the phone has it, and its window shows it: the laptop says so, to eyes and to screen readers
    await expect(anna.page.get_by_role("article", name=re.compile("Hello Ben.*, read$"))).to_be_visible()
    await expect(ben.page).not_to_have_title(re.compile(r"^\("))

    await ben.composer.fill("It does 🙏 https://example.org/x.")
    await expect(anna.page.locator(".talk header")).to_contain_text("Ben is typing…")
    await ben.page.get_by_role("button", name="Send", exact=True).click()
    await anna.sees("It does 🙏 https://example.org/x.")
    link = anna.page.get_by_role("link", name="https://example.org/x", exact=True)
    await expect(link).to_have_attribute("href", "https://example.org/x")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(anna.page.locator(".talk header")).to_contain_text("Online")
    # what is new in the open conversation is said once, politely
    await expect(anna.page.locator("[aria-live=polite].said")).to_have_text(re.compile("^Ben Okafor: It does"))
    assert await anna.texts() == await ben.texts()


async def test_one_account_in_two_browsers_stays_in_step(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("from the laptop")
    phone = await arrive(phone=True)
    await phone.log_in("anna")
    await phone.open("Ben")
    await phone.sees("from the laptop")
    await phone.composer.fill("from the phone")
    await phone.page.get_by_role("button", name="Send", exact=True).click()
    await anna.sees("from the phone")
    await ben.open("Anna")
    for one in (anna, phone, ben):
        await one.sees("from the phone")
        assert await one.texts() == ["from the laptop", "from the phone"]
    await expect(phone.page.get_by_role("article", name=re.compile("from the laptop, read$"))).to_be_visible()


async def test_a_second_tab_shows_the_same_and_goes_on_when_the_first_is_closed(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("one")
    second = type(anna)(await anna.page.context.new_page(), anna.complaints, anna.url)
    await second.visit()
    await second.open("Ben")
    await second.sees("one")
    await anna.page.close()
    await second.say("two")
    await ben.open("Anna")
    await ben.sees("two")
    await ben.say("three")
    await second.sees("three")
    assert await second.texts() == await ben.texts() == ["one", "two", "three"]
