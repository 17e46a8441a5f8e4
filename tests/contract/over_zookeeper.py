"""The adapters on ZooKeeper under the contract suites: each test has a cluster of its own on one server."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from chinwag.adapters.zookeeper import ZooKeeperConnection, ZooKeeperRegistry, ZooKeeperServers
from chinwag.adapters.zookeeper.registry import make_registry

SESSION = 3.0


def zookeeper_at(hosts: Sequence[str], cluster: str = "") -> ZooKeeperServers:
    """The servers there, for a cluster that nobody else is in unless it is named, and where nobody else may read."""
    return ZooKeeperServers(
        hosts=tuple(hosts), cluster=cluster or secrets.token_hex(8), user="chinwag", password="of-one-test"
    )


@asynccontextmanager
async def a_connection(
    servers: ZooKeeperServers, *, session: float = SESSION, patience: float = 2.0
) -> AsyncIterator[ZooKeeperConnection]:
    """A connection, to which what the registry lies in is made."""
    connection = await ZooKeeperConnection.open(servers, session=session, patience=patience)
    try:
        await make_registry(connection)
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def a_registry(
    servers: ZooKeeperServers, *, session: float = SESSION, rest: float = 60.0, patience: float = 2.0
) -> AsyncIterator[tuple[ZooKeeperRegistry, ZooKeeperConnection]]:
    """The registry of a process, and its connection."""
    async with a_connection(servers, session=session, patience=patience) as connection:
        registry = await ZooKeeperRegistry.open(connection, rest=rest)
        try:
            yield registry, connection
        finally:
            await registry.close()
