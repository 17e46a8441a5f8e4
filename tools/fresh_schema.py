"""Write `adapters/relational/fresh.py`: what all migrations together make of an empty database."""

import asyncio
import contextlib
import sqlite3
import tempfile
from pathlib import Path

from chinwag.adapters.relational import sqlite
from chinwag.adapters.relational.database_file import create_file
from chinwag.adapters.relational.migrate import migrate

MODULE = Path(__file__).parent.parent / "src/chinwag/adapters/relational/fresh.py"
_HEAD = '''"""The newest schema, for a database that is empty. Generated from the migrations: `make docs`."""
# ruff: noqa: E501 - statements as SQLite keeps them

from typing import Final

'''


def schema(file: Path) -> list[str]:
    """The statements that make what is in the database, in the order in which it was made."""
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return [str(row[0]) for row in connection.execute(query)]


async def migrated(file: Path) -> str:
    """Make the database `file` by the migrations, one after another; the revision that it has then."""
    create_file(file)
    engine = sqlite.writer(file)
    try:
        await migrate(engine)
    finally:
        await engine.dispose()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def written() -> str:
    """The module as it must be."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fresh.sqlite"
        revision = asyncio.run(migrated(file))
        statements = "".join(f'    """\n{_tidy(one)}\n    """,\n' for one in schema(file))
    return f'{_HEAD}REVISION: Final = "{revision}"\nSTATEMENTS: Final = (\n{statements})\n'


def _tidy(statement: str) -> str:
    lines = (line.rstrip().expandtabs(4) for line in statement.splitlines())
    return "\n".join(line for line in lines if line)


if __name__ == "__main__":
    MODULE.write_text(written())
