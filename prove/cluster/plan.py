"""What is done to the processes and engines of a cluster, drawn from a seed before it begins."""

import random
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from prove.cluster.wide import engine_nodes, engine_pairs

ACKS: Final = 120
"""Sends acked between two harms, at least."""
MINUTE: Final = 60.0


class Harm(StrEnum):
    """What is done."""

    KILL = "kill"
    """kill -9 of one process, and after a while its start."""
    DRAIN = "drain"
    """SIGTERM to one process, and after a while its start."""
    STOP = "stop"
    """One process stopped and continued: by then others may have taken over what was its own."""
    CUT_DATABASE = "cut-database"
    """Nothing goes through between one process and PostgreSQL, and no connection breaks."""
    CUT_BUS = "cut-bus"
    """The same between one process and NATS."""
    CLOCK = "clock"
    """One process's clock is off by a minute."""
    DATABASE_KILLED = "database-killed"
    """kill -9 of PostgreSQL, and its start at once."""
    DATABASE_AWAY = "database-away"
    """PostgreSQL is ended, and started after a while."""
    BUS_KILLED = "bus-killed"
    """kill -9 of NATS, and its start after a while."""
    BUS_STOPPED = "bus-stopped"
    """NATS stopped and continued."""
    TWO_LIVES = "two-lives"
    """A gateway is killed twice while the owners of the log are stopped: answers to one life come to the next."""
    TWO_OWNERS = "two-owners"
    """An owner of the log stops itself in the midst of a commit, and goes on when others have its partitions."""
    STUMBLE = "stumble"
    """Workers fail once they have answered a batch, before they have moved their checkpoint."""
    COPIES = "copies"
    """A block that is over by now comes out of the log once more."""
    LATE_HOLD = "late-hold"
    """All between one gateway and NATS is late; meanwhile somebody connects there, and is written to at once."""
    REVOKED = "revoked"
    """A device with a session at every gateway and a stream is revoked, once as all is well, and, where one can be cut
    off from NATS, once with a gateway that is."""
    CROWD = "crowd"
    """A gateway is killed with many idle sessions; half of them come back, half stay away."""
    NODE_KILLED = "node-killed"
    """kill -9 of one node of Cassandra, NATS or ZooKeeper, and its start after a while."""
    NODE_STOPPED = "node-stopped"
    """One of these nodes stopped and continued."""
    PAIR_KILLED = "pair-killed"
    """Two such nodes of different kinds killed at once, and started after a while."""
    PAIR_STOPPED = "pair-stopped"
    """Two such nodes of different kinds stopped and continued."""


MOMENTS: Final = frozenset(
    {Harm.TWO_LIVES, Harm.TWO_OWNERS, Harm.STUMBLE, Harm.COPIES, Harm.LATE_HOLD, Harm.REVOKED, Harm.CROWD}
)
"""Those that make a moment come which would else hardly ever be met, and look at it themselves (`moments.py`)."""
NODES: Final = frozenset({Harm.NODE_KILLED, Harm.NODE_STOPPED})
"""Those that meet a node of an engine of the cassandra profile."""
PAIRS: Final = frozenset({Harm.PAIR_KILLED, Harm.PAIR_STOPPED})
"""Those that meet two of them."""
ONE: Final = frozenset({Harm.KILL, Harm.DRAIN, Harm.STOP, Harm.CUT_DATABASE, Harm.CUT_BUS, Harm.CLOCK})
"""Those that meet one process."""
KINDS: Final[Mapping[str, frozenset[Harm]]] = {
    "postgres": frozenset(Harm) - NODES - PAIRS,
    "cassandra": frozenset(
        {
            *NODES,
            *PAIRS,
            *(Harm.KILL, Harm.DRAIN, Harm.STOP, Harm.CUT_DATABASE, Harm.CLOCK),
            *(Harm.DATABASE_KILLED, Harm.DATABASE_AWAY, Harm.TWO_LIVES, Harm.TWO_OWNERS, Harm.STUMBLE, Harm.CROWD),
            Harm.REVOKED,
        }
    ),
}
"""What can be done on each profile. Between a process and several servers of one engine nothing stands that could be
cut."""
SHARES: Final = {
    Harm.KILL: 10,
    Harm.DRAIN: 2,
    Harm.STOP: 5,
    Harm.CUT_DATABASE: 2,
    Harm.CUT_BUS: 2,
    Harm.CLOCK: 1,
    Harm.DATABASE_KILLED: 2,
    Harm.DATABASE_AWAY: 1,
    Harm.BUS_KILLED: 2,
    Harm.BUS_STOPPED: 1,
    Harm.TWO_LIVES: 1,
    Harm.TWO_OWNERS: 1,
    Harm.STUMBLE: 1,
    Harm.COPIES: 1,
    Harm.LATE_HOLD: 1,
    Harm.REVOKED: 1,
    Harm.CROWD: 1,
    Harm.NODE_KILLED: 6,
    Harm.NODE_STOPPED: 5,
    Harm.PAIR_KILLED: 2,
    Harm.PAIR_STOPPED: 2,
}
LONG: Final = {
    Harm.STOP: (1.0, 12.0),
    Harm.CUT_DATABASE: (2.0, 8.0),
    Harm.CUT_BUS: (2.0, 8.0),
    Harm.NODE_STOPPED: (1.0, 12.0),
    Harm.PAIR_STOPPED: (1.0, 8.0),
}
"""Seconds for which each lasts; a stop often outlasts the lease of what the process owns."""
BRIEF: Final = (0.0, 3.0)


class PlannedHarm(msgspec.Struct, frozen=True):
    """One harm, `acks` acks after the one before was overcome. node: which process, by its place in the list; -1: an
    engine. seconds: for how long. engines: what the nodes of engines are called that it meets."""

    kind: Harm
    acks: int
    node: int
    seconds: float
    engines: tuple[str, ...] = ()


def make_harms(seed: int, count: int, kinds: frozenset[Harm], nodes: int, engines: int = 0) -> tuple[PlannedHarm, ...]:
    """`count` harms of these kinds, by their shares, each kind once at least if there is room. Kills go round all
    processes, so that each role is met, and round all nodes of engines. engines: nodes of each engine."""
    draw = random.Random(f"chinwag cluster storm {seed}")
    wanted = [kind for kind in Harm if kind in kinds]
    drawn = draw.choices(wanted, [SHARES[kind] for kind in wanted], k=max(0, count - len(wanted)))
    order = [*wanted, *drawn][:count]
    draw.shuffle(order)
    harms = [_harm(draw, kind, turn) for kind, turn in zip(order, _turns(draw, order, nodes), strict=True)]
    return tuple(_with_engines(draw, harms, engines))


def _with_engines(draw: random.Random, harms: Sequence[PlannedHarm], nodes: int) -> Iterator[PlannedHarm]:
    """Name the nodes of engines that are met: every kind goes round all of them, in an order of its own."""
    rounds: dict[Harm, list[tuple[str, ...]]] = {
        **{kind: [(key,) for key in engine_nodes(nodes)] for kind in sorted(NODES)},
        **{kind: list(engine_pairs(nodes)) for kind in sorted(PAIRS)},
    }
    for each in rounds.values():
        draw.shuffle(each)
    met = dict.fromkeys(rounds, 0)
    for harm in harms:
        if harm.kind not in rounds:
            yield harm
            continue
        them = rounds[harm.kind]
        yield msgspec.structs.replace(harm, engines=them[met[harm.kind] % len(them)])
        met[harm.kind] += 1


def _turns(draw: random.Random, order: Sequence[Harm], nodes: int) -> list[int]:
    """The node of each harm: every kind goes round all of them, in an order of its own."""
    rounds = {kind: draw.sample(range(nodes), nodes) for kind in Harm if kind not in NODES | PAIRS}
    met = dict.fromkeys(Harm, 0)
    turns: list[int] = []
    for kind in order:
        turns.append(rounds[kind][met[kind] % nodes] if kind in ONE else -1)
        met[kind] += 1
    return turns


def _harm(draw: random.Random, kind: Harm, node: int) -> PlannedHarm:
    seconds = draw.uniform(*LONG.get(kind, BRIEF))
    return PlannedHarm(kind, draw.randint(ACKS, 2 * ACKS), node, seconds)
