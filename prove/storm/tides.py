"""Groups that become large and small again, over and over, as people come and go: the switch, at any moment of a storm.

The server counts them every now and then (`prove/faults/soon.py`: much more often than it does by itself), and has them
delivered otherwise. Beyond `large_above` that is decided with the joining itself.
"""

import asyncio
from typing import Final

import msgspec
from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.storm.world import Stuck

from chinwag.client.membership import Mirrored
from chinwag.wire.values import AccountId, Add, ConversationId, Remove, Role

EVERY_SECONDS: Final = 0.05
STAYS_SECONDS: Final = (0.5, 3.0)
"""How long a tide that has come stays."""
SECONDS: Final = 120.0
"""For how long a switch is waited for at the end."""
TIDAL: Final = 2
"""Groups that may be large: the first of the plan, which has everybody in it, and the second, which has tides."""


class Sizes(msgspec.Struct, frozen=True):
    """From how many members on a group is wide, and large for ever. With fewer than `wide_above` it is small."""

    wide_above: int
    large_above: int

    @property
    def levels(self) -> tuple[int, ...]:
        """Members at each tide: those of a small group, of one that is large as all are there, and of one that is
        large in any case."""
        return (self.wide_above - 1, self.wide_above + 2, self.large_above + 1)

    @property
    def flags(self) -> tuple[str, ...]:
        """The server's settings."""
        limits = {
            "large-group-members": 1_000,
            "wide-above": self.wide_above,
            "large-above": self.large_above,
            "large-active": self.wide_above + 1,
            "small-below": self.wide_above,
        }
        return tuple(word for name, limit in limits.items() for word in (f"--limits-{name}", str(limit)))

    def turning(self, held: Mirrored) -> bool:
        """Whether the server will do something about the group by itself: switch it, or find it an owner."""
        if not held.wide or held.role is None:
            return False
        owned = any(one.role is Role.OWNER for one in held.members.values())
        return not owned or (held.member_count < self.wide_above if held.large else held.member_count > self.wide_above)


def sizes_of(accounts: int) -> Sizes:
    """For a storm of so many accounts: most groups stay below."""
    return Sizes(max(4, accounts // 3), max(6, 2 * accounts // 3))


class Tides:
    """Moves the sizes of the large groups. wanted: how many members each group should have, which it changes."""

    def __init__(self, world: Crowd, sizes: Sizes, wanted: dict[ConversationId, int]) -> None:
        self._world = world
        self._sizes = sizes
        self._wanted = wanted
        self._tidal = list(wanted)[TIDAL - 1]

    async def flow(self) -> None:
        """One tide after the other, until the world is over."""
        world, group, level = self._world, self._tidal, 0
        while not world.over:
            self._wanted[group] = level = world.draw.choice([one for one in self._sizes.levels if one != level])
            while not world.over and ((best := self._best(group)) is None or best.member_count != level):
                await asyncio.sleep(EVERY_SECONDS)
                if not world.hushed:
                    self._move(group, level)
            await asyncio.sleep(world.draw.uniform(*STAYS_SECONDS))

    async def settle(self) -> None:
        """Wait until the server changes no group by itself any more. Raises Stuck."""
        await self._world.until(lambda: not self._turning(), "all groups to be delivered as their sizes say", SECONDS)

    async def ebb(self) -> None:
        """Let all large groups become small, so that all that was said in them can be read by its numbers. Raises
        Stuck."""
        world, level = self._world, self._sizes.levels[0]
        for group in self._names():
            for _ in range(10 * len(world.devices)):
                if (best := self._best(group)) is None or not best.large or best.member_count <= level:
                    break
                if (device := self._move(group, level)) is None:
                    raise Stuck(f"nobody can remove anybody from {group}")
                await self._taken_in(device)
        await self.settle()

    async def _taken_in(self, device: Device) -> None:
        """Have a change answered, and what has come of it taken in."""
        await self._world.until(lambda: not device.unanswered, "the answer to a removal", SECONDS)
        await asyncio.sleep(EVERY_SECONDS)
        await self._world.until(lambda: device.applied, "what is loaded", SECONDS)

    def _turning(self) -> bool:
        best = map(self._best, self._names())
        return any(one is not None and self._sizes.turning(one) for one in best)

    def _names(self) -> list[ConversationId]:
        return sorted({name for device in self._world.devices for name in device.held.mirror.conversations})

    def _best(self, group: ConversationId) -> Mirrored | None:
        """The group as that device has it that has most of it."""
        held = (one.held.mirror.conversations.get(group) for one in self._world.devices if not one.dead)
        inside = [one for one in held if one is not None and one.role is not None]
        return max(inside, key=lambda one: one.head, default=None)

    def _move(self, group: ConversationId, level: int) -> Device | None:
        """Add somebody, or remove somebody, by the hand of who may; whose hand that is."""
        world, best = self._world, self._best(group)
        inside: set[AccountId] = set()
        hands: list[Device] = []
        for device in world.devices:
            held = device.held.mirror.conversations.get(group)
            if held is None or held.role is None or device.dead:
                continue
            inside.add(device.account)
            if held.role is not Role.MEMBER and device.online and not device.plan.doomed:
                hands.append(device)
        if best is None or not hands:
            return None
        # The owner above all: nobody outranks it.
        hands.sort(key=lambda one: one.held.mirror.conversations[group].role is not Role.OWNER)
        device = hands[0]
        below = sorted(inside - {device.account} - {a for a, one in best.members.items() if one.role is Role.OWNER})
        absent = sorted({one.account for one in world.devices} - inside)
        if best.member_count < level and absent:
            device.outbox.change(group, Add(world.draw.choice(absent)))
        elif best.member_count > level and below:
            device.outbox.change(group, Remove(world.draw.choice(below)))
        else:
            return None
        return device
