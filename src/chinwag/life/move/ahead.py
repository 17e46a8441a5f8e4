"""The next piece is read while the last one is worked on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def ahead(pieces: AsyncIterator[T]) -> AsyncGenerator[T]:
    """The same pieces, one of them read before it is wanted."""
    coming: asyncio.Future[T | None] = asyncio.ensure_future(_next(pieces))
    try:
        while (piece := await coming) is not None:
            coming = asyncio.ensure_future(_next(pieces))
            yield piece
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _next(pieces: AsyncIterator[T]) -> T | None:
    return await anext(pieces, None)
