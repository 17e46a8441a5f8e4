"""What a storm does, drawn from its seed before it begins: who is there, how each behaves, and what goes wrong when.

The plan of a seed is the same for ever; a run of it is not, as machines and networks have their own time.
"""

import random
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from prove.facts import Transport

ACKS: Final = 500
"""Sends acked between two kills, at least."""
IN_FLIGHT: Final = 64
"""Sends without an answer at each kill, at least; of a few devices less, see `in_flight`."""
HITS: Final = 5
"""How often each fail point is hit in a full run, at least."""
FULL: Final = 100
"""Kills from which a run counts as a full one."""
HOUR: Final = 3600.0
START: Final = "start.begun"
"""The point of a start: after a kill the server dies there once more."""
STOP: Final = "stop.drained"
"""The point of a stop in good order."""

TRANSPORTS: Final[Sequence[tuple[Transport, int]]] = (
    ("socket", 66),
    ("stream", 14),
    ("long_poll", 12),
    ("short_poll", 8),
)


class Character(StrEnum):
    """How a device behaves."""

    STEADY = "steady"
    """Always as many in flight as it may."""
    BURSTY = "bursty"
    """Nothing, and then much at once."""
    SLOW = "slow"
    """Stops reading, again and again."""
    SLEEPER = "sleeper"
    """Away for seconds, then back with its cursor."""
    ROVER = "rover"
    """Cut at random, and back by another transport."""
    REPEATER = "repeater"
    """Sends long since acked again, through other sessions."""


CHARACTERS: Final = (
    (Character.STEADY, 40),
    (Character.BURSTY, 12),
    (Character.SLOW, 12),
    (Character.SLEEPER, 12),
    (Character.ROVER, 12),
    (Character.REPEATER, 12),
)


class Trouble(StrEnum):
    """What is done to the server."""

    KILL = "kill"
    """kill -9 at a moment of no meaning, or at a named point of the flow."""
    DRAIN = "drain"
    """Stopped in good order, and killed before that is done."""
    STOP = "stop"
    """Stopped and continued."""
    DISK = "disk"
    """A full disk."""
    FDS = "fds"
    """No file descriptors left."""
    CLOCK = "clock"
    """A clock that is an hour off."""


class PlannedDevice(msgspec.Struct, frozen=True):
    """A device of account number `account`. window: sends in flight at most. doomed: it will be revoked."""

    account: int
    transport: Transport
    character: Character
    window: int
    doomed: bool = False


class PlannedTrouble(msgspec.Struct, frozen=True):
    """One fault, `acks` acks after the one before. point: where in the flow, "" for anywhere; seconds: for how long,
    or by how much a clock is off."""

    kind: Trouble
    acks: int
    point: str = ""
    seconds: float = 0.0


class Plan(msgspec.Struct, frozen=True):
    """All of it. groups: the numbers of the accounts in each, the owner first; pairs: who talks with whom alone."""

    seed: int
    accounts: int
    devices: tuple[PlannedDevice, ...]
    groups: tuple[tuple[int, ...], ...]
    pairs: tuple[tuple[int, int], ...]
    troubles: tuple[PlannedTrouble, ...]


def keeps(number: int) -> bool:
    """Whether the account of that number keeps to itself how far it reads: one in four."""
    return number % 4 == 3


def make_plan(
    seed: int, kills: int, kinds: frozenset[Trouble], points: Sequence[str], accounts: int = 40, groups: int = 15
) -> Plan:
    """The plan of a seed. points: the named steps at which the server can be killed."""
    draw = random.Random(f"chinwag storm {seed}")
    devices = _devices(draw, accounts, doomed=max(1, min(8, kills // 8)))
    return Plan(
        seed=seed,
        accounts=accounts,
        devices=devices,
        groups=_groups(draw, accounts, groups),
        pairs=_pairs(draw, accounts),
        troubles=_troubles(draw, kills, kinds, points),
    )


def in_flight(devices: Iterable[PlannedDevice]) -> int:
    """How many sends without an answer are waited for before a kill: `IN_FLIGHT`, or a third of what so few devices
    may ever have. Some of them are away, or say nothing."""
    return min(IN_FLIGHT, sum(device.window for device in devices) // 3)


def _devices(draw: random.Random, accounts: int, doomed: int) -> tuple[PlannedDevice, ...]:
    made: list[PlannedDevice] = []
    kinds, kind_weights = zip(*CHARACTERS, strict=True)
    ways, way_weights = zip(*TRANSPORTS, strict=True)
    for number in range(2 * accounts):
        transport = draw.choices(ways, way_weights)[0]
        character = draw.choices(kinds, kind_weights)[0]
        many = transport == "socket" and character is Character.STEADY
        window = draw.randint(8, 12) if many else draw.randint(2, 4)
        made.append(PlannedDevice(number // 2, transport, character, window))
    for account in draw.sample(range(accounts), doomed):
        made.append(PlannedDevice(account, "socket", Character.STEADY, 4, doomed=True))
    return tuple(made)


def _groups(draw: random.Random, accounts: int, count: int) -> tuple[tuple[int, ...], ...]:
    sizes = [accounts, accounts // 2, *(draw.randint(3, 8) for _ in range(count - 2))]
    return tuple(tuple(draw.sample(range(accounts), min(size, accounts))) for size in sizes)


def _pairs(draw: random.Random, accounts: int) -> tuple[tuple[int, int], ...]:
    order = draw.sample(range(accounts), accounts)
    ring = zip(order, order[1:] + order[:1], strict=True)
    return tuple((min(pair), max(pair)) for pair in ring)


def _troubles(
    draw: random.Random, kills: int, kinds: frozenset[Trouble], points: Sequence[str]
) -> tuple[PlannedTrouble, ...]:
    """Kills at points and at random, mixed, with the other faults between them: one in twenty kills of each."""
    made: list[PlannedTrouble] = []
    if Trouble.KILL in kinds:
        dying = [*points, START]
        first = draw.randrange(len(dying))
        at_points = [dying[(first + turn) % len(dying)] for turn in range(_at_points(kills, len(dying)))]
        killed = [*at_points, *[""] * (kills - len(at_points))]
        draw.shuffle(killed)
        made = [PlannedTrouble(Trouble.KILL, draw.randint(ACKS, ACKS + ACKS // 4), point) for point in killed]
    each = max(1, kills // 20)
    for kind in (kind for kind in Trouble if kind in kinds and kind is not Trouble.KILL):
        for turn in range(max(each, HITS + 1) if kind is Trouble.DRAIN and kills >= FULL else each):
            made.insert(draw.randint(0, len(made)), _other(draw, kind, turn))
    return tuple(made)


def _other(draw: random.Random, kind: Trouble, turn: int) -> PlannedTrouble:
    acks = draw.randint(ACKS // 4, ACKS // 2)
    if kind is Trouble.DRAIN:
        return PlannedTrouble(kind, acks, STOP)
    if kind is Trouble.CLOCK:
        return PlannedTrouble(kind, acks, "", (HOUR, -HOUR, 0.0)[turn % 3])
    return PlannedTrouble(kind, acks, "", draw.uniform(0.5, 2.0))


def _at_points(kills: int, points: int) -> int:
    """Half of the kills, but more where each point would else be missed in a full run."""
    needed = points * (HITS + 1) if kills >= FULL else 0
    return min(kills, max(kills // 2, needed))
