"""Light load: people who write as fast as they are answered, and remember what they were told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.device import Device

from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import ClientId, ConversationId, Text

PATIENCE = 60.0


class Writer:
    """One device that writes one message after another into one conversation."""

    def __init__(self, device: Device, conversation: ConversationId) -> None:
        self.device = device
        self.conversation = conversation
        self.acked: dict[str, int] = {}
        self.tried: set[str] = set()
        self._count = 0
        self._more = asyncio.Event()

    async def write(self) -> None:
        """Write until cancelled."""
        while True:
            await self.once()

    async def once(self) -> int:
        """Write one; its number."""
        self._count += 1
        name = f"{self.device.name}-{self._count}"
        self.tried.add(name)
        answer = await self.device.ask(Send(ClientId(name), Text(f"text {name}"), self.conversation))
        assert isinstance(answer, Ack), answer
        self.acked[name] = answer.number
        self._more.set()
        return answer.number

    async def more(self, count: int) -> None:
        """Wait until so many more are answered."""
        wanted = len(self.acked) + count
        async with asyncio.timeout(PATIENCE):
            while len(self.acked) < wanted:
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def writing(*writers: Writer) -> AsyncIterator[None]:
    """They write meanwhile; a failure of theirs fails the block."""
    tasks = [asyncio.create_task(writer.write()) for writer in writers]
    try:
        yield
    finally:
        failed = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in failed:
            task.result()
