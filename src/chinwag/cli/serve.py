"""`chinwag serve`: run a server until SIGTERM or Ctrl-C."""

import asyncio
import resource
import signal
from typing import Final

import cyclopts
import msgspec
import structlog

from chinwag import logs
from chinwag.cli.hurt import say_if_hurt_on_purpose
from chinwag.cli.settings import read_settings, with_settings
from chinwag.config import Config, Effective

app = cyclopts.App(name="serve")
OWN_FILES: Final = 512
"""File descriptors kept for what is no client's connection."""

_log = structlog.get_logger("chinwag.serve")


@app.default
@with_settings()
def serve(**flags: str | None) -> int:
    """Run a chat server on this machine."""
    import uvloop

    effective = read_settings(flags)
    logs.configure(effective.config.log)
    say_if_hurt_on_purpose(effective.config)
    return uvloop.run(_serve(_within_file_limit(effective)))


async def _serve(config: Config) -> int:
    # Not before it is asked for: `chinwag serve --help` needs none of a server.
    from chinwag.assembly import open_server

    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    server = await open_server(config)
    try:
        await server.start()
        scheme = "https" if config.server.tls_certificate is not None else "http"
        _log.info(
            "ready",
            url=f"{scheme}://{config.server.host}:{server.port.port}",
            observe=f"http://{config.observe.host}:{server.observe.port}",
            data=str(config.data.path.expanduser()),
            sign_up=config.accounts.sign_up,
        )
        await asked.wait()
        _log.info("stopping")
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)  # a second one ends the process at once
    finally:
        await server.stop()
    _log.info("stopped")
    return 0


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
