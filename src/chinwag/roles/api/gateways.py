"""Discovery: which gateway a device should connect to, and a ticket to show there."""

from collections import Counter
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from chinwag.domain.discovery import Candidate, rank
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.tickets import SHARED, Tickets
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Registry
from chinwag.roles.api.admit import Caller
from chinwag.wire.gateways import GatewayOption, GatewayOptions

GATEWAYS = 10
"""Gateways named at most."""


class DiscoveryServices(msgspec.Struct, frozen=True, kw_only=True):
    """What discovery asks."""

    registry: Registry
    tickets: Tickets


Discovery = NamedDependency[DiscoveryServices]
"""The dependency `discovery`."""


def discovery_routes(services: DiscoveryServices) -> Router:
    """Discovery."""
    return Router(
        path="/v1",
        route_handlers=[get_gateways],
        dependencies={"discovery": Provide(lambda: services, sync_to_thread=False)},
    )


@get("/gateways", operation_id="listGateways", summary="Where to connect", tags=["transports"])
async def get_gateways(
    discovery: Discovery,
    principal: Caller,
    location: Annotated[
        str, QueryParameter(max_length=64, description="Where the device is, as the server names places.")
    ] = "",
) -> GatewayOptions:
    """The gateways to try, the best first, each with a ticket for one `hello` there.

    Full ones, and those about to stop, are left out.
    """
    nodes = {node.id: node for node in await discovery.registry.nodes("gateway")}
    ranked = rank(
        [Candidate(node.id, node.sessions, node.capacity, node.location, node.draining) for node in nodes.values()],
        principal.device,
        location,
    )
    if not ranked:
        raise Refused(Code.OVERLOADED, "every gateway is full", 5.0)
    at = Counter(node.url for node in nodes.values())
    found: dict[str, NodeId] = {}
    for candidate in ranked:
        node = nodes[NodeId(candidate.name)]
        # Those that share an address (or have none, and are reached by the one that was used) are one to whoever asks.
        found.setdefault(node.url, node.id if at[node.url] == 1 else SHARED)
    options = []
    for url, name in list(found.items())[:GATEWAYS]:
        ticket, expires_at = discovery.tickets.issue(principal, name)
        options.append(GatewayOption(url, ticket, expires_at))
    return GatewayOptions(options)
