"""Statements as the driver is given them, each prepared once."""

from typing import Final, NamedTuple

_STAMPED: Final = "USING TIMESTAMP ?"


class Read(NamedTuple):
    """A SELECT."""

    cql: str


class Write(NamedTuple):
    """An INSERT, UPDATE or DELETE, with a timestamp among its values. table: which it changes. keys: which of its
    values name the partition. columns: of an INSERT, in the order of its values."""

    cql: str
    table: str
    keys: slice
    columns: tuple[str, ...] = ()


Value = bytes | int | list[bytes] | list[int] | None
Values = tuple[Value, ...]
Changes = list[tuple[Write, Values]]
"""What is written, each with its values."""


def insert(table: str, names: str, keys: int, *, ttl: bool = False) -> Write:
    """Put a row there, as it is, whatever was there. names: of its columns, those of the partition first, of which
    there are `keys`. Its values: as named, then the timestamp, then with `ttl` the seconds after which it is gone."""
    columns = names.split()
    marks = ", ".join("?" * len(columns))
    lasting = " AND TTL ?" if ttl else ""
    cql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) {_STAMPED}{lasting}"  # noqa: S608 - our own words
    return Write(cql, table, slice(0, keys), tuple(columns))


def delete(table: str, names: str, keys: int) -> Write:
    """Remove what has these values in these columns, the partition's first, and was written no later than the
    timestamp, which comes before them."""
    found = " AND ".join(f"{name} = ?" for name in names.split())
    return Write(f"DELETE FROM {table} {_STAMPED} WHERE {found}", table, slice(1, 1 + keys))  # noqa: S608 - our own words


def stamped(cql: str) -> bool:
    """Whether a statement changes nothing, or says when its rows were made."""
    return cql.lstrip().upper().startswith("SELECT") or _STAMPED in cql
