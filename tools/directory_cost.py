"""What the directory on PostgreSQL costs by driver and by lock: a second's work, and the client's CPU time for one.

python -m tools.directory_cost [TIMES]

Starts a PostgreSQL of its own, with every commit synced. psycopg is measured where it is installed.
"""

import asyncio
import importlib.util
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from chinwag.adapters.relational.postgres import open_postgres_directory, prepare_postgres_directory
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId
from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.programs import cache_folder
from chinwag.ports.directory import Account, Directory

Work = Callable[[int], Awaitable[object]]
AT_ONCE = 16


async def measure(name: str, work: Work, times: int, at_once: int = 1) -> None:
    """Print what `times` of `work` cost, so many at once."""
    await asyncio.gather(*(work(number) for number in range(at_once)))
    numbers = iter(range(times))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    wall, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    sys.stdout.write(f"{name:<55} {times / wall:>7.0f}/s {cpu / times * 1e6:>6.0f} us\n")


async def drivers(url: str, times: int) -> None:
    """One row by its key, by each driver alone and under SQLAlchemy."""
    query = "SELECT id, name FROM accounts WHERE id = "
    plain = await asyncpg.connect(url)
    await measure("asyncpg: one row", lambda _: plain.fetchrow(f"{query}$1", "1"), times)
    await plain.close()
    kinds = ["asyncpg"]
    if importlib.util.find_spec("psycopg") is not None:
        psycopg: Any = importlib.import_module("psycopg")
        other = await psycopg.AsyncConnection.connect(url, autocommit=True)

        async def ask(_: int) -> object:
            return await (await other.execute(f"{query}%s", ("1",))).fetchone()

        await measure("psycopg: one row", ask, times)
        await other.close()
        kinds.append("psycopg")
    for kind in kinds:
        engine = create_async_engine(url.replace("postgresql:", f"postgresql+{kind}:"), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            statement = text(f"{query}:id")

            async def row(_: int) -> object:
                return (await connection.execute(statement, {"id": "1"})).first()  # noqa: B023 - called in the loop

            await measure(f"SQLAlchemy over {kind}: one row", row, times)
        await engine.dispose()


async def locks(directory: Directory, times: int) -> None:
    """A change of one account, under the lock of all or under its own."""

    async def touch(number: int, account: AccountId | None = None) -> None:
        async with directory.transaction(account=account) as transaction:
            await transaction.accounts.touch(AccountId(str(number % AT_ONCE)))

    async def read(number: int) -> object:
        async with directory.reading() as transaction:
            return await transaction.accounts.get(AccountId(str(number % AT_ONCE)))

    await measure("directory: read an account", read, times)
    await measure("directory: change, one after another", touch, times)
    await measure(f"directory: change, {AT_ONCE} at once, lock of all", touch, times, AT_ONCE)
    own: Work = lambda number: touch(number, AccountId(str(number % AT_ONCE)))  # noqa: E731
    await measure(f"directory: change, {AT_ONCE} at once, each account's lock", own, times, AT_ONCE)


async def main(url: str, times: int) -> None:
    await prepare_postgres_directory(url)
    directory = await open_postgres_directory(url)
    async with directory.transaction() as transaction:
        for number in range(AT_ONCE):
            name = f"name{number}"
            made = Account(AccountId(str(number)), name, "", "", AccountSettings(), admin=False, created_at=1)
            await transaction.accounts.create(made, name_key(name), "hash")
    await drivers(url, times)
    await locks(directory, times)
    await directory.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        place, programs = Place.make(Path(folder)), fetch(cache_folder(), print)
        engines = Engines(place, Postgres(programs.postgres, place), Nats(programs.nats, place))
        engines.up({"postgres": 0, "nats": 0}, lambda _: None)
        try:
            asyncio.run(main(engines.standings()["postgres"].url, int(sys.argv[1]) if len(sys.argv) > 1 else 2_000))
        finally:
            engines.down(lambda _: None)
