"""What several servers count together, in their directory's database."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import LargeBinary, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

from chinwag.adapters.relational.directory import BOUND
from chinwag.adapters.relational.postgres import engine_on
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import Clock
from chinwag.ports.allowances import Allowance

CONNECTIONS: Final = 2
MOST: Final = 1_000_000
"""Rows kept, or a few more: those longest unused go first."""
SWEEP: Final = 1_000
"""Of so many calls one looks whether there are too many rows."""

# Rows are made and locked in the order of their keys, so that no two callers wait for one another in a circle.
_LOCK: Final = text("""
    INSERT INTO allowances AS held (key, level, at)
    SELECT given.key, given.most, :now FROM unnest(:keys, :mosts) AS given (key, most) ORDER BY given.key
    ON CONFLICT (key) DO UPDATE SET level = held.level
""").bindparams(
    bindparam("now", type_=BigInteger),
    bindparam("keys", type_=ARRAY(LargeBinary)),
    bindparam("mosts", type_=ARRAY(BigInteger)),
)
_LEVELS: Final = text("""
    SELECT most, LEAST(most, level + GREATEST(0, :now - at) * CAST(most AS FLOAT) / :window) AS level
    FROM unnest(:keys, :mosts) AS given (key, most) JOIN allowances USING (key)
""").bindparams(
    bindparam("now", type_=BigInteger),
    bindparam("window", type_=BigInteger),
    bindparam("keys", type_=ARRAY(LargeBinary)),
    bindparam("mosts", type_=ARRAY(BigInteger)),
)
_CHANGE: Final = text("""
    UPDATE allowances AS held
    SET at = GREATEST(at, :now), level = GREATEST(0, LEAST(most,
        LEAST(most, level + GREATEST(0, :now - at) * CAST(most AS FLOAT) / :window) + :by))
    FROM unnest(:keys, :mosts) AS given (key, most) WHERE held.key = given.key
""").bindparams(
    bindparam("now", type_=BigInteger),
    bindparam("window", type_=BigInteger),
    bindparam("by", type_=BigInteger),
    bindparam("keys", type_=ARRAY(LargeBinary)),
    bindparam("mosts", type_=ARRAY(BigInteger)),
)
# Others' rows are left alone: to wait for them in another order than that of keys could be such a circle.
_FORGET: Final = text("""
    DELETE FROM allowances WHERE key IN
    (SELECT key FROM allowances WHERE at < :full ORDER BY at LIMIT 20 FOR UPDATE SKIP LOCKED)
""").bindparams(
    bindparam("full", type_=BigInteger),
)
_SWEEP: Final = text("""
    DELETE FROM allowances WHERE key IN
    (SELECT key FROM allowances ORDER BY at DESC OFFSET :most FOR UPDATE SKIP LOCKED)
""").bindparams(
    bindparam("most", type_=BigInteger),
)


class SharedAllowances:
    """`Allowances` in the database of a directory on PostgreSQL. Close it at the end.

    A name or address stands there only as a digest, and goes when its level is full again and somebody is counted.
    """

    def __init__(self, url: str, clock: Clock, window_ms: int, most: int = MOST) -> None:
        self._engine = engine_on(url, BOUND, connections=CONNECTIONS)
        self._clock = clock
        self._window_ms = window_ms
        self._most = most

    async def take(self, taken: Sequence[Allowance], also: Sequence[Allowance] = ()) -> float:
        if not taken:
            return 0.0
        async with self._locked([*taken, *also]) as (connection, given):
            rows = await connection.execute(_LEVELS, given)
            wait: float = max((1.0 - row.level) / row.most * self._window_ms / 1000 for row in rows)
            if wait > 0:
                return wait
            await connection.execute(_CHANGE, {**self._given(taken), "by": -1})
            await self._forget(connection)
        return 0.0

    async def give_back(self, given: Sequence[Allowance]) -> None:
        await self._change(given, 1)

    async def spend(self, spent: Sequence[Allowance]) -> None:
        await self._change(spent, -1)

    async def sweep(self) -> None:
        """Forget those longest unused, as many as are too many."""
        async with self._locked([]) as (connection, _):
            await connection.execute(_SWEEP, {"most": self._most})

    async def close(self) -> None:
        await self._engine.dispose()

    async def _change(self, every: Sequence[Allowance], by: int) -> None:
        if every:
            async with self._locked(every) as (connection, given):
                await connection.execute(_CHANGE, {**given, "by": by})

    async def _forget(self, connection: AsyncConnection) -> None:
        """A level that nobody used within the window is full, as one that is not there."""
        await connection.execute(_FORGET, {"full": self._clock() - self._window_ms})
        if not random.randrange(SWEEP):  # noqa: S311 - any one will do
            await connection.execute(_SWEEP, {"most": self._most})

    @asynccontextmanager
    async def _locked(self, every: Sequence[Allowance]) -> AsyncIterator[tuple[AsyncConnection, dict[str, object]]]:
        """A transaction in which nobody else changes what is left of `every`, and the words for it."""
        given = self._given(every)
        try:
            async with asyncio.timeout(BOUND), self._engine.begin() as connection:
                if every:
                    await connection.execute(_LOCK, given)
                yield connection, given
        except TimeoutError as error:
            raise Refused(Code.UNAVAILABLE, "the directory did not answer in time", 1.0) from error
        except (PoolTimeoutError, DBAPIError) as error:
            raise Refused(Code.UNAVAILABLE, "the directory is away", 1.0) from error

    def _given(self, every: Sequence[Allowance]) -> dict[str, object]:
        keys = [hashlib.sha256(f"{one.kind}\0{one.key}".encode(errors="surrogatepass")).digest()[:16] for one in every]
        mosts = [one.most for one in every]
        return {"keys": keys, "mosts": mosts, "now": self._clock(), "window": self._window_ms}
