"""The `ShownPeople` that several servers have together, in their directory's database."""

import contextlib
import random
from collections.abc import Sequence
from typing import Final

from sqlalchemy import LargeBinary, bindparam, text
from sqlalchemy.types import BigInteger

from chinwag.adapters.relational.counted_together import CountedTogether, digest
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock
from chinwag.ports.shown_people import DAILY, DAY_SECONDS, Shown

MOST: Final = 100_000
"""Days kept, or a few more, at 1.7 KB each: those that end first go first."""
SWEEP: Final = 100
"""Of so many calls one removes what is over or too much."""
MARK: Final = 8
"""Bytes that stand for one person in a day."""
_DAY_MS: Final = int(DAY_SECONDS * 1000)

_BIG, _BYTES = BigInteger(), LargeBinary()
_READ: Final = text("SELECT until, people FROM shown_people WHERE key = :key AND until > :now").bindparams(
    bindparam("key", type_=_BYTES), bindparam("now", type_=_BIG)
)
_LOCK: Final = text("""
    INSERT INTO shown_people AS held (key, until, people) VALUES (:key, :until, '')
    ON CONFLICT (key) DO UPDATE SET until = held.until
    RETURNING held.until, held.people
""").bindparams(bindparam("key", type_=_BYTES), bindparam("until", type_=_BIG))
_CHANGE: Final = text("UPDATE shown_people SET until = :until, people = :people WHERE key = :key").bindparams(
    bindparam("key", type_=_BYTES), bindparam("until", type_=_BIG), bindparam("people", type_=_BYTES)
)
# A row that somebody writes just now is left for the next time.
_SWEEP: Final = text("""
    DELETE FROM shown_people WHERE key IN
    (SELECT key FROM shown_people WHERE until <= :now FOR UPDATE SKIP LOCKED)
    OR key IN (SELECT key FROM shown_people ORDER BY until DESC OFFSET :most FOR UPDATE SKIP LOCKED)
""").bindparams(bindparam("now", type_=_BIG), bindparam("most", type_=_BIG))


class SharedShownPeople:
    """`ShownPeople` in the database of a directory on PostgreSQL: a row for an account and its day, in which nobody
    stands but as a digest."""

    def __init__(self, together: CountedTogether, clock: Clock, daily: int = DAILY, most: int = MOST) -> None:
        self._together = together
        self._clock = clock
        self._daily = daily
        self._most = most

    async def show(self, account: AccountId, people: Sequence[AccountId]) -> Shown:
        if not people:
            return Shown((), 0.0)
        key, now = digest("shown", account), self._clock()
        marks = [digest("shown", account, one, length=MARK) for one in people]
        # Who types on finds mostly whom it has just found, and that changes nothing.
        row = await self._together.once(_READ, {"key": key, "now": now})
        if row is not None:
            seen = _seen(row.people)
            if len(seen) >= self._daily or seen.issuperset(marks):
                return self._shown(people, marks, seen, row.until, now)
        async with self._together.begin() as connection:
            locked = (await connection.execute(_LOCK, {"key": key, "until": now + _DAY_MS})).one()
            over = locked.until <= now
            until, seen = (now + _DAY_MS, set[bytes]()) if over else (locked.until, _seen(locked.people))
            new = [one for one in dict.fromkeys(marks) if one not in seen][: self._daily - len(seen)]
            if new:
                seen.update(new)
                held = b"" if over else locked.people
                await connection.execute(_CHANGE, {"key": key, "until": until, "people": held + b"".join(new)})
        if not random.randrange(SWEEP):  # noqa: S311 - any one will do
            with contextlib.suppress(Refused):
                await self.sweep()
        return self._shown(people, marks, seen, until, now)

    async def sweep(self) -> None:
        """Forget days that are over, and as many as are too many."""
        await self._together.once(_SWEEP, {"now": self._clock(), "most": self._most})

    @staticmethod
    def _shown(people: Sequence[AccountId], marks: Sequence[bytes], seen: set[bytes], until: int, now: int) -> Shown:
        shown = tuple(one for one, mark in zip(people, marks, strict=True) if mark in seen)
        return Shown(shown, (until - now) / 1000)


def _seen(people: bytes) -> set[bytes]:
    return {people[first : first + MARK] for first in range(0, len(people), MARK)}
