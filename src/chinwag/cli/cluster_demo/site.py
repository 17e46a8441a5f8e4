"""A whole cluster on this machine: engines, processes with roles, and nginx before them."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from chinwag.cli.cluster_demo.nginx import Nginx, nginx_command
from chinwag.cli.cluster_demo.process import DemoProcess, DemoProcessError, clean_environment
from chinwag.cli.out import say
from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.engines import Standing
from chinwag.engines.programs import cache_folder
from chinwag.lasting import whole_file

ROLES: Final = (
    ("delivery-1", "delivery"),
    ("delivery-2", "delivery"),
    ("presence-1", "presence,housekeeping,push"),
    ("presence-2", "presence,housekeeping,push"),
    ("api-1", "api"),
    ("api-2", "api"),
    ("gateway-1", "gateway"),
    ("gateway-2", "gateway"),
)
SETTINGS: Final = {"max_connections": "300"}
"""Eight processes take up to twenty-four each."""


class Site(NamedTuple):
    """What runs. nginx: None where it is not installed. engines: how each stands, by `postgres` and `nats`."""

    processes: list[DemoProcess]
    nginx: Nginx | None
    engines: dict[str, Standing]


@asynccontextmanager
async def started(
    home: Path, engines: Path, roles: Sequence[tuple[str, str]] = ROLES, more: Mapping[str, str] | None = None
) -> AsyncIterator[Site]:
    """Start all, one after another, and end it in the reverse order.

    home: the folder of settings and logs; engines: theirs. roles: the name of each process and what it does. more:
    settings for all of them, as variables of the environment. Raises `DemoProcessError`, `EngineError`.
    """
    async with AsyncExitStack() as stack:
        environment, standings = await stack.enter_async_context(_engines(home, engines))
        environment |= more or {}
        say("making the cluster")
        await _init(environment)
        processes: list[DemoProcess] = []
        for name, of in roles:
            people = of in ("api", "gateway")
            port = {"CHINWAG_SERVER_PORT": str(_free_port())} if people else {}
            processes.append(DemoProcess(name, of, home, environment | port, say))
            stack.push_async_callback(processes[-1].stop)
        say(f"starting {len(processes)} processes")
        await asyncio.gather(*(process.start() for process in processes))
        command = nginx_command()
        nginx = None
        if command is not None:
            urls = {kind: [one.url for one in processes if one.name.startswith(kind)] for kind in ("gateway", "api")}
            nginx = Nginx(command, home / "nginx", urls["gateway"], urls["api"])
            stack.push_async_callback(nginx.stop)
            await nginx.start()
        yield Site(processes, nginx, standings)


@asynccontextmanager
async def _engines(home: Path, folder: Path) -> AsyncIterator[tuple[dict[str, str], dict[str, Standing]]]:
    """PostgreSQL and NATS in `folder`; the settings, in `home`, that lead to them, and how each stands."""
    place = await asyncio.to_thread(Place.make, folder)
    programs = await asyncio.to_thread(fetch, cache_folder(), say)
    engines = Engines(place, Postgres(programs.postgres, place, settings=SETTINGS), Nats(programs.nats, place))
    ports = {key: one.port for key, one in engines.standings().items()}
    try:
        await asyncio.to_thread(engines.up, ports, say)
        found = engines.standings()
        settings = _settings(home, found["postgres"].url, found["nats"].url)
        yield clean_environment() | settings, found
    finally:
        await asyncio.to_thread(engines.down, say)


def _settings(home: Path, postgres: str, nats: str) -> dict[str, str]:
    """Write a chinwag.toml for the folder; the variable that names it."""
    database, bus = urlsplit(postgres), urlsplit(nats)
    for name, words in (("postgres.password", database.password), ("nats.password", bus.password)):
        _write(home / name, f"{words}\n")
    _write(
        home / "chinwag.toml",
        f"""# The settings of a demonstration: CHINWAG_CONFIG={home}/chinwag.toml chinwag status
[store]
profile = "postgres"
[postgres]
url = "{database._replace(netloc=f"{database.username}@{database.hostname}:{database.port}").geturl()}"
password_file = "postgres.password"
[nats]
urls = ["nats://{bus.hostname}:{bus.port}"]
user = "{bus.username}"
password_file = "nats.password"
[data]
path = "data"
[server]
trusted_proxies = ["127.0.0.1"]
[observe]
port = 0
[log]
format = "json"
""",
    )
    return {"CHINWAG_CONFIG": str(home / "chinwag.toml")}


def _write(path: Path, words: str) -> None:
    with whole_file(path, replace=True) as file:
        file.write(words.encode())


async def _init(environment: dict[str, str]) -> None:
    making = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chinwag.cli", "cluster", "init"),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, said = await making.communicate()
    if making.returncode:
        raise DemoProcessError(f"the cluster could not be made:\n{said.decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
