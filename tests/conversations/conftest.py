"""Where scripts are played."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from prove.process import ServerProcess
from tests.conversations.large_sentences import RULES
from tests.support.places import AtHand
from tests.support.quick_server import CHEAP, COMMAND

from chinwag.assembly import open_server
from chinwag.config import Config, Limits, sections

QUIET: Final = 600
"""Seconds that a device may say nothing. Its script ends long before, however busy the machine."""
SILENCE: Final = ("--presence-offline-seconds", str(QUIET))
POLLS = ("--limits-polls-per-second", "1000", "--limits-polls-burst", "10000")
"""Scripts take turns faster than people: with the budget of people each turn of a poller would take half a second."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_process(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """One server process for all scripts and transports: each script has people of its own."""
    process = ServerProcess(tmp_path_factory.mktemp("conversations") / "data", *POLLS, *SILENCE, command=COMMAND)
    await process.start()
    yield process
    await ended_well(process)


@pytest_asyncio.fixture
async def strict_process(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server with the poll budget that is the default."""
    process = ServerProcess(tmp_path / "data", *SILENCE, command=COMMAND)
    await process.start()
    yield process
    await ended_well(process)


async def ended_well(process: ServerProcess) -> None:
    """Stop it. What the server calls an error is one, whether or not somebody saw its effect."""
    try:
        assert await process.stop() == 0
    finally:
        process.end()
    errors = [line for line in process.log().splitlines() if '"level":"error"' in line]
    assert errors == []


@pytest.fixture
async def at_hand(tmp_path: Path) -> AsyncIterator[AtHand]:
    """A server in this process."""
    async with serving(tmp_path / "data", Limits(polls_per_second=1000, polls_burst=10000)) as there:
        yield there


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def with_large_groups(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AtHand]:
    """One for all scripts of large groups: groups are wide above 4 members and large above 8."""
    limits = Limits(
        polls_per_second=1000,
        polls_burst=10000,
        large_group_members=RULES.large_group_members,
        wide_above=RULES.wide_above,
        large_above=RULES.large_above,
    )
    async with serving(tmp_path_factory.mktemp("large") / "data", limits) as there:
        yield there


@asynccontextmanager
async def serving(data: Path, limits: Limits) -> AsyncIterator[AtHand]:
    """A server of that folder in this process."""
    config = Config(
        data=sections.Data(path=data),
        server=sections.Server(port=0),
        observe=sections.Observe(port=0),
        presence=sections.Presence(offline_seconds=QUIET),
        limits=limits,
    )
    server = await open_server(config)
    server.legs.accounts.passwords._hasher = PasswordHasher(**CHEAP.keywords)  # only the cost of hashing differs
    try:
        await server.start()
        yield AtHand(server)
    finally:
        await server.stop()
