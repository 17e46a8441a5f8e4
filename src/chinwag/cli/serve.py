"""`chinwag serve`: run a server until SIGTERM or Ctrl-C."""

import asyncio
import resource
import signal
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import cyclopts
import msgspec
import structlog
from cyclopts import Parameter

from chinwag import logs
from chinwag.cli.browser import browser_address
from chinwag.cli.hurt import say_if_hurt_on_purpose
from chinwag.cli.out import say
from chinwag.cli.profile import need_drivers
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.trouble import UsageError
from chinwag.collector import uncollected
from chinwag.config import Config, Effective
from chinwag.roles.port.certificate import Local

if TYPE_CHECKING:
    from chinwag.assembly import Server
    from chinwag.assembly.cluster.server import ClusterServer

app = cyclopts.App(name="serve")
ROLES: Final = ("gateway", "api", "delivery", "presence", "housekeeping", "push")
OWN_FILES: Final = 512
"""File descriptors kept for what is no client's connection."""

Began = TypeVar("Began")

_log = structlog.get_logger("chinwag.serve")


@app.default
@with_settings()
def serve(
    *,
    lan: Annotated[
        bool,
        Parameter(
            help="Listen on the network that this machine is in, with a certificate made for it, and print how phones "
            "come in.",
            negative=(),
        ),
    ] = False,
    role: Annotated[
        str | None,
        Parameter(
            help="What this process does of a server on PostgreSQL: one or several of gateway, api, delivery, "
            "presence, housekeeping and push, with commas. Without it: all."
        ),
    ] = None,
    **flags: str | None,
) -> int:
    """Run a chat server on this machine."""
    import uvloop

    effective = read_settings(flags)
    logs.configure(effective.config.log)
    say_if_hurt_on_purpose(effective.config)
    roles = _roles(role, effective.config)
    config, local = _within_file_limit(effective), None
    if lan:
        from chinwag.cli.lan import on_the_network

        config, local = on_the_network(effective, config)
    return uvloop.run(_serve(config, local, roles))


async def _serve(config: Config, local: Local | None, roles: Sequence[str]) -> int:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    if (server := await _begun_unless(asked, _begun(config, local, roles))) is None:
        _log.info("stopped", reason="asked to, before it served")
        return 0
    renewing: asyncio.Task[None] | None = None
    try:
        scheme = "https" if config.server.tls_certificate is not None else "http"
        at = {} if server.port is None else {"url": f"{scheme}://{config.server.host}:{server.port.port}"}
        _log.info(
            "ready",
            **at,
            observe=f"http://{config.observe.host}:{server.observe.port}",
            **_kept_in(config),
            sign_up=config.accounts.sign_up,
        )
        if server.port is not None:
            _tell_people(config, server.port.port, local)
        if local is not None and server.port is not None:
            from chinwag.cli.lan import keep_fresh

            renewed = keep_fresh(local, config.data.path, server.port.renew_certificate)
            renewing = asyncio.create_task(renewed, name="certificate")
        await asked.wait()
        _log.info("stopping")
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)  # a second one ends the process at once
    finally:
        if renewing is not None:
            renewing.cancel()
        await server.stop()
    _log.info("stopped")
    return 0


def _roles(named: str | None, config: Config) -> tuple[str, ...]:
    """Those of `--role`; all without it. Raises `UsageError`."""
    wanted = [one.strip() for one in (named or "").split(",") if one.strip()]
    if named is not None and not wanted:
        raise UsageError(f"--role names none: they are {', '.join(ROLES)}")
    if unknown := sorted(set(wanted) - set(ROLES)):
        raise UsageError(f"there is no role {unknown[0][:60]!a}: they are {', '.join(ROLES)}")
    if wanted and config.store.profile == "embedded":
        raise UsageError(
            "a server on one folder is one process, with every role: --role is for store.profile = postgres or "
            "cassandra (docs/cluster.md)"
        )
    return tuple(role for role in ROLES if role in wanted) or ROLES


async def _begun_unless(asked: asyncio.Event, beginning: Coroutine[None, None, Began]) -> Began | None:
    """What begins; None if the process is asked to end before, as it may wait for engines for long."""
    begun, ended = asyncio.create_task(beginning), asyncio.create_task(asked.wait())
    try:
        await asyncio.wait((begun, ended), return_when=asyncio.FIRST_COMPLETED)
        if begun.done():
            return begun.result()
        begun.cancel()
        await asyncio.wait((begun,))
        # It may have been done in that moment: then it serves, and is stopped as any other.
        return None if begun.cancelled() else begun.result()
    finally:
        ended.cancel()


async def _begun(config: Config, local: Local | None, roles: Sequence[str]) -> "Server | ClusterServer":
    """A server that serves. Its code is loaded not before it is asked for: `chinwag serve --help` needs none of it."""
    if config.store.profile != "embedded":
        need_drivers(config)
        with uncollected():
            from chinwag.assembly.cluster.server import begin_cluster_server
        return await begin_cluster_server(config, local, roles)
    with uncollected():
        from chinwag.assembly import begin_server
    return await begin_server(config, local)


def _kept_in(config: Config) -> dict[str, str]:
    """Where a server keeps what lasts, for its log."""
    if config.store.profile != "embedded":
        return {"store": config.postgres.url}
    return {"data": str(config.data.path.expanduser())}


def _tell_people(config: Config, port: int, local: Local | None) -> None:
    """Say where people come in; programs that read lines of JSON have the address in `ready`."""
    if config.server.web and config.log.format == "console":
        say(f"open {browser_address(config, port)} in a browser")
    if local is not None:
        from chinwag.cli.lan import way_in
        from chinwag.cli.lan_way_in import show_way_in

        show_way_in(way_in(local, port), local.names, local.fingerprint)


def _within_file_limit(effective: Effective) -> Config:
    """Each connection takes a file descriptor: ask for as many as are wanted, and take no more than there are."""
    config = effective.config
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.server.max_connections + OWN_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft >= wanted:
        return config
    if effective.sources["server.max_connections"].kind != "default":
        _log.warning("fewer files than connections allowed", files=soft, asked=config.server.max_connections)
    room = max(1, soft - OWN_FILES)
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, max_connections=room))
