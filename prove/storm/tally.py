"""What a storm counts while it blows: what is printed at the end, and what must have been reached."""

from collections import Counter
from collections.abc import Sequence

import msgspec


class Tally(msgspec.Struct):
    """Figures of one run. Times in seconds.

    rewordings: edits, deletions and reactions that were tried; looks: answers in which it was looked for what had been
    edited away or deleted.

    turns: the notices that a group is large, or small again; fed: events that came by feeds; feed_ends: why those
    ended; large_states: states of groups that were compared while they were large.

    attempted: sends written for the first time; acked: of these, those with a number; answers: acks in all, also the
    second one of a send. in_flight and between: at each kill, sends without an answer, and acks since the kill before.
    recovery: from a death to the first ack after it; back: to the moment at which all devices that want to be
    connected were welcome again.
    """

    attempted: int = 0
    acked: int = 0
    answers: int = 0
    refused: int = 0
    retries: int = 0
    events: int = 0
    sessions: int = 0
    resets: int = 0
    turns: set[tuple[str, int]] = msgspec.field(default_factory=set)
    fed: int = 0
    nudges: int = 0
    large_states: int = 0
    feed_ends: Counter[str] = msgspec.field(default_factory=Counter)
    changes: int = 0
    looks: int = 0
    rewordings: Counter[str] = msgspec.field(default_factory=Counter)
    probes: int = 0
    kills: int = 0
    in_flight: list[int] = []
    between: list[int] = []
    recovery: list[float] = []
    back: list[float] = []
    troubles: Counter[str] = msgspec.field(default_factory=Counter)
    hits: Counter[str] = msgspec.field(default_factory=Counter)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
