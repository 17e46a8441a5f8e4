"""Long histories, written into a stopped server's stores at once, as the benches write theirs."""

import importlib
import sys
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

ROOT: Final = Path(__file__).parents[2]


async def person(page: Page) -> tuple[str, str]:
    """The account and the device of who is logged in."""
    account, device = await page.evaluate("() => [engine.session.now.me.id, engine.session.now.device]")
    return str(account), str(device)


async def write_direct(folder: Path, sender: tuple[str, str], other: tuple[str, str], count: int) -> None:
    """Begin the direct conversation of two people with `count` messages of one. No server may run on `folder`."""
    if (path := str(ROOT / "bench")) not in sys.path:
        sys.path.append(path)
    data: Any = importlib.import_module("data")
    async with data.opened(folder) as book:
        one = data.Person(*sender)
        await book.write(book.direct(one, data.Person(*other)), one, count)
