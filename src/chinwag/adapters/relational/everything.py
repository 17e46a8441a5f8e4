"""Everything that a directory on SQLite holds, as rows of the same tables on PostgreSQL."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary
from sqlalchemy import Table as SqlTable
from sqlalchemy import Text as AnyText

from chinwag.adapters.relational.database_file import connected, damaged
from chinwag.adapters.relational.plain_text import as_postgres_has_it
from chinwag.adapters.relational.schema import METADATA
from chinwag.adapters.tables import Column as MovedColumn
from chinwag.adapters.tables import Kind, Row, Table

OWN: Final = frozenset({"signing_keys", "allowances", "shown_people"})
"""Tables of what is no directory's: keys, which lie in files beside SQLite, and counts that begin anew anywhere."""
COUNTED: Final = {"outbox": "outbox_id_seq", "audit": "audit_id_seq"}
"""Tables whose keys are counted up, and what counts them on PostgreSQL. No key is given twice."""
WAIT_SECONDS: Final = 5.0
"""How long a command that writes to the directory is waited for."""


def _kind(column: "Column[Any]") -> Kind:
    match column.type:
        case Boolean():
            return "truth"
        case Integer() | BigInteger():
            return "number"
        case LargeBinary():
            return "bytes"
        case AnyText():
            return "text"
    raise AssertionError(f"{column} is of a type that is not moved")


def _table(table: SqlTable) -> Table:
    columns = tuple(MovedColumn(column.name, _kind(column)) for column in table.columns)
    return Table("public", table.name, columns, grouped=False)


DIRECTORY: Final = tuple(_table(table) for table in METADATA.sorted_tables if table.name not in OWN)
"""Every table, those that others refer to before those."""


class Everything:
    """The database in the file `path`, of this version's schema, in which nobody writes until `close`. Blocks.

    Raises `DamagedDatabaseError`, and `unavailable` if somebody writes there and does not end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connected(path, "rw", WAIT_SECONDS)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise damaged(path, error) from error

    def close(self) -> None:
        """Let others write again."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")
        self._connection.close()

    def rows(self, table: Table, after: bytes) -> Iterator[tuple[bytes, list[Row]]]:
        """The rows of `table` behind the place `after` (empty: all), each with its place. Raises
        `DamagedDatabaseError`."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        texts = [at for at, column in enumerate(table.columns) if column.kind == "text"]
        truths = [at for at, column in enumerate(table.columns) if column.kind == "truth"]
        query = f'SELECT rowid, {names} FROM "{table.name}" WHERE rowid > ? ORDER BY rowid'  # noqa: S608 - our own names
        try:
            for place, *row in self._connection.execute(query, (int(after or b"-1"),)):
                for at in texts:
                    row[at] = as_postgres_has_it(row[at])
                for at in truths:
                    row[at] = None if row[at] is None else bool(row[at])
                yield b"%d" % place, [tuple(row)]
        except sqlite3.DatabaseError as error:
            raise damaged(self._path, error) from error

    def counted(self, table: str) -> int:
        """The highest key that was ever given in a table of `COUNTED`."""
        found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(found[0]) if found else 0
