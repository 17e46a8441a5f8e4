"""Sample people on a server: made, befriended, and kept talking, each by a real client."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from typing import Final

from chinwag.cli.demo_people import DIRECT, GROUPS, GUEST, PEOPLE, Group, Person
from chinwag.client import ApiError, Client
from chinwag.wire.values import AccountId, ConversationId, Message

PAUSE: Final = (2.0, 6.0)
"""Seconds between two lines of a conversation, at least and at most."""
WRITING: Final = (0.8, 2.0)
"""Seconds that writing a line takes."""
MISTAKES_MOST: Final = 20
"""Refusals in a row after which a conversation ends: the server has another mind."""


class Cast:
    """The people, as clients by name. The guest's is used for the set-up only, and is not online."""

    def __init__(self, clients: dict[str, Client], conversations: dict[ConversationId, Group]) -> None:
        self._clients = clients
        self._conversations = conversations
        self._people = {person.name: person for person in PEOPLE}
        self._random = random.Random()  # noqa: S311 - no secret

    async def play(self) -> None:
        """Talk until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for conversation, group in self._conversations.items():
                tasks.create_task(self._converse(conversation, group))
            for name, client in self._clients.items():
                tasks.create_task(self._listen(self._people[name], client))

    async def _converse(self, conversation: ConversationId, group: Group) -> None:
        """Say the rest of a group's lines, and then all of them over and over."""
        mistakes = 0
        for name, text in cycle((*group.lines[group.live :], *group.lines[: group.live])):
            try:
                await self._say(name, text, conversation)
                mistakes = 0
            except ApiError:
                mistakes += 1
                if mistakes >= MISTAKES_MOST:
                    return

    async def _say(self, name: str, text: str, conversation: ConversationId) -> None:
        await asyncio.sleep(self._random.uniform(*PAUSE))
        client = self._clients[name]
        client.typing(conversation)
        await asyncio.sleep(self._random.uniform(*WRITING))
        await client.send(text, conversation=conversation)

    async def _listen(self, person: Person, client: Client) -> None:
        """Read what comes, and answer the guest: in a direct conversation always, in a group now and then."""
        guest = (await client.find_user(GUEST)) or None
        async for event in client.events():
            if not isinstance(event, Message):
                continue
            client.read(event.conversation, event.number)
            if guest is None or event.sender != guest.id:
                continue
            if event.conversation in self._conversations and self._random.random() > 1 / len(self._clients):
                continue
            client.typing(event.conversation)
            await asyncio.sleep(self._random.uniform(*WRITING))
            with contextlib.suppress(ApiError):
                answer = person.answer.format(you=guest.display_name.split()[0])
                await client.send(answer, conversation=event.conversation, reply_to=event.number)


@asynccontextmanager
async def sample_people(url: str, password: str) -> AsyncIterator[Cast]:
    """Everybody, with profiles, friends, groups and history, on the server at `url`; made unless they are there."""
    async with AsyncExitStack() as stack:
        clients: dict[str, Client] = {}
        for person in PEOPLE:
            clients[person.name] = await stack.enter_async_context(await _enter(url, person, password))
        ids = {name: client.account for name, client in clients.items()}
        for name, client in clients.items():
            for other in _friends_of(name):
                await client.befriend(ids[other])
        known = {view.title: view.id for view in (await clients["ada"].conversations()).conversations}
        conversations: dict[ConversationId, Group] = {}
        for group in GROUPS:
            found = known.get(group.title)
            conversations[found or await _begin(group, clients, list(ids.values()))] = group
        if not known:
            for name, text in DIRECT:
                await clients[name].send(text, to=ids[GUEST])
        await clients.pop(GUEST).log_out()
        yield Cast(clients, conversations)


async def _enter(url: str, person: Person, password: str) -> Client:
    try:
        client = await Client.sign_up(url, person.name, password, device="demo")
    except ApiError as error:
        if error.code != "name_taken":
            raise
        return await Client.log_in(url, person.name, password, device="demo")
    await client.set_profile(display_name=person.display_name, about=person.about)
    return client


async def _begin(group: Group, clients: dict[str, Client], members: Sequence[AccountId]) -> ConversationId:
    owner = clients["ada"]
    others = [member for member in members if member != owner.account]
    conversation = (await owner.create_group(group.title, others)).conversation
    for name, text in group.lines[: group.live]:
        await clients[name].send(text, conversation=conversation)
    return conversation


def _friends_of(name: str) -> Sequence[str]:
    """Each is the friend of the guest and of the next two of the list: who asks, and whom."""
    names = [person.name for person in PEOPLE]
    at = names.index(name)
    wanted = {GUEST, names[(at + 1) % len(names)], names[(at + 2) % len(names)]} - {name}
    return sorted(wanted) if name != GUEST else names[1:]
