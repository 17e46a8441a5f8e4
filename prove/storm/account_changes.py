"""Accounts change: people make friends and part, and call themselves other names.

None of it is a send, so nothing is noted but the events that it makes; at the end what each device holds of it is
compared with what the server says (P11).
"""

import asyncio
from typing import Final

from prove.storm.crowd import Crowd
from prove.storm.device import Device

EVERY_SECONDS: Final = 0.15


async def change_accounts(world: Crowd) -> None:
    """One change after the other, until the world is over. One that gets no answer may have been made or not."""
    while not world.over:
        await asyncio.sleep(EVERY_SECONDS)
        one, other = world.draw.sample(world.devices, 2)
        if one.account != other.account and not one.plan.doomed and one.online:
            await _change(world, one, other)


async def _change(world: Crowd, one: Device, other: Device) -> None:
    chance = world.draw.random()
    if chance < 0.4:
        await world.asking.ask("PUT", f"/v1/friends/{other.account}", one.token)
    elif chance < 0.6:
        await world.asking.ask("DELETE", f"/v1/friends/{other.account}", one.token)
    else:
        words = {"display_name": f"name {world.draw.randrange(1_000)}", "about": f"words {world.draw.randrange(1_000)}"}
        await world.asking.ask("PATCH", "/v1/me", one.token, body=words)
