"""Delivery workers in three zones, played second by second: partitions, owners, hot conversations, a lost zone. Seeded.

Owners are drawn as the cluster draws them (rendezvous), conversations fall on partitions as they do there. A worker is
one core and takes what waits in its partitions in order; what has waited longer than senders wait is refused.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

import msgspec

from chinwag.domain.ids import ConversationId
from chinwag.domain.ownership import owner
from chinwag.ports.log import partition_of

ZONES: Final = 3
TICK: Final = 0.5
"""Seconds."""
PATIENCE: Final = 20.0
"""Seconds for which a sender waits."""
NOTICED: Final = 5.0
"""Seconds until those that are left own what the lost ones had."""
CONVERSATIONS: Final = 20_000
SHAPE: Final = 1.3
"""Of the Pareto distribution by which some conversations are busier: the busiest is some hundreds of times the mean."""


class World(msgspec.Struct, frozen=True):
    """What is played. load: messages, as a share of what all workers could place. message_us, cold_us: of a worker for
    each message, and more for the first of a conversation that it has not seen. hot: the share of one core that one
    conversation asks for by itself, beside the load. lost_at: when a zone goes, in seconds; None: never."""

    workers: int
    partitions: int
    load: float
    message_us: float
    cold_us: float
    hot: float = 0.0
    lost_at: float | None = None
    seconds: float = 75.0
    seed: int = 7


class Outcome(msgspec.Struct, frozen=True):
    """busiest: what is asked of the worker with the most work, as a share of its core, at the end. longest: the longest
    wait in seconds. refused: the share of all messages. recovered: seconds from the loss until nobody waits longer than
    a second, infinite if that never came."""

    busiest: float
    longest: float
    refused: float
    recovered: float


def play(world: World) -> Outcome:
    """The same world gives the same outcome."""
    random = Random(world.seed)  # noqa: S311 - a game
    rates, known = _rates(world, random)
    nodes = [f"zone-{n % ZONES}-delivery-{n}" for n in range(world.workers)]
    owners = owners_of(world.partitions, nodes)
    queues: list[deque[list[float]]] = [deque() for _ in range(world.partitions)]
    cold = [0.0] * world.partitions
    came = refused = longest = 0.0
    recovered = float("inf")
    dead: frozenset[str] = frozenset()
    for tick in range(int(world.seconds / TICK)):
        now = tick * TICK
        if world.lost_at is not None and not dead and now >= world.lost_at:
            dead = frozenset(node for node in nodes if node.startswith("zone-0"))
        if world.lost_at is not None and now >= world.lost_at + NOTICED and dead & set(owners.values()):
            before, owners = owners, owners_of(world.partitions, [node for node in nodes if node not in dead])
            for part in range(world.partitions):
                if before[part] != owners[part]:
                    cold[part] = float(known[part])
        for part, rate in enumerate(rates):
            mean = rate * TICK
            many = max(0.0, random.gauss(mean, mean**0.5))
            came += many
            queues[part].append([now, many])
        _work(world, queues, owners, dead, cold, known)
        for queue in queues:
            while queue and now - queue[0][0] > PATIENCE:
                refused += queue.popleft()[1]
        waits = max((now - queue[0][0] for queue in queues if queue), default=0.0)
        longest = max(longest, waits)
        if world.lost_at is not None and now > world.lost_at:
            if waits > 1:
                recovered = float("inf")
            elif not dead & set(owners.values()):
                recovered = min(recovered, now - world.lost_at)
    asked: defaultdict[str, float] = defaultdict(float)
    for part, node in owners.items():
        asked[node] += rates[part] * world.message_us * 1e-6
    return Outcome(max(asked.values()), longest, refused / came, recovered)


def owners_of(partitions: int, nodes: Sequence[str]) -> Mapping[int, str]:
    """Who has which partition of the log."""
    found = {part: owner("log", part, nodes) for part in range(partitions)}
    return {part: node for part, node in found.items() if node is not None}


def most(partitions: int, workers: int) -> float:
    """What the worker with the most partitions has, over the mean."""
    nodes = [f"zone-{n % ZONES}-delivery-{n}" for n in range(workers)]
    return max(Counter(owners_of(partitions, nodes).values()).values()) * workers / partitions


def _rates(world: World, random: Random) -> tuple[list[float], list[int]]:
    """Messages a second of each partition, and how many conversations each has."""
    weights = [random.paretovariate(SHAPE) for _ in range(CONVERSATIONS)]
    capacity = world.workers * 1e6 / world.message_us
    total = sum(weights)
    rates, known = [0.0] * world.partitions, [0] * world.partitions
    for n, weight in enumerate(weights):
        part = partition_of(ConversationId(f"g{world.seed}-{n}"), world.partitions)
        rates[part] += world.load * capacity * weight / total
        known[part] += 1
    rates[partition_of(ConversationId("hot"), world.partitions)] += world.hot * 1e6 / world.message_us
    return rates, known


def _work(
    world: World,
    queues: Sequence[deque[list[float]]],
    owners: Mapping[int, str],
    dead: frozenset[str],
    cold: list[float],
    known: Sequence[int],
) -> None:
    """What each worker does in one tick: what came first, of all its partitions."""
    mine: dict[str, list[int]] = {}
    for part, node in owners.items():
        if node not in dead:
            mine.setdefault(node, []).append(part)
    for parts in mine.values():
        left = TICK * 1e6
        while left > 1e-3:
            waiting = [part for part in parts if queues[part]]
            if not waiting:
                break
            part = min(waiting, key=lambda one: queues[one][0][0])
            first = queues[part][0]
            fresh = cold[part] / known[part] if known[part] else 0.0
            each = world.message_us + fresh * world.cold_us
            done = min(first[1], left / each)
            left -= done * each
            first[1] -= done
            cold[part] = max(0.0, cold[part] - done * fresh)
            if first[1] <= 1e-9:
                queues[part].popleft()
