"""The `Allowances` that several servers have together, in their directory's database."""

import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from sqlalchemy import LargeBinary, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger, Float

from chinwag.adapters.relational.counted_together import CountedTogether, digest
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.ports.allowances import Allowance

MOST: Final = 1_000_000
"""Rows kept, or a few more: those that are full soonest go first."""
FORGET: Final = 20
"""Of so many calls one removes what is full."""
FORGOTTEN: Final = 1_000
"""Rows removed at once."""
SWEEP: Final = 1_000
"""Of so many calls one looks whether there are too many rows."""

_BIG, _FLOAT, _BYTES = BigInteger(), Float(), LargeBinary()
_LEVEL: Final = "LEAST(:most, held.level + GREATEST(0, :now - held.at) * :per_ms)"
_TAKE_ONE: Final = text(f"""
    INSERT INTO allowances AS held (key, level, at, full_at)
    VALUES (:key, :most - :count, :now, :now + CAST(:count / :per_ms AS BIGINT))
    ON CONFLICT (key) DO UPDATE SET
        level = {_LEVEL} - :count,
        at = GREATEST(held.at, :now),
        full_at = GREATEST(held.at, :now) + CAST((:most - ({_LEVEL} - :count)) / :per_ms AS BIGINT)
    WHERE {_LEVEL} >= :count
    RETURNING level
""").bindparams(  # noqa: S608 - our own words
    bindparam("key", type_=_BYTES),
    bindparam("most", type_=_FLOAT),
    bindparam("count", type_=_FLOAT),
    bindparam("per_ms", type_=_FLOAT),
    bindparam("now", type_=_BIG),
)
_READ: Final = text("SELECT key, level, at FROM allowances WHERE key = ANY (:keys)").bindparams(
    bindparam("keys", type_=ARRAY(_BYTES)),
)
# Rows are made and locked in the order of their keys, so that no two callers wait for one another in a circle.
_LOCK: Final = text("""
    INSERT INTO allowances AS held (key, level, at, full_at)
    SELECT given.key, given.most, :now, :now FROM unnest(:keys, :mosts) AS given (key, most) ORDER BY given.key
    ON CONFLICT (key) DO UPDATE SET level = held.level
    RETURNING held.key, held.level, held.at
""").bindparams(
    bindparam("now", type_=_BIG),
    bindparam("keys", type_=ARRAY(_BYTES)),
    bindparam("mosts", type_=ARRAY(_FLOAT)),
)
_CHANGE: Final = text("""
    UPDATE allowances AS held SET level = given.level, at = given.at, full_at = given.full_at
    FROM unnest(:keys, :levels, :ats, :fulls) AS given (key, level, at, full_at) WHERE held.key = given.key
""").bindparams(
    bindparam("keys", type_=ARRAY(_BYTES)),
    bindparam("levels", type_=ARRAY(_FLOAT)),
    bindparam("ats", type_=ARRAY(_BIG)),
    bindparam("fulls", type_=ARRAY(_BIG)),
)
# Rows of a server of the version before have no such time: they stay for a day. Others' rows are left alone: to wait
# for them in another order than that of keys could be such a circle.
_FORGET: Final = text("""
    DELETE FROM allowances WHERE key IN
    (SELECT key FROM allowances WHERE full_at < :now OR (full_at IS NULL AND at < :day_ago)
     LIMIT :some FOR UPDATE SKIP LOCKED)
""").bindparams(
    bindparam("now", type_=_BIG),
    bindparam("day_ago", type_=_BIG),
    bindparam("some", type_=_BIG),
)
_SWEEP: Final = text("""
    DELETE FROM allowances WHERE key IN
    (SELECT key FROM allowances ORDER BY full_at DESC OFFSET :most FOR UPDATE SKIP LOCKED)
""").bindparams(
    bindparam("most", type_=_BIG),
)


class _Held(NamedTuple):
    """What there is of one allowance, since when."""

    level: float
    at: int


class SharedAllowances:
    """`Allowances` in the database of a directory on PostgreSQL.

    A name or address stands there only as a digest, and goes when its level is full again.
    """

    def __init__(self, together: CountedTogether, clock: Clock, most: int = MOST) -> None:
        self._together = together
        self._clock = clock
        self._most = most

    async def take(self, taken: Sequence[Allowance], also: Sequence[Allowance] = ()) -> float:
        if not taken:
            return max(await self.short(also), default=0.0)
        wait = await (self._take_one(taken[0]) if len(taken) == 1 and not also else self._take(taken, also))
        await self._forget_now_and_then()
        return wait

    async def short(self, wanted: Sequence[Allowance]) -> Sequence[float]:
        if not wanted:
            return []
        async with self._together.begin() as connection:
            rows = await connection.execute(_READ, {"keys": [_key(one) for one in wanted]})
            held = {row.key: _Held(row.level, row.at) for row in rows}
        now = self._clock()
        return [_wait(one, held.get(_key(one)), now) for one in wanted]

    async def give_back(self, given: Sequence[Allowance]) -> None:
        await self._change(given, 1)

    async def spend(self, spent: Sequence[Allowance]) -> None:
        await self._change(spent, -1)
        await self._forget_now_and_then()

    async def sweep(self) -> None:
        """Forget what is full, and as many as are too many."""
        await self._forget()
        await self._together.once(_SWEEP, {"most": self._most})

    async def _take_one(self, one: Allowance) -> float:
        rate = one.rate
        values = {"key": _key(one), "most": rate.burst, "count": one.count, "per_ms": rate.per_second / 1000}
        if await self._together.once(_TAKE_ONE, {**values, "now": self._clock()}) is not None:
            return 0.0
        # It may have come back between the two: then it is there in no time, but was not taken.
        return max(0.001, (await self.short([one]))[0])

    async def _take(self, taken: Sequence[Allowance], also: Sequence[Allowance]) -> float:
        async with self._locked([*taken, *also]) as (connection, held):
            now = self._clock()
            wait = max(_wait(one, held[_key(one)], now) for one in (*taken, *also))
            if wait <= 0:
                await self._write(connection, taken, held, -1)
            return wait

    async def _change(self, every: Sequence[Allowance], by: int) -> None:
        if every:
            async with self._locked(every) as (connection, held):
                await self._write(connection, every, held, by)

    async def _write(
        self, connection: AsyncConnection, every: Sequence[Allowance], held: dict[bytes, _Held], by: int
    ) -> None:
        now = self._clock()
        levels = [max(0.0, min(one.rate.burst, _level(one, held[_key(one)], now) + by * one.count)) for one in every]
        ats = [max(now, held[_key(one)].at) for one in every]
        fulls = [
            at + round((one.rate.burst - level) / one.rate.per_second * 1000)
            for one, level, at in zip(every, levels, ats, strict=True)
        ]
        values = {"keys": [_key(one) for one in every], "levels": levels, "ats": ats, "fulls": fulls}
        await connection.execute(_CHANGE, values)

    @asynccontextmanager
    async def _locked(self, every: Sequence[Allowance]) -> AsyncIterator[tuple[AsyncConnection, dict[bytes, _Held]]]:
        """A transaction in which nobody else changes what is left of `every`, and what that is."""
        values = {"keys": [_key(one) for one in every], "mosts": [one.rate.burst for one in every]}
        async with self._together.begin() as connection:
            rows = await connection.execute(_LOCK, {**values, "now": self._clock()})
            yield connection, {row.key: _Held(row.level, row.at) for row in rows}

    async def _forget_now_and_then(self) -> None:
        # What was counted is counted, whatever becomes of this.
        with contextlib.suppress(Refused):
            if not random.randrange(FORGET):  # noqa: S311 - any one will do
                await self._forget()
            if not random.randrange(SWEEP):  # noqa: S311 - any one will do
                await self.sweep()

    async def _forget(self) -> None:
        now = self._clock()
        await self._together.once(_FORGET, {"now": now, "day_ago": now - DAY_MS, "some": FORGOTTEN})


def _key(one: Allowance) -> bytes:
    return digest(one.kind, one.key)


def _level(one: Allowance, held: _Held | None, now: int) -> float:
    """A level that is not kept is full."""
    if held is None:
        return float(one.rate.burst)
    return min(float(one.rate.burst), held.level + max(0, now - held.at) / 1000 * one.rate.per_second)


def _wait(one: Allowance, held: _Held | None, now: int) -> float:
    return max(0.0, (one.count - _level(one, held, now)) / one.rate.per_second)
