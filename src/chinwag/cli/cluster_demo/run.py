"""The demonstration: engines, roles and nginx, started one after another and ended in the reverse order."""

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from chinwag.cli.cluster_demo.nginx import Nginx, nginx_command
from chinwag.cli.cluster_demo.process import DemoProcess, DemoProcessError, clean_environment
from chinwag.cli.out import Rows, say
from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.programs import cache_folder
from chinwag.lasting import lasting_folder, whole_file

ROLES: Final = (
    ("delivery-1", "delivery"),
    ("delivery-2", "delivery"),
    ("presence-1", "presence,housekeeping"),
    ("presence-2", "presence,housekeeping"),
    ("api-1", "api"),
    ("api-2", "api"),
    ("gateway-1", "gateway"),
    ("gateway-2", "gateway"),
)
SETTINGS: Final = {"max_connections": "300"}
"""Eight processes take up to twenty-four each."""
NGINX_LINE: Final = "nginx is not installed, so there is no address for all: sudo apt-get install nginx-light"


async def run(seconds: float | None, folder: Path | None) -> int:
    """Run it until Ctrl-C, SIGTERM, or so many seconds are over. folder: to be kept; None: one that goes at the end."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    async with AsyncExitStack() as stack:
        home, engines = await asyncio.to_thread(_folders, folder)
        if folder is None:
            for each in (home, engines):
                stack.callback(shutil.rmtree, each, ignore_errors=True)
        starting = asyncio.create_task(_start(stack, home, engines))
        stopping = asyncio.create_task(asked.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping
        say("stopping")
    say("The demonstration has ended.")
    return 0


def _folders(folder: Path | None) -> tuple[Path, Path]:
    """The folder of everything, and the engines' beside it: root's run as another user, who may not enter ours."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="chinwag-cluster-")), Path(tempfile.mkdtemp(prefix="chinwag-engines-"))
    home = lasting_folder(folder.expanduser().absolute())
    return home, home.with_name(f"{home.name}.engines")


async def _start(stack: AsyncExitStack, home: Path, engines: Path) -> None:
    environment = await stack.enter_async_context(_engines(home, engines))
    say("making the cluster")
    await _init(environment)
    processes: list[DemoProcess] = []
    for name, roles in ROLES:
        people = roles in ("api", "gateway")
        more = {"CHINWAG_SERVER_PORT": str(_free_port())} if people else {}
        processes.append(DemoProcess(name, roles, home, environment | more, say))
        stack.push_async_callback(processes[-1].stop)
    say(f"starting {len(processes)} processes")
    await asyncio.gather(*(process.start() for process in processes))
    command = nginx_command()
    nginx = None
    if command is not None:
        of = {kind: [one.url for one in processes if one.name.startswith(kind)] for kind in ("gateway", "api")}
        nginx = Nginx(command, home / "nginx", of["gateway"], of["api"])
        stack.push_async_callback(nginx.stop)
        await nginx.start()
    _tell(processes, nginx, home)


@asynccontextmanager
async def _engines(home: Path, folder: Path) -> AsyncIterator[dict[str, str]]:
    """PostgreSQL and NATS in `folder`; the settings, in `home`, that lead to them."""
    place = await asyncio.to_thread(Place.make, folder)
    programs = await asyncio.to_thread(fetch, cache_folder(), say)
    engines = Engines(place, Postgres(programs.postgres, place, settings=SETTINGS), Nats(programs.nats, place))
    ports = {key: one.port for key, one in engines.standings().items()}
    try:
        await asyncio.to_thread(engines.up, ports, say)
        found = engines.standings()
        yield clean_environment() | _settings(home, found["postgres"].url, found["nats"].url)
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


def _tell(processes: list[DemoProcess], nginx: Nginx | None, home: Path) -> None:
    table = Rows("name", "process", "address", "operators")
    for one in processes:
        table.add(one.name, one.pid, one.url or "-", one.observe)
    table.show()
    if nginx is None:
        say(NGINX_LINE)
    else:
        say(f"\nChat at {nginx.spread} (each connection to the gateway with the fewest)")
        say(f"     or {nginx.sticky} (one gateway for each address)")
    say(f"""
To see the role of each process:  CHINWAG_CONFIG={home}/chinwag.toml chinwag status
Kill any of them (kill -9): it is started again, and people wait for seconds. Logs are in {home}.
Ctrl-C ends it all.""")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
