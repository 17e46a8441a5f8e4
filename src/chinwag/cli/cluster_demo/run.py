"""The demonstration: a cluster that runs until somebody ends it, and what is said of it."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from chinwag.cli.cluster_demo.nginx import Nginx
from chinwag.cli.cluster_demo.process import DemoProcess
from chinwag.cli.cluster_demo.site import started
from chinwag.cli.out import Rows, say
from chinwag.lasting import lasting_folder

NGINX_LINE: Final = "nginx is not installed, so there is no address for all: sudo apt-get install nginx-light"


async def run(seconds: float | None, folder: Path | None, profile: str) -> int:
    """Run it until Ctrl-C, SIGTERM, or so many seconds are over. folder: to be kept; None: one that goes at the
    end. profile: `postgres` or `cassandra`."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    async with AsyncExitStack() as stack:
        home, engines = await asyncio.to_thread(_folders, folder)
        if folder is None:
            for each in (home, engines):
                stack.callback(shutil.rmtree, each, ignore_errors=True)
        starting = asyncio.create_task(_start(stack, home, engines, profile))
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


async def _start(stack: AsyncExitStack, home: Path, engines: Path, profile: str) -> None:
    site = await stack.enter_async_context(started(home, engines, profile=profile))
    _tell(site.processes, site.nginx, home)


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
