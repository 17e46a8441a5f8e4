"""A port of each event loop, which stops after the test."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvloop
from tests.port.house import House, Start


@pytest.fixture(params=["uvloop", "asyncio"])
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    return uvloop.EventLoopPolicy() if request.param == "uvloop" else asyncio.DefaultEventLoopPolicy()


@pytest.fixture(autouse=True)
async def _patience() -> AsyncIterator[None]:
    """No test may hang."""
    async with asyncio.timeout(90):
        yield


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    houses: list[House] = []

    async def begin(**options: object) -> House:
        house = House(**options)
        await house.port.start()
        houses.append(house)
        return house

    yield begin
    for house in houses:
        house.hold.set()
        await house.port.stop(5)


@pytest.fixture
async def house(start: Start) -> House:
    return await start()
