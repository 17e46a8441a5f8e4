"""What anybody is told of messages in the middle of a storm: by pages, changes, previews and searches (P2, P10, P13).

Some of it is asked for right after the ack of an edit or a deletion, about that very message; the rest at any time,
also by people who are out of a group and read what they may still.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeVar
from urllib.parse import quote

import msgspec
from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.wire import reactions_now, told

from chinwag.client.events import decode_numbered
from chinwag.wire.conversations import ConversationPage, ConversationView, EventPage, SearchPage
from chinwag.wire.values import ConversationId

EVERY_SECONDS: Final = 0.2
EVENTS: Final = 20
NULL: Final = msgspec.Raw(b"null")
WORDS: Final = ("lorem", "ipsum", "m1", "e2", "of", "nonumy")
"""What is looked for: of what is sent and edited in a storm."""

T = TypeVar("T")
Where = Literal["page", "changes", "last", "search"]


class Looks:
    """Looks into all conversations, by all devices."""

    def __init__(self, world: Crowd) -> None:
        self._world = world

    async def all_around(self) -> None:
        """Look here and there, until the world is over."""
        world = self._world
        while not world.over:
            await asyncio.sleep(EVERY_SECONDS)
            device = world.draw.choice(world.devices)
            held = list(device.held.mirror.conversations.values())
            if not held or not device.online or device.plan.doomed:
                continue
            conversation = world.draw.choice(held)
            look = world.draw.choice((self._search, self._page, self._changes, self._list))
            await look(device, conversation.id, conversation.head)

    async def after_change(self, device: Device, conversation: ConversationId, target: int) -> None:
        """A change of message `target` was acked: what is it said to be now, to the one or to the other?"""
        world = self._world
        others = [
            one
            for one in world.devices
            if one.online and not one.plan.doomed and conversation in one.held.mirror.conversations
        ]
        reader = world.draw.choice(others or [device])
        look = world.draw.choice((self._search, self._page, self._changes, self._view))
        await look(reader, conversation, target)

    async def _page(self, device: Device, conversation: ConversationId, number: int) -> None:
        path = f"/v1/conversations/{conversation}/messages?around={max(1, number)}&limit={EVENTS}"
        page = await self._events(device, "page", path)
        if page is not None:
            write_reactions(self._world, device.account, page)

    async def _changes(self, device: Device, conversation: ConversationId, number: int) -> None:
        path = f"/v1/conversations/{conversation}/changes?after={max(0, number - EVENTS // 2)}&limit={EVENTS}"
        await self._events(device, "changes", path)

    async def _events(self, device: Device, where: Where, path: str) -> EventPage | None:
        asked = self._world.now()
        page = await self._ask(device, path, EventPage)
        if page is not None:
            self._told(device, where, page.events, asked)
        return page

    async def _view(self, device: Device, conversation: ConversationId, _: int) -> None:
        asked = self._world.now()
        view = await self._ask(device, f"/v1/conversations/{conversation}", ConversationView)
        if view is not None:
            self._told(device, "last", [view.last], asked)

    async def _list(self, device: Device, _: ConversationId, _number: int) -> None:
        asked = self._world.now()
        page = await self._ask(device, f"/v1/conversations?limit={EVENTS}", ConversationPage)
        if page is not None:
            self._told(device, "last", [view.last for view in page.conversations], asked)

    async def _search(self, device: Device, conversation: ConversationId, _: int) -> None:
        world = self._world
        asked = world.now()
        within = f"&conversation={conversation}" if world.draw.random() < 0.7 else ""
        path = f"/v1/search?q={quote(world.draw.choice(WORDS))}&limit={EVENTS}{within}"
        page = await self._ask(device, path, SearchPage)
        if page is not None:
            self._told(device, "search", [hit.message for hit in page.hits], asked)

    async def _ask(self, device: Device, path: str, kind: type[T]) -> T | None:
        answer = await self._world.asking.ask("GET", path, device.token)
        if answer is None or answer.status != 200:
            return None
        return msgspec.json.decode(answer.body, type=kind)

    def _told(self, device: Device, where: Where, events: Sequence[msgspec.Raw], asked: int) -> None:
        self._world.tally.looks += 1
        write_told(self._world, where, device.account, events, asked)


def write_told(world: Crowd, where: Where, reader: str, events: Iterable[msgspec.Raw], asked: int) -> None:
    """Write down what an answer said of the messages in it."""
    for raw in events:
        fact = told(where, reader, decode_numbered(raw), asked) if raw != NULL else None
        if fact is not None:
            world.write(fact)


def write_reactions(world: Crowd, reader: str, page: EventPage) -> None:
    """Write down what a page of messages said of the reactions to them."""
    fact = reactions_now(reader, page)
    if fact is not None:
        world.write(fact)
