"""Who does what in a cluster, as the Registry knows it: for `chinwag status`."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec

from chinwag.adapters.owners import Owners
from chinwag.adapters.postgres.database import connected
from chinwag.adapters.postgres.identity import identity_of
from chinwag.adapters.postgres.schema import verify
from chinwag.assembly.cluster.credentials import messages_url, shown
from chinwag.assembly.cluster.opened import EngineAwayError, reached
from chinwag.assembly.cluster.operators import registry_of, stores_of
from chinwag.assembly.cluster.spoken import Say, spoken
from chinwag.assembly.roles import ROLES
from chinwag.config import Config
from chinwag.domain.census import Census
from chinwag.domain.refusal import Refused
from chinwag.flow.large.census import census
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import PRESENCE, Duty, Node, job_duty, log_duty
from chinwag.roles.housekeeping.jobs import NAMES


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One process. state: `takes people`, `works` (nobody connects to it), `away` or `stopping`, `full`, `starting`.
    owns: what is its own, in words."""

    id: NodeId
    roles: tuple[str, ...]
    url: str
    location: str
    sessions: int
    capacity: int
    state: str
    owns: tuple[str, ...]


class ClusterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All processes, and what nobody does. late: nodes of Cassandra whose erasure is overdue, by their hosts; None
    where Cassandra cannot be asked. groups: those of many; None where the messages cannot be read."""

    cluster: str
    partitions: int
    nodes: list[NodeStatus]
    missing: tuple[str, ...]
    late: tuple[str, ...] | None = ()
    groups: Census | None = None


async def cluster_status(config: Config, say: Say) -> ClusterStatus:
    """As the Registry says now. say: what is waited for. Raises a `Told` if it cannot be asked."""
    url = messages_url(config)
    asked = reached(url, identity_of(url, config.cluster.id))
    cluster = await spoken(asked, say, f"waiting for PostgreSQL at {shown(url)} …")
    async with AsyncExitStack() as opened:
        registry = await registry_of(config, cluster, opened)
        nodes = {node.id: node for role in ROLES for node in await reached(url, registry.nodes(role))}
    if config.store.profile == "cassandra":
        found = await _with_streams(config, cluster, list(nodes.values()), say)
    else:
        found = told(cluster, await reached(url, _partitions(url)), list(nodes.values()))
    return msgspec.structs.replace(found, groups=await _groups(config, cluster, say))


async def _groups(config: Config, cluster: str, say: Say) -> Census | None:
    """How many groups are of many; None where that cannot be asked now."""
    try:
        async with AsyncExitStack() as opened:
            return await census((await stores_of(config, cluster, say, opened)).message_store)
    except (EngineAwayError, Refused):
        return None


async def _with_streams(config: Config, cluster: str, nodes: Sequence[Node], say: Say) -> ClusterStatus:
    # their drivers are of that profile alone
    from chinwag.adapters.cassandra.schema import PARTITIONS as LOG_PARTITIONS
    from chinwag.adapters.inboxes.records import PARTITIONS as INBOX_PARTITIONS
    from chinwag.adapters.inboxes.workers import inbox_duty
    from chinwag.assembly.cluster.late_nodes import late_nodes

    found = told(cluster, LOG_PARTITIONS, nodes, (inbox_duty(INBOX_PARTITIONS),))
    where = f"Cassandra at {', '.join(config.cassandra.hosts)}"
    late = await spoken(late_nodes(config), say, f"waiting for {where} …")
    return msgspec.structs.replace(found, late=late)


async def _partitions(url: str) -> int:
    async with connected(url) as connection:
        return await verify(connection)


def told(cluster: str, partitions: int, nodes: Sequence[Node], more: Sequence[Duty] = ()) -> ClusterStatus:
    """What follows from the live nodes. more: duties besides, of this profile."""
    owners = Owners()
    owners.see(nodes)
    duties = [log_duty(partitions), *more, PRESENCE, *map(job_duty, NAMES)]
    missing = [role for role in ROLES if not any(role in node.roles for node in nodes)]
    return ClusterStatus(
        cluster=cluster,
        partitions=partitions,
        nodes=sorted((_node(node, duties, owners) for node in nodes), key=lambda one: one.id),
        missing=tuple(missing),
    )


def _node(node: Node, duties: Sequence[Duty], owners: Owners) -> NodeStatus:
    owned = Counter({duty.name: len(owners.owned(duty, node.id)) for duty in duties})
    words = [f"{owned['log']} partitions"] if owned["log"] else []
    if owned["inbox"]:
        words.append(f"{owned['inbox']} parts of the inboxes")
    if owned[PRESENCE.name]:
        words.append(f"{owned[PRESENCE.name]} parts of presence")
    words += [name.removeprefix("job.") for name, parts in owned.items() if name.startswith("job.") and parts]
    return NodeStatus(
        id=node.id,
        roles=node.roles,
        url=node.url,
        location=node.location,
        sessions=node.sessions,
        capacity=node.capacity,
        state=_state(node),
        owns=tuple(words),
    )


def _state(node: Node) -> str:
    if node.draining:
        return "away or stopping"
    if "gateway" not in node.roles:
        return "works"
    if not node.capacity:
        return "starting"
    return "full" if node.sessions >= node.capacity else "takes people"
