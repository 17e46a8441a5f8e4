"""Long histories, written into a stopped server's stores at once, as the benches write theirs."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.web.browsers import Driven

ROOT: Final = Path(__file__).parents[2]
COMMIT: Final = 500
"""Messages of one commit."""


async def person(page: Driven) -> tuple[str, str]:
    """The account and the device of who is logged in."""
    account, device = await page.evaluate("() => [engine.session.now.me.id, engine.session.now.device]")
    return str(account), str(device)


async def write_direct(
    folder: Path,
    sender: tuple[str, str],
    other: tuple[str, str],
    count: int,
    text: Callable[[str, int], str] | None = None,
) -> str:
    """Begin the direct conversation of two people with `count` messages of one, and give its id. `text`: of a
    conversation's number. No server may run on `folder`."""
    if (path := str(ROOT / "bench")) not in sys.path:
        sys.path.append(path)
    data: Any = importlib.import_module("data")
    async with data.opened(folder) as book:
        one = data.Person(*sender)
        state = book.direct(one, data.Person(*other))
        texts = {} if text is None else {"text": text}
        while count > 0:
            commit = book.messages(state, one, min(count, COMMIT), **texts)
            await book.commit([commit])
            state, count = commit.state, count - COMMIT
        return str(state.id)


def varied(_: str, number: int) -> str:
    """Texts of all lengths: most are a line or two, some fold."""
    words = f"{number} " + "word and word " * (number * 7919 % 13)
    return words + "line\n" * 60 if number % 13 == 0 else words
