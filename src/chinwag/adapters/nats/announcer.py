"""Announce: a process that posts tells each gateway what has become readable in the inboxes that it holds.

One numbered feed for each gateway: a gateway that misses a number reads on from the inbox. What each of them holds is
soft state, which gateways state and state again.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg

from chinwag.adapters.nats import feed_messages as messages
from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.feed_messages import Feed, Here, Stated, Told
from chinwag.adapters.plain_token import token
from chinwag.adapters.postgres import Posted
from chinwag.domain.ids import AccountId

INLINE_BYTES: Final = 16 << 10
"""An event that is longer is read from the inbox by whoever wants it."""
MESSAGE_BYTES: Final = 256 << 10
"""About how long a message may get before the next begins."""
BEAT_SECONDS: Final = 1.0
GONE_SECONDS: Final = 10.0
"""A gateway that has said nothing for so long is forgotten. It says something every few seconds."""
_OVERHEAD: Final = 32
"""About how many bytes an account and its position take, besides its name."""

_log = structlog.get_logger(__name__)


class _Gateway:
    """One gateway as this process knows it. turn: what this turn of the loop tells it."""

    __slots__ = ("accounts", "heard", "number", "turn")

    def __init__(self) -> None:
        self.accounts: set[AccountId] = set()
        self.number = 0
        self.heard = 0.0
        self.turn: list[tuple[int, Told]] = []


class Announcer:
    """Of one process. Made on the event loop; `close` it before its connection.

    on_posted: of the process's stores (`PostgresStores.arrivals.on_posted`).
    """

    def __init__(
        self,
        connection: NatsConnection,
        on_posted: list[Callable[[Sequence[Posted]], None]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id: Final = secrets.token_hex(8)
        """The sender's name in this life."""
        self._connection = connection
        self._now = now
        self._gateways: dict[str, _Gateway] = {}
        self._holders: dict[AccountId, list[_Gateway]] = {}
        self._turn = False
        self._on_posted = on_posted
        on_posted.append(self._posted)
        self._stops = [
            connection.subscribe(f"holds.{self.id}", self._stated),
            connection.subscribe(messages.WHO, lambda _: self._say_here()),
        ]
        self._task = asyncio.create_task(self._beat(), name="announcer")

    async def close(self) -> None:
        """Announce nothing more. Doing it again changes nothing."""
        if self._posted in self._on_posted:
            self._on_posted.remove(self._posted)
        for stop in self._stops:
            stop()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _posted(self, posted: Sequence[Posted]) -> None:
        holders = self._holders
        if not holders:
            return
        for one in posted:
            audience: dict[int, tuple[_Gateway, list[AccountId], list[int]]] = {}
            for account, position in zip(one.audience, one.positions, strict=True):
                for gateway in holders.get(account, ()):
                    _, accounts, positions = audience.setdefault(id(gateway), (gateway, [], []))
                    accounts.append(account)
                    positions.append(position)
            if not audience:
                continue
            sizes = [len(event) for event in one.events]
            short = max(sizes, default=0) <= INLINE_BYTES and sum(sizes) <= MESSAGE_BYTES
            events = list(one.events) if short else []
            for gateway, accounts, positions in audience.values():
                gateway.turn.append((one.epoch, Told(accounts, positions, len(one.events), events, one.at)))
            if not self._turn:
                self._turn = True
                # After the committers, who can hand over the next batch while this one is told.
                asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._turn = False
        for name, gateway in self._gateways.items():
            turn, gateway.turn = gateway.turn, []
            for epoch, told in _messages(turn):
                gateway.number += 1
                self._publish(name, Feed(self.id, gateway.number, epoch, told))

    def _publish(self, gateway: str, feed: Feed) -> None:
        self._connection.publish(f"feed.{token(gateway)}", messages.encode(feed))

    def _stated(self, message: Msg) -> None:
        try:
            statement = messages.decode_statement(message.data)
            name = token(statement.gateway)
        except (msgspec.DecodeError, ValueError) as error:
            _log.warning("it could not be read what a gateway holds", error=str(error))
            return
        gateway = self._gateways.setdefault(name, _Gateway())
        gateway.heard = self._now()
        if statement.fresh:
            for account in tuple(gateway.accounts):
                self._release(gateway, account)
        for account in statement.held:
            if account not in gateway.accounts:
                gateway.accounts.add(account)
                self._holders.setdefault(account, []).append(gateway)
        for account in statement.released:
            self._release(gateway, account)
        self._connection.reply(message, messages.encode(Stated(len(gateway.accounts), gateway.number)))

    def _release(self, gateway: _Gateway, account: AccountId) -> None:
        if account not in gateway.accounts:
            return
        gateway.accounts.remove(account)
        holders = self._holders[account]
        holders.remove(gateway)
        if not holders:
            del self._holders[account]

    def _say_here(self) -> None:
        self._connection.publish(messages.HERE, messages.encode(Here(self.id)))

    async def _beat(self) -> None:
        while True:
            try:
                self._forget_the_gone()
                self._say_here()
                for name, gateway in self._gateways.items():
                    self._publish(name, Feed(self.id, gateway.number))
            except Exception:
                _log.exception("gateways could not be told that this process announces")
            await asyncio.sleep(BEAT_SECONDS)

    def _forget_the_gone(self) -> None:
        due = self._now() - GONE_SECONDS
        for name, gateway in tuple(self._gateways.items()):
            if gateway.heard < due:
                for account in tuple(gateway.accounts):
                    self._release(gateway, account)
                del self._gateways[name]


def _messages(turn: Sequence[tuple[int, Told]]) -> Iterator[tuple[int, list[Told]]]:
    """What a turn tells, in messages of one epoch and not too long each."""
    told: list[Told] = []
    size, epoch = 0, 0
    for of, one in turn:
        length = sum(map(len, one.events)) + sum(len(account) + _OVERHEAD for account in one.accounts)
        if told and (of != epoch or size + length > MESSAGE_BYTES):
            yield epoch, told
            told, size = [], 0
        epoch = of
        told.append(one)
        size += length
    if told:
        yield epoch, told
