"""How many answers are made at one time: each is whole in memory before any of it goes out, and some have 20 MB."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

OF_OWNER: Final = 4
"""For one account (or address, where none is known): a client that wants more gets them one after another."""
IN_ALL: Final = 64


class Making:
    """Places for those whose answer is being made; the others wait in line. Nobody keeps a place by reading slowly: who
    has one leaves it before the first byte goes out."""

    def __init__(self, of_owner: int = OF_OWNER, in_all: int = IN_ALL) -> None:
        self._most = of_owner
        self._in_all = asyncio.Semaphore(in_all)
        self._owners: dict[str, tuple[asyncio.Semaphore, int]] = {}

    def __len__(self) -> int:
        """Owners for whom something is made."""
        return len(self._owners)

    @asynccontextmanager
    async def place(self, owner: str) -> AsyncIterator[None]:
        """A place for one answer to `owner`."""
        places, inside = self._owners.get(owner) or (asyncio.Semaphore(self._most), 0)
        self._owners[owner] = (places, inside + 1)
        try:
            async with places, self._in_all:
                yield
        finally:
            _, inside = self._owners[owner]
            if inside > 1:
                self._owners[owner] = (places, inside - 1)
            else:
                del self._owners[owner]
