"""Write `adapters/relational/fresh.py` and `fresh_postgres.py`: what all migrations together make of an empty database.

SQLite's is what they do make. PostgreSQL's is put together from the tables that the code knows, as `make docs` shall
need no database; that both ways lead to one schema is tested upon a real one (tests/contract/test_postgres.py).
"""

import asyncio
import contextlib
import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from chinwag.adapters.relational import sqlite
from chinwag.adapters.relational.database_file import create_file
from chinwag.adapters.relational.migrate import migrate
from chinwag.adapters.relational.revisions import known_revisions
from chinwag.adapters.relational.schema import METADATA

MODULE = Path(__file__).parent.parent / "src/chinwag/adapters/relational/fresh.py"
POSTGRES = MODULE.with_name("fresh_postgres.py")
_HEAD = '''"""The newest schema, for a database that is empty. Generated from the migrations: `make docs`."""
# ruff: noqa: E501 - statements as SQLite keeps them

from typing import Final

'''

_DIALECT: Dialect = dialect()  # type: ignore[no-untyped-call]
_POSTGRES_HEAD = '''"""The newest schema on PostgreSQL, for a database that is empty. Generated: `make docs`."""

from typing import Final

'''
_VERSION = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
"""
_GUARDS = (
    """
CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$
""",
    """
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()
""",
    """
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()
""",
)


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


def written_for_postgres() -> str:
    """The module of PostgreSQL's schema as it must be."""
    made = []
    for table in METADATA.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=_DIALECT)))
        made += [
            str(CreateIndex(one).compile(dialect=_DIALECT))
            for one in sorted(table.indexes, key=lambda one: str(one.name))
        ]
    statements = "".join(f'    """\n{_tidy(one)}\n    """,\n' for one in (_VERSION, *made, *_GUARDS))
    return f'{_POSTGRES_HEAD}REVISION: Final = "{max(known_revisions())}"\nSTATEMENTS: Final = (\n{statements})\n'


if __name__ == "__main__":
    MODULE.write_text(written())
    POSTGRES.write_text(written_for_postgres())
