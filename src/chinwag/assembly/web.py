"""The web client's files, before the HTTP interface: addresses that are neither a page nor a file go on to that."""

from collections.abc import Callable
from typing import Any

from chinwag.config import Config
from chinwag.roles.port.certificate import Local
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.unread import Unread
from chinwag.roles.web.pages import Pages
from chinwag.roles.web.policy import authorities
from chinwag.roles.web.site import read_site
from chinwag.roles.web.trust import Trust


def with_web(config: Config, app: Any, port: Callable[[], int], local: Local | None, unread: Unread) -> Any:
    """`app`, with the web client in front of it if the server has one. port: the public one, once it is bound.

    local: the certificate that the server made for its network, if it did; people are told how to trust that. unread:
    answers that wait to be read.
    """
    section = config.server
    forwarded = Forwarded(section.trusted_proxies)
    names = () if local is None else local.names

    def own() -> frozenset[str]:
        return authorities(section.public_url, section.host, port(), names)

    if section.web:
        app = Pages(app, read_site(), forwarded, own, unread=unread, media_origins=_media_origins(config))
    if local is not None:
        app = Trust(app, section.name, local.names, local.authority, local.fingerprint, forwarded)
    return app


def _media_origins(config: Config) -> tuple[str, ...]:
    """Where media come from besides the server's own origin, which its pages must be allowed to show."""
    media = config.media
    return tuple(filter(None, (media.public_url, config.s3.endpoint if media.direct else "")))
