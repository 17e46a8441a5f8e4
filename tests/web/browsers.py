"""Real browsers for tests: Debian's Chromium, without a window, and without a word to anybody but the server."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, Protocol

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright

CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE: Final = 120.0
"""Seconds after which a wait fails the test. Nothing is decided by them."""
LOOK: Final = 20.0
"""Seconds for describing a page whose test has failed."""
CALL_MS: Final = 1000 * PATIENCE
"""The same for Playwright's own waits: a busy machine's figure, not a promise."""


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with nothing in it."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        try:
            yield browser
        finally:
            # One that does not answer is ended with the driver, which is left next.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await browser.close()


async def launched(playwright: Playwright) -> Browser:
    """A browser that runs until it is closed."""
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=CALL_MS)


async def on_profile(playwright: Playwright, profile: Path) -> BrowserContext:
    """A browser on a profile that outlives it."""
    return await playwright.chromium.launch_persistent_context(
        str(profile), executable_path=CHROMIUM, args=ARGUMENTS, headless=True, timeout=CALL_MS
    )


def kill_browser(profile: Path) -> None:
    """Kill the browser on `profile`, as a power cut would: its main process, and with it all others."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if f"--user-data-dir={profile}".encode() in words and not any(
                    word.startswith(b"--type=") for word in words
                ):
                    os.kill(int(process.name), signal.SIGKILL)


class Driven(Protocol):
    """A page in which a script can be run, whoever drives it."""

    async def evaluate(self, expression: str, arg: Any = None, /) -> Any:
        """Call a function of the page's, and give what it gives."""


async def until(page: Driven, expression: str, argument: Any = None, what: str = "") -> Any:
    """Wait until an expression of the page is true, and give it. Asked again and again: the page's policy forbids the
    ways in which Playwright itself would wait."""
    async with asyncio.timeout(PATIENCE):
        try:
            while not (value := await page.evaluate(expression, argument)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        except (TimeoutError, asyncio.CancelledError):
            raise AssertionError(f"waited in vain for {what or expression}: {await _shown(page)}") from None
    return value


async def _shown(page: Driven) -> str:
    """What a page says of itself, if it still says anything."""
    try:
        async with asyncio.timeout(LOOK):
            return json.dumps(await page.evaluate("() => [engine.session.now, engine.connection.now]"))
    except Exception as failure:
        return f"the page says nothing ({failure!r:.200})"
