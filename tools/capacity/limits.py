"""What is fixed, one of its kind or grows with the square, and at how many people it is used up."""

from collections.abc import Callable
from typing import Final

import msgspec
from tools.capacity.cases import Case, scaled
from tools.capacity.model import Costs, Need, need

Share = Callable[[Need, Costs], float]
FIRST: Final = 1e4
LAST: Final = 1e11
"""Daily users between which a limit is looked for."""


class Limit(msgspec.Struct, frozen=True):
    """share: how much of it a case uses; 1 is all. change: what one would do."""

    name: str
    change: str
    share: Share


def _directory(found: Need, costs: Costs) -> float:
    return found.loads.connects / costs["directory_writes"]


def _log(found: Need, costs: Costs) -> float:
    return (
        found.loads.messages
        * (costs["deliver_us"] + costs["store_us"])
        * 1e-6
        / (costs["utilisation"] * costs["log_partitions"])
    )


def _inbox(found: Need, costs: Costs) -> float:
    each = costs["number_us"] + costs["posting_rows"] * costs["row_us"]
    return found.loads.postings * each * 1e-6 / (costs["utilisation"] * costs["inbox_partitions"])


def _presence_work(found: Need, costs: Costs) -> float:
    return 2 * found.loads.connects * costs["presence_us"] * 1e-6 / (costs["utilisation"] * costs["presence_parts"])


def _presence_memory(found: Need, costs: Costs) -> float:
    return found.loads.connected * costs["presence_bytes"] / (costs["presence_parts"] * costs["process_most"] * 1e9)


def _feeds(found: Need, costs: Costs) -> float:
    return (found.delivery + found.inbox) * found.gateway / costs["bus_messages"]


def _vectors(found: Need, costs: Costs) -> float:
    bytes_each = found.parts.log * costs["source_bytes"]
    return bytes_each / costs["checkpoint_seconds"] / (costs["checkpoint_bytes"] * 1e6)


def _ring(found: Need, costs: Costs) -> float:
    return found.cassandra / costs["ring_nodes"]


def _streams(found: Need, costs: Costs) -> float:
    return found.jetstream / costs["stream_servers"]


LIMITS: Final = (
    Limit(
        "one directory (PostgreSQL): a device that comes with an expired token refreshes it, and that is a write",
        "tokens that are good for longer, or the rows of devices in several databases, by account",
        _directory,
    ),
    Limit(
        "16 inbox partitions, each one worker of one core",
        "make the cluster with more of them (fixed at `init`); write a record's rows of one account as one request",
        _inbox,
    ),
    Limit(
        "64 log partitions, each one worker of one core",
        "make the cluster with more of them; fewer microseconds a request (the largest cost is the driver's)",
        _log,
    ),
    Limit("16 parts of presence: work", "more parts: a constant of the code today", _presence_work),
    Limit("16 parts of presence: memory of one process", "more parts", _presence_memory),
    Limit(
        "numbered feeds: every delivery process beats once a second to every gateway",
        "feeds by inbox owner only, or cells",
        _feeds,
    ),
    Limit(
        "the vector of sources in each inbox partition's checkpoint grows with the log's partitions",
        "keep it by source, changed lines only; or cells",
        _vectors,
    ),
    Limit("one Cassandra ring", "cells: a ring each", _ring),
    Limit("one NATS cluster for all streams", "cells: a NATS cluster each", _streams),
)


def used_up_at(limit: Limit, case: Case, costs: Costs) -> float:
    """The daily users, who behave as those of `case`, at which the limit is used up; infinite if it is not by
    `LAST`."""
    low, high = FIRST, LAST
    if limit.share(need(scaled(case, high), costs), costs) < 1:
        return float("inf")
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        if limit.share(need(scaled(case, middle), costs), costs) < 1:
            low = middle
        else:
            high = middle
    return high


def in_order(case: Case, costs: Costs) -> list[tuple[float, Limit]]:
    """All limits, the one that is used up first first."""
    return sorted(((used_up_at(limit, case, costs), limit) for limit in LIMITS), key=lambda found: found[0])
