"""`chinwag serve --lan`: on the network, with a certificate of the machine's own making."""

import asyncio
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from chinwag.config import Config, Effective
from chinwag.life.authority import local_certificate
from chinwag.life.own_names import own_names
from chinwag.roles.port.certificate import Local
from chinwag.roles.web.trust import PAGE
from chinwag.told import Told

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - that is what --lan asks for
LOOK_SECONDS: Final = 43_200.0
"""How often a running server looks whether its certificate must be renewed."""

_log = structlog.get_logger(__name__)


class NotForThis(Told):
    """`--lan` beside a setting that it would override."""


def on_the_network(effective: Effective, config: Config) -> tuple[Config, Local]:
    """`config` for the network that this machine is in, and the certificate made for it.

    It listens on every address, unless a setting names one. Raises `NotForThis`, `DamagedAuthority`, `OSError`.
    """
    section = config.server
    if section.tls_certificate is not None:
        raise NotForThis("--lan makes a certificate of its own: leave server.tls_certificate and server.tls_key out.")
    local = _made(config.data.path)
    host = EVERYWHERE if effective.sources["server.host"].kind == "default" else section.host
    section = msgspec.structs.replace(section, host=host, tls_certificate=local.chain, tls_key=local.key)
    return msgspec.structs.replace(config, server=section), local


def way_in(local: Local, port: int) -> str:
    """The address of the page that says how to trust the server, by the best of its names."""
    best = local.names[0]
    return f"https://{f'[{best}]' if ':' in best else best}:{port}{PAGE}"


async def keep_fresh(local: Local, data: Path, read_anew: Callable[[], None], seconds: float = LOOK_SECONDS) -> None:
    """Renew the certificate of a running server in time, until cancelled. Its names stay those of the start.

    read_anew: lets the server read the certificate's files again. What fails is logged, and tried again next time.
    """
    while True:
        await asyncio.sleep(seconds)
        try:
            local_certificate(data, local.names, _now())
            read_anew()
        except (OSError, Told) as failure:
            _log.error("the certificate could not be renewed", reason=str(failure))


def _made(data: Path) -> Local:
    return local_certificate(data, own_names(), _now())


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
