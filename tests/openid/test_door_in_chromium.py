"""The web client's door and settings with a provider that nobody here wrote, in a real browser."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Cookie, Page, expect
from tests.life.commands import chinwag
from tests.openid.real_house import House, real_house
from tests.web.app.conftest import built_app
from tests.web.app.visitor import Visitor, visitor_in
from tests.web.browsers import chromium

__all__ = ["built_app"]

REFUSED = re.compile("status of 40[0-9]")
"""What a browser itself writes about a refusal. All else is a complaint."""


@pytest.fixture
async def house(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    async with real_house(tmp_path, unused_tcp_port) as built:
        yield built


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    return []


async def come(browser: Browser, house: House, complaints: list[str]) -> Visitor:
    """Somebody with a profile of their own, at the door."""
    context = await browser.new_context(locale="en-GB")
    # the provider's pages ask for fonts of the Internet
    await context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.fulfill(status=204))
    visitor = await visitor_in(context, complaints, lambda: house.server.url)
    await visitor.visit()
    return visitor


async def log_in_there(page: Page, name: str) -> None:
    """On the provider's own page."""
    await page.fill("input[name=login]", name)
    await page.fill("input[name=password]", "any")
    await page.click("button[type=submit]")


async def session_cookies(page: Page) -> list[Cookie]:
    """The server's own: cookies know no ports, and the provider is on the same machine."""
    return [one for one in await page.context.cookies() if one.get("path") == "/v1/sessions"]


async def nothing_left(page: Page) -> None:
    """Of the trip: neither in the address, nor in the tab's storage, nor in its history."""
    assert "#" not in page.url
    assert await page.evaluate("() => Object.keys(sessionStorage)") == []
    session = await page.context.new_cdp_session(page)
    history = await session.send("Page.getNavigationHistory")
    assert [entry["url"] for entry in history["entries"] if "openid_" in entry["url"]] == []
    await session.detach()


async def test_from_the_door_to_the_log_out_at_the_provider(
    house: House, browser: Browser, complaints: list[str]
) -> None:
    visitor = await come(browser, house, complaints)
    page = visitor.page
    enter = page.get_by_role("button", name="Log in with The company")

    await enter.click()
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.get_by_role("alert")).to_contain_text("The provider did not let you in")
    await nothing_left(page)

    await enter.click()
    await log_in_there(page, "ann")
    await page.get_by_role("button", name="New message").first.wait_for()
    await nothing_left(page)
    [cookie] = await session_cookies(page)
    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
    await page.reload()
    await page.get_by_role("button", name="New message").first.wait_for()

    await visitor.visit("/settings")
    await page.get_by_role("button", name="Unlink: The company").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Unlink").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Set a password first")
    await dialog.get_by_role("button", name="Cancel").click()
    await page.get_by_label("New password").fill("a password of her own")
    await page.locator("form", has=page.get_by_label("New password")).get_by_role("button", name="Save").click()
    await page.get_by_text("The password is changed.").wait_for()

    await page.get_by_role("button", name="Log out", exact=True).last.click()
    await page.get_by_role("dialog").get_by_role("button", name="Log out").click()
    await page.wait_for_url(f"{house.provider.issuer}/session/end**")
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.wait_for_url(f"{house.server.url}/**")
    await enter.wait_for()
    assert await session_cookies(page) == []
    assert [one for one in complaints if not REFUSED.search(one)] == []


async def test_a_first_log_in_shows_an_invitation_where_one_is_asked_for(
    tmp_path: Path, unused_tcp_port: int, browser: Browser, complaints: list[str]
) -> None:
    async with real_house(tmp_path, unused_tcp_port, sign_up="invited") as house:
        made = await chinwag("invite", "create", "--data-path", house.server.data, folder=tmp_path)
        page = (await come(browser, house, complaints)).page
        await page.get_by_role("button", name="Log in with The company").click()
        await log_in_there(page, "cem")
        await expect(page.get_by_role("alert")).to_contain_text("asks for an invitation code at a first log-in")
        await nothing_left(page)
        again = page.get_by_role("button", name="Log in with The company").first
        code = page.get_by_label("Invitation code").first
        await code.fill("made up")
        await again.click()
        await expect(page.get_by_role("alert").last).to_contain_text("needs an invitation")
        await code.fill(made.out.strip())
        await again.click()
        await page.get_by_role("button", name="New message").first.wait_for()
        assert [one for one in complaints if not REFUSED.search(one)] == []


async def test_an_account_is_linked_and_let_go_in_the_settings(
    house: House, browser: Browser, complaints: list[str]
) -> None:
    visitor = await come(browser, house, complaints)
    page = visitor.page
    await visitor.sign_up("ben", "Ben")

    await visitor.visit("/settings")
    await page.get_by_role("button", name="Link: The company").click()
    await log_in_there(page, "somebody")
    await page.get_by_text("The company is linked").wait_for()
    assert page.url == f"{house.server.url}/settings"
    await nothing_left(page)

    stranger = await come(browser, house, complaints)
    await stranger.page.get_by_role("button", name="Log in with The company").click()
    await log_in_there(stranger.page, "somebody")
    await stranger.page.get_by_role("button", name="New message").first.wait_for()
    await stranger.visit("/settings")
    await expect(stranger.page.get_by_text("@ben")).to_be_visible()

    await page.get_by_role("button", name="Unlink: The company").click()
    await page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
    await page.get_by_role("button", name="Link: The company").wait_for()
    assert [one for one in complaints if not REFUSED.search(one)] == []


async def test_what_somebody_elses_link_brings_logs_nobody_in(
    house: House, browser: Browser, complaints: list[str]
) -> None:
    visitor = await come(browser, house, complaints)
    asked: list[str] = []
    visitor.page.context.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    await visitor.page.goto("about:blank")
    await visitor.visit("/#openid_code=of-somebody-else")
    await expect(visitor.page.get_by_role("alert")).to_contain_text("begun elsewhere")
    await nothing_left(visitor.page)
    assert not [one for one in asked if one.startswith("POST")]
    assert complaints == []
