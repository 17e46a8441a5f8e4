"""Text as SQLite knows it, on PostgreSQL: ordered by code points, and of any characters."""

from typing import Any, Final

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

_NUL: Final = "\0"
_MARK: Final = "\U0010fffe"
"""Stands before what stands for NUL, and for itself. No character: hardly ever in a text."""


def as_postgres_has_it(value: Any) -> Any:
    """A text, or None, as it stands in a column of this type."""
    if value is None or (_NUL not in value and _MARK not in value):
        return value
    return value.replace(_MARK, _MARK + "1").replace(_NUL, _MARK + "0")


class PlainText(TypeDecorator[str]):
    """PostgreSQL has no NUL in its text and refuses whoever asks for it: here it is two characters that it takes."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return as_postgres_has_it(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or _MARK not in value:
            return value
        return value.replace(_MARK + "0", _NUL).replace(_MARK + "1", _MARK)
