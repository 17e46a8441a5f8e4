"""The last that is said in each conversation: it names people who say nothing after it, and is then changed or deleted.

Whoever writes has read all before, so while a storm blows next to nothing that speaks to somebody stays unread. Here
it does: what is loaded of it at the end must be what the messages say by then (P11).
"""

from typing import Final

from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.storm.lanes import Flight
from prove.storm.targets import EMOJI

from chinwag.wire.values import AccountId, ConversationId

SECONDS: Final = 120.0
NAMED: Final = 2


async def last_words(world: Crowd) -> None:
    """Say something everywhere; then of every four one is deleted, one edited to name nobody, one edited to name all of
    these, and one left. Each gets a reaction before that. Raises Stuck if something is not answered."""
    said = [(device, place, _say(device, place)) for place, device in _speakers(world).items()]
    await _answered(world)
    placed = [(device, place, number) for device, place, name in said if (number := device.outbox.numbers.get(name))]
    for device, place, number in placed:
        device.outbox.begin(place, Flight(device.outbox.name("r"), f"+{EMOJI[0]}", "reaction", number))
    await _answered(world)
    for turn, (device, place, number) in enumerate(placed):
        name = device.outbox.name("d" if turn % 4 == 0 else "e")
        match turn % 4:
            case 0:
                device.outbox.begin(place, Flight(name, "", "deleted", number))
            case 1:
                device.outbox.begin(place, Flight(name, f"{name} of {device.id} names nobody", "edited", number))
            case 2:
                text, mentions = f"{name} of {device.id} names others", _others(device, place)
                device.outbox.begin(place, Flight(name, text, "edited", number, mentions=mentions))
    await _answered(world)


def _speakers(world: Crowd) -> dict[ConversationId, Device]:
    """Of each conversation one device that is in it."""
    found: dict[ConversationId, Device] = {}
    for device in world.devices:
        for held in device.held.mirror.conversations.values():
            if device.online and not device.plan.doomed and held.role is not None and held.head:
                found.setdefault(held.id, device)
    return found


def _say(device: Device, place: ConversationId) -> str:
    name = device.outbox.name("m")
    device.outbox.begin(place, Flight(name, f"{name} of {device.id} and no more", mentions=_others(device, place)))
    return name


def _others(device: Device, place: ConversationId) -> tuple[AccountId, ...]:
    members = device.held.mirror.conversations[place].members
    return tuple(sorted(one for one in members if one != device.account))[:NAMED]


async def _answered(world: Crowd) -> None:
    alive = [device for device in world.devices if not device.dead]
    await world.until(lambda: not any(one.unanswered for one in alive), "an answer to what was said last", SECONDS)
