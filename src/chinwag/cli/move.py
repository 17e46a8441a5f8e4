"""`chinwag move`: a data folder becomes an installation of the postgres profile, or comes back."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts
from cyclopts import Parameter

from chinwag.cli.out import aside, say
from chinwag.cli.profile import need_drivers, need_postgres
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.trouble import UsageError
from chinwag.cli.words_only import words_only
from chinwag.config import Config
from chinwag.life.moved import ANYWAY

if TYPE_CHECKING:
    from chinwag.life.backup import Telling
    from chinwag.life.move.move import Moved, Target

app = cyclopts.App(name="move")


@app.default
@with_settings("data", "store", "cluster", "postgres", "nats", "s3")
def move(
    *,
    back: Annotated[
        str | None,
        Parameter(
            help=f"With the word `{ANYWAY}`: give a move up, or come back from one, to the data folder as it was when "
            "it was moved. What was said and done elsewhere since is not in it."
        ),
    ] = None,
    **flags: str | None,
) -> None:
    """Move a data folder to PostgreSQL."""
    words_only()
    config = read_settings(flags).config
    data = config.data.path.expanduser()
    if back is None:
        need_postgres(config)
        _move(config, data)
    elif back == ANYWAY:
        need_drivers()
        _back(config, data)
    else:
        raise UsageError(f"--back takes the word {ANYWAY}, so that nobody comes back to old data by mistake")


def _move(config: Config, data: Path) -> None:
    from chinwag.assembly.cluster.credentials import directory_url, messages_url, read_secret, shown
    from chinwag.assembly.media import media_store_of
    from chinwag.cli.telling import TerminalTelling
    from chinwag.life.move.move import Target

    media = media_store_of(config) if config.s3.endpoint else None
    target = Target(
        messages=messages_url(config),
        directory=directory_url(config),
        secret=read_secret(config),
        name=shown(messages_url(config)),
        media=media,
    )
    with TerminalTelling() as telling:
        moved = asyncio.run(_moved(data, target, telling))
    if moved.rows:
        keys = f"{moved.keys} signing {'key' if moved.keys == 1 else 'keys'}"
        say(
            f"moved to {target.name}, and compared: {sum(moved.rows.values()):,} rows, among them "
            f"{moved.rows.get('events', 0):,} events and {moved.rows.get('accounts', 0):,} accounts; {keys}"
            + (f"; {moved.media:,} files into the bucket {config.s3.bucket}" if media is not None else "")
        )
    else:
        say(f"{data} has moved to {target.name} before, and all of it is there")
    say("start it with `chinwag serve`, with these settings; on this folder no server starts any more")


async def _moved(data: Path, target: "Target", telling: "Telling") -> "Moved":
    from chinwag.life.move.move import move

    try:
        return await move(data, target, telling)
    finally:
        if target.media is not None:
            await target.media.close()


def _back(config: Config, data: Path) -> None:
    from chinwag.assembly.cluster.credentials import messages_url, shown
    from chinwag.life.move.back import go_back, refuse_served

    url = messages_url(config) if config.postgres.url else None
    asyncio.run(refuse_served(data, url, shown(url or ""), aside))
    if go_back(data):
        say("a new life begins in this folder: devices that come back load everything afresh")
    say(f"{data} is served again by `chinwag serve --store-profile embedded`; the database can be dropped")
