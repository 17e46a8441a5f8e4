"""The connections by which servers count together in their directory's database."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Row, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.directory import BOUND
from chinwag.adapters.relational.postgres import engine_on
from chinwag.domain.refusal import Code, Refused

CONNECTIONS: Final = 2


class CountedTogether:
    """A few connections to the database `url`, whose commits wait for no disk: counts are no loss. Close it at the
    end."""

    def __init__(self, url: str) -> None:
        self._engine = engine_on(url, BOUND, connections=CONNECTIONS, lasting=False)
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """End the connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction. Raises `unavailable`, also for what fails within it."""
        async with _answered(), self._engine.begin() as connection:
            yield connection

    async def once(self, statement: TextClause, values: dict[str, object]) -> "Row[Any] | None":
        """One statement, a transaction by itself; the row it gives, if any. Raises `unavailable`."""
        async with _answered(), self._single.connect() as connection:
            done = await connection.execute(statement, values)
            return done.first() if done.returns_rows else None


def digest(*parts: str, length: int = 16) -> bytes:
    """What stands for a name in a table of counts: nobody reads from it who or what was counted."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()[:length]


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(BOUND):
            yield
    except TimeoutError as error:
        raise Refused(Code.UNAVAILABLE, "the directory did not answer in time", 1.0) from error
    except (PoolTimeoutError, DBAPIError) as error:
        raise Refused(Code.UNAVAILABLE, "the directory is away", 1.0) from error
