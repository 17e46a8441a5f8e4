"""What a gateway tells those who announce: which inboxes it holds. It notices when it may have missed something."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg

from chinwag.adapters.nats import feed_messages as messages
from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.feed_messages import Feed, Stated, Statement, Who
from chinwag.adapters.plain_token import token
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Refused
from chinwag.flow.cancelled import told_to_end

SOME: Final = 200
"""Accounts in one statement."""
QUIET_SECONDS: Final = 3.0
"""A gateway with nothing to say says so after so long; and a sender of which it heard nothing for so long is told all
again, as it may have forgotten."""
GONE_SECONDS: Final = 10.0
"""A sender that was not heard for so long is gone."""
STATE_SECONDS: Final = 2.0
"""How long a statement waits for its answer."""
AGAIN_SECONDS: Final = 0.25

_log = structlog.get_logger(__name__)


class _Sender:
    """One process that announces. number: of its last message; None before the first is known."""

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.number: int | None = None
        self.heard = now
        self.fed = now
        self.fresh = True
        self.dirty: dict[AccountId, None] = {}
        self.stated: set[AccountId] = set()
        self.under_way = False
        self.kick = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Holds:
    """The senders as one gateway knows them. Made on the event loop."""

    def __init__(
        self,
        connection: NatsConnection,
        gateway: str,
        held: Callable[[], Iterable[AccountId]],
        holds: Callable[[AccountId], bool],
        look: Callable[[Iterable[AccountId]], None],
        own: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """held, holds: all that this gateway holds, and whether it is among them. look: whatever was posted to these
        until now may not be told: look at their heads. own: the sender of this process, which tells by itself."""
        self._connection = connection
        self._gateway = token(gateway)
        self._held = held
        self._holds = holds
        self._look = look
        self._own = own
        self._now = now
        self._senders: dict[str, _Sender] = {}
        self._stop = connection.subscribe(messages.HERE, self._here)
        connection.publish(messages.WHO, messages.encode(Who()))

    @property
    def senders(self) -> frozenset[str]:
        """Those who announce, as far as is known."""
        return frozenset(self._senders)

    @property
    def up_to_date(self) -> bool:
        """Whether every sender knows what is held here."""
        return not any(one.dirty or one.under_way or one.fresh for one in self._senders.values())

    def changed(self, account: AccountId) -> None:
        """It is held now and was not, or the other way round."""
        for sender in self._senders.values():
            sender.dirty[account] = None
            sender.kick.set()

    def heard(self, feed: Feed) -> None:
        """A message of a feed has come. Asks for a look if one is missing before it."""
        sender = self._senders.get(feed.sender)
        if sender is None:
            self._begin(feed.sender)
            return
        sender.heard = sender.fed = self._now()
        number, expected = feed.number, sender.number
        if expected is not None and number > expected + bool(feed.told):
            _log.warning("a message of a feed is missing", sender=sender.name, number=number, last=expected)
            self._look(self._held())
        sender.number = max(number, expected or 0)

    def interrupted(self) -> None:
        """Anything may have been lost."""
        for sender in self._senders.values():
            self._state_all(sender)

    async def close(self) -> None:
        """Say nothing more."""
        self._stop()
        tasks = [sender.task for sender in self._senders.values() if sender.task is not None]
        self._senders.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _here(self, message: Msg) -> None:
        try:
            name = token(messages.decode_here(message.data).sender)
        except (msgspec.DecodeError, ValueError) as error:
            _log.warning("it could not be read who announces", error=str(error))
            return
        if name == self._own:
            return
        if (sender := self._senders.get(name)) is not None:
            sender.heard = self._now()
        else:
            self._begin(name)

    def _begin(self, name: str) -> None:
        sender = self._senders[name] = _Sender(name, self._now())
        sender.task = asyncio.create_task(self._state(sender), name="holds")

    def _state_all(self, sender: _Sender) -> None:
        sender.fresh = True
        sender.kick.set()

    async def _state(self, sender: _Sender) -> None:
        """Tell one sender what is held, and again whatever it did not hear, until it is gone."""
        while self._now() - sender.heard < GONE_SECONDS and not told_to_end():
            sender.kick.clear()
            try:
                ok = await self._say(sender)
            except Exception:
                _log.exception("it could not be said what is held")
                ok = False
            if ok and (sender.dirty or sender.fresh):
                continue
            try:
                async with asyncio.timeout(QUIET_SECONDS if ok else AGAIN_SECONDS):
                    await sender.kick.wait()
            except TimeoutError:
                if self._now() - sender.fed > QUIET_SECONDS and not sender.fresh:
                    self._state_all(sender)
        if self._senders.get(sender.name) is sender:
            del self._senders[sender.name]
            self._look(self._held())  # what it posted last may not have been told

    async def _say(self, sender: _Sender) -> bool:
        if fresh := sender.fresh:
            sender.stated.clear()
            sender.dirty = dict.fromkeys(self._held())
            sender.fresh = False
        some = [account for account, _ in zip(sender.dirty, range(SOME), strict=False)]
        for account in some:
            del sender.dirty[account]
        held = [account for account in some if self._holds(account)]
        released = [account for account in some if not self._holds(account) and account in sender.stated]
        statement = Statement(self._gateway, held, released, fresh)
        sender.under_way = True
        try:
            said = await self._connection.request(f"holds.{sender.name}", messages.encode(statement), STATE_SECONDS)
            stated: Stated = messages.decode_stated(said)
        except (Refused, msgspec.DecodeError):
            sender.dirty |= dict.fromkeys(some)
            sender.fresh = sender.fresh or fresh
            return False
        finally:
            sender.under_way = False
        sender.heard = sender.fed = self._now()
        if sender.number is None:
            sender.number = stated.number
        sender.stated |= set(held)
        sender.stated -= set(released)
        if held:
            self._look(held)
        if stated.count != len(sender.stated):
            self._state_all(sender)  # it has forgotten some, or kept what it should not
        return True
