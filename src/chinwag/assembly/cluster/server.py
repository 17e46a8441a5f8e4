"""A process of the postgres profile: a list of parts, one or all of the roles among them."""

from contextlib import AsyncExitStack
from typing import Final

from chinwag.assembly.api import Api, api_part
from chinwag.assembly.cluster.opened import Opened, open_all
from chinwag.assembly.cluster.parts import opened_parts
from chinwag.assembly.data import accounts_on
from chinwag.assembly.delivery import delivery_on, delivery_part
from chinwag.assembly.gateway import beacon_part, gateway_on, gateway_part
from chinwag.assembly.housekeeping import housekeeping_part
from chinwag.assembly.node import legs_on, node_part
from chinwag.assembly.operators import observe_on, observe_part
from chinwag.assembly.part import Parts
from chinwag.assembly.port import port_on, port_part
from chinwag.assembly.presence import presence_part
from chinwag.assembly.server import ROLES
from chinwag.assembly.web import with_web
from chinwag.collector import uncollected
from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.ports.bus import NodeId, new_node
from chinwag.ports.registry import WorkerNumber
from chinwag.roles.port.certificate import Local


class ClusterServer:
    """Every role in one process. Made by `begin_cluster_server`; `stop` it once."""

    def __init__(
        self, config: Config, opened: Opened, node: NodeId, worker: WorkerNumber, local: Local | None = None
    ) -> None:
        ports, ids = opened.ports, Snowflake(worker)
        legs = legs_on(ports, config, accounts_on(ports, config, ids, opened.allowances), node, ids)
        gateway = gateway_on(ports, config, legs)
        delivery = delivery_on(ports)
        api = Api(ports, config, legs, owner=lambda _: node)
        app = with_web(config, api.app, lambda: self.port.port, local, api.unread)
        self.port: Final = port_on(config, app, gateway, api.unread)
        # In the order in which they start; a part stops before those that it rests on.
        roles = [
            *opened_parts(opened),
            delivery_part(delivery),
            node_part(legs, ports),
            housekeeping_part(ports, config),
            presence_part(ports, config, node),
            gateway_part(gateway, legs),
            api_part(api),
        ]
        self.observe: Final = observe_on(config, roles, lambda: self.parts.serving)
        self.parts: Final = Parts(
            [
                *roles,
                observe_part(self.observe),
                port_part(self.port),
                beacon_part(ports, config, ROLES, legs, gateway),
            ]
        )

    async def start(self) -> None:
        """Serve. Raises `OSError` when a port cannot be had; what was started is stopped then."""
        await self.parts.start()

    async def stop(self) -> None:
        """Say goodbye, finish what is under way, and close. Bounded; harmless a second time."""
        await self.parts.stop()


async def begin_cluster_server(config: Config, local: Local | None = None) -> ClusterServer:
    """Open the engines, put a server together and start it, in a process that serves until its end.

    Raises `OSError`, and a `Told` as `open_all` does, with everything closed.
    """
    node = new_node("server")
    with uncollected():
        async with AsyncExitStack() as opening:
            opened = await open_all(config, node, opening)
            worker = await opened.registry.lease_worker()
            server = ClusterServer(config, opened, node, worker, local)
            opening.pop_all()  # from here on they are the server's to close
        try:
            await server.start()
        except BaseException:
            await server.stop()
            raise
    return server
