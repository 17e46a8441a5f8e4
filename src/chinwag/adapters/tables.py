"""Tables as both ends of a move know them: their columns, and what any of their rows come to.

A digest of rows is a sum, so neither end needs them in the other's order; each computes it from the rows that it has.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, Literal, NamedTuple

Kind = Literal["bytes", "text", "number", "truth"]
Value = bytes | str | int | None
Row = tuple[Value, ...]

_LENGTH: Final = struct.Struct(">i").pack
_NUMBER: Final = struct.Struct(">q").pack
_WORD: Final = 1 << 64

# Each value begins with a byte that says whether there is one, and one of varying length says how long it is: so no two
# rows look the same.
_IN_SQL: Final = {
    "bytes": "'\\x01'::bytea || int4send(octet_length({0})) || {0}",
    "text": "'\\x01'::bytea || int4send(octet_length({0})) || convert_to({0}, 'UTF8')",
    "number": "'\\x01'::bytea || int8send({0}::bigint)",
    "truth": "CASE WHEN {0} THEN '\\x02'::bytea ELSE '\\x01'::bytea END",
}


class Column(NamedTuple):
    """One column; text is as PostgreSQL keeps it."""

    name: str
    kind: Kind


class Table(NamedTuple):
    """A table of PostgreSQL. grouped: its rows are compared for each value of its first column, which is bytes; else
    all together."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    grouped: bool

    @property
    def quoted(self) -> str:
        """Its name in a statement."""
        return f'{self.schema}."{self.name}"'


class Sum(NamedTuple):
    """What rows come to. of: the value that their first column has, or nothing."""

    of: bytes
    rows: int
    digest: int


def sums(table: Table, rows: Iterable[Row]) -> Iterator[Sum]:
    """What `rows` come to; those of one group stand together."""
    kinds = [column.kind for column in table.columns]
    for of, some in groupby(rows, key=(lambda row: row[0]) if table.grouped else lambda _: b""):
        count = total = 0
        for row in some:
            count += 1
            packed = b"".join([_packed(kind, value) for kind, value in zip(kinds, row, strict=True)])
            total += int.from_bytes(hashlib.sha256(packed).digest()[:8])
        assert isinstance(of, bytes)
        yield Sum(of, count, total % _WORD)


def sums_statement(table: Table) -> str:
    """The statement that has PostgreSQL do the same: (of, rows, digest), in the order of length and bytes of `of`."""
    names = [(f'"{column.name}"', column.kind) for column in table.columns]
    packed = " || ".join(
        f"CASE WHEN {name} IS NULL THEN '\\x00'::bytea ELSE {_IN_SQL[kind].format(name)} END" for name, kind in names
    )
    digest = f"('x' || encode(substr(sha256({packed}), 1, 8), 'hex'))::bit(64)::bigint"
    of = names[0][0] if table.grouped else "''::bytea"
    return (
        f"SELECT {of} AS name, count(*) AS many, mod(sum({digest}), {_WORD}) AS total "  # noqa: S608 - our own names
        f"FROM {table.quoted} GROUP BY 1 ORDER BY octet_length({of}), 1"
    )


def sum_of(row: Sequence[object]) -> Sum:
    """A row of that statement."""
    of, many, digest = row
    return Sum(of, many, int(digest) % _WORD)  # type: ignore[arg-type, call-overload]


def _packed(kind: Kind, value: Value) -> bytes:
    if value is None:
        return b"\0"
    if kind == "truth":
        return b"\2" if value else b"\1"
    if isinstance(value, int):
        return b"\1" + _NUMBER(value)
    content = value.encode() if isinstance(value, str) else value
    return b"\1" + _LENGTH(len(content)) + content
