"""A device in the storm: comes back by itself, sends what has no answer again with the same id, and keeps its state."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol

from prove.facts import Acked, Began, Ended, Refused, SeenMessage, SeenNotice, TokenTried, Transport, WasReset
from prove.held import Held
from prove.storm.lanes import Flight
from prove.storm.links import Hearer, Link, SocketLink
from prove.storm.listening import PollLink, StreamLink
from prove.storm.loading import cold_load, load_conversation
from prove.storm.outbox import Outbox
from prove.storm.plan import Character, PlannedDevice
from prove.storm.world import World
from prove.wire import seen

from chinwag.client.events import Unknown, decode_event
from chinwag.client.mirror import Mirror
from chinwag.wire.codec import Cursor
from chinwag.wire.frames import Ack, Bye, Error, Event, Ping, Read, Received, Reset, ServerFrame, Welcome
from chinwag.wire.values import (
    AccountId,
    ConversationId,
    DeviceId,
    Message,
    Notice,
    NumberedEvent,
)
from chinwag.wire.values import (
    Event as AnyEvent,
)

BACKOFF: Final = (0.05, 0.8)
"""Seconds before the first try to come back, and at most; each try doubles it."""
WELCOME_SECONDS: Final = 30.0
READ_EVERY: Final = 48
"""Of so many events one is answered with a `read`."""
RECEIVED_EVERY: Final = 64


class Open(Protocol):
    """Opens a link."""

    def __call__(self, url: str, hearer: Hearer, cursor: str | None, *, small: bool) -> Awaitable[Link]:
        """Connect. Raises OSError."""
        ...


OPEN: Final[dict[Transport, Open]] = {
    "socket": SocketLink.open,
    "stream": StreamLink.open,
    "long_poll": PollLink.open_long,
    "short_poll": PollLink.open_short,
}


CACHED: Final = 12
"""Messages and notices that a device holds of each conversation, up to twice as many for a while."""


class LeanMirror(Mirror):
    """A mirror that caches the newest messages alone: histories are read afresh at the end."""

    def keep(
        self, conversation: ConversationId, events: Iterable[NumberedEvent | Unknown], head: int | None = None
    ) -> None:
        """Cache some; beyond twice `CACHED` the oldest go."""
        super().keep(conversation, events, head)
        held = self.conversations.get(conversation)
        if held is not None and len(held.messages) > 2 * CACHED:
            newest = sorted(held.messages)[-CACHED:]
            held.messages = {number: held.messages[number] for number in newest}
            held.stale &= held.messages.keys()
            held.reactions = {number: one for number, one in held.reactions.items() if number in held.messages}
            held.loaded = [(max(first, newest[0]), last) for first, last in held.loaded if last >= newest[0]]


class Device:
    """One device. `run` keeps it connected as long as it is `wanted`."""

    def __init__(
        self, world: World, plan: PlannedDevice, account: AccountId, device: DeviceId, token: Callable[[], str]
    ) -> None:
        """token: gives one that is good now."""
        self.world = world
        self.plan = plan
        self.account = account
        self.id = device
        self._token = token
        self.transport: Transport = plan.transport
        """By which it connects next."""
        self._by: Transport = plan.transport
        self.held = Held(account, LeanMirror(account))
        self.epoch = 0
        self.position = 0
        self.session = 0
        self.outbox = Outbox(self)
        self.link: Link | None = None
        self.online = False
        self.wanted = True
        """It wants to be connected."""
        self.dead = False
        """It is revoked."""
        self.revoked = False
        """It was answered that it is revoked."""
        self.on_acked: Callable[[ConversationId, Flight, int], None] | None = None
        self.echoed: dict[str, int] = {}
        """The numbers at which it saw its own sends of late."""
        self._opening = False
        self._asked = 0
        self._early_reset: Reset | None = None
        self._code = ""
        self._stalled = False
        self._changed = asyncio.Event()
        self._loading = False
        self._later: list[AnyEvent | Unknown] = []
        self._events = 0
        self._wait = BACKOFF[0]

    # What the storm asks

    def token(self) -> str:
        """An access token that is good now."""
        return self._token()

    @property
    def in_flight(self) -> int:
        """Sends under way on its connection."""
        return self.outbox.in_flight if self.online else 0

    @property
    def unanswered(self) -> int:
        """Sends and changes that wait for an answer that ends them."""
        return len(self.outbox)

    def state(self) -> str:
        """Where it stands, for people."""
        return (
            f"{self.id} ({self.plan.character}, {self.transport}, {'on' if self.online else 'off'}line, at "
            f"{self.position}, {self.unanswered} unanswered, {self.in_flight} in flight, last end {self._code or '-'})"
        )

    def cut(self) -> None:
        """Break the connection, as a network would."""
        if self.link is not None:
            self._code = "own"
            self.link.cut()

    def away(self) -> None:
        """Go, and stay away."""
        self.wanted = False
        self.cut()

    def back(self) -> None:
        """Come back."""
        self.wanted = True
        self._changed.set()

    def stall(self) -> None:
        """Stop reading for now."""
        self._stalled = True
        if self.link is not None:
            self.link.stall()

    def resume(self) -> None:
        """Read again."""
        self._stalled = False
        if self.link is not None:
            self.link.resume()

    def beat(self) -> None:
        """Show that it is there."""
        if self.link is not None and self.online:
            self.link.send(Ping())

    def close(self) -> None:
        """Be gone for good."""
        self.dead = True
        self.away()

    async def load(self) -> None:
        """Load everything afresh, and go on from there."""
        cursor = await cold_load(self.world, self)
        self.epoch, self.position = cursor.epoch, cursor.position

    async def run(self) -> None:
        """Be connected for as long as it is wanted, whatever happens to the server."""
        while not self.dead:
            if not self.wanted:
                await self._change()
                continue
            await self._connect()
            while self.link is not None:
                await self._change()
            if self.wanted and not self.dead:
                await asyncio.sleep(self._wait * self.world.draw.uniform(0.5, 1.5))
                self._wait = min(2 * self._wait, BACKOFF[1])

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _connect(self) -> None:
        if not self.world.url:
            return
        self._opening, self._code = True, ""
        self._asked = self.world.now()
        cursor = str(Cursor(self.epoch, self.position))
        small = self.plan.character is Character.SLOW
        try:
            self._by = self.transport
            link = await OPEN[self._by](self.world.url, self, cursor, small=small)
            if self._opening:
                self.link = link
        except (OSError, TimeoutError):
            pass
        finally:
            self._opening = False
        if self.link is not None and not self.online:
            await self._welcome(self.link)

    async def _welcome(self, link: Link) -> None:
        try:
            async with asyncio.timeout(WELCOME_SECONDS):
                while self.link is link and not self.online:
                    await self._change()
        except TimeoutError:
            link.cut()
            self.ended(link)

    # The link's calls

    def frame(self, link: Link, frame: ServerFrame) -> None:
        """Something came."""
        if link is not self.link:
            if not self._opening or self.link is not None:
                return
            self.link, self._opening = link, False
        kind = type(frame)
        if kind is Event:
            self._event(frame.position, frame.event)  # type: ignore[union-attr, arg-type]
        elif kind is Ack:
            self._ack(frame)  # type: ignore[arg-type]
        elif kind is Error:
            self._error(frame)  # type: ignore[arg-type]
        elif kind is Welcome:
            self._welcomed(frame)  # type: ignore[arg-type]
        elif kind is Bye:
            self._bye(frame)  # type: ignore[arg-type]
        elif kind is Reset and self.online:
            self._reset(frame)  # type: ignore[arg-type]
        elif isinstance(frame, Reset):
            self._early_reset = frame  # the session has no number before its welcome

    def ended(self, link: Link) -> None:
        """The connection is gone."""
        if link is not self.link:
            self._opening = False
            return
        self.link = None
        world = self.world
        if self.online:
            if self._code != "own":
                world.lost_in_flight += self.in_flight
            world.write(Ended(self.session, self._code or "cut", world.now()))
        self.online, self._early_reset = False, None
        self.outbox.disconnected()
        self._changed.set()

    def _welcomed(self, welcome: Welcome) -> None:
        world = self.world
        if self.revoked:
            world.write(TokenTried(self.id, "hello", False, world.now()))
        self.session = world.next_session()
        world.tally.sessions += 1
        # The cursor that was given: after a `reset` events go on elsewhere.
        world.write(
            Began(self.session, self.id, self.account, self._by, self.epoch, self.position, world.now(), self._asked)
        )
        self.online = True
        if (reset := self._early_reset) is not None:
            self._early_reset = None
            self._reset(reset)
        self._wait = BACKOFF[0]
        self._changed.set()
        if self._stalled and self.link is not None:
            self.link.stall()
        self.outbox.connected()

    def _bye(self, bye: Bye) -> None:
        self._code = bye.code
        self._wait = max(self._wait, bye.reconnect_after)
        if bye.code == "revoked":
            if self.revoked and not self.online:
                self.world.write(TokenTried(self.id, "hello", True, self.world.now()))
            self.dead = True
            self.outbox.give_up()
            self._changed.set()

    def _reset(self, reset: Reset) -> None:
        world = self.world
        world.tally.resets += 1
        world.write(WasReset(self.session, reset.cause, reset.epoch, reset.position))
        self.epoch, self.position = reset.epoch, reset.position
        self._loading = True
        world.spawn(self._load_again())

    # Answers

    def _ack(self, ack: Ack) -> None:
        world = self.world
        world.write(Acked(self.id, ack.conversation, ack.id, ack.number, ack.sent_at, self.session, world.now()))
        world.tally.answers += 1
        flight = self.outbox.acked(ack.conversation, ack.id, ack.number)
        if flight is not None:
            world.acked()
            if self.on_acked is not None:
                self.on_acked(ack.conversation, flight, ack.number)
        self.outbox.pump()

    def _error(self, error: Error) -> None:
        if error.id is None:
            self._code = error.code
            return
        world = self.world
        world.tally.refused += 1
        conversation = self.outbox.conversation_of(error.id)
        world.write(Refused(self.id, conversation, error.id, error.code, error.retryable, world.now()))
        self.outbox.refused(error)

    # Events

    def _event(self, position: int, raw: object) -> None:
        event = decode_event(raw)  # type: ignore[arg-type]
        fact = seen(self.session, position, event)
        world = self.world
        world.write(fact)
        world.tally.events += 1
        self.position = position
        if isinstance(fact, SeenMessage | SeenNotice) and fact.device == self.id:
            self.echoed[fact.id] = fact.number
            if len(self.echoed) > 400:
                del self.echoed[next(iter(self.echoed))]
        if self._loading:
            self._later.append(event)
        else:
            self._apply(event)
        self._events += 1
        if self._events % READ_EVERY == 0 and type(event) is Message:
            self._send(Read(event.conversation, event.number))
        elif self._events % RECEIVED_EVERY == 0:
            self._send(Received(position))

    def _send(self, frame: Read | Received) -> None:
        if self.link is not None and self.online:
            self.link.send(frame)

    def _apply(self, event: AnyEvent | Unknown) -> None:
        missing = self.held.apply(event)
        if missing is not None:
            self._loading = True
            self._later.append(event)
            self.world.spawn(self._load_for(missing))
        elif type(event) is Notice:
            self.outbox.places_changed()

    async def _load_for(self, conversation: ConversationId) -> None:
        await load_conversation(self.world, self, conversation)
        self._go_on()

    async def _load_again(self) -> None:
        await cold_load(self.world, self)
        self._go_on()

    def _go_on(self) -> None:
        """What came while something was loaded."""
        later, self._later = self._later, []
        self._loading = False
        self.outbox.places_changed()
        for count, event in enumerate(later):
            if self._loading:
                self._later += later[count:]
                return
            self._apply(event)

    @property
    def applied(self) -> bool:
        """Whether all that came has been taken into its state."""
        return not self._loading
