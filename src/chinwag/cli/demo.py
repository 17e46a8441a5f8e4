"""`chinwag demo`: a server with sample people who talk, to try things out on."""

import asyncio
import contextlib
import secrets
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import cyclopts
import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from chinwag import logs
from chinwag.cli.browser import browser_address
from chinwag.cli.demo_people import GUEST
from chinwag.cli.hurt import say_if_hurt_on_purpose
from chinwag.cli.out import say
from chinwag.cli.settings import read_settings, with_settings
from chinwag.collector import uncollected
from chinwag.config import Config, Effective

if TYPE_CHECKING:
    from chinwag.assembly import Server

PASSWORD: Final = "a demonstration"  # noqa: S105 - everybody may know it
MINUTES: Final = 60.0
MINUTES_MOST: Final = 1_440.0

app = cyclopts.App(name="demo")


@app.default
@with_settings("server", "observe", "data")
def demo(
    *,
    minutes: Annotated[float, Parameter(help="End after so long.", validator=Number(gt=0, lte=MINUTES_MOST))] = MINUTES,
    **flags: str | None,
) -> int:
    """Start a server with sample people who talk."""
    import uvloop

    effective = read_settings(flags)
    with contextlib.ExitStack() as stack:
        config = _own(effective, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chinwag-demo-"))))
        logs.configure(config.log)
        return uvloop.run(_demo(config, minutes * 60))


def _own(effective: Effective, temporary: Path) -> Config:
    """The settings, but never the data of a real server by accident: only a flag names a folder."""
    config = effective.config
    path = config.data.path if effective.sources["data.path"].kind == "flag" else temporary / "data"
    return msgspec.structs.replace(
        config,
        data=msgspec.structs.replace(config.data, path=path),
        accounts=msgspec.structs.replace(config.accounts, sign_up="open"),
        log=msgspec.structs.replace(config.log, level="warning"),
    )


async def _demo(config: Config, seconds: float) -> int:
    with uncollected():
        from chinwag.assembly import begin_server

    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    say_if_hurt_on_purpose(config)
    server = await begin_server(config)
    try:
        say("Sample people are moving in …")
        await _talk(server, config, asked, seconds)
    finally:
        await server.stop()
    say("The demonstration has ended.")
    return 0


async def _talk(server: "Server", config: Config, asked: asyncio.Event, seconds: float) -> None:
    from chinwag.cli.demo_play import sample_people

    url = f"http://{config.server.host}:{server.port.port}"
    async with sample_people(url, PASSWORD) as cast:
        playing = asyncio.create_task(cast.play(), name="demo")
        say(_welcome(url, browser_address(config, server.port.port) if config.server.web else ""))
        try:
            async with asyncio.timeout(seconds):
                stopping = asyncio.create_task(asked.wait())
                await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            say("Time is up.")
        finally:
            failed = playing.done() and not playing.cancelled() and playing.exception()
            playing.cancel()
            await asyncio.wait({playing})
        if failed:
            raise failed


def _welcome(url: str, browser: str) -> str:
    profile = f"demo-{secrets.token_hex(3)}"
    look = f"""
Look on in a browser: open {browser} and log in as {GUEST} with the password "{PASSWORD}".
"""
    return f"""
They are talking at {url}.
{look if browser else ""}
Or join them in another terminal:

    CHINWAG_PASSWORD="{PASSWORD}" chinwag chat --server {url} --name {GUEST} --profile {profile}

Everybody has the password "{PASSWORD}", so you can be ada, emi or karim as well (with another --profile).
Ctrl-C ends the demonstration.
"""
