"""`chinwag move`: a data folder becomes an installation of the postgres profile, and that one of the cassandra profile;
or they come back."""

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
from chinwag.life.folder import MESSAGES
from chinwag.life.moved import ANYWAY, move_of

if TYPE_CHECKING:
    from chinwag.life.backup import Telling
    from chinwag.life.move.move import Moved, Target

app = cyclopts.App(name="move")


@app.default
@with_settings("data", "store", "cluster", "postgres", "nats", "s3", "cassandra", "zookeeper", "streams", "inbox")
def move(
    *,
    back: Annotated[
        str | None,
        Parameter(
            help=f"With the word `{ANYWAY}`: give a move up, or come back from one, to the data folder, or on the "
            "cassandra profile to the database, as it was when it was moved. What was said and done elsewhere since is "
            "not in it."
        ),
    ] = None,
    **flags: str | None,
) -> None:
    """Move an installation to the engines that the settings name, so that nobody has to log in again.

    With store.profile postgres: a data folder, to PostgreSQL. With cassandra: the messages of an installation on
    postgres, to Cassandra; accounts stay in the same PostgreSQL. Make the new place with `chinwag cluster init`, stop
    all servers, and run this. Cut short, it goes on where it was when it is run again; nobody is served until all of it
    is there and was compared (docs/moving.md).
    """
    words_only()
    config = read_settings(flags).config
    data = config.data.path.expanduser()
    wide = config.store.profile == "cassandra"
    if back not in (None, ANYWAY):
        raise UsageError(f"--back takes the word {ANYWAY}, so that nobody comes back to old data by mistake")
    if back is None and wide:
        need_drivers(config)
        _onward(config, data)
    elif back is None:
        need_postgres(config)
        _move(config, data)
    elif wide:
        need_drivers(config)
        _back_from_wide(config)
    else:
        need_drivers()
        _back(config, data)


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


def _onward(config: Config, data: Path) -> None:
    from chinwag.assembly.cluster.credentials import messages_url, shown
    from chinwag.assembly.cluster.move_streams import move_streams
    from chinwag.cli.telling import TerminalTelling

    if (data / MESSAGES).is_dir() and move_of(data) is None:
        raise UsageError(
            f"{data} is a data folder, which goes to PostgreSQL first: `chinwag move --store-profile postgres`, and "
            "then this again. If it is not what you want to move, name another folder with --data-path"
        )
    with TerminalTelling() as telling:
        rows = asyncio.run(move_streams(config, telling))
    name, keyspace = shown(messages_url(config)), f"keyspace {config.cassandra.keyspace}"
    if rows:
        say(
            f"moved from {name} to {keyspace}, and compared: {sum(rows.values()):,} rows, among them "
            f"{rows['events']:,} events of {rows['states']:,} conversations; accounts stay in PostgreSQL"
        )
    else:
        say(f"the messages of {name} have moved to {keyspace} before, and all of it is there")
    say("start the servers with `chinwag serve`, with these settings; with store.profile postgres none starts any more")


def _back_from_wide(config: Config) -> None:
    from chinwag.assembly.cluster.credentials import messages_url, shown
    from chinwag.assembly.cluster.move_streams import back_from_streams

    if asyncio.run(back_from_streams(config, aside)):
        say("a new life begins in the database: devices that come back load everything afresh")
    say(
        f"{shown(messages_url(config))} is served again by `chinwag serve --store-profile postgres`; the keyspace "
        f"{config.cassandra.keyspace} can be dropped"
    )
