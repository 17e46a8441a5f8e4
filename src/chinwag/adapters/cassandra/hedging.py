"""Hedged requests: what is not answered soon is asked again beside, and the first answer counts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def hedged(
    ask: Callable[[], Awaitable[T]], *, after: float, more: int, final: tuple[type[Exception], ...] = ()
) -> T:
    """The first answer to a question that may be asked several times at once.

    after: seconds without an answer until it is asked again; after an error, at once. more: how often again, at most.
    Raises what a question raises if it is one of `final`, else what the last one raised. Questions that are still open
    then are cancelled.
    """
    opened: set[asyncio.Future[T]] = set()
    left = 1 + more
    try:
        while True:
            if left:
                left -= 1
                opened.add(asyncio.ensure_future(ask()))
            done, opened = await asyncio.wait(
                opened, timeout=after if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            errors = [one.exception() for one in done]
            for one, error in zip(done, errors, strict=True):
                if error is None:
                    return one.result()
            for error in errors:
                if error is not None and (isinstance(error, final) or not (left or opened)):
                    raise error
    finally:
        for one in opened:
            one.cancel()
