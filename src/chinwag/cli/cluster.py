"""`chinwag cluster`: what a server on PostgreSQL and NATS needs besides `chinwag serve`."""

import asyncio

import cyclopts

from chinwag.cli.out import say
from chinwag.cli.profile import need_postgres
from chinwag.cli.settings import read_settings, with_settings

app = cyclopts.App(name="cluster")

SETTINGS = ("data", "store", "cluster", "postgres", "nats")


@app.command
@with_settings(*SETTINGS)
def init(**flags: str | None) -> None:
    """Make the tables, the cluster's name, its keys and its secret.

    To be run once, before the first server starts, and after each update of Chinwag. It makes what is not there, and
    changes nothing else: again, or on another machine, it only looks.
    """
    config = read_settings(flags).config
    need_postgres(config)
    from chinwag.assembly.cluster.init import init

    cluster = asyncio.run(init(config, say))
    say(f"the cluster {cluster} is ready: `chinwag serve` starts its servers")


@app.command
@with_settings(*SETTINGS)
def check(**flags: str | None) -> int:
    """Look at both engines, and say what to do about what is wrong.

    Versions, what a cut of power would take, standbys, encodings, clocks, tables and keys. It changes nothing. Exits
    with 1 if something fails, else with 0.
    """
    config = read_settings(flags).config
    need_postgres(config)
    from chinwag.assembly.cluster.check import check
    from chinwag.cli.findings import told
    from chinwag.life.doctor import Finding

    async def look() -> list[Finding]:
        return [finding async for finding in check(config)]

    return told(asyncio.run(look()))


@app.command
@with_settings(*SETTINGS)
def restored(**flags: str | None) -> None:
    """Begin a new life in a database that was brought back from a backup.

    To be run after the restore, before the first server starts. Devices that come back are told that what they know may
    no longer be so, and load everything afresh. Without it they could take new messages for ones that they have seen.
    """
    config = read_settings(flags).config
    need_postgres(config)
    from chinwag.adapters.postgres import begin_new_life
    from chinwag.assembly.cluster.credentials import messages_url, shown
    from chinwag.assembly.cluster.opened import reached

    url = messages_url(config)
    asyncio.run(reached(url, begin_new_life(url)))
    say(f"a new life begins in {shown(url)}: devices that come back load everything afresh")
