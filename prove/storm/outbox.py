"""All that a device has sent and that has no answer: lanes of sends, edits, deletions and reactions, and changes of
groups."""

import asyncio
from collections import deque
from typing import Final, Protocol

from prove.facts import ChangeTried, Retry
from prove.held import Held
from prove.index.sends import NOT_FOR_EVER
from prove.storm.lanes import Flight, Frame, Lane
from prove.storm.links import Link
from prove.storm.plan import PlannedDevice
from prove.storm.targets import answered_of, change_of, mentions_of
from prove.storm.world import World

from chinwag.wire.frames import Change, Error
from chinwag.wire.values import (
    AccountId,
    Add,
    ClientId,
    ConversationId,
    DeviceId,
    GroupAction,
    Join,
    Leave,
    Pin,
    Remove,
    SetRole,
    SetSettings,
    SetTitle,
)

REST: Final = 0.1
"""Seconds before a refused send goes again, where the server says nothing; out of turn it goes at once."""
REMEMBERED: Final = 2_000
"""Acked sends of a device that may be sent again."""
PICKS: Final = 64
FEW: Final = 2
"""Sends without an answer of one device at most while not everybody is back after a death."""
LONG_EVERY: Final = 997
"""Of so many texts one is long."""
PADDING: Final = "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy "
GROUP_WEIGHTS: Final = ((8, 5.0), (25, 1.0), (1_000, 0.5))
"""How often a device writes into a group of up to so many members; into a direct conversation: 6."""
DIRECT_WEIGHT: Final = 6.0

KINDS: Final[dict[type, str]] = {
    Add: "joined",
    Join: "joined",
    Remove: "removed",
    Leave: "left",
    SetRole: "role",
    SetTitle: "title",
    SetSettings: "settings",
    Pin: "pinned",
}


class Sender(Protocol):
    """A device, as far as its outbox knows it."""

    world: World
    plan: PlannedDevice
    account: AccountId
    id: DeviceId
    held: Held
    link: Link | None
    online: bool
    session: int


class Outbox:
    """One device's."""

    def __init__(self, device: Sender) -> None:
        self._device = device
        self._world = device.world
        self.directs: list[ConversationId] = []
        """Direct conversations that it writes in, begun or not."""
        self.flowing = True
        """New sends are begun whenever there is room."""
        self.twice = 0
        """Of so many sends one is written twice at once; 0: none."""
        self.done: deque[tuple[ConversationId, Flight]] = deque(maxlen=REMEMBERED)
        """Acked sends, and where."""
        self.never: deque[tuple[ConversationId, Flight]] = deque(maxlen=REMEMBERED)
        """Sends that were refused for ever, where one had been acked, and where."""
        self.numbers: dict[str, int] = {}
        """Of the sends that were acked of late the numbers, by id."""
        self.repeats: dict[str, tuple[ConversationId, Flight]] = {}
        """Of both, those that were sent again and whose second answer has not come, by id."""
        self._lanes: dict[ConversationId, Lane] = {}
        self._changes: dict[str, Change] = {}
        self._conversations: dict[str, ConversationId] = {}
        self._picks: list[ConversationId] = []
        self._pick = 0
        self._made = 0

    def __len__(self) -> int:
        return sum(len(lane.flights) for lane in self._lanes.values()) + len(self._changes)

    @property
    def in_flight(self) -> int:
        """Sends written on this connection and not answered."""
        return sum(min(lane.written, len(lane.flights)) for lane in self._lanes.values())

    @property
    def made(self) -> int:
        """How many sends and changes it has made: their names, and the first words of texts, are numbered so."""
        return self._made

    def conversation_of(self, name: str) -> ConversationId:
        """Where a send or change went."""
        return self._conversations.get(name, ConversationId(""))

    # New things

    def pump(self) -> None:
        """Begin new sends while there is room."""
        device, world = self._device, self._world
        if not self.flowing or world.over or world.hushed or not device.online:
            return
        room = (min(FEW, device.plan.window) if world.recovering else device.plan.window) - len(self)
        while room > 0:
            conversation = self._next_place()
            if conversation is None:
                return
            self._begin(conversation)
            room -= 1

    def burst(self, count: int) -> None:
        """Begin `count` sends at once, whatever the window says."""
        world = self._world
        quiet = world.over or world.recovering or world.hushed
        for _ in range(count if self._device.online and not quiet else 0):
            conversation = self._next_place()
            if conversation is not None:
                self._begin(conversation)

    def change(self, conversation: ConversationId, action: GroupAction) -> str:
        """Ask for a change of a group; its id."""
        name, device, world = self.name("c"), self._device, self._world
        self._conversations[name] = conversation
        subject = getattr(action, "account", "") if not isinstance(action, Join | Leave) else device.account
        text = ""
        if isinstance(action, Pin):
            subject, text = action.number, "+" if action.on else "-"
        subjects = (str(subject),) if subject else ()
        world.tally.changes += 1
        world.write(
            ChangeTried(device.id, device.account, conversation, name, KINDS[type(action)], subjects, world.now(), text)
        )
        frame = self._changes[name] = Change(ClientId(name), conversation, action)
        if device.link is not None and device.online:
            device.link.send(frame)
        return name

    def _begin(self, conversation: ConversationId) -> None:
        self.begin(conversation, self._flight(conversation))

    def begin(self, conversation: ConversationId, flight: Flight) -> None:
        """Send this, behind all that was sent there before."""
        lane = self._lanes.get(conversation)
        if lane is None:
            lane = self._lanes[conversation] = Lane(conversation)
        self._conversations[flight.id] = conversation
        frame = lane.add(flight)
        if not lane.again:
            self._write(lane, flight, frame)
            if self.twice and self._made % self.twice == 0:
                self._write(lane, flight, frame)

    def _flight(self, conversation: ConversationId) -> Flight:
        """What it says next in a conversation."""
        device, world = self._device, self._world
        held = device.held.mirror.conversations.get(conversation)
        change = change_of(world.draw, device.account, held)
        if change is None:
            name = self.name("m")
            mentions, answered = mentions_of(world.draw, held), answered_of(world.draw, held)
            return Flight(name, self._text(name), mentions=mentions, reply_to=answered)
        kind, target, text = change
        world.tally.rewordings[kind] += 1
        name = self.name(kind[0])
        if kind != "edited":
            return Flight(name, text, kind, target)
        return Flight(name, self._text(name), kind, target, mentions=mentions_of(world.draw, held))

    def name(self, kind: str) -> str:
        """A new id, of which the first letter says what it is for."""
        self._made += 1
        return f"{kind}{self._made}"

    def _text(self, name: str) -> str:
        length = 3_000 if self._made % LONG_EVERY == 0 else self._made * 7_919 % 60
        return f"{name} of {self._device.id} {(PADDING * (length // len(PADDING) + 1))[:length]}"

    def _next_place(self) -> ConversationId | None:
        if not self._picks:
            self._draw_picks()
            if not self._picks:
                return None
        for _ in self._picks:
            self._pick += 1
            place = self._picks[self._pick % len(self._picks)]
            if not self._waits(place):
                return place
        return None

    def _waits(self, conversation: ConversationId) -> bool:
        """Whether what it said last in a large group has no answer yet: that takes one message of each in a second."""
        held = self._device.held.mirror.conversations.get(conversation)
        lane = self._lanes.get(conversation)
        return held is not None and held.large and lane is not None and bool(lane.flights)

    def _draw_picks(self) -> None:
        weights: dict[ConversationId, float] = dict.fromkeys(self.directs, DIRECT_WEIGHT)
        for one in self._device.held.mirror.conversations.values():
            if one.kind == "group" and one.role is not None:
                size = one.member_count
                weights[one.id] = next(weight for most, weight in GROUP_WEIGHTS if size <= most)
        if weights:
            self._picks = self._world.draw.choices(list(weights), list(weights.values()), k=PICKS)

    def places_changed(self) -> None:
        """The device came into a group, or is out of one."""
        self._picks = []

    def again(self, conversation: ConversationId, flight: Flight) -> None:
        """Send what was acked long ago once more, on this connection."""
        lane = self._lanes.get(conversation)
        if lane is not None and self._device.online:
            self.repeats[flight.id] = (conversation, flight)
            self._write(lane, flight, flight.frame(conversation))

    # Connections

    def connected(self) -> None:
        """Everything without an answer goes again."""
        for change in self._changes.values():
            self._write_change(change)
        for lane in self._lanes.values():
            self._all_again(lane)
        self.pump()

    def disconnected(self) -> None:
        """Nothing is under way any more."""
        for lane in self._lanes.values():
            lane.disconnected()

    def give_up(self) -> None:
        """No answer will ever come."""
        self._lanes.clear()
        self._changes.clear()

    # Answers

    def acked(self, conversation: ConversationId, name: str, number: int) -> Flight | None:
        """An ack came; the send, if it is its first."""
        self.repeats.pop(name, None)
        if self._changes.pop(name, None) is not None:
            return None
        lane = self._lanes.get(conversation)
        if lane is None:
            return None
        lane.written -= lane.written > 0
        flight = lane.flights.pop(name, None)
        self._settle(lane)
        if flight is None:
            return None
        self.done.append((conversation, flight))
        self.numbers[name] = number
        if len(self.numbers) > REMEMBERED:
            del self.numbers[next(iter(self.numbers))]
        return flight

    def refused(self, error: Error) -> None:
        """A refusal came: for good, or to be tried again."""
        name = error.id or ""
        change = self._changes.get(name)
        if change is not None:
            if error.retryable:
                self._later(error.retry_after or REST, lambda: self._write_change(change))
            else:
                del self._changes[name]
            return
        lane = self._lanes.get(self._conversations.get(name, ConversationId("")))
        if lane is None:
            return
        lane.written -= lane.written > 0
        if error.retryable:
            if name not in lane.flights:
                self._repeat(name)
            else:
                lane.again = True
                if error.code != "out_of_turn":
                    lane.rest = max(lane.rest, error.retry_after or REST)
        elif (flight := lane.flights.pop(name, None)) is not None:
            self.places_changed()
            # Of who never was in a conversation nothing is kept.
            if error.code not in NOT_FOR_EVER and any(place == lane.conversation for place, _ in self.done):
                self.never.append((lane.conversation, flight))
        self._settle(lane)
        self._later(REST, self.pump)

    def _repeat(self, name: str) -> None:
        """What is acked was sent again and told to try once more: that is done at the end."""
        found = next((done for done in reversed(self.done) if done[1].id == name), None)
        if found is not None:
            self.repeats[name] = found

    def _settle(self, lane: Lane) -> None:
        """When all that a lane has written is answered, what was refused goes again."""
        if lane.written or not lane.again:
            return
        if lane.rest:
            self._later(lane.rest, lambda: self._all_again(lane) if lane.again and not lane.written else None)
        else:
            self._all_again(lane)

    def _all_again(self, lane: Lane) -> None:
        if self._device.online:
            for flight, frame in lane.all_again():
                self._write(lane, flight, frame)

    def _later(self, seconds: float, work: object) -> None:
        session = self._device.session

        def still() -> None:
            if self._device.online and self._device.session == session:
                work()  # type: ignore[operator]

        asyncio.get_running_loop().call_later(seconds, still)

    def _write(self, lane: Lane, flight: Flight, frame: Frame) -> None:
        device, world = self._device, self._world
        if device.link is None or not device.online:
            return
        after = frame.after or ""
        if flight.tried:
            world.tally.retries += 1
            world.write(Retry(device.id, lane.conversation, flight.id, device.session, world.now(), after))
        else:
            # Not when it is begun: what then was before it may have its answer by the time that the lane goes on.
            flight.tried = True
            world.tally.attempted += 1
            world.write(flight.first_try(device.id, device.account, lane.conversation, after, world.now()))
        lane.written += 1
        device.link.send(frame)

    def _write_change(self, change: Change) -> None:
        device, world = self._device, self._world
        if device.link is not None and device.online and change.id in self._changes:
            world.write(Retry(device.id, change.conversation, change.id, device.session, world.now()))
            device.link.send(change)
