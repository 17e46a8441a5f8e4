"""The demonstration: a cluster that runs until somebody ends it, and what is said of it."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from chinwag.cli.cluster_demo.memory import memory_of
from chinwag.cli.cluster_demo.nodes import kept
from chinwag.cli.cluster_demo.site import Site, started
from chinwag.cli.out import Rows, megabytes, say
from chinwag.lasting import lasting_folder

NGINX_LINE: Final = "nginx is not installed, so there is no address for all: sudo apt-get install nginx-light"


async def run(seconds: float | None, folder: Path | None, profile: str, nodes: int) -> int:
    """Run it until Ctrl-C, SIGTERM, or so many seconds are over. folder: to be kept; None: one that goes at the
    end. profile: `postgres` or `cassandra`; nodes: of each engine of the latter, PostgreSQL aside."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    async with AsyncExitStack() as stack:
        home, engines = await asyncio.to_thread(_folders, folder)
        if folder is None:
            for each in (home, engines):
                stack.callback(shutil.rmtree, each, ignore_errors=True)
        starting = asyncio.create_task(_start(stack, home, engines, profile, nodes))
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


async def _start(stack: AsyncExitStack, home: Path, engines: Path, profile: str, nodes: int) -> None:
    began = time.monotonic()
    site = await stack.enter_async_context(started(home, engines, profile=profile, nodes=nodes))
    took = time.monotonic() - began
    _tell(site, home, engines, f"Up in {took:.0f} s.{_memory_words(await asyncio.to_thread(memory_of, site))}")
    await stack.enter_async_context(kept(site.wide, say))


def _tell(site: Site, home: Path, engines: Path, taken: str) -> None:
    table = Rows("name", "process", "address", "operators")
    for one in site.processes:
        table.add(one.name, one.pid, one.url or "-", one.observe)
    for key, standing in site.engines.items():
        if site.wide is None or key == "postgres":
            table.add(key, standing.pid, f"127.0.0.1:{standing.port}", "-")
    if site.wide is not None:
        for key, node in sorted(site.wide.standings().items()):
            table.add(key, node.pid, f"{node.host}:{node.port}", "-")
    table.show()
    say(f"\n{taken}")
    if site.nginx is None:
        say(NGINX_LINE)
    else:
        say(f"\nChat at {site.nginx.spread} (each connection to the gateway with the fewest)")
        say(f"     or {site.nginx.sticky} (one gateway for each address)")
    say(f"""
Who does what:           CHINWAG_CONFIG={home}/chinwag.toml chinwag status
How the engines stand:   CHINWAG_CONFIG={home}/chinwag.toml chinwag cluster check
{_what_to_kill(site)} Logs are in {home} and {engines}.
Ctrl-C ends it all.""")


def _what_to_kill(site: Site) -> str:
    if site.wide is None:
        return "Kill any process of ours (kill -9): it is started again, and people wait for seconds."
    if len(site.wide.of("cassandra")) == 1:
        return (
            "Kill what you like but PostgreSQL (kill -9): it is started again, and people wait until then, as there is "
            "one node of each engine."
        )
    return (
        "Kill what you like but PostgreSQL (kill -9), of an engine's nodes one at a time: it is started again, and "
        "people wait for seconds at most."
    )


def _memory_words(taken: Mapping[str, int]) -> str:
    """Empty where the system does not say."""
    parts = sorted(taken.items(), key=lambda part: -part[1])
    words = ", ".join(f"{part} {megabytes(size)}" for part, size in parts)
    return f" It takes {megabytes(sum(taken.values()))} of memory: {words}." if taken else ""
