"""Somebody who uses the Python client: all that it is told goes into a mirror, as a program that keeps up does it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from chinwag.client import Client, Mirror, Mirrored, load, take, watch
from chinwag.client.events import Received
from chinwag.wire.values import ConversationId

PATIENCE: Final = 60.0


class Reader:
    """A client whose events go into a mirror, and are kept."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.mirror = Mirror(client.account)
        self.events: list[Received] = []
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Load, and take whatever comes."""
        await load(self.mirror, self.client)
        async for event in self.client.events():
            await take(self.mirror, self.client, event)
            watch(self.mirror, self.client)
            self.events.append(event)
            self._changed.set()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until that holds."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def head(self, group: ConversationId) -> int:
        """Up to which number it is held; 0 if it is not."""
        held = self.mirror.conversations.get(group)
        return 0 if held is None else held.head

    def held(self, group: ConversationId) -> Mirrored:
        """What is held of it."""
        return self.mirror.conversations[group]

    def of(self, kind: type[Received]) -> list[Received]:
        """Those of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def reading_as(client: Client) -> AsyncIterator[Reader]:
    """Let a client that is open take what comes."""
    reader = Reader(client)
    running = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
