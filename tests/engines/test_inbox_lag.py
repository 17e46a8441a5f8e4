"""Sessions that begin while a worker of inboxes is behind: what they are told of, but not what it said then (P13)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack

import pytest
from tests.contract.harness import ANN, PAIR, commit
from tests.contract.over_inbox_streams import LONG_HELD_MS
from tests.engines.inbox_world import BOUND, InboxWorld, happened, until, worker_of

from chinwag.adapters.nats.announcer import Announcer
from chinwag.adapters.nats.inbox import NatsInbox
from chinwag.ports.inbox import Arrival, Inbox, Run


def clock() -> int:
    return int(time.time() * 1000)


def long_ago() -> int:
    return clock() - LONG_HELD_MS


class Heard:
    """What an inbox tells of Ann's."""

    def __init__(self, inbox: Inbox) -> None:
        self.arrivals: list[Arrival] = []
        self._inbox = inbox
        self._wanted = 0
        self._there = asyncio.Event()
        inbox.feed(self._took)

    def hold(self) -> None:
        self._inbox.hold(ANN)

    async def up_to(self, position: int) -> list[Arrival]:
        """All that has come, once the inbox is told of up to there."""
        self._wanted = position
        self._there.clear()
        self._took(())
        await happened(self._there)
        return self.arrivals

    def _took(self, arrivals: Sequence[Arrival]) -> None:
        self.arrivals += arrivals
        if any(one.position + len(one.events) > self._wanted for one in self.arrivals):
            self._there.set()


class Lagging:
    """A worker that stands still, and two who hear of inboxes: its own process and a gateway elsewhere."""

    def __init__(self, inboxes: InboxWorld) -> None:
        self._inboxes = inboxes
        self._opened = AsyncExitStack()

    async def start(self, now: Callable[[], int]) -> None:
        self.process = await self._inboxes.process(works=True)
        self.process.now = now
        await self.process.inbox.settled()
        there = await self._inboxes.process(works=False)
        announcer = Announcer(self.process.connection, self.process.inbox.on_posted)
        self._opened.push_async_callback(announcer.close)
        gateway = NatsInbox(there.connection, there.inbox, clock=now)
        self._opened.push_async_callback(gateway.close)
        self.here, self.there = Heard(self.process.inbox), Heard(gateway)

        async def known() -> bool:
            return announcer.id in gateway.holds.senders and gateway.up_to_date

        self._known = known

    def stand(self) -> None:
        worker_of(self.process).own(False)

    def go_on(self) -> None:
        worker_of(self.process).own(True)

    async def sessions(self) -> None:
        """Somebody comes to each of the two."""
        self.here.hold()
        self.there.hold()
        await until(self._known)

    async def stop(self) -> None:
        async with asyncio.timeout(BOUND):
            await self._opened.aclose()


@pytest.fixture
async def lagging(inboxes: InboxWorld) -> AsyncIterator[Lagging]:
    made = Lagging(inboxes)
    yield made
    await made.stop()


async def test_who_comes_while_a_worker_is_behind_is_not_told_what_was_said_before(lagging: Lagging) -> None:
    await lagging.start(clock)
    lagging.stand()
    await lagging.process.publisher.commits([commit(1, 3)])
    # From here on the messages may be changed, and whoever comes must be told what they say now.
    await lagging.sessions()
    lagging.go_on()
    for heard in (lagging.here, lagging.there):
        assert [one for one in await heard.up_to(3) if one.events] == []
    page = await lagging.process.inbox.read(ANN, 0, 10)
    assert page.entries == [Run(1, PAIR, 1, 3)], "to be read from the store, as it is now"


async def test_who_was_there_before_it_was_posted_is_told_all(lagging: Lagging) -> None:
    await lagging.start(long_ago)
    await lagging.sessions()
    lagging.stand()
    await lagging.process.publisher.commits([commit(1, 3)])
    lagging.go_on()
    for heard in (lagging.here, lagging.there):
        told = [one for one in await heard.up_to(3) if one.events]
        assert sum(len(one.events) for one in told) == 3
        assert told[0].position == 1


async def test_a_second_session_of_an_account_is_not_told_what_was_said_before_it_came(lagging: Lagging) -> None:
    now = long_ago
    await lagging.start(lambda: now())
    await lagging.sessions()
    lagging.stand()
    await lagging.process.publisher.commits([commit(1, 3)])
    now = clock
    await lagging.sessions()
    lagging.go_on()
    for heard in (lagging.here, lagging.there):
        assert [one for one in await heard.up_to(3) if one.events] == []
