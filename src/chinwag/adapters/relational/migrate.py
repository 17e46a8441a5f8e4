"""Brings the database to this code's schema, by the migrations that ship in the package."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from chinwag.told import Told


class NewerDatabaseError(Told):
    """The database has a schema that this code does not know: a newer version of Chinwag has been here."""


async def migrate(engine: AsyncEngine) -> None:
    """Run every migration that is missing, in one transaction. Raises `NewerDatabaseError` and changes nothing
    if the database is ahead of this code."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)


def known_revisions() -> frozenset[str]:
    """The schemas that this code can open, the newest included."""
    with as_file(files("chinwag.adapters.relational") / "migrations") as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        return frozenset(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())


def _upgrade(connection: Connection) -> None:
    with as_file(files("chinwag.adapters.relational") / "migrations") as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        present = set(MigrationContext.configure(connection).get_current_heads())
        if unknown := present - known:
            raise NewerDatabaseError(
                f"the directory's database has schema {', '.join(sorted(unknown))}, which this version of Chinwag "
                f"does not know (it knows up to {max(known)}): start a newer version, or restore an older backup"
            )
        command.upgrade(config, "head")
