"""What devices hold of large groups while these are large, beside what is loaded afresh (P5, P11)."""

from typing import Final

from prove.facts import ReactionsListed, State
from prove.held import canonical
from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.storm.http_connection import Token
from prove.storm.lean_mirror import LeanMirror
from prove.storm.loading import get, load_views, loaded_mirror

from chinwag.client.events import decode_numbered
from chinwag.wire.conversations import EventPage, ReactionPage
from chinwag.wire.values import AccountId, ConversationId, Gone, Message, Role, Withheld

SECONDS: Final = 60.0
"""For how long a device may take to ask for what it lacks of a group."""
PAGE: Final = 50
LISTED: Final = 200
"""Reactions of a message, at most: all there are, as accounts and emoji are few."""


async def compare_large(world: Crowd) -> None:
    """Let every device take what it lacks, and write down what it holds then and what is loaded at the same number. To
    be called when nobody says anything. Raises Stuck."""
    by_account: dict[AccountId, list[Device]] = {}
    for device in world.devices:
        if not device.dead:
            by_account.setdefault(device.account, []).append(device)
    for account, devices in by_account.items():
        for device in devices:
            await _catch_up(world, device)
        loaded = loaded_mirror(account, LeanMirror, await load_views(world, devices[0].token))
        afresh = loaded.comparable({})
        for device in devices:
            for name, held in device.held.mirror.comparable({}).items():
                now = afresh.get(name)
                if held.large and held.role is not None and now is not None and now.head == held.head:
                    world.tally.large_states += 1
                    world.write(State(device.id, name, device.position, canonical(held), canonical(now)))
        for one in loaded.conversations.values():
            if one.large and one.role is Role.OWNER:
                await _list_reactions(world, account, devices[0].token, one.id)


async def _catch_up(world: Crowd, device: Device) -> None:
    for name in _large(device):
        await world.until(lambda: device.applied, "what is loaded", SECONDS)
        device.catch_up(name)
        await world.until(lambda: device.applied, f"what {device.id} lacks of {name}", SECONDS)


async def _list_reactions(world: Crowd, account: AccountId, token: Token, name: ConversationId) -> None:
    """Write down what is on the newest messages of a group, and who has put it on."""
    page = await get(world, f"/v1/conversations/{name}/messages?limit={PAGE}", token, EventPage)
    for message in map(decode_numbered, page.events):
        if not isinstance(message, Message) or isinstance(message.body, Gone | Withheld):
            continue
        path = f"/v1/conversations/{name}/messages/{message.number}/reactions?limit={LISTED}"
        listed = (await get(world, path, token, ReactionPage)).reactions
        counted = tuple((one.reaction, one.count, one.mine) for one in message.reactions)
        on = tuple((one.account, one.reaction) for one in listed)
        world.write(ReactionsListed(account, name, message.number, counted, on))


def _large(device: Device) -> list[ConversationId]:
    held = device.held.mirror.conversations.values()
    return [one.id for one in held if one.large and one.role is not None]
