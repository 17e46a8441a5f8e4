"""A scrub as housekeeping makes it: refused while somebody's older transaction runs, it is made again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chinwag.domain.refusal import Code, Refused

Result = TypeVar("Result")
PATIENCE = 60.0
"""Seconds after which a wait fails the test. Nothing is decided by them."""


async def scrubbed(scrub: Callable[[], Awaitable[Result]]) -> Result:
    """Make it until it is done: PostgreSQL's own statistics are gathered in transactions, too, whenever it likes."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await scrub()
            except Refused as refused:
                if refused.code is not Code.UNAVAILABLE:
                    raise
                await asyncio.sleep(0.05)  # nothing says when such a transaction ends
