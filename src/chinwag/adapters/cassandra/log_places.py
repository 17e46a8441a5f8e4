"""How far each partition of the log is applied, as whoever takes it over must know: a stream that ends below that has
lost something, and its next records would be taken for ones that were applied."""

from typing import Final

import msgspec

from chinwag.adapters import stored
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.stamps import stamp_of
from chinwag.adapters.cassandra.statements import Read, insert
from chinwag.domain.conversation import START, Position

_APPLIED: Final = insert("log_applied", "partition place", 1)
_APPLIED_OF: Final = Read("SELECT place FROM log_applied WHERE partition = ?")
_place: Final = msgspec.msgpack.Decoder(Position).decode


class LogPlaces:
    """Of one process. Both calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def applied(self, partition: int) -> Position:
        """The highest position that is known to be applied; `START` for none."""
        rows = await self._database.rows(_APPLIED_OF, partition)
        return _place(stored.opened(rows[0][0])) if rows else START

    async def save(self, partition: int, place: Position) -> None:
        """It is applied up to here, or is about to be. A lower one than before is void."""
        await self._database.write([(_APPLIED, (partition, stored.sealed(place), stamp_of(place)))])
