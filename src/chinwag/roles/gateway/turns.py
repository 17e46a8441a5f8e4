"""Work that can wait: a little of it in each turn of the loop, so that what lives goes on in between.

A live message takes about six turns from frame to frame. When a thousand devices come back, what each of them needs
is small; in one turn for all of them, it would be a wait for everybody who is talking.
"""

import asyncio
from collections import deque
from typing import Final

TURN: Final = 4
"""What one turn of the loop has room for: together about half a millisecond."""
SIGNATURE: Final = 1
"""What it takes to verify a token."""
WELCOME: Final = 1
"""What it takes to let a session in whose token is verified."""
STRETCH: Final = 4
"""What it takes to read a stretch of an inbox and write it."""


class Turns:
    """Lets those who wait go on in the order in which they came, with as much in one turn of the loop as `TURN`.

    As many may wait as there are sessions.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._armed = False

    async def take(self, size: int) -> None:
        """Wait for a turn of the loop with room for `size` more; what follows until the next await counts for it."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append((size, turn))
        if not self._armed:
            self._armed = True
            loop.call_soon(self._next, loop)
        await turn

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        room = TURN
        while self._waiting and room >= self._waiting[0][0]:
            size, turn = self._waiting.popleft()
            if not turn.done():  # else whoever waited has gone
                turn.set_result(None)
                room -= size
        self._armed = bool(self._waiting)
        if self._armed:
            loop.call_soon(self._next, loop)
