"""Everything that a process of the postgres profile holds open, whatever its roles."""

from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Final, TypeVar

import msgspec

from chinwag.adapters.embedded.log import EmbeddedLog
from chinwag.adapters.nats import NatsBus, NatsConnection, NatsQuestions
from chinwag.adapters.postgres import PostgresStores, open_stores
from chinwag.adapters.postgres.identity import identity_of
from chinwag.adapters.postgres.registry import PostgresRegistry
from chinwag.adapters.postgres.scrub import PostgresScrub
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import FollowedKeys, SealedKeyStore
from chinwag.adapters.relational.shared_allowances import SharedAllowances
from chinwag.assembly.cluster.credentials import directory_url, messages_url, nats_servers, read_secret, shown
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import system_clock
from chinwag.ports import Ports
from chinwag.ports.bus import NodeId
from chinwag.ports.directory import Directory
from chinwag.told import Told

ABOUT: Final = "run `chinwag cluster check`, which looks at everything"

Done = TypeVar("Done")


class EngineAwayError(Told):
    """An engine does not take us; the message says which one, and why."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. Each is closed by a part of the process (`parts.py`)."""

    cluster: str
    stores: PostgresStores
    directory: Directory
    allowances: SharedAllowances
    keys: FollowedKeys
    registry: PostgresRegistry
    nats: NatsConnection
    ports: Ports


async def open_all(config: Config, node: NodeId, opened: AsyncExitStack) -> Opened:
    """Open everything, and let `opened` close it again.

    Raises a `Told` that says what is wrong, and what to type: a database without tables or with those of another
    version or cluster, keys that are not there or sealed with another secret, an engine that does not answer.
    """
    messages, accounts, secret = messages_url(config), directory_url(config), read_secret(config)
    cluster = await reached(messages, identity_of(messages, config.cluster.id))
    if accounts != messages:
        await reached(accounts, identity_of(accounts, cluster))
    keys = FollowedKeys(SealedKeyStore(accounts, secret))
    directory = await open_postgres_directory(accounts)
    opened.push_async_callback(directory.close)
    allowances = SharedAllowances(accounts, system_clock, config.accounts.throttle_minutes * 60_000)
    opened.push_async_callback(allowances.close)
    stores = await reached(messages, open_stores(messages, connections=config.postgres.connections))
    opened.push_async_callback(stores.close)
    registry = await reached(messages, PostgresRegistry.open(messages))
    opened.push_async_callback(registry.close)
    nats = await _connected(config, cluster, node)
    opened.push_async_callback(nats.close)
    epochs = [await reached(messages, stores.partitions.claim(number)) for number in range(stores.partitions.count)]
    return Opened(
        cluster=cluster,
        stores=stores,
        directory=directory,
        allowances=allowances,
        keys=keys,
        registry=registry,
        nats=nats,
        ports=Ports(
            log=EmbeddedLog(epochs, len(epochs)),
            message_store=stores.message_store,
            mark_store=stores.mark_store,
            inbox=stores.inbox,
            directory=directory,
            key_store=keys,
            bus=NatsBus(nats),
            registry=registry,
            questions=NatsQuestions(nats),
            scrubs=(PostgresScrub(messages), directory),
        ),
    )


async def reached(url: str, work: Awaitable[Done]) -> Done:
    """What `work` on the database at `url` gives; that it is away, in words."""
    try:
        return await work
    except Refused as refused:
        raise EngineAwayError(f"PostgreSQL at {shown(url)} cannot be used ({_cause(refused)}): {ABOUT}") from refused


async def _connected(config: Config, cluster: str, node: NodeId) -> NatsConnection:
    try:
        return await NatsConnection.open(nats_servers(config, cluster), node)
    except Refused as refused:
        where = ", ".join(config.nats.urls)
        raise EngineAwayError(f"NATS at {where} cannot be used ({_cause(refused)}): {ABOUT}") from refused


def _cause(refused: Refused) -> str:
    cause = refused.__cause__
    return str(cause or "") or (type(cause).__name__ if cause is not None else refused.detail)
