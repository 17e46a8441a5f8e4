"""The Registry on PostgreSQL: what is left of a process that died, and what one that is cut off may still do."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.contract.postgres import through
from tests.support.proxy import Proxy, Way

from chinwag.adapters.postgres.registry import PostgresRegistry, make_registry
from chinwag.adapters.postgres.schema import MissingSchemaError, NewerSchemaError
from chinwag.domain.ids import WORKERS, Snowflake
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Node

LEASE = 5.0
"""Longer than any test that holds one is kept from running by a busy machine."""
GATEWAY = Node(NodeId("g1"), ("gateway",))


@pytest.fixture
async def url(postgres_url: str) -> str:
    await make_registry(postgres_url)
    await make_registry(postgres_url)
    return postgres_url


@pytest.fixture
async def relay(url: str) -> AsyncIterator[Proxy]:
    """Between one process and PostgreSQL."""
    async with Proxy("127.0.0.1", urlsplit(url).port or 5432).serving() as opened:
        yield opened


async def test_a_process_that_is_cut_off_is_gone_with_its_lease_and_makes_no_ids(url: str, relay: Proxy) -> None:
    cut_off = await PostgresRegistry.open(through(url, relay.port), lease=LEASE, patience=0.3)
    other = await PostgresRegistry.open(url, lease=LEASE, rest=0.0)
    try:
        await cut_off.register(GATEWAY)
        number = await cut_off.lease_worker()
        held, ids = number(), Snowflake(number)
        ids.next(1_800_000_000_000)
        relay.turn(Way.GONE)
        async with asyncio.timeout(90):
            while await other.nodes("gateway"):
                pass
        # Others may have it from now on, and so it has made none for a while.
        with pytest.raises(Refused) as refused:
            ids.next(1_800_000_000_000)
        assert refused.value.code is Code.UNAVAILABLE
        relay.turn(Way.PASS)
        async with asyncio.timeout(90):
            while not await other.nodes("gateway"):
                pass
            while True:
                try:
                    again = number()
                    break
                except Refused:
                    await asyncio.sleep(0.05)
        assert again != held, "one that was lost rests"
    finally:
        await cut_off.close()
        await other.close()


async def test_a_number_that_was_freed_rests(url: str) -> None:
    first = await PostgresRegistry.open(url, lease=300.0)
    number = (await first.lease_worker())()
    await first.close()
    await _hold_all_but(url, number, (number + 1) % WORKERS)
    second = await PostgresRegistry.open(url, lease=300.0, rest=300.0)
    hurried = await PostgresRegistry.open(url, lease=300.0, rest=0.0)
    try:
        assert (await second.lease_worker())() != number
        with pytest.raises(Refused) as refused:
            await second.lease_worker()
        assert refused.value.code is Code.UNAVAILABLE
        assert (await hurried.lease_worker())() == number
    finally:
        await second.close()
        await hurried.close()


async def _hold_all_but(url: str, *numbers: int) -> None:
    """Let somebody else have all other worker numbers."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "UPDATE registry.workers SET holder = 'others', until = clock_timestamp() + interval '1 hour' "
            "WHERE number <> ALL ($1::int[])",
            list(numbers),
        )
    finally:
        await connection.close()


async def test_a_lease_is_not_certain_beyond_two_thirds_of_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = await PostgresRegistry.open(url, lease=300.0)
    try:
        number = await registry.lease_worker()
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 199.0)
        number()
        monkeypatch.setattr(time, "monotonic", lambda: now + 201.0)
        with pytest.raises(Refused):
            number()
    finally:
        monkeypatch.undo()
        await registry.close()


async def test_a_registry_that_is_not_there_or_newer_is_refused_in_words(postgres_url: str) -> None:
    with pytest.raises(MissingSchemaError, match="cluster init"):
        await PostgresRegistry.open(postgres_url)
    await make_registry(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("UPDATE registry.version SET number = 99")
    await connection.close()
    with pytest.raises(NewerSchemaError, match="99"):
        await PostgresRegistry.open(postgres_url)
    with pytest.raises(NewerSchemaError, match="99"):
        await make_registry(postgres_url)
