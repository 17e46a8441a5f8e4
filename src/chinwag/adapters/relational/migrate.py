"""Brings the database to this code's schema, by the migrations that ship in the package."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine


async def migrate(engine: AsyncEngine) -> None:
    """Run every migration that is missing, in one transaction. What `revisions.py` does not know must not come here."""
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)


def upgrade(connection: Connection) -> None:
    """As `migrate`, in the transaction of `connection`."""
    with as_file(files("chinwag.adapters.relational") / "migrations") as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    if connection.dialect.name == "postgresql":
        order_by_code_points(connection)


def order_by_code_points(connection: Connection) -> None:
    """Let every column of text compare by code points, whatever the step that made it says: a database made elsewhere
    than in C has an order of its own."""
    query = """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
    """
    quoted = connection.dialect.identifier_preparer.quote
    for table, column in connection.execute(text(query)).all():
        connection.execute(text(f'ALTER TABLE {quoted(table)} ALTER {quoted(column)} TYPE TEXT COLLATE "C"'))
