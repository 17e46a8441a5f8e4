"""The public port as a part: where requests and sockets come in."""

from typing import Any, Final

from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.roles.gateway.session import EARLY_BYTES
from chinwag.roles.port.certificate import Certificate
from chinwag.roles.port.handshake import ListenerFactory
from chinwag.roles.port.listener import SocketLimits
from chinwag.roles.port.one_port import OnePort
from chinwag.roles.port.unread import Unread

GRACE: Final = 5.0
"""Seconds that requests under way and closing sockets have."""


def port_on(config: Config, app: Any, listener: ListenerFactory, unread: Unread) -> OnePort:
    """Requests go to `app`, sockets to a `listener` each; unread: answers that wait to be read."""
    section = config.server
    certificate = (
        Certificate(section.tls_certificate, section.tls_key)
        if section.tls_certificate is not None and section.tls_key is not None
        else None
    )
    return OnePort(
        app,
        listener,
        host=section.host,
        port=section.port,
        certificate=certificate,
        max_connections=section.max_connections,
        per_address=section.connections_per_address,
        socket_limits=SocketLimits(message=config.limits.frame_bytes, early=EARLY_BYTES),
        trusted_proxies=section.trusted_proxies,
        unread=unread,
    )


def port_part(port: OnePort) -> Part:
    """The last that starts of those that serve people, and the first that takes nothing new."""

    async def drain() -> None:
        port.drain()

    async def stop() -> None:
        await port.stop(GRACE)

    return Part(name="port", start=port.start, drain=drain, stop=stop)
