"""The gateway role as a part: sessions of devices."""

from typing import Final

from chinwag.assembly.figures import Figures
from chinwag.assembly.info import info_of
from chinwag.assembly.node import Legs
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.domain.rate import Rate
from chinwag.flow.clock import system_clock
from chinwag.ports import Ports
from chinwag.ports.registry import Node
from chinwag.roles.gateway.beacon import Beacon
from chinwag.roles.gateway.gateway import Gateway, Services
from chinwag.roles.gateway.rules import GatewayRules
from chinwag.roles.port.origin import normal_origin, own_origin

ANSWER_GRACE: Final = 5.0
"""Seconds that sessions wait for the answers to what was taken of them."""
RETURN_WITHIN: Final = 3.0
"""Seconds over which clients are asked to spread their return."""


def gateway_on(ports: Ports, config: Config, legs: Legs) -> Gateway:
    """No session yet."""
    limits = config.limits
    return Gateway(
        legs.node,
        Services(
            admission=legs.admission,
            tickets=legs.tickets,
            budgets=legs.budgets,
            accept=legs.accept,
            fan_out=legs.fan_out,
            marks=legs.marks,
            states=legs.states,
            keeping=legs.keeping,
            feeds=legs.large.feeds,
            watches=legs.large.watches,
            old=legs.large.old,
            inbox=ports.inbox,
            store=ports.message_store,
            bus=ports.bus,
            questions=ports.questions,
        ),
        GatewayRules(
            heartbeat_seconds=config.presence.heartbeat_seconds,
            idle_seconds=config.presence.offline_seconds + 1.0,
            outbound_bytes=limits.outbound_bytes,
            hellos=config.server.hellos_per_second or None,
            frames=Rate(limits.frames_per_second + limits.sends_per_second, limits.frames_burst + limits.sends_burst),
            sessions_per_device=config.server.sessions_per_device,
            sessions_per_account=config.server.sessions_per_account,
            origins=frozenset(map(normal_origin, config.server.origins)) | own_origin(config.server.public_url),
            limits=info_of(config).limits,
        ),
        system_clock,
    )


def gateway_part(gateway: Gateway, legs: Legs) -> Part:
    """Drained, it has answered what was taken, and said goodbye."""
    figures = gateway.figures

    async def start() -> None:
        gateway.start()

    async def drain() -> None:
        gateway.quiesce()
        await legs.accept.settled(ANSWER_GRACE)
        gateway.drain(RETURN_WITHIN)

    async def stop() -> None:
        gateway.stop()

    return Part(
        name="gateway",
        start=start,
        drain=drain,
        stop=stop,
        figures=Figures(
            counters={
                "frames_in": ("Frames from clients.", lambda: figures.frames_in),
                "frames_out": ("Frames to clients.", lambda: figures.frames_out),
                "frames_refused": ("Errors told to clients.", lambda: figures.refused),
                "welcomed": ("Sessions welcomed.", lambda: figures.welcomed),
                "put_off": ("Devices told to come a little later.", lambda: figures.put_off),
            },
            gauges={"connections": ("Open sockets.", lambda: len(gateway))},
        ),
    )


def beacon_part(ports: Ports, config: Config, roles: tuple[str, ...], legs: Legs, gateway: Gateway) -> Part:
    """Tells where this process is while it may be sent to."""
    section = config.server
    beacon = Beacon(
        ports.registry,
        Node(legs.node, roles, url=section.public_url, capacity=section.max_connections, location=section.location),
        lambda: len(gateway),
    )
    return Part(name="beacon", start=beacon.start, drain=beacon.stop, stop=beacon.stop)
