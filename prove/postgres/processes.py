"""Each owner in a process of its own, one of which is stopped and continued."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess

from chinwag.adapters.postgres import make_schema, open_stores
from prove.postgres.owners import Run, judge, planned, work


def run(url: str, batches: int, accounts: int, seed: int) -> list[str]:
    """Both owners, each in a process, and what is wrong then."""
    asyncio.run(make_schema(url, partitions=2))
    context = get_context("spawn")
    runs = [Run(partition, batches, accounts, seed) for partition in (0, 1)]
    owners = [context.Process(target=_own, args=(url, run)) for run in runs]
    for owner in owners:
        owner.start()
    _stop_and_continue(owners[1], random.Random(seed))
    for owner in owners:
        owner.join()
    failed = [f"owner {number} ended with {owner.exitcode}" for number, owner in enumerate(owners) if owner.exitcode]
    return failed or asyncio.run(_judge(url, runs))


def _own(url: str, run: Run) -> None:
    async def owner() -> None:
        stores = await open_stores(url)
        await work(stores, run)
        await stores.close()

    asyncio.run(owner())


async def _judge(url: str, runs: Sequence[Run]) -> list[str]:
    stores = await open_stores(url)
    try:
        return await judge(stores, [planned(run) for run in runs])
    finally:
        await stores.close()


def _stop_and_continue(owner: SpawnProcess, chance: random.Random) -> None:
    """Wherever it is: also in the middle of a batch."""
    while owner.is_alive():
        owner.join(chance.uniform(0.2, 1.0))
        if owner.is_alive() and owner.pid is not None:
            os.kill(owner.pid, signal.SIGSTOP)
            owner.join(chance.uniform(0.05, 0.5))
            os.kill(owner.pid, signal.SIGCONT)
