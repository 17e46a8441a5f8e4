"""A delivery process for tests that stop it: `python -m tests.engines.log_owner NATS CLUSTER DATABASE`.

Says `ready` once it has begun, and works until it is ended.
"""

import asyncio
import sys
import time

from tests.contract.over_nats import Owner, nats_at

from chinwag.adapters.nats import NatsBus
from chinwag.flow.deliver import Deliver


async def main(url: str, cluster: str, database: str) -> None:
    """Work for ever."""
    owner = Owner(nats_at(url, cluster), database, lambda: int(time.time() * 1000))
    await owner.start()
    await run(owner)


async def run(owner: Owner) -> None:
    """Do the work of all partitions that are `owner`'s, until its log is closed."""
    bus = NatsBus(owner.connection)
    workers = [
        asyncio.ensure_future(Deliver(number, owner.log, owner.stores.message_store, bus).run())
        for number in range(owner.log.partitions)
    ]
    print("ready", flush=True)
    await asyncio.gather(*workers)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
