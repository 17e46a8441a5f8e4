"""What the engines of a site do alone, without this server."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import asyncpg
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from chinwag.cli.cluster_demo.site import Site
from chinwag.cli.out import say
from chinwag.engines.wide import WideStanding
from chinwag.load.figures import milliseconds, quantile
from site_parts import Figure

FLOOR_SECONDS = 3.0
FLOOR_OWNERS = 4
FLOOR_BATCH = 16
FLOOR_TOGETHER = 64
ROW: Final = b"x" * 200


async def floor(site: Site) -> list[Figure]:
    """A lone commit, commits of batches side by side, one question over NATS; with the engines of the cassandra profile
    a lone row and many at once there, and a lone record and many at once into a stream."""
    say("the floor: the engines alone")
    figures = await _postgres(site.engines["postgres"].url)
    bus = await nats.connect(site.engines["nats"].url)
    try:
        figures += await _nats(bus)
        if site.wide is not None:
            figures += await _jetstream(bus, len(site.wide.of("nats")))
            figures += await _cassandra(site.wide.of("cassandra"))
    finally:
        await bus.close()
    return figures


async def _postgres(url: str) -> list[Figure]:
    async with asyncpg.create_pool(url, min_size=FLOOR_OWNERS, max_size=FLOOR_OWNERS) as pool:
        await pool.execute("CREATE TABLE bench_floor (id bigserial PRIMARY KEY, body bytea)")

        async def lone() -> None:
            await pool.execute("INSERT INTO bench_floor (body) VALUES ($1)", ROW)

        async def batch() -> None:
            await pool.execute("INSERT INTO bench_floor (body) SELECT unnest($1::bytea[])", [ROW] * FLOOR_BATCH)

        alone = await _repeated(lone)
        rows = FLOOR_BATCH * await _side_by_side(batch, FLOOR_OWNERS)
        await pool.execute("DROP TABLE bench_floor")
    return [
        Figure("floor.commit_ms", _p50(alone), "ms", "p50 of one row, one transaction, synced"),
        Figure("floor.rows_s", rows, "/s", f"{FLOOR_OWNERS} connections, {FLOOR_BATCH} rows a transaction"),
    ]


async def _nats(bus: Client) -> list[Figure]:
    async def answer(message: Msg) -> None:
        await message.respond(message.data)

    subscription = await bus.subscribe("bench.floor", cb=answer)
    asked = await _repeated(lambda: bus.request("bench.floor", ROW, timeout=5))
    await subscription.unsubscribe()
    return [Figure("floor.request_ms", _p50(asked), "ms", "p50 of a question over NATS, with its answer")]


async def _jetstream(bus: Client, copies: int) -> list[Figure]:
    streams: Any = bus.jetstream()
    await streams.add_stream(name="bench_floor", subjects=["bench.stream"], num_replicas=copies, max_bytes=64 << 20)
    try:
        alone = await _repeated(lambda: streams.publish("bench.stream", ROW))
        many = await _side_by_side(lambda: streams.publish("bench.stream", ROW), FLOOR_TOGETHER)
    finally:
        await streams.delete_stream("bench_floor")
    return [
        Figure("floor.record_ms", _p50(alone), "ms", f"p50 of one record into a stream, {copies} copies, synced"),
        Figure("floor.records_s", many, "/s", f"{FLOOR_TOGETHER} at once"),
    ]


async def _cassandra(nodes: Sequence[WideStanding]) -> list[Figure]:
    from chinwag.adapters.cassandra.driver import CassandraServers, Driver
    from chinwag.adapters.cassandra.statements import insert

    copies, first = len(nodes), nodes[0]
    driver = await Driver.connect(CassandraServers(hosts=(first.host,), port=first.port), keyspace=False)
    try:
        await driver.define(
            f"CREATE KEYSPACE bench WITH replication = {{'class': 'NetworkTopologyStrategy', 'datacenter1': {copies}}}"
        )
        await driver.define("CREATE TABLE bench.floor (id blob PRIMARY KEY, body blob)")
        put = insert("bench.floor", "id body", 1)

        async def write() -> None:
            await driver.write([(put, (secrets.token_bytes(16), ROW, 1))])

        alone = await _repeated(write)
        many = await _side_by_side(write, FLOOR_TOGETHER)
        await driver.define("DROP KEYSPACE bench")
    finally:
        await driver.close()
    return [
        Figure("floor.row_ms", _p50(alone), "ms", f"p50 of one row into Cassandra, {copies} copies, synced"),
        Figure("floor.cassandra_rows_s", many, "/s", f"{FLOOR_TOGETHER} at once, each a request"),
    ]


def _p50(took: list[float]) -> float:
    return milliseconds(quantile(took, 0.5))


async def _side_by_side(work: Callable[[], Awaitable[object]], lanes: int) -> float:
    """How often a second it was done by so many at once."""
    began = time.perf_counter()
    many = await asyncio.gather(*(_repeated(work) for _ in range(lanes)))
    return sum(map(len, many)) / (time.perf_counter() - began)


async def _repeated(work: Callable[[], Awaitable[object]]) -> list[float]:
    """Do it again and again, one after another; how long each took, in seconds."""
    took: list[float] = []
    ending = time.perf_counter() + FLOOR_SECONDS
    while (began := time.perf_counter()) < ending:
        await work()
        took.append(time.perf_counter() - began)
    return took
