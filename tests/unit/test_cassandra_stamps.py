"""Every write on Cassandra has a timestamp of its own, which lies above every clock and orders as the log does."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chinwag.adapters import cassandra
from chinwag.adapters.cassandra import schema, stream_tables
from chinwag.adapters.cassandra.stamps import (
    INDEX_MOST,
    SEQUENCE_MOST,
    BeyondStampError,
    epoch_of,
    stamp,
    stamp_of,
)
from chinwag.adapters.cassandra.statements import Write
from chinwag.adapters.stream_epoch import EPOCH_MOST
from chinwag.domain.conversation import Position

FOLDER = Path(cassandra.__file__).parent
WRITING = re.compile(
    r"\b(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+(\w+\s+)*FROM|BEGIN\s+\w*\s*BATCH)\b", re.IGNORECASE
)
A_YEAR_FROM_NOW = 3_000_000_000_000_000
"""Microseconds since 1970, in the year 2065: a wall clock's timestamp."""

places = some.builds(
    Position,
    some.integers(0, EPOCH_MOST),
    some.integers(0, SEQUENCE_MOST),
    some.integers(0, INDEX_MOST),
)


@given(places, places)
def test_timestamps_order_as_positions_do(one: Position, other: Position) -> None:
    assert (stamp_of(one) < stamp_of(other)) == (one < other)
    assert A_YEAR_FROM_NOW < stamp_of(one) < 1 << 63
    assert epoch_of(stamp_of(one)) == one.epoch


@pytest.mark.parametrize(
    "place", [(EPOCH_MOST + 1, 0, 0), (1, SEQUENCE_MOST + 1, 0), (1, 1, INDEX_MOST + 1), (-1, 0, 0), (1, -1, 0)]
)
def test_what_does_not_fit_is_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(BeyondStampError):
        stamp(*place)


def test_no_statement_writes_without_a_timestamp() -> None:
    found = [(path.name, text) for path in sorted(FOLDER.glob("*.py")) for text in _texts(path) if WRITING.search(text)]
    assert len(found) == 2, "statements that write are made in `statements.py` alone"
    for name, text in found:
        assert name == "statements.py"
        assert "USING TIMESTAMP ?" in text


def test_every_write_names_its_partition_first() -> None:
    """What goes together into one request is found by these values."""
    writes = [
        value
        for found in pkgutil.iter_modules(cassandra.__path__)
        for kept in vars(importlib.import_module(f"{cassandra.__name__}.{found.name}")).values()
        for value in (kept.values() if isinstance(kept, dict) else [kept])
        if isinstance(value, Write)
    ]
    assert len(writes) > 20
    tables = schema.TABLES | stream_tables.TABLES
    for write in writes:
        columns = tables[write.table]
        key = re.search(r"PRIMARY KEY \(\(([^)]*)\)", columns) or re.search(r"PRIMARY KEY \((\w+)", columns)
        names = key[1].split(", ") if key else [columns.split()[0]]
        where = re.search(r"WHERE (.*)", write.cql)
        named = (
            re.findall(r"(\w+) = \?", where[1])
            if where
            else re.findall(r"\w+", re.findall(r"\(([^)]*)\)", write.cql)[0])
        )
        before = 1 if where else 0  # the timestamp
        assert named[write.keys.start - before : write.keys.stop - before] == names, write.cql


def _texts(path: Path) -> Iterator[str]:
    """The texts in a source, those in parts put together; documentation left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    said = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(_part(part) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | said:
            yield node.value


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    if isinstance(part.value, ast.Name) and part.value.id == "_STAMPED":
        return "USING TIMESTAMP ?"
    return "name"
