"""A group of very many in the app: counted while it is closed, live while it is open, and its members looked up."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import expect
from prove.process import ServerProcess
from tests.support.people import PASSWORD
from tests.web.app.conftest import ROOT, Arrive
from tests.web.browsers import PATIENCE
from tests.web.gate import Gate

SETTINGS = {
    "LIMITS_WIDE_ABOVE": "2",
    "LIMITS_LARGE_ABOVE": "3",
    "LIMITS_LARGE_GROUP_MEMBERS": "100",
    "ACCOUNTS_PEOPLE_SEARCH": "everyone",
}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose groups of three are wide, and of four large."""
    command = (sys.executable, "-m", "tests.support.quick_server")
    environment = {f"CHINWAG_{name}": value for name, value in SETTINGS.items()}
    server = ServerProcess(tmp_path / "data", command=command, environment=environment, cwd=ROOT)
    yield server
    server.end()
    print(server.log())


class Someone:
    """An account that speaks HTTP."""

    account = ""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._token = ""

    async def log_in(self, name: str, sign_up: bool = True) -> "Someone":
        if sign_up:
            body = {"name": name, "password": PASSWORD, "display_name": name.title()}
            await self.ask("POST", "/accounts", body)
        given = await self.ask("POST", "/sessions", {"name": name, "password": PASSWORD, "device": "one"})
        self._token, self.account = given["access_token"], given["account"]["id"]
        return self

    async def ask(self, method: str, path: str, body: object) -> Any:
        """Ask again as often as the server wants to be asked later, as every client does."""
        headers = {"idempotency-key": secrets.token_hex(8)}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self._http.request(method, f"/v1{path}", json=body, headers=headers)
                if answer.status_code not in (429, 503):
                    break
                await asyncio.sleep(answer.json()["retry_after"])
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def change(self, group: str, **change: object) -> None:
        await self.ask("POST", f"/conversations/{group}/changes", {"change": change})

    async def say(self, group: str, text: str) -> int:
        """Its number."""
        body = {"body": {"type": "text", "text": text}}
        return int((await self.ask("POST", f"/conversations/{group}/messages", body))["number"])


@pytest.fixture
async def http(served: ServerProcess) -> AsyncIterator[httpx2.AsyncClient]:
    """A way to the server beside the browser."""
    async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as client:
        yield client


async def test_a_large_group_is_counted_while_closed_live_while_open_and_its_members_are_looked_up(
    arrive: Arrive, http: httpx2.AsyncClient
) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    olga, ben, carl = [await Someone(http).log_in(name) for name in ("olga", "ben", "carl")]
    beside = await Someone(http).log_in("anna", sign_up=False)
    wanted = {"title": "Harbour", "settings": {"join": "open", "large": True}}
    group = (await olga.ask("POST", "/conversations", wanted))["conversation"]
    for one in (beside, ben):
        await one.change(group, type="join")
    row = anna.page.get_by_role("region", name="Conversations").get_by_role("link", name="Harbour")
    await expect(row).to_be_visible()
    await carl.change(group, type="join")

    # Closed, it is told how many there are.
    said = await ben.say(group, "the tide is out")
    await expect(row.locator(".count")).to_have_text("1")

    await anna.open("Harbour")
    await anna.sees("the tide is out")
    await ben.say(group, "and in again")
    await anna.sees("and in again")
    await anna.say("I see it")
    await expect(row.locator(".count")).to_have_count(0)

    # What others put on a message moves while one looks on, and so does what one puts on it oneself.
    for one in (ben, carl):
        await one.ask("PUT", f"/conversations/{group}/messages/{said}/reactions/%F0%9F%91%8D", None)
    thumb = anna.page.locator(".reactions button", has_text="👍")
    await expect(thumb).to_have_text("👍2")
    await thumb.click()
    await expect(thumb).to_have_text("👍3")
    await expect(thumb).to_have_attribute("aria-pressed", "true")

    # Whoever is no admin is offered by name, too.
    await anna.composer.press_sequentially("@ca")
    await anna.page.get_by_role("option", name="Carl").click()
    await expect(anna.composer).to_have_value("@Carl ")
    await anna.composer.fill("")
    await olga.change(group, type="title", title="The harbour")
    heading = anna.page.get_by_role("heading", name="The harbour")
    await expect(heading.first).to_be_visible()

    await anna.page.get_by_role("button", name="About this conversation").click()
    about = anna.page.get_by_role("complementary", name="About The harbour")
    await expect(about).to_contain_text("Group of 4")
    await expect(about).to_contain_text("This group has very many members.")
    await expect(about.locator(".person")).to_have_count(4)
    await about.get_by_label("Find a member by name").fill("ben")
    await expect(about.locator(".person")).to_have_count(1)
    await expect(about.locator(".person")).to_contain_text("Ben")


async def test_whoever_is_removed_while_away_finds_the_group_as_it_was_by_then(
    arrive: Arrive, http: httpx2.AsyncClient, line: Gate
) -> None:
    anna = await arrive(url=lambda: line.url)
    anna.may_be_alone = True
    await anna.sign_up("anna", "Anna")
    olga, ben, carl = [await Someone(http).log_in(name) for name in ("olga", "ben", "carl")]
    beside = await Someone(http).log_in("anna", sign_up=False)
    wanted = {"title": "Harbour", "settings": {"join": "open", "large": True}}
    group = (await olga.ask("POST", "/conversations", wanted))["conversation"]
    for one in (beside, ben, carl):
        await one.change(group, type="join")
    await anna.open("Harbour")
    said = await ben.say(group, "a secret")
    await anna.sees("a secret")
    await anna.visit("/people")

    line.cut()
    await ben.ask("DELETE", f"/conversations/{group}/messages/{said}", None)
    await olga.change(group, type="title", title="The quay")
    await olga.change(group, type="remove", account=beside.account)
    await ben.say(group, "she is gone")
    line.uncut()
    await anna.visit()
    await anna.page.get_by_role("region", name="Conversations").get_by_role("link", name="The quay").click()
    await expect(anna.page.get_by_text("You are no member any longer")).to_be_visible()
    await expect(anna.page.locator("article", has_text="Message deleted")).to_be_visible()
    await expect(anna.page.get_by_text("a secret")).to_have_count(0)
    await expect(anna.page.get_by_text("she is gone")).to_have_count(0)


async def test_an_admin_sees_at_once_whom_they_removed_and_what_somebody_became(
    arrive: Arrive, http: httpx2.AsyncClient
) -> None:
    olga = await arrive()
    await olga.sign_up("olga", "Olga")
    beside = await Someone(http).log_in("olga", sign_up=False)
    wanted = {"title": "Harbour", "settings": {"join": "open", "large": True}}
    group = (await beside.ask("POST", "/conversations", wanted))["conversation"]
    for name in ("ben", "carl", "dora"):
        await (await Someone(http).log_in(name)).change(group, type="join")
    await olga.open("Harbour")
    await olga.page.get_by_role("button", name="About this conversation").click()
    about = olga.page.get_by_role("complementary", name="About Harbour")
    people, card = about.locator(".person"), olga.page.get_by_role("dialog")
    await people.filter(has_text="Ben").click()
    await card.get_by_role("button", name="Make an admin").click()
    await expect(people.filter(has_text="Ben")).to_contain_text("Admin")
    await card.get_by_role("button", name="No admin any longer").click()
    await expect(card.get_by_role("button", name="Make an admin")).to_be_visible()
    await expect(people.filter(has_text="Ben")).not_to_contain_text("Admin")
    await card.get_by_role("button", name="Remove from the group").click()
    await expect(people).to_have_count(3)
    await olga.page.get_by_role("button", name="Add again").click()
    await expect(people).to_have_count(4)
