"""`chinwag status`: what the running server is doing."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import cyclopts
import msgspec
from cyclopts import Parameter

from chinwag.cli.out import Rows, aside, megabytes, say
from chinwag.cli.profile import need_drivers
from chinwag.cli.search import told as told_of_index
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.words_only import words_only
from chinwag.config import Config
from chinwag.domain.census import Census
from chinwag.domain.media_status import MediaStatus
from chinwag.wire.control import Status

BEHIND_SECONDS: Final = 900
"""When it is told how long ago that was."""

app = cyclopts.App(name="status")


@app.default
@with_settings("data", "store", "cluster", "postgres")
def status(
    *,
    json: Annotated[bool, Parameter(help="One JSON object instead of a table.", negative=())] = False,
    **flags: str | None,
) -> int:
    """Show what the server of this data folder is doing. Exits with 1 if none runs or it is not ready.

    With store.profile = "postgres" or "cassandra": which processes there are, who does what, and which nodes of
    Cassandra are late with erasing.
    """
    from chinwag.life.running import status_of

    config = read_settings(flags).config
    if config.store.profile != "embedded":
        return _cluster(config, json)
    data = config.data.path.expanduser()
    told = status_of(data)
    if json:
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        _table(told).show()
    return 0 if told.ready else 1


def _cluster(config: Config, json: bool) -> int:
    words_only()
    need_drivers(config)
    from chinwag.assembly.cluster.status import cluster_status

    told = asyncio.run(cluster_status(config, aside))
    if json:
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        table = Rows("process", "state", "sessions", "address", "does")
        for node in told.nodes:
            sessions = f"{node.sessions:,} of {node.capacity:,}" if node.capacity else "-"
            does = ", ".join(node.owns) or ("people" if {"gateway", "api"} & set(node.roles) else "stands by")
            table.add(node.id, node.state, sessions, node.url or "-", does)
        say(f"cluster {told.cluster}, {told.partitions} partitions")
        table.show("no process is there")
        for role in told.missing:
            say(f"NOBODY has the role {role}")
        if told.late is None:
            say("Cassandra does not answer: whether its nodes erase in time is not known")
        if told.groups is None:
            say("the messages do not answer: how many groups are large is not known")
        elif told.groups.wide:
            say(f"groups of many: {_groups(told.groups)}")
        for host in told.late or ():
            say(f"OVERDUE on Cassandra's node {host}: what was erased may be in its files (chinwag cluster erase)")
    return 1 if told.missing else 0


def _media(told: MediaStatus, now: int) -> str:
    said = f"{told.files:,} files, {megabytes(told.bytes)}, shown by {told.shown:,} messages"
    if told.unfinished:
        said += f"; {told.unfinished:,} uploads under way"
    if told.dying:
        said += f"; {told.dying:,} being deleted"
    if not told.read_at:
        return said + "; what messages show is being read"
    behind = (now - told.read_at) // 1000
    return said if behind < BEHIND_SECONDS else f"{said}; what messages show was read {behind:,} s ago"


def _groups(told: Census) -> str:
    return f"{told.wide:,} keep their members in rows, {told.large:,} of them are large"


def _table(told: Status) -> Rows:
    started = datetime.fromtimestamp(told.started_at / 1000, UTC)
    uptime = timedelta(seconds=(told.now - told.started_at) // 1000)
    state = "ready" if told.ready else f"NOT ready: {', '.join(told.failing)}"
    rows = {
        "server": f"Chinwag {told.version}, {state} (process {told.pid})",
        "address": f"{told.url} (operators: {told.observe_url})",
        "roles": ", ".join(told.roles),
        "up": f"{uptime} (since {started:%Y-%m-%d %H:%M:%S} UTC)",
        "sessions": f"{told.sessions:,} of {told.max_connections:,}",
        "polling devices": f"{told.polling_devices:,}",
        "answers waiting": f"{told.answers_waiting:,}",
        "placed": f"{told.placed:,} events; {told.placed_per_second:,.1f} a second in the last "
        f"{told.lately_seconds:.0f} s",
        "retries, refusals": f"{told.repeated:,} answered again, {told.refused:,} refused",
        "trouble": f"{told.failed_commits:,} failed commits, {told.poison:,} set aside",
        "search": "the index does not answer" if told.search is None else told_of_index(told.search),
        "pushes": "nobody is pushed to" if told.pushes_waiting is None else f"{told.pushes_waiting:,} wait",
        "groups of many": "the messages do not answer" if told.groups is None else _groups(told.groups),
        "media": "the directory does not answer" if told.media is None else _media(told.media, told.now),
        "disk": f"{megabytes(told.stores_bytes)} used, {megabytes(told.free_bytes)} free",
        "data": f"format {told.data_format}, inbox epoch {told.inbox_epoch}, log epoch {told.log_epoch}",
    }
    table = Rows()
    for name, value in rows.items():
        table.add(name, value)
    return table
