"""`chinwag cluster`: what a server on PostgreSQL and NATS needs besides `chinwag serve`."""

import asyncio
import string
from typing import Annotated, Final, Literal

import cyclopts
from cyclopts import Parameter
from cyclopts.validators import Number

from chinwag.cli.out import aside, say
from chinwag.cli.profile import need_cassandra, need_drivers, need_several
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.trouble import UsageError
from chinwag.cli.words_only import words_only
from chinwag.config import Config
from chinwag.config.cluster_sections import Store
from chinwag.told import Told

app = cyclopts.App(name="cluster")

NAMED: Final = frozenset(string.ascii_letters + string.digits + "-_")
SETTINGS = ("data", "store", "cluster", "postgres", "nats", "cassandra", "zookeeper", "streams")

NODES = 3
"""Of each engine of the demonstration: one may be lost."""


@app.command
@with_settings(*SETTINGS)
def init(**flags: str | None) -> None:
    """Make the tables, the cluster's name, its keys and its secret.

    To be run once, before the first server starts, and after each update of Chinwag. It makes what is not there, and
    changes nothing else: again, or on another machine, it only looks. Where an update changes the messages' tables, all
    servers must be stopped before: it says so.
    """
    words_only()
    config = read_settings(flags).config
    need_several(config)
    from chinwag.assembly.cluster.init import init

    cluster = asyncio.run(init(config, say))
    say(f"the cluster {cluster} is ready: `chinwag serve` starts its servers")


@app.command
@with_settings(*SETTINGS)
def check(**flags: str | None) -> int:
    """Look at all engines, and say what to do about what is wrong.

    Versions, what a cut of power would take, standbys, encodings, clocks, tables and keys. It changes nothing. Exits
    with 1 if something fails, else with 0.
    """
    words_only()
    config = read_settings(flags).config
    need_several(config)
    from chinwag.assembly.cluster.check import check
    from chinwag.assembly.cluster.credentials import messages_url, shown
    from chinwag.assembly.cluster.spoken import spoken
    from chinwag.cli.findings import told
    from chinwag.life.doctor import Finding

    async def look() -> list[Finding]:
        return [finding async for finding in check(config)]

    where = f"PostgreSQL at {shown(messages_url(config))} and NATS at {', '.join(config.nats.urls)}"
    return told(asyncio.run(spoken(look(), aside, f"looking at {where} …")))


@app.command
def demo(
    *,
    minutes: Annotated[float | None, Parameter(help="End after so long.", validator=Number(gt=0, lte=1_440))] = None,
    folder: Annotated[
        str | None, Parameter(help="Keep everything there (engines: FOLDER.engines); without it, all goes at the end.")
    ] = None,
    profile: Annotated[
        Literal["postgres", "cassandra"],
        Parameter(help="Which engines: cassandra has Cassandra, JetStream and ZooKeeper besides."),
    ] = "postgres",
    nodes: Annotated[
        int | None,
        Parameter(help="Of each engine on cassandra, PostgreSQL aside; 3 by default.", validator=Number(gte=1, lte=5)),
    ] = None,
) -> int:
    """Start a whole cluster on this machine, and show where it is.

    The engines, two processes of each role and, if it is installed, nginx before them: sticky, and not. Kill what you
    like meanwhile. Nothing else is needed, and nothing of it is reached from other machines.
    """
    from pathlib import Path

    if nodes is not None and profile == "postgres":
        raise Told("--nodes is for --profile cassandra: of PostgreSQL and core NATS there is one each")
    need_drivers(Config(store=Store(profile=profile)))
    from chinwag.cli.cluster_demo.run import run

    return asyncio.run(
        run(
            minutes * 60 if minutes else None,
            Path(folder) if folder else None,
            profile,
            NODES if nodes is None else nodes,
        )
    )


@app.command
@with_settings(*SETTINGS, "erasure")
def erase(
    *,
    nodetool: Annotated[
        str,
        Parameter(help="How to run nodetool for a node, with {host} for its address, such as `ssh {host} nodetool`."),
    ] = "nodetool -h {host}",
    host: Annotated[
        tuple[str, ...], Parameter(help="Only these nodes, by the addresses that `nodetool status` shows.", negative=())
    ] = (),
    **flags: str | None,
) -> int:
    """Take what was edited away or deleted out of the files of Cassandra's nodes.

    To be run by a timer, more often than erasure.days: each node in turn writes its tables anew. It is noted when that
    was; `chinwag cluster check`, the log and the metrics complain of a node that is late. Exits with 1 if a node
    failed, or if snapshots or hints older than erasure.days hold what was erased.
    """
    words_only()
    config = read_settings(flags).config
    need_cassandra(config)
    from chinwag.assembly.cluster.erase_nodes import erase_nodes
    from chinwag.assembly.cluster.nodetool import Nodetool
    from chinwag.cli.findings import told

    return told(asyncio.run(erase_nodes(config, Nodetool(nodetool), host, aside)))


@app.command
@with_settings(*SETTINGS)
def snapshot(
    name: Annotated[str, Parameter(help="Of this backup; it must be new.")],
    *,
    nodetool: Annotated[str, Parameter(help="As for `erase`.")] = "nodetool -h {host}",
    **flags: str | None,
) -> None:
    """Take snapshots of all tables on all of Cassandra's nodes, in the order in which they fit one another.

    While servers run. The first part of a backup: PostgreSQL comes after it (docs/backup.md). A snapshot lies in the
    folders of the node's tables; copy it away from there, then let `nodetool clearsnapshot` remove it.
    """
    words_only()
    config = read_settings(flags).config
    need_cassandra(config)
    if not name or not set(name) <= NAMED:
        raise UsageError("a snapshot's name has letters, digits, `-` and `_`")
    from chinwag.assembly.cluster.nodetool import Nodetool
    from chinwag.assembly.cluster.snapshot_nodes import snapshot_nodes

    made = asyncio.run(snapshot_nodes(config, name, Nodetool(nodetool), aside))
    say(f"each node has the snapshots {', '.join(made)}: copy them away, and back PostgreSQL up now")


@app.command
@with_settings(*SETTINGS)
def restored(**flags: str | None) -> None:
    """Begin a new life in a database that was brought back from a backup.

    To be run after the restore, before the first server starts. Devices that come back are told that what they know may
    no longer be so, and load everything afresh. Without it they could take new messages for ones that they have seen.
    """
    words_only()
    config = read_settings(flags).config
    need_several(config)
    if config.store.profile == "cassandra":
        from chinwag.assembly.cluster.restore_streams import restore_streams

        asyncio.run(restore_streams(config, aside))
        say("new epochs begin in all partitions: devices that come back load everything afresh")
        return
    from chinwag.adapters.postgres import begin_new_life
    from chinwag.assembly.cluster.credentials import messages_url, shown
    from chinwag.assembly.cluster.opened import reached

    url = messages_url(config)
    asyncio.run(reached(url, begin_new_life(url)))
    say(f"a new life begins in {shown(url)}: devices that come back load everything afresh")
