"""The only node of Cassandra is away for a while: once it takes statements again, processes that ran on soon use it."""

import asyncio
import time
from typing import Final

import pytest
from tests.contract.harness import PAIR, commit, event
from tests.engines.test_cassandra_ring import Nowhere
from tests.support.own_cassandra import own_cassandra

from chinwag.adapters.cassandra import CassandraServers, make_schema, open_stores

pytestmark = pytest.mark.cluster_prove

PATIENCE: Final = 10.0
"""Seconds for which a call goes on trying: shorter than the pauses that a driver comes to whose tries get rarer."""
AWAY: Final = 35.0
"""How long it is away before it is begun again."""

AS_OPERATED: Final = dict.fromkeys(("commitlog_sync", "commitlog_sync_period"))
"""What is acked is on disk: the node is killed right after that, and with tests' periods that may be too soon."""


async def test_a_node_that_was_away_for_long_is_used_soon_after_it_is_back() -> None:
    with own_cassandra(1, {1: AS_OPERATED}) as (node,):
        servers = CassandraServers(hosts=(node.host,), port=node.port)
        await make_schema(servers, partitions=1, replicas=1)
        stores = await open_stores(servers, Nowhere(), patience=PATIENCE)
        try:
            await stores.message_store.commit([commit(1, 1)])
            await asyncio.to_thread(node.kill)
            await asyncio.sleep(AWAY)
            await asyncio.to_thread(node.begin)
            began = time.monotonic()
            await stores.message_store.commit([commit(2, 2)])
            print(f"the first write: {time.monotonic() - began:.2f} s after it takes statements")
            assert list(await stores.message_store.events(PAIR, 1, 9)) == [event(1), event(2)]
        finally:
            await stores.close()
