"""How many answers are made at one time: each is whole in memory before any of it goes out, and some have 20 MB."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from chinwag.domain.refusal import Code, Refused

OF_OWNER: Final = 4
"""For one account (or address, where none is known): a client that wants more gets them one after another."""
IN_ALL: Final = 64
WAITING_SECONDS: Final = 20.0
"""How long anybody waits in line, as long as for the answer to a send: then `overloaded`, and one may come again."""
PLACE: Final = "chinwag.place"
"""In a request's scope: the `Place` that its answer is made in, if it has one."""


class Making:
    """Places for those whose answer is being made; the others wait in line. Nobody keeps a place by reading slowly: who
    has one leaves it before the first byte goes out; nor by waiting for news, as it leaves it meanwhile."""

    def __init__(self, of_owner: int = OF_OWNER, in_all: int = IN_ALL, seconds: float = WAITING_SECONDS) -> None:
        """seconds: as `WAITING_SECONDS`."""
        self._most = of_owner
        self._seconds = seconds
        self._in_all = asyncio.Semaphore(in_all)
        self._owners: dict[str, tuple[asyncio.Semaphore, int]] = {}

    def __len__(self) -> int:
        """Owners for whom something is made."""
        return len(self._owners)

    @asynccontextmanager
    async def place(self, owner: str) -> "AsyncIterator[Place]":
        """A place for one answer to `owner`. Raises `Refused`: `overloaded` if none is free in time."""
        place = Place(self, owner)
        await place.take()
        try:
            yield place
        finally:
            place.leave()

    async def enter(self, owner: str) -> None:
        """Take a place, which is to be left. Raises as `place`; then there is none to leave."""
        places, inside = self._owners.get(owner) or (asyncio.Semaphore(self._most), 0)
        self._owners[owner] = (places, inside + 1)
        try:
            if places.locked() or self._in_all.locked():
                await self._wait(places)
            else:
                await places.acquire()
                await self._in_all.acquire()
        except BaseException:
            self._forget(owner)
            raise

    def leave(self, owner: str) -> None:
        """Give a place back."""
        self._in_all.release()
        self._owners[owner][0].release()
        self._forget(owner)

    async def _wait(self, places: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await places.acquire()
                try:
                    await self._in_all.acquire()
                except BaseException:
                    places.release()
                    raise
        except TimeoutError:
            raise Refused(Code.OVERLOADED, "too many answers are being made", 1.0) from None

    def _forget(self, owner: str) -> None:
        places, inside = self._owners[owner]
        if inside > 1:
            self._owners[owner] = (places, inside - 1)
        else:
            del self._owners[owner]


class Place:
    """That of one answer."""

    __slots__ = ("_making", "_owner", "_taken")

    def __init__(self, making: Making, owner: str) -> None:
        self._making = making
        self._owner = owner
        self._taken = False

    async def take(self) -> None:
        """Come in. Raises as `Making.place`."""
        await self._making.enter(self._owner)
        self._taken = True

    def leave(self) -> None:
        """Make room. Doing it again changes nothing."""
        if self._taken:
            self._taken = False
            self._making.leave(self._owner)

    @asynccontextmanager
    async def left(self) -> AsyncIterator[None]:
        """Wait for something in the block: others have the place meanwhile. Raises as `Making.place` behind it."""
        self.leave()
        yield
        await self.take()
