"""A group of very many in the app: counted while it is closed, live while it is open, and its members looked up. And
beside it in the terminal and in the Python library: all three are told the same."""

import asyncio
import re
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import expect
from prove.process import ServerProcess
from tests.cli.terminals import Pipes
from tests.support.people import PASSWORD
from tests.support.reader import Reader, reading_as
from tests.web.app.conftest import ROOT, Arrive
from tests.web.app.visitor import Visitor
from tests.web.browsers import PATIENCE

from chinwag.client import Client, open_large
from chinwag.wire.values import ConversationId, Gone, Message, Text

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

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._token = ""
        self.account = ""

    async def log_in(self, name: str, sign_up: bool = True) -> "Someone":
        if sign_up:
            body = {"name": name, "password": PASSWORD, "display_name": name.title()}
            await self.ask("POST", "/accounts", body)
        given = await self.ask("POST", "/sessions", {"name": name, "password": PASSWORD, "device": "one"})
        self._token = given["access_token"]
        self.account = given["account"]["id"]
        return self

    async def ask(self, method: str, path: str, body: object) -> Any:
        """Ask again as often as the server wants to be asked later, as every client does."""
        answer = await self.answered(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def answered(self, method: str, path: str, body: object) -> httpx2.Response:
        """As `ask`, whatever the answer is then."""
        headers = {"idempotency-key": secrets.token_hex(8)}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self._http.request(method, f"/v1{path}", json=body, headers=headers)
                if answer.status_code not in (429, 503):
                    return answer
                await asyncio.sleep(answer.json()["retry_after"])

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


Said = list[tuple[int, str]]
"""Texts in the order in which they stand, each with its number."""


async def drawn(visitor: Visitor) -> Said:
    """What the open conversation shows."""
    found = await visitor.page.locator("article[data-number]").all()
    return [
        (int(await one.get_attribute("data-number") or 0), await one.locator(".text").inner_text())
        for one in found
        if await one.locator(".text").count()
    ]


def printed(chat: Pipes) -> Said:
    """What the terminal has told live, as it was then."""
    return [(int(n), text) for n, text in re.findall(r"\[(\d+)\] \w+: (.*?)(?:  ✓)?\n", chat.seen)]


def held(reader: Reader, group: ConversationId) -> Said:
    """What the library holds."""
    found = sorted(reader.held(group).messages.items())
    return [(n, one.body.text) for n, one in found if isinstance(one, Message) and isinstance(one.body, Text)]


async def test_the_app_the_terminal_and_the_library_are_told_the_same_of_a_large_group(
    arrive: Arrive, served: ServerProcess, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    olga, carl, dora = [await Someone(http).log_in(name) for name in ("olga", "carl", "dora")]
    beside = await Someone(http).log_in("anna", sign_up=False)
    wanted = {"title": "Harbour", "settings": {"join": "open", "large": True}}
    group = ConversationId((await olga.ask("POST", "/conversations", wanted))["conversation"])
    for one in (beside, carl):
        await one.change(group, type="join")
    chat = await Pipes.open(tmp_path / "home", "--server", served.url, "--name", "tess", "--sign-up")
    await chat.sees("No conversations yet")
    chat.type(f"/join {group}")
    await chat.sees("4 members")
    async with await Client.sign_up(served.url, "sam", PASSWORD) as client, reading_as(client) as sam:
        await client.join(group)
        await sam.until(lambda: group in sam.mirror.conversations)
        open_large(sam.mirror, client, group)
        await sam.until(lambda: client.follows(group))
        await anna.open("Harbour")

        said: Said = []

        async def told(number: int, text: str) -> None:
            """All three are, of what was said."""
            said.append((number, text))
            await chat.sees(f"[{number}] ")
            await anna.sees(text)
            await sam.until(lambda: number in sam.held(group).messages)

        for turn in ("first", "second"):
            await anna.say(f"{turn} of the app")
            mine = anna.page.locator("article.mine[data-number]", has_text=f"{turn} of the app")
            await told(int(await mine.get_attribute("data-number") or 0), f"{turn} of the app")
            placed = await client.send(f"{turn} of the library", conversation=group)
            await told(placed.number, f"{turn} of the library")
            chat.type(f"{turn} of the terminal")
            await sam.until(lambda turn=turn: f"{turn} of the terminal" in dict(held(sam, group)).values())  # type: ignore[misc]
            await told(held(sam, group)[-1][0], f"{turn} of the terminal")
            await told(await carl.say(group, f"{turn} of carl"), f"{turn} of carl")
        others, tess = [n for n, text in said if text in ("first of carl", "second of the library")], said[-2][0]

        # What is deleted or edited, and how many react.
        await olga.ask("DELETE", f"/conversations/{group}/messages/{others[0]}", None)
        await client.edit(group, others[1], "as it is now")
        for one in (carl, olga):
            await one.ask("PUT", f"/conversations/{group}/messages/{tess}/reactions/%F0%9F%91%8D", None)
        await chat.sees(f"deleted [{others[0]}]")
        await chat.sees(f"edited [{others[1]}]: as it is now")
        await chat.sees(f"[{tess}] 👍 2")
        gone = anna.page.locator(f"article[data-number='{others[0]}']")
        await expect(gone).to_contain_text("Message deleted by Olga")
        await anna.sees("as it is now")
        await expect(anna.page.locator(".reactions button", has_text="👍")).to_have_text("👍2")
        await sam.until(
            lambda: (known := sam.held(group).reactions.get(tess)) and known.counted() == {"👍": (2, False)}
        )

        # One goes and another comes.
        await olga.change(group, type="remove", account=carl.account)
        from_outside = {"body": {"type": "text", "text": "from outside"}}
        refused = await carl.answered("POST", f"/conversations/{group}/messages", from_outside)
        assert refused.json()["code"] == "not_member"
        await dora.change(group, type="join")
        await told(await dora.say(group, "good morning"), "good morning")
        await anna.page.get_by_role("button", name="About this conversation").click()
        await expect(anna.page.get_by_role("complementary", name="About Harbour")).to_contain_text("Group of 5")
        chat.type("/who")
        await chat.sees("of 5 members")
        assert sam.held(group).member_count == 5

        # Each message once, in one order. The terminal leaves standing what it has told.
        assert printed(chat) == said
        now = [(n, "as it is now" if n == others[1] else text) for n, text in said if n != others[0]]
        assert await drawn(anna) == now
        assert held(sam, group) == now
        assert isinstance(was := sam.held(group).messages[others[0]], Message)
        assert isinstance(was.body, Gone)
    assert await chat.leave() == 0
