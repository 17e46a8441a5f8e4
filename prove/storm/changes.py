"""Members come and go, titles, roles and pins change, devices are revoked (P10)."""

import asyncio
from collections.abc import Sequence
from typing import Final

from prove.facts import Revoked, TokenTried
from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.storm.loading import ask

from chinwag.client.membership import Mirrored
from chinwag.wire.values import (
    AccountId,
    Add,
    ConversationId,
    GroupAction,
    GroupSettings,
    Join,
    Leave,
    Message,
    Pin,
    Remove,
    Role,
    SetRole,
    SetSettings,
    SetTitle,
)

EVERY_SECONDS: Final = 0.05
FEWEST: Final = 3
"""Members that a group keeps."""


class Groups:
    """Changes groups at random, by the hands of their members. sizes: how many members each had at first."""

    def __init__(self, world: Crowd, sizes: dict[ConversationId, int], accounts: Sequence[AccountId]) -> None:
        self._world = world
        self._sizes = sizes
        self._accounts = accounts

    async def change(self) -> None:
        """One change after the other, until the world is over."""
        world = self._world
        while not world.over:
            await asyncio.sleep(EVERY_SECONDS)
            device = world.draw.choice(world.devices)
            groups = [one for one in device.held.mirror.conversations.values() if one.kind == "group"]
            if not device.online or device.plan.doomed or not groups or world.hushed:
                continue
            # Owners and admins are asked first, or next to nothing would change.
            group = world.draw.choice([one for one in groups if one.role is not Role.MEMBER] or groups)
            action = self._action(device.account, group)
            if action is not None:
                device.outbox.change(group.id, action)

    def _action(self, account: AccountId, group: Mirrored) -> GroupAction | None:
        draw = self._world.draw
        if group.role is None:
            return Join() if group.settings.join == "open" else None
        if group.role is Role.MEMBER:
            return Leave() if group.member_count > FEWEST and draw.random() < 0.15 else None
        chance = draw.random()
        if chance < 0.1:
            return self._pin(group)
        chance = draw.random()
        # All members of a wide group are known to nobody: some are asked for who have gone.
        others = [one for one in (self._accounts if group.wide else group.members) if one != account]
        if chance < 0.65:
            wanted = self._sizes.get(group.id, FEWEST)
            strangers = [one for one in self._accounts if one not in group.members]
            if group.member_count < wanted and strangers:
                return Add(draw.choice(strangers))
            if group.member_count > FEWEST and others:
                return Remove(draw.choice(others))
            return None
        if chance < 0.8:
            return SetTitle(f"Storm {draw.randrange(1_000_000)}")
        if chance < 0.9 and others:
            role = Role.OWNER if draw.random() < 0.1 else draw.choice((Role.ADMIN, Role.MEMBER))
            return SetRole(draw.choice(others), role)
        return SetSettings(
            GroupSettings(
                draw.choice(("all", "joined")),
                draw.choice(("open", "closed")),
                draw.choice(("admins", "members")),
                f"words {draw.randrange(1_000)}",
                large=group.settings.large,
            )
        )

    def _pin(self, group: Mirrored) -> GroupAction | None:
        """Pin a message, or take one from the pins; sometimes one that is pinned, or is not."""
        draw = self._world.draw
        said = sorted(one.number for one in group.messages.values() if isinstance(one, Message))
        unpins = group.pins and draw.random() < 0.5
        if not unpins and not said:
            return None
        return Pin(draw.choice(group.pins if unpins else said), draw.random() < (0.1 if unpins else 0.9))


async def revoke(world: Crowd, doomed: Device, by: Device) -> None:
    """Revoke a device by the hand of another of the same account, and try its token."""
    answer = await ask(world, "DELETE", f"/v1/devices/{doomed.id}", by.token)
    # 404: an answer was lost, and it was revoked by the try before.
    assert answer.status in (204, 404), answer
    world.write(Revoked(doomed.account, doomed.id, world.now()))
    doomed.revoked = True
    tried = await ask(world, "GET", "/v1/me", doomed.token)
    world.write(TokenTried(doomed.id, "request", tried.status == 401, world.now()))
