"""What is loaded over HTTP: asked again until the server is there, and noted in the record."""

import asyncio
import time
from typing import Any, Final, Protocol, TypeVar

import msgspec
from prove.facts import ColdLoaded, Loaded, MarkNow
from prove.held import Held, Own
from prove.storm.http_connection import Answer, Token
from prove.storm.world import Stuck, World

from chinwag.client.conversations import History
from chinwag.client.events import decode_numbered
from chinwag.client.mirror import Mirror
from chinwag.wire.codec import Cursor, parse_cursor
from chinwag.wire.conversations import ConversationPage, ConversationView, EventPage
from chinwag.wire.values import AccountId, ConversationId, DeviceId

PATIENCE: Final = 120.0
PAUSE: Final = 0.1
PAGE: Final = 50
CHANGES: Final = 200
AGAIN: Final = (408, 429, 500, 502, 503)

T = TypeVar("T")


class Loader(Protocol):
    """A device, as far as loading knows it."""

    id: DeviceId
    account: AccountId

    def token(self) -> str: ...

    held: Held


async def ask(
    world: World, method: str, path: str, token: Token, *, body: object = None, key: str | None = None
) -> Answer:
    """One request, made again until there is an answer that stands. Raises Stuck."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = await world.asking.ask(method, path, token, body=body, key=key) if world.url else None
        if answer is not None and answer.status not in AGAIN:
            return answer
        await asyncio.sleep((answer.retry_after if answer is not None else None) or PAUSE)
    raise Stuck(f"asked {method} {path} in vain for {PATIENCE:.0f} s")


async def get(world: World, path: str, token: Token, kind: type[T]) -> T:
    """One typed answer. Raises Stuck, also for a refusal."""
    answer = await ask(world, "GET", path, token)
    if answer.status != 200:
        raise Stuck(f"{path} was answered {answer.status} {answer.body[:300].decode(errors='replace')}")
    return msgspec.json.decode(answer.body, type=kind)


async def cold_load(world: World, device: Loader) -> Cursor:
    """Load all that the device's account can see into a new state of the device; the cursor asked for before."""
    cursor = await get_cursor(world, device.token)
    world.write(ColdLoaded(device.id, device.account, cursor.epoch, cursor.position, world.now()))
    held = Held(device.account, type(device.held.mirror)(device.account))
    for view in await load_views(world, device.token):
        held.mirror.put(view)
        _note(world, device, view)
    held.own = await load_own(world, device.token)
    device.held = held
    return cursor


async def load_conversation(world: World, device: Loader, conversation: ConversationId) -> bool:
    """Load one conversation into the device's state; False if it is not to be seen."""
    answer = await ask(world, "GET", f"/v1/conversations/{conversation}", device.token)
    if answer.status != 200:
        device.held.mirror.drop(conversation)
        return False
    view = msgspec.json.decode(answer.body, type=ConversationView)
    device.held.mirror.put(view)
    _note(world, device, view)
    return True


async def catch_up(world: World, device: Loader, conversation: ConversationId) -> bool:
    """Take what the device lacks of a large group, or load that afresh if it is far; False if it is not to be seen."""
    while (held := device.held.mirror.conversations.get(conversation)) is not None:
        path = f"/v1/conversations/{conversation}/changes?after={held.head}&limit={CHANGES}"
        answer = await ask(world, "GET", path, device.token)
        if answer.status != 200:
            device.held.mirror.drop(conversation)
            return False
        page = msgspec.json.decode(answer.body, type=EventPage)
        if page.far:
            return await load_conversation(world, device, conversation)
        if not page.events:
            return True
        events = [decode_numbered(raw) for raw in page.events]
        world.write(Loaded(device.id, conversation, held.head + 1, events[-1].number))
        if not device.held.mirror.take_page(conversation, History(events, page.head, page.gaps)):
            return await load_conversation(world, device, conversation)
    return False


async def look_at_marks(world: World, token: Token, reader: AccountId, conversation: ConversationId) -> None:
    """Note what the server says of a conversation's marks now, if it answers."""
    asked = world.now()
    answer = await world.asking.ask("GET", f"/v1/conversations/{conversation}", token)
    if answer is None or answer.status != 200:
        return
    now = world.now()
    view = msgspec.json.decode(answer.body, type=ConversationView)
    for member in () if view.wide else view.members:  # of a wide group nobody is told the marks of others
        world.write(MarkNow(reader, conversation, member.account, member.read, member.delivered, asked, now))


async def get_cursor(world: World, token: Token) -> Cursor:
    """Where the account's inbox ends now."""
    return parse_cursor((await get(world, "/v1/cursor", token, dict[str, str]))["cursor"])


async def load_views(world: World, token: Token) -> list[ConversationView]:
    """All conversations that an account can see."""
    views: list[ConversationView] = []
    before: str | None = None
    while True:
        more = f"&before={before}" if before else ""
        page = await get(world, f"/v1/conversations?limit={PAGE}{more}", token, ConversationPage)
        views += page.conversations
        before = page.next
        if before is None:
            return views


async def load_own(world: World, token: Token) -> Own:
    """What an account knows of itself."""
    me = await get(world, "/v1/me", token, dict[str, Any])
    settings = me["settings"]
    own = Own(me["name"], me["display_name"], me["about"], settings["direct_from"], settings["share_read"])
    for path in ("/v1/friends", "/v1/friends/requests"):
        for friend in (await get(world, f"{path}?limit=200", token, dict[str, Any]))["items"]:
            own.friends[friend["user"]["id"]] = (friend["state"], friend["by"])
    own.devices = {one["id"] for one in (await get(world, "/v1/devices", token, dict[str, Any]))["items"]}
    return own


def loaded_mirror(account: AccountId, kind: type[Mirror], views: list[ConversationView]) -> Mirror:
    """A mirror of what was loaded."""
    mirror = kind(account)
    for view in views:
        mirror.put(view)
    return mirror


def _note(world: World, device: Loader, view: ConversationView) -> None:
    world.write(Loaded(device.id, view.id, view.first, view.head))
