"""After a restore on the cassandra profile: what is of a later moment than the states of the conversations agrees with
them again.

In Cassandra's own tables that is taken back (`adapters/cassandra/taken_back.py`). In the directory, whose copy is the
latest of all, it holds: the conversations are told again who takes no messages of whom.
"""

from collections.abc import Callable
from typing import Final

from chinwag.adapters.cassandra import Database
from chinwag.adapters.cassandra.taken_back import TakenBack
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.assembly.cluster.credentials import directory_url
from chinwag.assembly.cluster.named_engines import named
from chinwag.assembly.cluster.opened import reached
from chinwag.config import Config
from chinwag.flow.clock import system_clock
from chinwag.ports.directory import Directory

TOGETHER: Final = 10_000
"""Blocks of one transaction."""
SAID: Final = 100_000
"""From so many rows to so many more it is said how far this is."""


async def restore_rows(config: Config, database: Database, epochs: list[int], say: Callable[[str], None]) -> None:
    """epochs: of each partition of the log, just begun. say: what is done now. Raises a `Told`: it is to be done again,
    from the epochs on."""
    url = directory_url(config)
    directory = await reached(url, open_postgres_directory(url))
    try:
        say("taking back what lies above the states of conversations")
        await named(f"Cassandra at {', '.join(config.cassandra.hosts)}", _taken_back(database, directory, epochs, say))
        say("telling conversations again who takes no messages of whom")
        await reached(url, _all_due(directory))
    finally:
        await directory.close()


async def _taken_back(database: Database, directory: Directory, epochs: list[int], say: Callable[[str], None]) -> None:
    read: dict[str, int] = {}
    changed: dict[str, int] = {}
    async for piece in TakenBack(database, epochs).all():
        before = read.get(piece.table, 0)
        read[piece.table] = before + piece.read
        changed[piece.table] = changed.get(piece.table, 0) + piece.changed
        if before // SAID != read[piece.table] // SAID:
            say(f"{piece.table}: {read[piece.table]} rows read")
        if piece.declining:
            async with directory.transaction() as transaction:
                for account, other in piece.declining:
                    await transaction.declines.add(account, other, system_clock())
    say("taken back: " + ", ".join(f"{changed[table]} of {read[table]} {table}" for table in read))


async def _all_due(directory: Directory) -> None:
    now, more = system_clock(), 1
    while more:
        async with directory.transaction() as transaction:
            more = await transaction.declines.add_all(now, TOGETHER)
