"""The kept rows of Cassandra, brought back into a keyspace."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.support.kept_rows import bring_rows

from chinwag.adapters.cassandra import CassandraServers, Driver

HOST: Final = "127.0.0.1"


@asynccontextmanager
async def brought(state: Path, port: int) -> AsyncIterator[CassandraServers]:
    """The kept rows of a state in a keyspace of their own, which is gone afterwards. port: of Cassandra."""
    servers = CassandraServers(hosts=(HOST,), port=port, keyspace=f"kept_{secrets.token_hex(6)}")
    try:
        await bring_rows(servers, state / "wide.rows.xz")
        yield servers
    finally:
        driver = await Driver.connect(servers, keyspace=False)
        await driver.define(f"DROP KEYSPACE IF EXISTS {servers.keyspace}")
        await driver.close()
