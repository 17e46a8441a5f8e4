"""A process of a profile of several: a list of parts, one or all of the roles among them."""

import contextlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Final

from chinwag.assembly.accounts import accounts_on
from chinwag.assembly.cluster.announced import Announced
from chinwag.assembly.cluster.credentials import read_secret
from chinwag.assembly.cluster.doors import no_api, no_gateway
from chinwag.assembly.cluster.opened import Opened, open_all
from chinwag.assembly.cluster.parts import log_check, opened_parts
from chinwag.assembly.cluster.reach import Reach
from chinwag.assembly.cluster.waiting import Awaited, engines_of
from chinwag.assembly.cluster.work import hand_over_part, presence_owner, presence_part, versions_part
from chinwag.assembly.delivery import delivery_on, delivery_part
from chinwag.assembly.gateway import RETURN_WITHIN, gateway_on, gateway_part
from chinwag.assembly.housekeeping import housekeeping_part
from chinwag.assembly.node import legs_on, node_part
from chinwag.assembly.observe import observe_on, observe_part
from chinwag.assembly.part import Part, Parts
from chinwag.assembly.port import port_on, port_part
from chinwag.assembly.push import push_part
from chinwag.assembly.roles import ROLES
from chinwag.collector import uncollected
from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.domain.refusal import Refused
from chinwag.ports.bus import NodeId, new_node
from chinwag.ports.registry import Node, WorkerNumber
from chinwag.roles.gateway.gateway import Gateway
from chinwag.roles.observe import Check
from chinwag.roles.port.certificate import Local
from chinwag.roles.port.unread import Unread
from chinwag.told import Told

PEOPLE: Final = frozenset({"gateway", "api"})
"""The roles that people connect to."""


class ClusterServer:
    """Some roles, or all, in one process. Made by `begin_cluster_server`; `stop` it once.

    port: None without a role that people connect to. worker: of ids, for those roles.
    """

    def __init__(
        self,
        config: Config,
        opened: Opened,
        node: NodeId,
        roles: Sequence[str],
        worker: WorkerNumber | None,
        local: Local | None = None,
    ) -> None:
        ports = opened.ports
        work: list[Part] = []
        if "delivery" in roles:
            work += [versions_part(opened.log), delivery_part(delivery_on(ports)), hand_over_part(ports, node)]
        if "housekeeping" in roles:
            work.append(housekeeping_part(ports, config, node))
        if "presence" in roles:
            work.append(presence_part(ports, config, node))
        if "push" in roles:
            work.append(push_part(ports, config, node, presence_owner(ports.registry)))
        doors = None if worker is None else _Doors(config, opened, node, roles, worker, local)
        gateway = None if doors is None else doors.gateway
        self.port: Final = None if doors is None else doors.port
        section = config.server
        announced = Announced(
            ports.registry,
            Node(
                node,
                tuple(roles),
                url=section.public_url if gateway is not None else "",
                capacity=section.max_connections if gateway is not None else 0,
                location=section.location,
            ),
            lambda: 0 if gateway is None else len(gateway),
        )
        # In the order in which they start; a part stops before those that it rests on.
        within = [*opened_parts(opened), announced.part(), *work, *([] if doors is None else doors.parts)]
        reach = _reach(announced, gateway, [check for part in within for check in part.checks if check.needed])
        within.append(reach.part())
        self.observe: Final = observe_on(config, within, lambda: self.parts.serving)
        outside = [port_part(self.port)] if self.port is not None else []
        self.parts: Final = Parts([*within, observe_part(self.observe), *outside, announced.opened()])

    async def start(self) -> None:
        """Serve. Raises `OSError` when a port cannot be had; what was started is stopped then."""
        await self.parts.start()

    async def stop(self) -> None:
        """Say goodbye, finish what is under way, and close. Bounded; harmless a second time."""
        await self.parts.stop()


async def begin_cluster_server(
    config: Config, local: Local | None = None, roles: Sequence[str] = ROLES
) -> ClusterServer:
    """Open the engines, once they are there, put a process with those roles together and start it, to serve until its
    end. Cancelled, it closes everything.

    Raises `OSError`, and a `Told` as `open_all` does, with everything closed.
    """
    if "api" in roles:
        with uncollected():
            import_module("chinwag.assembly.api")  # it takes a moment, and not while connections are open
    read_secret(config)  # nobody waits for engines in vain
    engines = Awaited(engines_of(config), config.cluster.wait_seconds)
    while True:
        there = await engines.there()
        try:
            return await _begun(config, local, roles)
        except (Told, Refused) as error:
            # One that went away in between is waited for like one that had never come.
            if not there or not (await engines.missing() or await engines.again(error)):
                raise


async def _begun(config: Config, local: Local | None, roles: Sequence[str]) -> ClusterServer:
    node = new_node("server" if set(roles) == set(ROLES) else "-".join(roles))
    with uncollected():
        async with AsyncExitStack() as opening:
            opened = await _opened(config, node, roles, opening)
            worker = await opened.registry.lease_worker() if PEOPLE & set(roles) else None
            server = ClusterServer(config, opened, node, roles, worker, local)
            opening.pop_all()  # from here on they are the server's to close
        try:
            await server.start()
        except BaseException:
            await server.stop()
            raise
    return server


async def _opened(config: Config, node: NodeId, roles: Sequence[str], opening: AsyncExitStack) -> Opened:
    if config.store.profile != "cassandra":
        return await open_all(config, node, roles, opening)
    from chinwag.assembly.cluster.opened_streams import open_streams  # its drivers are of that profile alone

    return await open_streams(config, node, roles, opening)


class _Doors:
    """Gateway, api or both, on one port."""

    def __init__(
        self,
        config: Config,
        opened: Opened,
        node: NodeId,
        roles: Sequence[str],
        worker: WorkerNumber,
        local: Local | None,
    ) -> None:
        ports, ids = opened.ports, Snowflake(worker)
        legs = legs_on(ports, config, accounts_on(ports, config, ids), node, ids, shared=True)
        self.parts = [node_part(legs, ports, checks=[log_check(ports)])]
        self.gateway: Gateway | None = None
        app, unread = no_api, Unread()
        if "gateway" in roles:
            self.gateway = gateway_on(ports, config, legs)
            self.parts.append(gateway_part(self.gateway, legs))
        if "api" in roles:
            # Only here: what they rest on takes 9 of the 77 MB of a process.
            from chinwag.assembly.api import Api, api_part
            from chinwag.assembly.web import with_web

            api = Api(ports, config, legs, owner=presence_owner(ports.registry))
            unread = api.unread
            app = with_web(config, api.app, lambda: self.port.port, local, unread)
            self.parts += [api.looking, api_part(api)]
        self.port = port_on(config, app, no_gateway if self.gateway is None else self.gateway.listener, unread)


def _reach(announced: Announced, gateway: Gateway | None, probes: Sequence[Check]) -> Reach:
    async def went() -> None:
        if gateway is not None:
            gateway.suspend(RETURN_WITHIN)
        with contextlib.suppress(Refused):
            await announced.away()

    async def came() -> None:
        if gateway is not None:
            gateway.resume()
        with contextlib.suppress(Refused):
            await announced.back()

    return Reach(probes, went, came)
