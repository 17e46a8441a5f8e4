"""People who chat without end while things are killed below them: how long each waits, and what each has heard."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from chinwag.client import Client
from chinwag.wire.values import Message, Text

PASSWORD: Final = "a long password"
GAP_SECONDS: Final = 0.1
"""From an ack to the next send of the same person."""
PATIENCE: Final = 120.0


class Chatting:
    """One of two people: says one thing after the other, each once the one before is acked."""

    def __init__(self, name: str, client: Client) -> None:
        self.name = name
        self.client = client
        self.other: Chatting
        self.acked: list[str] = []
        self.heard: list[str] = []
        self.waits: list[tuple[float, float]] = []
        """Of each that was acked: when it was sent, and when its ack came."""
        self.more = asyncio.Condition()

    async def listen(self) -> None:
        async for event in self.client.events():
            if isinstance(event, Message) and isinstance(event.body, Text) and event.sender != self.client.account:
                async with self.more:
                    self.heard.append(event.body.text)
                    self.more.notify_all()

    async def talk(self, ending: asyncio.Event) -> None:
        while not ending.is_set():
            words, began = f"{self.name} {len(self.acked)}", time.monotonic()
            await self.client.send(words, to=self.other.client.account)
            async with self.more:
                self.acked.append(words)
                self.waits.append((began, time.monotonic()))
                self.more.notify_all()
            await asyncio.sleep(GAP_SECONDS)


class Crowd:
    """All of them."""

    def __init__(self, people: Sequence[Chatting]) -> None:
        self.people = people

    async def more(self, count: int = 5) -> None:
        """Wait until each has so many more acks."""
        wanted = {one.name: len(one.acked) + count for one in self.people}
        async with asyncio.timeout(PATIENCE):
            for one in self.people:
                async with one.more:
                    await one.more.wait_for(lambda one=one: len(one.acked) >= wanted[one.name])  # type: ignore[misc]

    async def while_(self, harm: Callable[[], Awaitable[None]]) -> float:
        """Do harm; the longest that a send waited that was under way then or began before all had acks after it."""
        began = time.monotonic()
        await harm()
        await self.more()
        return max(acked - sent for one in self.people for sent, acked in one.waits if acked >= began)

    async def all_heard(self) -> None:
        """Wait until each has heard what the other has an ack for, then compare: each once, in order."""
        async with asyncio.timeout(PATIENCE):
            for one in self.people:
                async with one.more:
                    await one.more.wait_for(lambda one=one: len(one.heard) >= len(one.other.acked))  # type: ignore[misc]
        for one in self.people:
            assert one.heard == one.other.acked, one.name


@asynccontextmanager
async def chatting(addresses: Sequence[str], pairs: int) -> AsyncIterator[Crowd]:
    """So many pairs; people come in turn by these addresses. At the end each has heard all that was acked."""
    people: list[Chatting] = []
    ending = asyncio.Event()
    async with AsyncExitStack() as stack:
        for number in range(2 * pairs):
            name = f"person{number}"
            signed_up = f"{name}-{secrets.token_hex(4)}"  # a cluster may have had such a crowd before
            client = await Client.sign_up(addresses[number % len(addresses)], signed_up, PASSWORD)
            people.append(Chatting(name, await stack.enter_async_context(client)))
        for number, one in enumerate(people):
            one.other = people[number ^ 1]
        crowd = Crowd(people)
        async with asyncio.TaskGroup() as listening:
            ears = [listening.create_task(one.listen()) for one in people]
            async with asyncio.TaskGroup() as talking:
                for one in people:
                    talking.create_task(one.talk(ending))
                await crowd.more()
                yield crowd
                ending.set()
            await crowd.all_heard()
            for ear in ears:
                ear.cancel()


def kill(pid: int) -> None:
    """As a crash does."""
    os.kill(pid, signal.SIGKILL)
