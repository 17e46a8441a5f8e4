"""Rows as PostgreSQL is given many of them: a list for each column."""

from collections.abc import Sequence


def columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """The columns of `rows`, of which there are `width`."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
