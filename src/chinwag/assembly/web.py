"""The web client's files, before the HTTP interface: addresses that are neither a page nor a file go on to that."""

from collections.abc import Callable
from typing import Any

from chinwag.config import Config
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.web.pages import Pages
from chinwag.roles.web.policy import authorities
from chinwag.roles.web.site import read_site


def with_web(config: Config, app: Any, port: Callable[[], int]) -> Any:
    """`app`, with the web client in front of it if the server has one. port: the public one, once it is bound."""
    section = config.server
    if not section.web:
        return app

    def own() -> frozenset[str]:
        return authorities(section.public_url, section.host, port())

    return Pages(app, read_site(), Forwarded(section.trusted_proxies), own)
