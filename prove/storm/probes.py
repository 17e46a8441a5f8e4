"""Questions asked in the middle of the storm: is what was acked there at once (P8), do marks only move forward (P9)?"""

import asyncio
import time
from typing import Final

import msgspec
from prove.facts import Probed
from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.storm.lanes import Flight
from prove.storm.loading import look_at_marks
from prove.storm.looks import Looks
from prove.storm.moods import by_request

from chinwag.client.events import decode_event, decode_numbered
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import EventPage
from chinwag.wire.sync import SyncPage
from chinwag.wire.values import ConversationId, Deleted, Edited, Message

EVERY: Final = 60
"""Of so many acks one is looked after."""
MORE: Final = 3
"""Acks looked after in a history that was just read: what was read before must not be what is read now."""
AT_ONCE: Final = 6
MARKS_SECONDS: Final = 0.3
CHANGED: Final = 3
"""Of so many acks of edits and deletions one is looked after: what is the message said to be since?"""
OWN: Final = (Message, Edited, Deleted)
"""Events that come of what a device sends."""
AGAIN_SECONDS: Final = 0.2
"""Between two looks for what may still be on its way."""
PAGES: Final = 40
"""Pages of an inbox that a probe reads at most: who is further behind is not asked."""


class Probes:
    """Looks after acks of all devices."""

    def __init__(self, world: Crowd, looks: Looks) -> None:
        self._world = world
        self._looks = looks
        self._acks = 0
        self._changes = 0
        self._running = 0
        self._focus = ConversationId("")
        self._more = 0

    def watch(self, device: Device) -> None:
        """Look after this device's acks."""
        device.on_acked = lambda conversation, flight, number: self._acked(device, conversation, flight, number)

    async def marks(self) -> None:
        """Look at marks now and then."""
        world = self._world
        while not world.over:
            await asyncio.sleep(MARKS_SECONDS)
            device = world.draw.choice(world.devices)
            held = [one.id for one in device.held.mirror.conversations.values() if one.role is not None]
            if held and device.online:
                await look_at_marks(world, device.token, device.account, world.draw.choice(held))

    def _acked(self, device: Device, conversation: ConversationId, flight: Flight, number: int) -> None:
        if flight.change and not self._world.over and self._running < AT_ONCE:
            self._changes += 1
            if self._changes % CHANGED == 0:
                self._running += 1
                self._world.spawn(self._one(self._looks.after_change(device, conversation, flight.target)))
        self._acks += 1
        turn, rest = divmod(self._acks, EVERY)
        again = conversation == self._focus and self._more > 0
        if (rest and not again) or self._running >= AT_ONCE or self._world.over:
            return
        probe = self._history if rest else (self._history, self._inbox, self._key)[turn % 3]
        if flight.change == "reaction":
            probe = self._key  # one that changed nothing has a number that is not its own
        if rest:
            self._more -= 1
        elif turn % 3 == 0:
            self._focus, self._more = conversation, MORE
        self._running += 1
        self._world.spawn(self._one(probe(device, conversation, flight, number)))

    async def _one(self, probe: "asyncio.coroutines.Coroutine[object, object, None]") -> None:  # type: ignore[name-defined]
        try:
            await probe
        finally:
            self._running -= 1

    async def _history(self, device: Device, conversation: ConversationId, flight: Flight, number: int) -> None:
        world = self._world
        # Changes of messages stand among all changes alone.
        among = "changes" if flight.change else "messages"
        path = f"/v1/conversations/{conversation}/{among}?after={number - 1}&limit=1"
        answer = await world.asking.ask("GET", path, device.token)
        if answer is None or answer.status != 200:
            return
        page = msgspec.json.decode(answer.body, type=EventPage)
        if page.far:
            return  # of a large group that has gone on so much since
        rows = page.events
        row = decode_numbered(rows[0]) if rows else None
        mine = isinstance(row, OWN) and (row.device, row.id) == (device.id, flight.id)
        found = row.number if row is not None and mine else 0
        world.probed(Probed("history", device.account, device.id, conversation, flight.id, number, found))

    async def _inbox(self, device: Device, conversation: ConversationId, flight: Flight, number: int) -> None:
        world = self._world
        name = flight.id
        found = device.echoed.get(name, 0)
        cursor, until = str(Cursor(device.epoch, device.position)), time.monotonic() + world.inbox_seconds
        pages = 0
        while pages < PAGES and not found:
            answer = await world.asking.ask("GET", f"/v1/sync?after={cursor}&limit=500", device.token)
            if answer is None or answer.status != 200:
                return
            page = msgspec.json.decode(answer.body, type=SyncPage)
            if page.reset is not None:
                return
            for one in page.events:
                event = decode_event(one.event)
                if isinstance(event, OWN) and (event.device, event.id) == (device.id, name):
                    found = event.number
            cursor = page.cursor
            pages += bool(page.events)
            if not page.more and not found:
                if time.monotonic() >= until:
                    break
                await asyncio.sleep(AGAIN_SECONDS)
        if pages >= PAGES and not found:
            return
        world.probed(Probed("inbox", device.account, device.id, conversation, name, number, found))

    async def _key(self, device: Device, conversation: ConversationId, flight: Flight, number: int) -> None:
        found = await by_request(device, conversation, flight)
        if found is not None:
            self._world.probed(Probed("key", device.account, device.id, conversation, flight.id, number, found))
