"""Kill a browser while it sends, start it on the same profile, again and again: what it kept arrives once, in order."""

import asyncio
import contextlib
import random
from collections import Counter
from pathlib import Path

import msgspec
from playwright.async_api import Error, Page, Playwright
from tests.web.browsers import chromium, kill_browser, on_profile, until
from tests.web.tabs import ONLINE, log_in, me, open_tab, said, sign_up, write

LINES = 200


class Kill(msgspec.Struct, frozen=True):
    """One kill, and what became of the lines of its round."""

    round: int
    after_ms: int
    kept: int
    """Lines that the engine had promised to send when the browser died."""
    received: int
    lost: int
    doubled: int
    in_order: bool
    logged_in: bool
    """The browser had written its cookie; else the password was asked for, and a new device took the lines over."""

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return self.lost == self.doubled == 0 and self.in_order


async def kills(playwright: Playwright, url: str, folder: Path, rounds: int, seed: int) -> list[Kill]:
    """`rounds` kills of one profile, each at a moment drawn from `seed`, while it writes 200 lines."""
    choice = random.Random(seed)
    profile = folder / "profile"
    found: list[Kill] = []
    async with chromium() as other:
        ben = await sign_up(await other.new_context(), url, "ben")
        context = await on_profile(playwright, profile)
        page = await sign_up(context, url, "anna")
        conversation = str(await page.evaluate("(other) => engine.directWith(other)", await me(ben)))
        before = 0
        for number in range(1, rounds + 1):
            texts = [f"{number}: {line}" for line in range(LINES)]
            after = choice.uniform(0.0, 2.0)
            kept = await _written_until_killed(page, conversation, texts, after, profile)
            context = await on_profile(playwright, profile)
            page = await open_tab(context, url)
            await until(page, f"() => engine.session.now.state === 'out' || ({ONLINE})()")
            logged_in = await page.evaluate("() => engine.session.now.state") == "in"
            if not logged_in:
                waiting = await page.evaluate("() => engine.unsent()")
                assert waiting is None or waiting["name"] == "anna"
                await log_in(page, "anna")
                await until(page, ONLINE)
            # One more may have been kept, whose promise died with the browser.
            await until(page, "async () => (await engine.unsent()) === null")
            texts_there = (await said(ben, conversation, before + kept))[before:]
            if len(texts_there) < LINES:
                await write(page, conversation, texts[len(texts_there) :])
            received = (await said(ben, conversation, before + LINES))[before:]
            counts = Counter(received)
            found.append(
                Kill(
                    round=number,
                    after_ms=round(after * 1000),
                    kept=kept,
                    received=len(texts_there),
                    lost=sum(text not in counts for text in texts),
                    doubled=sum(count - 1 for count in counts.values()),
                    in_order=received == texts,
                    logged_in=logged_in,
                )
            )
            before += len(received)
        await context.close()
    return found


async def _written_until_killed(page: Page, conversation: str, texts: list[str], after: float, profile: Path) -> int:
    """Write lines as fast as the engine keeps them, and kill the browser `after` seconds; how many were kept."""
    kept = 0

    async def writing() -> None:
        nonlocal kept
        for text in texts:
            await write(page, conversation, [text])
            kept += 1

    work = asyncio.ensure_future(writing())
    await asyncio.wait([work], timeout=after)
    kill_browser(profile)
    with contextlib.suppress(Error):  # the browser is gone
        await work
    return kept


def table(found: list[Kill]) -> str:
    """As Markdown."""
    head = "| kill | after, ms | kept when it died | sent of these | lost | doubled | in order | still logged in |\n"
    rows = [
        f"| {one.round} | {one.after_ms} | {one.kept} | {min(one.received, one.kept)} | {one.lost} | {one.doubled} "
        f"| {'yes' if one.in_order else 'NO'} | {'yes' if one.logged_in else 'asked'} |\n"
        for one in found
    ]
    return head + "|---:|---:|---:|---:|---:|---:|---|---|\n" + "".join(rows)
