"""A device in the storm: comes back by itself, sends what has no answer again with the same id, and keeps its state."""

import asyncio
from collections.abc import Callable
from typing import Final

from prove.facts import Acked, Began, Ended, Refused, SeenMessage, SeenNotice, TokenTried, Transport, WasReset
from prove.held import Held
from prove.index.pulled import GOES_LARGE
from prove.storm.lanes import Flight
from prove.storm.lean_mirror import LeanMirror
from prove.storm.links import Link
from prove.storm.loading import catch_up, cold_load, load_conversation
from prove.storm.opening import OPEN
from prove.storm.outbox import Outbox
from prove.storm.plan import Character, PlannedDevice
from prove.storm.pulling import LARGE_FRAMES, Begins, Pulling
from prove.storm.world import World
from prove.wire import seen

from chinwag.client.events import Unknown, decode_event
from chinwag.wire.codec import Cursor
from chinwag.wire.frames import Ack, Bye, ClientFrame, Error, Event, Ping, Read, Received, Reset, ServerFrame, Welcome
from chinwag.wire.large import GroupHead
from chinwag.wire.values import (
    AccountId,
    ConversationId,
    DeviceId,
    Message,
    Notice,
)
from chinwag.wire.values import (
    Event as AnyEvent,
)

News = AnyEvent | Unknown | Begins | GroupHead
"""What changes the state of a device, in the order in which it came."""
BACKOFF: Final = (0.05, 0.8)
"""Seconds before the first try to come back, and at most; each try doubles it."""
WELCOME_SECONDS: Final = 30.0
READ_EVERY: Final = 48
"""Of so many events one is answered with a `read`."""
RECEIVED_EVERY: Final = 64


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
        self._later: list[News] = []
        self.pulling = Pulling(self)
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
        elif kind in LARGE_FRAMES:
            if self.online and (news := self.pulling.take(frame)) is not None:
                self._news(news)
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
        self.pulling.disconnected()
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
        self.pulling.connected(self._by)
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
            if not self.pulling.refused(error):
                self._code = error.code
            return
        world = self.world
        world.tally.refused += error.code != "slow_down"  # in a large group that is as it should be
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
        if isinstance(fact, SeenNotice) and (fact.change == "delivery" or fact.history == GOES_LARGE):
            world.tally.turns.add((fact.conversation, fact.number))
        if isinstance(fact, SeenMessage | SeenNotice) and fact.device == self.id:
            self.echoed[fact.id] = fact.number
            if len(self.echoed) > 400:
                del self.echoed[next(iter(self.echoed))]
        self._news(event)
        self._events += 1
        if self._events % READ_EVERY == 0 and type(event) is Message:
            self.say(Read(event.conversation, event.number))
        elif self._events % RECEIVED_EVERY == 0:
            self.say(Received(position))

    def say(self, frame: ClientFrame) -> None:
        """Write a frame that has no answer, if it is connected."""
        if self.link is not None and self.online:
            self.link.send(frame)

    def _news(self, news: News) -> None:
        """Something came that changes the state: at once, or when what is being loaded is there."""
        if self._loading:
            self._later.append(news)
        else:
            self._apply(news)

    def _apply(self, news: News) -> None:
        if isinstance(news, GroupHead | Begins):
            if (behind := self.pulling.hear(news)) is not None:
                self.catch_up(behind)
            return
        missing = self.held.apply(news)
        if missing is not None:
            self._loading = True
            self._later.append(news)
            self.world.spawn(self._load_for(missing))
        elif type(news) is Notice:
            self.pulling.turned(news.conversation)
            self.outbox.places_changed()

    def catch_up(self, conversation: ConversationId) -> None:
        """Take what it lacks of a large group, before anything else that comes. Nothing, if it is loading already."""
        if not self._loading:
            self._loading = True
            self.world.spawn(self._load_for(conversation))

    async def _load_for(self, conversation: ConversationId) -> None:
        held = self.held.mirror.conversations.get(conversation)
        if held is not None and held.large and held.role is not None:
            await catch_up(self.world, self, conversation)
        else:
            await load_conversation(self.world, self, conversation)
        self.pulling.turned(conversation)
        self._go_on()

    async def _load_again(self) -> None:
        await cold_load(self.world, self)
        self.pulling.connected()
        self._go_on()

    def _go_on(self) -> None:
        """What came while something was loaded."""
        later, self._later = self._later, []
        self._loading = False
        self.outbox.places_changed()
        for count, news in enumerate(later):
            if self._loading:
                self._later += later[count:]
                return
            self._apply(news)

    @property
    def applied(self) -> bool:
        """Whether all that came has been taken into its state."""
        return not self._loading
