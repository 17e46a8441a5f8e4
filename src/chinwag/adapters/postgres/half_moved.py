"""Whether a database holds half of an installation that is being moved into it: then nobody serves it."""

from typing import Any

from chinwag.told import Told


class HalfMovedError(Told):
    """The database holds half of an installation."""


async def refuse_if_half(connection: Any) -> None:
    """Raise `HalfMovedError` if the database behind `connection` holds half of an installation."""
    if await connection.fetchval("SELECT to_regclass('moving.move') IS NULL"):
        return
    if await connection.fetchval("SELECT true FROM moving.move WHERE finished IS NULL"):
        raise HalfMovedError(
            "the database holds half of an installation that is being moved into it: run `chinwag move` again, on the "
            "data folder that is moved, and it goes on where it was; or give the move up, drop this database and make "
            "a new one"
        )
