"""What stands at the door, and what the app says of itself: as well judged as the screens are."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect
from prove.process import ServerProcess
from tests.support.people import PASSWORD
from tests.web import page_server
from tests.web.app.conftest import ROOT, Arrive
from tests.web.app.furnished import furnish
from tests.web.app.test_screens import WIDTHS, Findings, axed, measured, told
from tests.web.app.visitor import Visitor
from tests.web.gate import Gate

LOG_IN = """([name, password]) => fetch("/v1/sessions", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name, password, device: "another", cookie: true }),
}).then((answer) => answer.status)"""

FILES = ROOT / "src" / "chinwag" / "web_files"


async def judged(at: Visitor, state: str, found: Findings) -> None:
    """Both themes, all widths."""
    await axed(at.page, state, found)
    await measured(at.page, state, found, WIDTHS)


async def logged_in(at: Visitor, found: Findings) -> None:
    """Judge what comes after the door: refused, and let in."""
    page = at.page
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    await judged(at, "log in", found)
    await page.get_by_label("Name", exact=True).fill("nobody")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Password").press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await judged(at, "log in, refused", found)
    await at.sign_up("anna", "Anna")
    await expect(page.get_by_role("heading", name="Welcome, Anna", level=1)).to_be_visible()
    await judged(at, "nobody yet", found)
    # the browser itself writes of a refused log-in
    assert [one for one in at.complaints if "status of 401" not in one] == []
    at.complaints.clear()


@pytest.mark.parametrize("sign_up", ["open", "invitation", "closed"])
async def test_the_door_says_what_the_server_allows(served: ServerProcess, arrive: Arrive, sign_up: str) -> None:
    await served.stop()
    served.environment["CHINWAG_ACCOUNTS_SIGN_UP"] = sign_up
    await served.start()
    at, found = await arrive(reduced_motion="reduce"), Findings()
    page = at.page
    await at.visit()
    await expect(page.get_by_role("heading", name="Join the chat")).to_be_visible()
    # said before anybody types
    await expect(page.get_by_label("Invitation code")).to_have_count(int(sign_up == "invitation"))
    await expect(page.get_by_label("Password")).to_have_count(int(sign_up != "closed"))
    await judged(at, "sign up", found)
    if sign_up == "open":
        await logged_in(at, found)
    assert not found, told(found)


@pytest.fixture
async def versions(tmp_path: Path) -> AsyncIterator[tuple[ServerProcess, Path]]:
    """A server of a copy of the app, which may change."""
    files = tmp_path / "files"
    shutil.copytree(FILES, files)
    command, environment = page_server.COMMAND, {page_server.PAGE: str(files)}
    server = ServerProcess(tmp_path / "other", command=command, environment=environment, cwd=ROOT)
    await server.start()
    yield server, files
    server.end()


async def test_what_the_app_says_of_itself(
    arrive: Arrive, served: ServerProcess, versions: tuple[ServerProcess, Path]
) -> None:
    server, files = versions
    home, found = await furnish(server), Findings()
    line = Gate(lambda: server.url)
    await line.start()
    anna = await arrive(url=lambda: line.url, reduced_motion="reduce")
    anna.may_be_alone = True
    try:
        await anna.log_in("anna")
        await anna.visit(f"/c/{home.ben}")
        await expect(anna.page.get_by_role("article")).to_have_count(6)
        await anna.page.evaluate("async () => { await navigator.serviceWorker.ready }")
        line.cut()
        await expect(anna.page.get_by_text("You are offline.")).to_be_visible()
        await judged(anna, "offline", found)
        await anna.page.get_by_role("link", name="People").first.click()
        await expect(anna.page.get_by_role("heading", name="People", exact=True)).to_be_visible()
        await anna.page.goto(f"{line.url}/join#{home.shed}")
        await expect(anna.page.get_by_role("alert")).to_be_visible()
        await judged(anna, "link, offline", found)

        worker = files / "sw.js"
        worker.write_text(worker.read_text() + "\n// another version\n")
        for packed in files.glob("sw.js.*"):
            packed.unlink()
        await server.stop()
        await server.start()
        line.mend()
        await anna.visit(f"/c/{home.ben}")
        await expect(anna.page.get_by_role("article")).to_have_count(6)
        await anna.page.evaluate("async () => (await navigator.serviceWorker.getRegistration()).update()")
        await expect(anna.page.get_by_text("A new version is ready.")).to_be_visible()
        await judged(anna, "a new version", found)
        # A page that starts renews its log-in, which sets the cookie: it would set it again over somebody else's.
        renewing = anna.page.expect_response(lambda answer: answer.url.endswith("/v1/sessions/refresh"))
        async with renewing as renewed, anna.page.expect_navigation():
            await anna.page.get_by_role("button", name="Reload").click()
        await (await renewed.value).finished()
        await expect(anna.page.get_by_role("article")).to_have_count(6)
        await expect(anna.page.get_by_text("A new version is ready.")).to_have_count(0)

        # somebody else has logged in in this browser
        assert await anna.page.evaluate(LOG_IN, ["ben", PASSWORD]) == 201
        await anna.page.reload()
        await expect(anna.page.get_by_text("You were logged out on this device.")).to_be_visible()
        await judged(anna, "logged out", found)
    finally:
        await line.stop()
    assert not found, told(found)
