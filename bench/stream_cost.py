"""What posting every event to a stream as well costs: processor time a message, with it and without, in turn.

    python -m bench.stream_cost [--rounds 5] [--messages 4000]

Texts of 100 bytes between pairs of people, 16 or 100 conversations a batch, on the embedded stores and on a PostgreSQL
of its own; for that one the client's time and that of the database's own processes are added. The machine may be busy:
only processor time is counted.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from bench.postgres_stores import Place, pairs
from prove.postgres.server import database

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.postgres import make_schema, open_stores
from chinwag.adapters.postgres.database import connected
from chinwag.domain.conversation import Position
from chinwag.domain.ids import stream_of
from chinwag.ports.message_store import Commit, Fanout, MessageStore

SIZES: Final = (16, 100)
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def followed(commit: Commit) -> Commit:
    """The same, with the stream among those to whom it is posted."""
    fanouts = [Fanout(one.first, one.last, (*one.audience, stream_of(0))) for one in commit.fanouts]
    return msgspec.structs.replace(commit, fanouts=fanouts)


async def turns(
    store: MessageStore,
    places: list[Place],
    epoch: int,
    size: int,
    asked: argparse.Namespace,
    spent: Callable[[], float],
    part: int,
) -> tuple[float, float]:
    """Microseconds a message without the stream and with it: medians of rounds in turn."""
    taken: dict[bool, list[float]] = {False: [], True: []}
    sequence = part * 1_000_000  # positions rise
    for turn in range(2 * asked.rounds + 2):
        with_stream = turn % 2 == 1
        began = spent()
        for _ in range(asked.messages // size):
            sequence += 1
            some = [places[(sequence * size + one) % len(places)] for one in range(size)]
            batch = [place.message(Position(epoch, sequence, 0)) for place in some]
            await store.commit([followed(one) for one in batch] if with_stream else batch)
        if turn >= 2:  # the first of each only warms up
            taken[with_stream].append((spent() - began) * 1e6 / asked.messages)
    return statistics.median(taken[False]), statistics.median(taken[True])


def of_children(parent: int) -> float:
    """Seconds of processor time of the processes that `parent` has begun, of those that are there."""
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def parent_of(process: int) -> int:
    """Which process has begun that one."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


async def on_postgres(url: str, asked: argparse.Namespace) -> None:
    """Measure on the database there."""
    await make_schema(url, partitions=4)
    async with connected(url) as connection:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        postmaster = parent_of(backend)
    stores = await open_stores(url)
    epoch = await stores.partitions.claim(0)

    def spent() -> float:
        return time.process_time() + of_children(postmaster)

    for sequence, size in enumerate(SIZES):
        told("postgresql", size, await turns(stores.message_store, pairs(0), epoch, size, asked, spent, sequence))
    await stores.close()


async def main(asked: argparse.Namespace) -> None:
    """Measure on both."""
    with tempfile.TemporaryDirectory() as folder:
        embedded = await open_embedded(Path(folder) / "data")
        for sequence, size in enumerate(SIZES):
            found = await turns(embedded.message_store, pairs(0), 1, size, asked, time.process_time, sequence)
            told("embedded", size, found)
        await embedded.close()
    with database(None) as url:
        await on_postgres(url, asked)


def told(name: str, size: int, found: tuple[float, float]) -> None:
    """Print a line."""
    print(f"{name}, {size} a batch: {found[0]:.1f} us a message without the stream, {found[1]:.1f} with it")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=4_000, help="in each round")
    asyncio.run(main(parser.parse_args()))
