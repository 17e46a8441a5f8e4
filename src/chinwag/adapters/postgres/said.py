"""What PostgreSQL or its driver said, in words that hold no value of a row or a query."""

from typing import Final

import asyncpg

_OPEN: Final = frozenset(
    {"08", "0A", "25", "26", "28", "34", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "F0", "XX"}
)
"""Classes of errors whose first line speaks of the server, names and states. All others may quote what was given to a
query (22, invalid input) or what stands in a row."""
_PLACES: Final = ("table_name", "column_name", "constraint_name")


def said(error: BaseException) -> str:
    """One line for the log or an operator: what went wrong, without the detail, the hint and the context, which quote
    rows; without any words where those would quote values."""
    name = type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        words = _first_line(error) if state[:2] in _OPEN else ""
        places = [f"{place.removesuffix('_name')} {at}" for place in _PLACES if (at := getattr(error, place, None))]
        return ", ".join(filter(None, [f"{name} {state}".rstrip() + (f": {words}" if words else ""), *places]))
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    return f"{name}: {_first_line(error)}".removesuffix(": ")


def _first_line(error: BaseException) -> str:
    whole = str(error.args[0] if isinstance(error, asyncpg.PostgresError) and error.args else error)
    return whole.partition("\n")[0]
