"""`chinwag search`: the index by which messages are found."""

import asyncio
import sys
import time
from typing import Annotated, Final

import cyclopts
import msgspec
from cyclopts import Parameter

from chinwag.cli.operate import minute
from chinwag.cli.out import aside, say
from chinwag.cli.profile import need_drivers
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.words_only import words_only
from chinwag.config import Config
from chinwag.domain.index_status import IndexStatus

LOOK_SECONDS: Final = 1.0
"""How often a rebuild that is under way is asked how far it is."""

app = cyclopts.App(name="search")


@app.command
@with_settings("data", "store", "cluster", "postgres")
def status(
    *,
    json: Annotated[bool, Parameter(help="One JSON object instead of a sentence.", negative=())] = False,
    **flags: str | None,
) -> None:
    """Show how many messages the index knows, and how far it is behind."""
    found = _ask(read_settings(flags).config, rebuild=False)
    if json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        say(told(found))


@app.command
@with_settings("data", "store", "cluster", "postgres")
def rebuild(
    *,
    wait: Annotated[bool, Parameter(help="Show how far it is until it is done.")] = True,
    **flags: str | None,
) -> None:
    """Make the index anew, from all messages. The server goes on; until it is done, searches find only a part."""
    config = read_settings(flags).config
    found = _ask(config, rebuild=True)
    say(told(found))
    while wait and not (found.whole and not found.behind):
        time.sleep(LOOK_SECONDS)
        before, found = found, _ask(config, rebuild=False)
        if found != before:
            say(told(found))


def told(found: IndexStatus) -> str:
    """A status in words."""
    known = f"{found.messages:,} messages can be found"
    if not found.whole:
        return f"{known}; the index is being made: {found.walked:,} conversations are through"
    if not found.behind:
        return f"{known}; that is all"
    since = f", all that was said before {minute(found.read_at)} UTC is among them" if found.read_at else ""
    return f"{known}; {found.behind:,} events are not read yet{since}"


def _ask(config: Config, *, rebuild: bool) -> IndexStatus:
    if config.store.profile != "embedded":
        words_only()
        need_drivers(config)
        from chinwag.assembly.cluster.operators import cluster_index

        return asyncio.run(cluster_index(config, aside, rebuild=rebuild))
    from chinwag.life.running import index_of

    return index_of(config.data.path.expanduser(), rebuild=rebuild)
