"""The tables of what lasts, and their number. They live in the schema `messages`, so that the Directory may share the
database."""

from importlib import resources
from typing import Any, Final

from chinwag.adapters.older_servers import OlderServersError
from chinwag.adapters.postgres.served import live_processes
from chinwag.told import Told

VERSION: Final = 3
PARTITIONS: Final = 64
_LOCK: Final = 0x6D657373
"""Whoever makes or changes the schema holds this advisory lock, until its transaction ends."""


class SchemaError(Told):
    """The database cannot be worked with; the words say why and what to do."""


class MissingSchemaError(SchemaError):
    """Nothing was made yet."""


class OlderSchemaError(SchemaError):
    """An older version of Chinwag made it, and this one has not brought it up yet."""


class NewerSchemaError(SchemaError):
    """A newer version of Chinwag made it."""


async def create(connection: Any, partitions: int = PARTITIONS) -> None:
    """Make what is not there yet, and bring what an older version made to this one's form. Doing it again changes
    nothing, also from several processes at once.

    partitions: of the log, fixed from then on. Raises `NewerSchemaError`, `OlderServersError` where the form would
    change under processes that live, and `SchemaError` for another number of partitions than it was made with.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        found = await _found(connection)
        if found is None:
            await connection.execute(_text("tables.sql"))
            await connection.execute(_text("functions.sql"))
            await _bring_up(connection, 1)
            await connection.execute(
                "INSERT INTO messages.life (version, partitions, system, timeline, epoch) VALUES ($1, $2, 0, 0, 0)",
                VERSION,
                partitions,
            )
            await connection.execute("SELECT messages.live_1(true)")
            await connection.execute("UPDATE messages.life SET epoch = 1")
            return
        if found[1] != partitions:
            raise SchemaError(
                f"this database was made for {found[1]} partitions, which cannot be changed to {partitions}"
            )
        if found[0] < VERSION:
            if live := await live_processes(connection):
                raise OlderServersError(found[0], VERSION, live)
            await _bring_up(connection, found[0])
            await connection.execute("UPDATE messages.life SET version = $1", VERSION)


async def verify(connection: Any) -> int:
    """How many partitions the log has. Raises `MissingSchemaError`, `OlderSchemaError` or `NewerSchemaError`."""
    found = await _found(connection)
    if found is None:
        raise MissingSchemaError("this database holds no messages' tables yet: run `chinwag cluster init`")
    if found[0] < VERSION:
        raise OlderSchemaError(
            f"the messages' tables are of schema {found[0]}, and this version of Chinwag needs {VERSION}: stop the "
            "servers of the older version, then run `chinwag cluster init` of this one"
        )
    return found[1]


async def begin_anew(connection: Any) -> None:
    """Void all cursors and whatever a process has in memory: for a database that was brought back from files whose
    timeline does not tell it."""
    await connection.execute("SELECT messages.live_1(true)")


async def _bring_up(connection: Any, version: int) -> None:
    """From that schema to this version's, of which `tables.sql` and `functions.sql` are the first."""
    for leaving in range(version, VERSION):
        await connection.execute(_text(f"from_{leaving}.sql"))


async def _found(connection: Any) -> tuple[int, int] | None:
    if await connection.fetchval("SELECT to_regclass('messages.life') IS NULL"):
        return None
    version, partitions = await connection.fetchrow("SELECT version, partitions FROM messages.life")
    if version > VERSION:
        raise NewerSchemaError(
            f"the messages' tables are of schema {version}, and this version of Chinwag knows {VERSION} at most: "
            "use the version that made them, or a newer one"
        )
    return version, partitions


def _text(name: str) -> str:
    return (resources.files(__package__) / name).read_text()
