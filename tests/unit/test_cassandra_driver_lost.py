"""Answers that the driver of Cassandra loses: whoever waits is told so, and does not wait for ever."""

import asyncio
from typing import Any, cast

import pytest

from chinwag.adapters.cassandra import driver as module
from chinwag.adapters.cassandra.driver import Driver, DriverError
from chinwag.adapters.cassandra.statements import Read, insert

ROWS = Read("SELECT one FROM somewhere WHERE two = ?")
ROW = insert("events", "conversation bucket number event", 2)
BOUND = 60.0


class Prepared:
    def bind(self, values: object, **more: object) -> "Prepared":
        return self

    def set_is_idempotent(self, is_so: bool) -> None: ...


class Batch:
    def add_statement(self, one: Prepared) -> None: ...

    def set_is_idempotent(self, is_so: bool) -> None: ...


class Silent:
    """A session that never answers. prepares: but to be told statements."""

    def __init__(self, *, prepares: bool = True) -> None:
        self._prepares = prepares

    async def create_prepared(self, cql: str) -> Prepared:
        if not self._prepares:
            await asyncio.Event().wait()
        return Prepared()

    async def execute(self, *_: object) -> None:
        await asyncio.Event().wait()

    execute_batch = close = execute


async def read(driver: Driver) -> object:
    return await driver.rows(ROWS, (1,))


async def page(driver: Driver) -> object:
    return await driver.page(ROWS, (1,), None)


async def write(driver: Driver) -> None:
    await driver.write([(ROW, (b"c", 1, 2, b"e"))])


async def write_two(driver: Driver) -> None:
    await driver.write([(ROW, (b"c", 1, 2, b"e")), (ROW, (b"c", 1, 3, b"e"))])


async def define(driver: Driver) -> None:
    await driver.define("TRUNCATE events")


ALL = (read, page, write, write_two, define)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOST_SECONDS", 0.01)
    monkeypatch.setattr(module, "SCHEMA_SECONDS", 0.01)
    monkeypatch.setattr("acsylla.create_batch_unlogged", Batch)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("prepares", [True, False])
@pytest.mark.parametrize("ask", ALL)
async def test_an_answer_that_is_lost_is_an_error_that_a_retry_may_help(ask: Any, prepares: bool) -> None:
    driver = Driver(cast("Any", Silent(prepares=prepares)))
    async with asyncio.timeout(BOUND):
        with pytest.raises(DriverError) as told:
            await ask(driver)
    assert told.value.away
    assert not told.value.no


@pytest.mark.usefixtures("soon")
async def test_a_session_that_does_not_end_is_left() -> None:
    async with asyncio.timeout(BOUND):
        await Driver(cast("Any", Silent())).close()
