"""Moves the messages of a PostgreSQL database to Cassandra. It can be cut short at any point, and run again.

The order is what makes that safe. First the keyspace says that it is half moved: nobody serves it. Then the database
says that its messages are leaving: nobody serves them from there. Rows come in pieces, each written before it is kept
how far it has come: what is written twice is the same. All of it is compared. Then the database says that they have
left, and last the keyspace that it is whole: at no moment do both serve. Accounts stay where they are.
"""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import msgspec

from chinwag.adapters.cassandra.filling import CassandraFilling, FillingError
from chinwag.adapters.cassandra.moved_rows import SHAPES, Converting, Totals
from chinwag.adapters.cassandra.moves import Held
from chinwag.adapters.postgres.leaving import Away, Leaving
from chinwag.adapters.postgres.moving import MESSAGES, MoveError, Progress
from chinwag.fail_points import passing
from chinwag.flow.clock import system_clock
from chinwag.life.backup import Telling
from chinwag.life.move.ahead import ahead

SIZE: Final = 1_000
"""Rows of one piece."""


class Onward(msgspec.Struct, frozen=True):
    """A move. source: from where. target: to where. idle: raises a `Told` if processes serve the target. seconds: for
    how long the target keeps entries of inboxes. size: rows of one piece."""

    source: Leaving
    target: CassandraFilling
    idle: Callable[[], Awaitable[None]]
    seconds: int
    size: int = SIZE


_AGAIN: Final = (
    "Nobody is served by it. Give the move up (`chinwag move --back anyway`), drop the keyspace, make it again with "
    "`chinwag cluster init`, and move again; if that tells the same, keep both and ask for help"
)

UNTOLD: Final = "So the keyspace still takes itself for one that holds this installation: drop it"
"""Said of a keyspace that could not be told that the move into it is given up."""


async def move_onward(onward: Onward, telling: Telling) -> dict[str, int]:
    """Do it, or go on with it; how many rows of each table were moved and compared: none if that was done before.

    Raises `MoveError`, `FillingError` and other `Told`.
    """
    source, target = onward.source, onward.target
    away = await _agreed(onward)
    if away is None:
        return {}
    passing("move.begun")
    rows = await _copy(onward, telling)
    passing("move.copied")
    await _compare(onward, rows, telling)
    await source.finish()
    passing("move.marked")
    await target.mark(Held(away.id, "moved", target.base(await source.epoch())), away.began)
    passing("move.opened")
    return rows


async def _agreed(onward: Onward) -> Away | None:
    """The move that both agree upon, begun; None if it was done before. Raises `MoveError`."""
    source, target = onward.source, onward.target
    away, held = await source.held(), await target.held()
    if away is not None and held is not None and away.id == held.id:
        if held.stage == "moved":
            return None
        if held.stage == "under way":
            await _alone(onward)
            return away
    if held is not None and held.stage != "under way":
        raise MoveError(f"an installation was moved into {target.name} before: name a new one (cassandra.keyspace)")
    if away is not None and (away.finished or held is not None):
        raise MoveError(
            f"the messages are on their way to {away.to}, or have gone there, and {target.name} holds "
            f"{'another move' if held is not None else 'nothing of them'}: name that one as for the move, or come back "
            "first, with `chinwag move --back anyway`"
        )
    if away is None:
        await source.fits()
    await _alone(onward)
    await target.empty()
    begun = Away(secrets.token_hex(16), target.name, system_clock())
    await target.mark(Held(begun.id, "under way"), begun.began)
    await source.begin(begun)
    try:
        await source.idle()  # whoever began a moment before has been seen by now, and whoever begins later is refused
    except MoveError:
        await source.give_up(anew=False)
        raise
    return begun


async def _alone(onward: Onward) -> None:
    await onward.source.idle()
    await onward.idle()


async def _copy(onward: Onward, telling: Telling) -> dict[str, int]:
    source, converting = onward.source, Converting(onward.seconds)
    about, there = await source.about(), 0
    rows: dict[str, int] = {}
    for table in MESSAGES:
        telling.doing(f"copying {table.name}")
        progress = await source.progress(table)
        there += progress.rows
        if not progress.whole:
            async with aclosing(ahead(source.rows(table, progress.after, onward.size))) as pieces:
                async for place, piece in pieces:
                    await onward.target.write(converting.changes(table.name, piece))
                    progress = Progress(place, progress.rows + len(piece))
                    await source.come_to(table, progress)
                    passing("move.batch")
                    there += len(piece)
                    telling.now(f"copied {there:,} rows, of about {max(about, there):,}")
            progress = progress._replace(whole=True)
            await source.come_to(table, progress)
        rows[table.name] = progress.rows
    return rows


async def _compare(onward: Onward, copied: dict[str, int], telling: Telling) -> None:
    """See that all of it is there, and nothing else. Raises `MoveError`."""
    here, converting, read = Totals(), Converting(onward.seconds), 0
    for table in MESSAGES:
        telling.doing(f"reading {table.name} once more")
        rows = 0
        async with aclosing(ahead(onward.source.rows(table, b"", onward.size))) as pieces:
            async for _, piece in pieces:
                here.write(converting.changes(table.name, piece))
                rows += len(piece)
                read += len(piece)
                telling.now(f"read {read:,} rows once more, of {sum(copied.values()):,}")
        if rows != copied[table.name]:
            raise MoveError(
                f"the database has changed while it was moved ({table.name}: {copied[table.name]:,} rows before, "
                f"{rows:,} now). {_AGAIN}"
            )
    there, read = Totals(), 0
    for table_there in SHAPES:
        telling.doing(f"comparing {table_there}")
        async for some in onward.target.read(there, table_there):
            read += some
            telling.now(f"compared {read:,} rows of the keyspace")
        one, other = here.of(table_there), there.of(table_there)
        if one != other:
            how = (
                f"{one.cells:,} values here, {other.cells:,} there"
                if one.cells != other.cells
                else f"{one.cells:,} values, and not the same ones"
            )
            raise MoveError(f"what was moved is not what is in the database ({table_there}: {how}). {_AGAIN}")


async def come_back(source: Leaving, target: CassandraFilling | None, say: Callable[[str], None]) -> bool:
    """Let the messages be served from the database again, as they were when they left; whether a new life begins in it.
    target: None if it is not known. say: takes a warning.

    If the move had come to its end, people may have gone on elsewhere: positions and numbers were given there that will
    be given here a second time. So every cursor becomes void, as with a restore. Raises `MoveError`.
    """
    away = await source.held()
    if away is None:
        raise MoveError("the messages of this database are not being moved, and have not moved: servers start on it")
    await source.idle()
    if target is not None:
        try:
            held = await target.held()
            if held is not None and held.id == away.id:
                await target.mark(Held(away.id, "given up"), away.began)
        except FillingError as unreachable:
            say(f"{unreachable}. {UNTOLD}")
    await source.give_up(anew=away.finished)
    return away.finished
