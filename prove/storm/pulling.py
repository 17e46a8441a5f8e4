"""What a device does about large groups: it watches all that it is in, and many follow them over their socket.

Others hear that a group has moved, and sometimes ask for what they lack. Whoever does neither asks at the end, or when
something comes by the inbox that needs what lies before it.
"""

import asyncio
from typing import Final, Protocol

import msgspec
from prove.facts import FeedFrom, Transport
from prove.held import Held
from prove.storm.plan import PlannedDevice
from prove.storm.world import Stuck, World
from prove.wire import seen

from chinwag.client.events import Unknown, decode_numbered
from chinwag.client.membership import Mirrored
from chinwag.wire.frames import (
    ClientFrame,
    Counts,
    Error,
    Far,
    Feed,
    Follow,
    Followed,
    Nudge,
    ServerFrame,
    Unfollowed,
    Watch,
)
from chinwag.wire.large import GroupHead
from chinwag.wire.values import ConversationId, NumberedEvent

LARGE_FRAMES: Final = frozenset({Nudge, Followed, Feed, Counts, Unfollowed, Far})
"""Frames that are of large groups alone."""
AGAIN_SECONDS: Final = 1.0
"""When a feed that ended for a while is begun again."""
ASKS: Final = 0.5
"""How often a device that does not follow asks for what it lacks once it hears that there is something."""


class Begins(msgspec.Struct, frozen=True):
    """A feed goes on after a number: what lies between may not be read. far: there is none, so much is lacking."""

    conversation: ConversationId
    after: int
    far: bool = False


class Puller(Protocol):
    """A device, as far as large groups go."""

    world: World
    plan: PlannedDevice
    held: Held
    online: bool
    session: int
    transport: Transport

    def say(self, frame: ClientFrame) -> None: ...


class Pulling:
    """One device's. `take` gives what is to change its state, in the order in which it came."""

    def __init__(self, device: Puller) -> None:
        self._device = device
        self._by: Transport = device.transport
        self._asked: dict[ConversationId, int] = {}
        """The groups that it follows, and after which number."""
        self._watched: tuple[ConversationId, ...] = ()

    def connected(self, by: Transport | None = None) -> None:
        """A session is on, by that transport, or everything was loaded afresh: all begins anew."""
        self._by = by or self._by
        self._asked.clear()
        self._watched = ()
        for one in self._large():
            self.turned(one.id)

    def disconnected(self) -> None:
        """It is over."""
        self._asked.clear()

    def turned(self, conversation: ConversationId) -> None:
        """A group may be large from here on, or be one that it is in."""
        device, large = self._device, [one.id for one in self._large()]
        if conversation not in large or not device.online:
            return
        if (watched := tuple(sorted(large))) != self._watched:
            self._watched = watched
            device.say(Watch(watched))
        if self._follows and conversation not in self._asked:
            after = self._asked[conversation] = device.held.mirror.conversations[conversation].head
            device.say(Follow(conversation, after))

    def take(self, frame: ServerFrame) -> NumberedEvent | Unknown | Begins | GroupHead | None:
        """A frame came; what the device's state is to make of it."""
        device, world = self._device, self._device.world
        match frame:
            case Nudge():
                world.tally.nudges += 1
                return GroupHead(frame.conversation, frame.head, frame.ordinal, frame.shown, frame.all, large=True)
            case Followed():
                world.write(FeedFrom(device.session, frame.conversation, frame.after))
                if frame.after < (asked := self._asked.get(frame.conversation, 0)):
                    world.failure = Stuck(f"a feed after {asked} goes on after {frame.after} of {frame.conversation}")
                return Begins(frame.conversation, frame.after)
            case Feed():
                event = decode_numbered(frame.event)
                world.write(seen(device.session, 0, event))
                world.tally.events += 1
                world.tally.fed += 1
                return event
            case Far():
                return Begins(frame.conversation, frame.head, far=True)
            case Unfollowed():
                world.tally.feed_ends[frame.code] += 1
                self._asked.pop(frame.conversation, None)
                if frame.code in ("slow", "drain"):
                    self._later(frame.conversation, AGAIN_SECONDS)
        return None

    def hear(self, news: Begins | GroupHead) -> ConversationId | None:
        """From where on a large group is fed, or how far it is: its conversation, if what lies between is wanted."""
        mirror = self._device.held.mirror
        if isinstance(news, GroupHead):
            held = mirror.moved(news)
            asks = held is not None and held.id not in self._asked and self._device.world.draw.random() < ASKS
            return news.conversation if asks else None
        if news.far:
            self._device.world.tally.feed_ends["far"] += 1
            self._asked.pop(news.conversation, None)
            return news.conversation
        mirror.skip(news.conversation, news.after)
        return None

    def refused(self, error: Error) -> bool:
        """A refusal came that names no send; whether it was of a follow."""
        if error.frame != "follow" or error.conversation is None:
            return False
        self._asked.pop(error.conversation, None)
        if error.retryable:
            self._later(error.conversation, error.retry_after or AGAIN_SECONDS)
        return True

    @property
    def _follows(self) -> bool:
        """Whether it is one of those that follow: feeds come over sockets alone."""
        return self._by == "socket" and self._device.plan.account % 3 != 2

    def _large(self) -> list[Mirrored]:
        held = self._device.held.mirror.conversations.values()
        return [one for one in held if one.large and one.role is not None]

    def _later(self, conversation: ConversationId, seconds: float) -> None:
        session = self._device.session

        def again() -> None:
            if self._device.session == session:
                self.turned(conversation)

        asyncio.get_running_loop().call_later(seconds, again)
