"""A whole cluster on this machine: engines, processes with roles, and nginx before them."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from chinwag.cli.cluster_demo.nginx import Nginx, nginx_command
from chinwag.cli.cluster_demo.process import DemoProcess, DemoProcessError, clean_environment
from chinwag.cli.out import say
from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.engines import Standing
from chinwag.engines.programs import cache_folder
from chinwag.lasting import whole_file

if TYPE_CHECKING:
    from chinwag.engines.wide import WideEngines

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
    """What runs. nginx: None where it is not installed. engines: how each stands, by `postgres` and `nats` (the first
    of several). wide: all but PostgreSQL, on the cassandra profile; None on postgres."""

    processes: list[DemoProcess]
    nginx: Nginx | None
    engines: dict[str, Standing]
    wide: "WideEngines | None" = None


@asynccontextmanager
async def started(
    home: Path,
    engines: Path,
    roles: Sequence[tuple[str, str]] = ROLES,
    more: Mapping[str, str] | None = None,
    profile: str = "postgres",
    nodes: int = 1,
) -> AsyncIterator[Site]:
    """Start all, one after another, and end it in the reverse order.

    home: the folder of settings and logs; engines: theirs. roles: the name of each process and what it does. more:
    settings for all of them, as variables of the environment. profile: `postgres` or `cassandra`. nodes: of each
    engine of the latter, PostgreSQL aside.
    Raises `DemoProcessError`, `EngineError`.
    """
    async with AsyncExitStack() as stack:
        wide = None
        if profile == "cassandra":
            wide = await stack.enter_async_context(_wide_engines(engines, nodes))
        environment, standings = await stack.enter_async_context(_engines(home, engines, wide))
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
        yield Site(processes, nginx, standings, wide)


@asynccontextmanager
async def _wide_engines(folder: Path, nodes: int) -> AsyncIterator["WideEngines"]:
    """ZooKeeper, NATS and Cassandra in `folder`."""
    from chinwag.engines.wide import WideEngines

    wide = WideEngines(await asyncio.to_thread(Place.make, folder), nodes)
    programs = await asyncio.to_thread(fetch, cache_folder(), say)
    try:
        await asyncio.to_thread(wide.up, programs.nats, say)
        yield wide
    finally:
        await asyncio.to_thread(wide.down, say)


@asynccontextmanager
async def _engines(
    home: Path, folder: Path, wide: "WideEngines | None"
) -> AsyncIterator[tuple[dict[str, str], dict[str, Standing]]]:
    """PostgreSQL, and NATS where it is not among `wide`, in `folder`; the settings, in `home`, that lead to all, and
    how each stands."""
    place = await asyncio.to_thread(Place.make, folder)
    programs = await asyncio.to_thread(fetch, cache_folder(), say)
    nats = Nats(programs.nats, place) if wide is None else None
    engines = Engines(place, Postgres(programs.postgres, place, settings=SETTINGS), nats)
    ports = {key: one.port for key, one in engines.standings().items()}
    try:
        await asyncio.to_thread(engines.up, ports, say)
        found = engines.standings()
        if wide is not None:
            first = wide.of("nats")[0]
            found["nats"] = Standing(first.name, first.port, first.pid, first.url, first.log)
        yield clean_environment() | _settings(home, found, wide), found
    finally:
        await asyncio.to_thread(engines.down, say)


def _settings(home: Path, found: Mapping[str, Standing], wide: "WideEngines | None") -> dict[str, str]:
    """Write a chinwag.toml for the folder; the variable that names it."""
    database, bus = urlsplit(found["postgres"].url), urlsplit(found["nats"].url)
    for name, words in (("postgres.password", database.password), ("nats.password", bus.password)):
        _write(home / name, f"{words}\n")
    ports = [bus.port] if wide is None else [one.port for one in wide.of("nats")]
    _write(
        home / "chinwag.toml",
        f"""# The settings of a demonstration: CHINWAG_CONFIG={home}/chinwag.toml chinwag status
[store]
profile = "{"postgres" if wide is None else "cassandra"}"
[postgres]
url = "{database._replace(netloc=f"{database.username}@{database.hostname}:{database.port}").geturl()}"
password_file = "postgres.password"
[nats]
urls = {_listed(f"nats://{bus.hostname}:{port}" for port in ports)}
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
{"" if wide is None else _wide_settings(wide)}""",
    )
    return {"CHINWAG_CONFIG": str(home / "chinwag.toml")}


def _wide_settings(wide: "WideEngines") -> str:
    """As many copies of everything as there are nodes."""
    cassandra, nats = wide.of("cassandra"), wide.of("nats")
    return f"""[zookeeper]
hosts = {_listed(f"{one.host}:{one.port}" for one in wide.of("zookeeper"))}
[cassandra]
hosts = {_listed(one.host for one in cassandra)}
port = {cassandra[0].port}
replicas = {len(cassandra)}
[streams]
replicas = {len(nats)}
monitor_urls = {_listed(one.monitor for one in nats)}
log_bytes = {64 << 20}
inbox_bytes = {64 << 20}
"""


def _listed(words: Iterable[str]) -> str:
    """As TOML."""
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


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
