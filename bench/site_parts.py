"""What a site uses, part by part, and what its engines do alone."""

import asyncio
import os
import time
import urllib.request
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
import msgspec
import nats
from nats.aio.msg import Msg
from prometheus_client.parser import text_string_to_metric_families

from chinwag.cli.cluster_demo.site import Site
from chinwag.cli.out import say
from chinwag.load.figures import milliseconds, quantile

FLOOR_SECONDS = 3.0
FLOOR_OWNERS = 4
FLOOR_BATCH = 16
TICKS = os.sysconf("SC_CLK_TCK")


class Figure(msgspec.Struct, frozen=True):
    """One figure of the results."""

    id: str
    value: float
    unit: str
    note: str = ""


class Spent(NamedTuple):
    """Processor seconds by part, and the servers' own counts (name: sum and number)."""

    cpu: dict[str, float]
    counts: dict[str, float]


async def floor(site: Site) -> list[Figure]:
    """What PostgreSQL and NATS do alone: a lone commit, commits of batches side by side, one question over NATS."""
    say("the floor: PostgreSQL and NATS alone")
    async with asyncpg.create_pool(site.engines["postgres"].url, min_size=FLOOR_OWNERS, max_size=FLOOR_OWNERS) as pool:
        await pool.execute("CREATE TABLE bench_floor (id bigserial PRIMARY KEY, body bytea)")
        row = b"x" * 200

        async def lone() -> None:
            await pool.execute("INSERT INTO bench_floor (body) VALUES ($1)", row)

        async def batch() -> None:
            await pool.execute("INSERT INTO bench_floor (body) SELECT unnest($1::bytea[])", [row] * FLOOR_BATCH)

        alone = await _repeated(lone)
        began = time.perf_counter()
        many = await asyncio.gather(*(_repeated(batch) for _ in range(FLOOR_OWNERS)))
        rows = FLOOR_BATCH * sum(map(len, many)) / (time.perf_counter() - began)
        await pool.execute("DROP TABLE bench_floor")
    bus = await nats.connect(site.engines["nats"].url)
    try:

        async def answer(message: Msg) -> None:
            await message.respond(message.data)

        await bus.subscribe("bench.floor", cb=answer)
        asked = await _repeated(lambda: bus.request("bench.floor", row, timeout=5))
    finally:
        await bus.close()
    return [
        Figure("floor.commit_ms", milliseconds(quantile(alone, 0.5)), "ms", "p50 of one row, one transaction, synced"),
        Figure("floor.rows_s", rows, "/s", f"{FLOOR_OWNERS} connections, {FLOOR_BATCH} rows a transaction"),
        Figure(
            "floor.request_ms", milliseconds(quantile(asked, 0.5)), "ms", "p50 of a question over NATS, with its answer"
        ),
    ]


async def _repeated(work: Callable[[], Awaitable[object]]) -> list[float]:
    """Do it again and again, one after another; how long each took, in seconds."""
    took: list[float] = []
    ending = time.perf_counter() + FLOOR_SECONDS
    while (began := time.perf_counter()) < ending:
        await work()
        took.append(time.perf_counter() - began)
    return took


def spent_until_now(site: Site) -> Spent:
    """Of all parts since they began."""
    cpu: dict[str, float] = defaultdict(float)
    counts: dict[str, float] = defaultdict(float)
    for process in site.processes:
        cpu[process.name.rpartition("-")[0]] += _cpu([process.pid])
        with urllib.request.urlopen(f"{process.observe}/metrics", timeout=10) as answer:
            for family in text_string_to_metric_families(answer.read().decode()):
                for sample in family.samples:
                    if not sample.labels:
                        counts[sample.name] += sample.value
    for engine, standing in site.engines.items():
        cpu[engine] = _cpu([standing.pid, *_children(standing.pid)])
    return Spent(dict(cpu), dict(counts))


def _cpu(pids: Sequence[int]) -> float:
    """Processor seconds of processes, and of those that they have seen end."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # it has just ended, and its parent counts it
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(site: Site) -> float:
    """MB: what all of it takes of the machine (PSS)."""
    pids = [one.pid for one in site.processes]
    for standing in site.engines.values():
        pids += [standing.pid, *_children(standing.pid)]
    if site.nginx is not None:
        pids += [site.nginx.pid, *_children(site.nginx.pid)]
    return sum(_pss(pid) for pid in pids) / 1e6


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
