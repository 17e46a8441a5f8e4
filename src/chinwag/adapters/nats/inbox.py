"""The Inbox of a gateway whose inboxes other processes post to as well: they announce over NATS what it holds.

All that lasts is another one's. A hold is answered with the head of the inbox once each of the others knows of it, as
an arrival without events: what lies below its position is readable, whether it was told or not.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg

from chinwag.adapters.given import Given
from chinwag.adapters.held_since import HeldSince
from chinwag.adapters.in_order import InOrder
from chinwag.adapters.nats import feed_messages as messages
from chinwag.adapters.nats.announcer import Announcer
from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.feed_messages import Feed
from chinwag.adapters.nats.holds import Holds
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Refused
from chinwag.flow.cancelled import told_to_end
from chinwag.flow.clock import Clock, system_clock
from chinwag.ports.inbox import Arrival, Bounds, Inbox, Posting, Run, Slice

HEADS: Final = 1_000
"""Inboxes whose heads are read at once."""
TOGETHER_SECONDS: Final = 0.01
"""From the first inbox whose head is wanted to the reading: others join."""
AGAIN_SECONDS: Final = 0.5
LINGER_SECONDS: Final = 30.0
"""How long the others are left to think that an inbox is held here which is not any more: a device that polls holds it
again soon."""

_log = structlog.get_logger(__name__)


class NatsInbox(Inbox):
    """Of one process. Made on the event loop; `close` it before its connection.

    inbox: of this process's stores, which tells of what this process makes readable. announcer: the one of this
    process, if it has one. given: to remember what arrives; without, nothing is. clock: this machine's.
    """

    def __init__(
        self,
        connection: NatsConnection,
        inbox: Inbox,
        announcer: Announcer | None = None,
        given: Given | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._inbox = inbox
        self._given = given
        self._order = InOrder()
        self._since = HeldSince(clock)
        self._wanted: dict[AccountId, None] = {}
        self._looking: asyncio.Task[None] | None = None
        self._lingering: dict[AccountId, asyncio.TimerHandle] = {}
        self._closed = False
        gateway = secrets.token_hex(8)
        self._stop = connection.subscribe(f"feed.{gateway}", self._heard)
        own = announcer.id if announcer is not None else None
        self.holds = Holds(connection, gateway, self._stated, self._states, self._look, own)
        """What the others were told."""
        inbox.feed(self._order.take)
        connection.on_interruption(self._interrupted)

    @property
    def up_to_date(self) -> bool:
        """Whether all others know what is held here, and whatever they told before was caught up with."""
        return self.holds.up_to_date and self._looking is None

    async def post(self, postings: Sequence[Posting]) -> None:
        await self._inbox.post(postings)

    async def read(self, account: AccountId, after: int, limit: int) -> Slice:
        return await self._inbox.read(account, after, limit)

    async def bounds(self, account: AccountId) -> Bounds:
        return await self._inbox.bounds(account)

    async def heads(self, accounts: Sequence[AccountId]) -> tuple[int, list[int]]:
        return await self._inbox.heads(accounts)

    def given(self, account: AccountId, after: int, last: int) -> list[Run] | None:
        return None if self._given is None else self._given.between(account, after, last)

    def hold(self, account: AccountId) -> None:
        self._inbox.hold(account)
        self._since.hold(account)
        if not self._order.hold(account):
            return
        if (lingering := self._lingering.pop(account, None)) is not None:
            lingering.cancel()  # all others know still, and what was posted before this is there to be read
        else:
            self.holds.changed(account)

    def release(self, account: AccountId) -> None:
        self._inbox.release(account)
        if not self._order.release(account):
            return
        self._since.release(account)
        if not self._closed:
            later = asyncio.get_running_loop().call_later
            self._lingering[account] = later(LINGER_SECONDS, self._let_go, account)

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        given = self._given
        if given is None:
            self._order.feed(handler)
            return

        def noted(arrivals: Sequence[Arrival]) -> None:
            given.note(arrivals)
            handler(arrivals)

        self._order.feed(noted)

    async def rewrite(self, account: AccountId, rewriting: Callable[[bytes], bytes]) -> int:
        return await self._inbox.rewrite(account, rewriting)

    async def forget(self, account: AccountId) -> None:
        await self._inbox.forget(account)

    async def trim(self, before_ms: int, limit: int) -> int:
        return await self._inbox.trim(before_ms, limit)

    async def close(self) -> None:
        """Hear nothing more."""
        self._closed = True
        self._stop()
        for lingering in self._lingering.values():
            lingering.cancel()
        self._lingering.clear()
        await self.holds.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def look_again(self) -> None:
        """The inboxes are in another epoch: one arrival of that lets all who are here look, also those to whom nothing
        comes."""
        if not self._closed:
            self._look(self._order.held[:1])

    def _stated(self) -> list[AccountId]:
        return [*self._order.held, *self._lingering]

    def _states(self, account: AccountId) -> bool:
        return self._order.holds(account) or account in self._lingering

    def _let_go(self, account: AccountId) -> None:
        del self._lingering[account]
        self.holds.changed(account)

    def _heard(self, message: Msg) -> None:
        try:
            feed: Feed = messages.decode_feed(message.data)
        except msgspec.DecodeError as error:
            _log.warning("a message of a feed could not be read", error=str(error))
            self._look(self._order.held)
            return
        self.holds.heard(feed)
        self._order.take(
            [
                Arrival(account, position, told.events, feed.epoch)
                if told.events and self._since.given(account, told.at)
                else Arrival(account, position + told.count, (), feed.epoch)
                for told in feed.told
                for account, position in zip(told.accounts, told.positions, strict=True)
            ]
        )

    def _interrupted(self) -> None:
        if not self._closed:
            self.holds.interrupted()
            self._look(self._order.held)

    def _look(self, accounts: Iterable[AccountId]) -> None:
        self._wanted.update((account, None) for account in accounts if self._order.holds(account))
        if self._wanted and self._looking is None and not self._closed:
            self._looking = asyncio.create_task(self._tell_heads(), name="heads")

    async def _tell_heads(self) -> None:
        """Tell where the inboxes end that something may be missing of."""
        try:
            await asyncio.sleep(TOGETHER_SECONDS)
            while self._wanted and not told_to_end():
                some = [account for account, _ in zip(self._wanted, range(HEADS), strict=False)]
                for account in some:
                    del self._wanted[account]  # before it is read: wanted once more meanwhile, it is read once more
                try:
                    epoch, heads = await self._inbox.heads(some)
                except Refused:
                    self._wanted.update(dict.fromkeys(some))
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                pairs = zip(some, heads, strict=True)
                self._order.take([Arrival(account, head + 1, (), epoch) for account, head in pairs])
        finally:
            self._looking = None
