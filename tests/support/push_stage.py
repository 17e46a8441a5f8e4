"""Pushes over real stores, step by step: a stage (`backstage.py`), a push service that opens what it gets, and a clock
that a test puts forward."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from tests.support.backstage import DEVICE, RULES, Backstage, backstage
from tests.support.push_browser import base64url
from tests.support.push_receiver import PushReceiver, Subscription, push_receiver

from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.push_services.services import PushServices, web_push
from chinwag.domain.account import AccountSettings
from chinwag.domain.account_change import AccountChange
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Send
from chinwag.domain.ids import AccountId, ConversationId, DeviceId, direct_id
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.preferences import Preferences
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import AcceptRules
from chinwag.flow.clock import system_clock
from chinwag.flow.push.follow import PushFollower
from chinwag.flow.push.keys import PushKeys
from chinwag.flow.push.send import Sender
from chinwag.flow.push.spread import Spreading
from chinwag.flow.push.subscriptions import Subscriptions
from chinwag.flow.push.take_back import TakeBack
from chinwag.flow.push.weigh import Weigh
from chinwag.ports.directory import Device, PushJob
from chinwag.ports.mark_store import Advance

ANN, BEN, CYD = AccountId("1"), AccountId("2"), AccountId("3")
PAIR: Final = direct_id(ANN, BEN)
HOURS: Final = 3_600_000
GONE_MS: Final = 35_000
"""How long a device that is away may count as connected."""


class PushStage:
    """One push process, whose steps are done when a test says so. connected: whose devices are; None: nobody answers.
    ahead: how far its clock is ahead of the machine's, in milliseconds."""

    def __init__(self, stage: Backstage, receiver: PushReceiver, keys: Path, unread_ms: int = 30_000) -> None:
        self.stage = stage
        self.receiver = receiver
        self.ahead = 0
        self.connected: dict[AccountId, Collection[DeviceId]] | None = {}
        self.keys = PushKeys(FileKeyStore(keys), self.clock)
        self.keys.begin()
        self.unread_ms = unread_ms
        embedded = stage.embedded
        self.subscriptions = Subscriptions(
            stage.directory, embedded.bus, self.clock, self.keys, ["web"], lambda url: url.startswith(receiver.origin)
        )
        self.follower = self.new_follower()
        self.spreading = Spreading(stage.directory, embedded.message_store, self.clock)
        self.sender = self.new_sender()
        self.taking_back = TakeBack(stage.directory, embedded.message_store, embedded.mark_store, self.clock)

    def clock(self) -> int:
        return system_clock() + self.ahead

    def new_follower(self, most: int = 100_000) -> PushFollower:
        """As another process, or another life of this one, has it."""
        embedded = self.stage.embedded
        return PushFollower(
            self.stage.directory, embedded.inbox, embedded.message_store, embedded.log.partitions, self.clock, most
        )

    def new_sender(self) -> Sender:
        """Likewise."""
        embedded = self.stage.embedded
        service = PushServices(
            web=web_push("mailto:op@example.org", self.keys.private, ["*"], dangerous=True, clock=system_clock)
        )
        weigh = Weigh(
            self.stage.directory,
            embedded.message_store,
            embedded.mark_store,
            self.devices,
            self.keys,
            self.clock,
            self.unread_ms,
            GONE_MS,
        )
        return Sender(self.stage.directory, weigh, service, self.clock)

    async def devices(self, account: AccountId) -> Collection[DeviceId]:
        """Who asks about presence is told that."""
        if self.connected is None:
            raise Refused(Code.UNAVAILABLE)
        return self.connected.get(account, ())

    async def device(self, account: AccountId, name: str) -> DeviceId:
        """One more device."""
        device = DeviceId(name)
        async with self.stage.directory.transaction() as transaction:
            await transaction.devices.create(Device(device, account, "", 1, 1))
        return device

    async def subscribe(self, account: AccountId, name: str) -> Subscription:
        """One more device, whose browser is pushed to."""
        device = await self.device(account, name)
        key = self.subscriptions.web_key
        assert key is not None
        browser = self.receiver.subscribe(key)
        keys = browser.browser
        await self.subscriptions.put_web(
            account, device, browser.endpoint, base64url(keys.p256dh), base64url(keys.auth), key
        )
        return browser

    async def say(self, text: str, sender: AccountId = ANN, where: ConversationId = PAIR, *to: AccountId) -> int:
        """A message; its number."""
        return await self.do(Send(Text(text, to)), sender, where)

    async def do(self, action: Action, who: AccountId = ANN, where: ConversationId = PAIR) -> int:
        """Ask it of a conversation; the number that it got."""
        return (await self.stage.do(who, where, action)).number

    async def read(self, account: AccountId, number: int, where: ConversationId = PAIR) -> None:
        """The account has read up to there."""
        state = await self.stage.state(where)
        marks = Marks(Mark(number, number if state.direct else number - 1, self.clock()))
        await self.stage.embedded.mark_store.advance([Advance(where, account, marks, stepped=False)])

    async def settings(self, account: AccountId, settings: AccountSettings) -> None:
        """What the account has chosen."""
        async with self.stage.directory.transaction() as transaction:
            await transaction.accounts.set_settings(account, settings)

    async def prefer(self, account: AccountId, preferences: Preferences, where: ConversationId = PAIR) -> None:
        """What the account wants of a conversation."""
        async with self.stage.directory.transaction() as transaction:
            await transaction.preferences.put(account, where, preferences, 1)

    async def follow(self) -> None:
        """All that was placed is read."""
        while await self.follower.step():
            pass

    async def spread(self) -> None:
        """Whoever is to have its turn in large groups now has had it."""
        while True:
            async with self.stage.directory.reading() as directory:
                if await directory.push_spreads.next(self.clock()) is None:
                    return
            await self.spreading.step()

    async def send(self) -> None:
        """All that is due is done, and what became of it is stored."""
        quiet = False
        while not quiet:
            idle = not self.sender.under_way  # so the step stores all that became of the last ones
            quiet = not await self.sender.step() and idle and not self.sender.under_way
            if self.sender.under_way:
                await self.sender.wait(60)

    async def after(self, ahead: int = 1_000) -> None:
        """What was placed is read, and so much later all that is due is done."""
        await self.follow()
        self.ahead += ahead
        await self.spread()
        await self.taking_back.look()
        await self.send()

    async def jobs(self, name: str) -> list[PushJob]:
        """What is kept for a device."""
        async with self.stage.directory.reading() as directory:
            found: list[PushJob] = await directory.push_jobs.of_device(DeviceId(name))
        return found

    async def changes(self, account: AccountId) -> list[AccountChange]:
        """What is told to the account's devices."""
        async with self.stage.directory.reading() as directory:
            rows = await directory.outbox.pending(200)
        return [msgspec.json.decode(row.payload, type=AccountChange) for row in rows if row.account == account]


@asynccontextmanager
async def push_stage(data: Path, unread_ms: int = 30_000, rules: AcceptRules = RULES) -> AsyncIterator[PushStage]:
    """Three people, two of whom have spoken before; all that was said is read."""
    async with push_receiver() as receiver, backstage(data, rules=rules) as stage:
        pushing = PushStage(stage, receiver, data / "keys", unread_ms)
        await stage.people(ANN, BEN, CYD)
        await pushing.say("before")
        await pushing.read(BEN, 1)
        await pushing.follow()
        try:
            yield pushing
        finally:
            await pushing.sender.close()


__all__ = ["ANN", "BEN", "CYD", "DEVICE", "HOURS", "PAIR", "PushStage", "push_stage"]
