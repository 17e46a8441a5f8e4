"""Whether a database holds half of an installation that is being moved into it, or one whose messages have gone on to
elsewhere: then nobody serves it."""

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


class GoneError(Told):
    """What the database holds of messages has moved to Cassandra, or is about to."""


async def refuse_if_gone(connection: Any) -> None:
    """Raise `GoneError` if the messages in the database behind `connection` are moved elsewhere. For whoever would
    serve them from here; accounts stay where they are."""
    if await connection.fetchval("SELECT to_regclass('leaving.move') IS NULL"):
        return
    row = await connection.fetchrow("SELECT whereto, finished IS NOT NULL FROM leaving.move")
    if row is None:
        return
    to, finished = row
    if finished:
        raise GoneError(
            f'the messages of this database have moved to {to}, and go on there: say store.profile = "cassandra". To '
            "come back to them as they were then, and lose whatever was said and done since, type `chinwag move --back "
            "anyway`, with those settings"
        )
    raise GoneError(
        f"the messages of this database are being moved to {to}, and that has not come to its end: run `chinwag move` "
        "again, with those settings, and it goes on where it was. To give the move up and stay here, type "
        "`chinwag move --back anyway`"
    )
