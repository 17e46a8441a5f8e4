"""Whether a keyspace is filled from elsewhere, as nobody serves it meanwhile; and what the inboxes' epoch keeps of it.

One row. Its timestamps are made of the time at which the move began, with the stage in their last bits: a later move
holds over an earlier one, and a later stage over the one before.
"""

from typing import Final, Literal, NamedTuple

from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Driver
from chinwag.adapters.cassandra.schema import SchemaError
from chinwag.adapters.cassandra.stamps import SEQUENCE_MOST, stamp
from chinwag.adapters.cassandra.statements import Read, Values, insert

COLUMNS: Final = "one int PRIMARY KEY, id blob, stage int, base bigint"
Stage = Literal["under way", "moved", "given up"]
_STAGES: Final[tuple[Stage, ...]] = ("under way", "moved", "given up")

_MOVE: Final = Read("SELECT id, stage, base FROM moves WHERE one = 1")
_SAVE: Final = insert("moves", "one id stage base", 1)


class HalfMovedError(SchemaError):
    """The keyspace holds half of an installation."""


class Held(NamedTuple):
    """A move into this keyspace. id: the source knows it by that. base: of the inboxes' epoch."""

    id: str
    stage: Stage
    base: int = 0


async def held(database: Database) -> Held | None:
    """The move that the keyspace knows of. Raises `Refused(UNAVAILABLE)`."""
    return _held(await database.rows(_MOVE))


async def save(database: Database, move: Held, begun: int) -> None:
    """The move has come so far. begun: when, in milliseconds since 1970. Raises `Refused(UNAVAILABLE)`."""
    stage = _STAGES.index(move.stage)
    at = stamp(begun // (SEQUENCE_MOST + 1), begun % (SEQUENCE_MOST + 1), stage)
    values: Values = (1, move.id.encode(), stage, move.base, at)
    await database.write([(_SAVE, values)])


async def inbox_base(database: Database) -> int:
    """From what the inboxes' epoch is counted. Raises `Refused(UNAVAILABLE)`."""
    found = await held(database)
    return found.base if found is not None else 0


async def refuse_half(driver: Driver) -> None:
    """Raise `HalfMovedError` unless the keyspace is whole. Raises `DriverError`."""
    found = _held(await driver.rows(_MOVE, ()))
    if found is None or found.stage == "moved":
        return
    if found.stage == "given up":
        raise HalfMovedError(
            "an installation was moved into this keyspace, and the move was given up: drop the keyspace, or name "
            "another one"
        )
    raise HalfMovedError(
        "the keyspace holds half of an installation that is being moved into it: run `chinwag move` again, and it goes "
        "on where it was; or give the move up with `chinwag move --back anyway`"
    )


def _held(rows: list[tuple[object, ...]]) -> Held | None:
    if not rows:
        return None
    [(id_, stage, base)] = rows
    assert isinstance(id_, bytes)
    assert isinstance(stage, int)
    assert isinstance(base, int)
    return Held(id_.decode(), _STAGES[stage], base)
