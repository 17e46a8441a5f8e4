"""What several servers need to count together: connections to one database, and a clock that a test turns."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.engines import empty_database, folder_of, urls

from chinwag.adapters.relational.counted_together import CountedTogether
from chinwag.adapters.relational.postgres import prepare_postgres_directory


class Time:
    """In milliseconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


@asynccontextmanager
async def counting(config: pytest.Config) -> AsyncIterator[tuple[CountedTogether, CountedTogether]]:
    """The connections of two servers to a new database."""
    async with empty_database(urls(folder_of(config)).postgres) as url:
        await prepare_postgres_directory(url)
        one, other = CountedTogether(url), CountedTogether(url)
        yield one, other
        await one.close()
        await other.close()
