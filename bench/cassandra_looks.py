"""What it saves that looks at the epochs of several partitions share requests: the old way and the new one, in turn.

    python -m bench.cassandra_looks [--pairs 30] [--rounds 3]

A Cassandra node of its own, 64 partitions, pairs of people side by side, each with one message a batch: of three reads
of a message two are looks, as in B2 with the workers of many partitions in one process.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from pathlib import Path

from bench.cassandra_stores import Counting, Measured, Talk, node, talks
from bench.used import spent

from chinwag.adapters.cassandra import CassandraServers, epoch_reads, make_schema, open_driver, stores_on
from chinwag.domain.conversation import Position

MESSAGES = 40
"""Of each pair, in each round."""
WAYS = {"each alone": (1, 1_000), "together": (epoch_reads.TOGETHER, epoch_reads.SIDE_BY_SIDE)}


async def measure(servers: CassandraServers, process: int, pairs: int, rounds: int) -> None:
    """Print what each way costs."""
    await make_schema(servers, partitions=64, replicas=1)
    driver, partitions = await open_driver(servers)
    counting = Counting(driver)
    stores = stores_on(counting, Measured(counting), partitions)
    sequences = itertools.count(1)

    async def talk(one: Talk) -> None:
        for _ in range(MESSAGES):
            made = one.message(Position(1, next(sequences), 0))
            await stores.message_store.keys([made.keys[0][0]])
            await stores.message_store.commit([made])

    people = talks()[:pairs]
    await asyncio.gather(*map(talk, people))  # statements are prepared, states known
    for _ in range(rounds):
        for way, (together, side_by_side) in WAYS.items():
            epoch_reads.TOGETHER, epoch_reads.SIDE_BY_SIDE = together, side_by_side  # type: ignore[misc]
            counting.counts.clear()
            many, client, of_node, began = pairs * MESSAGES, time.process_time(), spent(process), time.perf_counter()
            await asyncio.gather(*map(talk, people))
            print(
                f"{way:>12}: {counting.counts['reads'] / many:.2f} reads a message, "
                f"{(time.process_time() - client) * 1e6 / many:,.0f} us of the client, "
                f"{(spent(process) - of_node) * 1e6 / many:,.0f} us of the node, "
                f"{many / (time.perf_counter() - began):,.0f} messages/s",
                flush=True,
            )
    await stores.close()


def main() -> None:
    """Measure, and end the node."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=30, help="side by side (30)")
    parser.add_argument("--rounds", type=int, default=3, help="of each way (3)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chinwag-") as home:
        folder = Path(home)
        folder.chmod(0o755)  # root's engines run as another user
        with node(folder) as (_, running, servers):
            asyncio.run(measure(servers, running.pid, asked.pairs, asked.rounds))


if __name__ == "__main__":
    main()
