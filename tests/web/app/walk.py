"""A walk through every screen and state of the app for somebody who is logged in, in any language and window."""

from collections.abc import AsyncIterator

from playwright.async_api import Locator, expect
from tests.web.app.furnished import Home
from tests.web.app.tongues import Tongue
from tests.web.app.visitor import Visitor
from tests.web.app.walk_media import media


class Walk:
    """Of Anna in her furnished home. Each part yields the name of a state once it is drawn, to be looked at."""

    def __init__(self, at: Visitor, home: Home, tongue: Tongue, *, phone: bool) -> None:
        self.at = at
        self.page = at.page
        self.home = home
        self.t = tongue
        self.phone = phone
        self.dialog = self.page.get_by_role("dialog")
        self.composer = self.page.locator(".composer textarea")

    async def everything(self) -> AsyncIterator[str]:
        """All parts, one after the other."""
        # in this language from the next page on
        await self.page.evaluate("(to) => localStorage.setItem('chinwag.language', to)", self.t.name)
        for part in (self.list, self.places, self.settings, self.direct, self.group, self.others, self.media):
            async for state in part():
                yield state

    def media(self) -> AsyncIterator[str]:
        """Pictures and files."""
        return media(self)

    def button(self, words: str, inside: Locator | None = None, *, whole: bool = False) -> Locator:
        """A button, by its English words."""
        return (inside or self.page).get_by_role("button", name=self.t(words, whole=whole))

    async def closed(self) -> None:
        """Escape closes what is open in front of the page."""
        await self.page.keyboard.press("Escape")
        await expect(self.page.locator("dialog[open], :popover-open")).to_have_count(0)

    async def list(self) -> AsyncIterator[str]:
        """The list of conversations, and what opens over it."""
        await self.at.visit("/")
        await self.page.locator(f'[data-conversation="{self.home.garden}"]').wait_for()
        yield "list"
        await self.page.keyboard.press("Control+k")
        field = self.page.get_by_role("combobox")
        await field.wait_for()
        yield "switcher"
        await field.fill("be")
        await self.page.get_by_role("option").first.wait_for()
        yield "switcher, found"
        await field.fill("qqqq")
        await self.page.get_by_text(self.t("Nothing of that name.")).wait_for()
        yield "switcher, nothing found"
        await self.closed()
        await self.button("New message").first.click()
        find = self.page.get_by_label(self.t("Find people"))
        await find.fill("ben")
        await self.dialog.get_by_role("button", name=self.home.names.ben).first.wait_for()
        yield "new message"
        await find.fill("nobody.of.that.name")
        await self.page.get_by_text(self.t("Nobody of that name")).wait_for()
        yield "new message, nobody found"
        await self.button("New group", self.dialog).click()
        await self.page.get_by_label(self.t("Name of the group")).fill(self.home.names.garden)
        await self.page.get_by_role("checkbox").first.check()
        yield "new group"
        await self.closed()
        await self.page.keyboard.press("Control+/")
        await self.page.get_by_role("heading", name=self.t("Shortcuts")).wait_for()
        yield "shortcuts"
        await self.closed()

    async def places(self) -> AsyncIterator[str]:
        """People, open groups, links."""
        await self.at.visit("/people")
        await self.page.get_by_role("heading", name=self.t("They ask for friendship")).wait_for()
        yield "people"
        await self.page.locator(".pane .person").first.click()
        await self.dialog.wait_for()
        yield "somebody"
        await self.button("Block", self.dialog, whole=True).click()
        await expect(self.dialog).to_have_count(2)
        yield "block somebody"
        await self.page.keyboard.press("Escape")
        await self.closed()
        await self.at.visit("/groups")
        await self.page.locator(".pane li").first.wait_for()
        yield "open groups"
        await self.page.get_by_label(self.t("Find open groups")).fill("qqqq")
        await self.page.get_by_text(self.t("No open group of that name.")).wait_for()
        yield "open groups, none found"
        await self.at.visit("/search")
        await self.page.get_by_label(self.t("Words")).wait_for()
        yield "search"
        await self.page.get_by_label(self.t("Words")).fill("qqqq")
        await self.page.get_by_text(self.t("No message of yours has that.")).wait_for()
        yield "search, nothing found"
        await self.at.visit("/join#nowhere")
        await self.page.get_by_text(self.t("This link leads nowhere")).wait_for()
        yield "link refused"
        await self.at.visit("/people")
        await self.at.visit(f"/join#{self.home.shed}")
        await self.button("Join", whole=True).wait_for()
        yield "link"

    async def settings(self) -> AsyncIterator[str]:
        """One's own account."""
        await self.at.visit("/settings")
        await self.page.get_by_role("heading", name=self.t("You", whole=True)).wait_for()
        await self.page.get_by_text("anna's first device").wait_for()
        yield "settings"
        await self.page.get_by_label(self.t("Quiet hours")).check()
        await self.page.get_by_label(self.t("By the clocks of")).wait_for()
        yield "settings, quiet hours"
        await self.page.get_by_label(self.t("Quiet hours")).uncheck()
        await self.page.get_by_label(self.t("Present password")).fill("wrong")
        await self.page.get_by_label(self.t("New password")).fill("new and long enough")
        await self.button("Save").last.click()
        await self.page.get_by_role("alert").wait_for()
        yield "settings, refused"
        await self.button("Save").first.click()
        await self.page.get_by_text(self.t("Saved")).wait_for()
        yield "settings, saved"
        await self.button("Log out").last.click()
        await self.dialog.wait_for()
        yield "log out"
        await self.closed()
        await self.button("Close account").click()
        await self.dialog.wait_for()
        yield "close account"
        await self.closed()

    async def direct(self) -> AsyncIterator[str]:
        """A conversation with one other."""
        await self.at.visit(f"/c/{self.home.ben}")
        await self.page.get_by_role("article").nth(5).wait_for()
        yield "direct conversation"
        mine = self.page.locator("article.mine").last
        if not self.phone:
            await mine.hover()
            await self.button("More").wait_for()
            yield "message tools"
        await mine.focus()
        await self.page.keyboard.press("Enter")
        await self.page.get_by_role("menu").wait_for()
        yield "message menu"
        await self.page.get_by_role("menuitem", name=self.t("Delete")).click()
        await self.dialog.wait_for()
        yield "delete a message"
        await self.closed()
        await self.page.locator(".day button").first.click()
        await self.page.get_by_label(self.t("Day", whole=True)).wait_for()
        yield "jump to a day"
        await self.closed()
        await mine.focus()
        await self.page.keyboard.press("e")
        await self.page.locator(".editing").wait_for()
        yield "editing"
        await self.composer.press("Escape")
        await mine.focus()
        await self.page.keyboard.press("Enter")
        await self.page.get_by_role("menuitem", name=self.t("Who has read it")).click()
        await self.dialog.locator("li").wait_for()
        yield "receipts"
        await self.closed()
        await mine.focus()
        await self.page.keyboard.press("w")
        await self.dialog.locator("li").nth(2).wait_for()
        yield "who has reacted"
        await self.closed()
        await mine.focus()
        await self.page.keyboard.press("+")
        await self.page.get_by_label(self.t("Search emoji")).wait_for()
        yield "react"
        await self.closed()
        await self.button("pinned message").click()
        await self.dialog.locator("li").first.wait_for()
        yield "pins"
        await self.closed()
        await self.page.locator("article").first.focus()
        await self.page.keyboard.press("r")
        await self.composer.fill("x" * 99_500)
        yield "answering, nearly too long"
        await self.composer.fill("")
        await self.page.locator("[data-emoji]").click()
        await self.page.get_by_label(self.t("Search emoji")).wait_for()
        yield "emoji"
        await self.page.keyboard.press("Escape")
        await self.button("About this conversation").click()
        await self.page.locator(".details h3").first.wait_for()
        yield "details of somebody"

    async def group(self) -> AsyncIterator[str]:
        """A group that one owns."""
        await self.at.visit(f"/c/{self.home.garden}")
        await self.page.get_by_role("article").nth(9).wait_for()
        yield "group"
        await self.composer.fill("@")
        await self.page.get_by_role("option").first.wait_for()
        yield "mention"
        await self.composer.fill("")
        await self.button("About this conversation").click()
        await self.page.locator(".details li").nth(3).wait_for()
        yield "details of a group"
        details = self.page.locator(".details")
        for words in ("Rename", "Add", "Settings", "Leave"):
            await self.button(words, details, whole=True).click()
            await self.dialog.wait_for()
            yield f"group, {words}"
            await self.closed()
        await self.button("Link", details, whole=True).click()
        await self.button("Make a link", self.dialog).click()
        await self.dialog.locator("input").wait_for()
        await self.dialog.locator("li").wait_for()
        yield "group, links"
        await self.closed()
        await details.locator("li button:enabled").first.click()
        await self.dialog.wait_for()
        yield "member"
        await self.button("Hand the group over", self.dialog).click()
        await expect(self.dialog).to_have_count(1)
        yield "hand over"
        await self.closed()

    async def others(self) -> AsyncIterator[str]:
        """Conversations in which one cannot write."""
        await self.at.visit(f"/c/{self.home.left}")
        await self.page.get_by_text(self.t("You are no member any longer")).first.wait_for()
        yield "group that one has left"
        await self.at.visit(f"/c/{self.home.refuses}")
        await self.composer.fill("no")
        await self.button("Send", whole=True).click()
        await self.page.locator("article.refused").wait_for()
        yield "refused message"
