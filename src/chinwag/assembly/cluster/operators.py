"""What commands need of a cluster beside its servers: the account verbs, and where one message is."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from chinwag.adapters.nats import NatsQuestions
from chinwag.adapters.postgres import open_stores
from chinwag.adapters.postgres.registry import PostgresRegistry
from chinwag.adapters.postgres.search_index import PostgresSearchIndex
from chinwag.adapters.relational.counted_together import CountedTogether
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import FollowedKeys, SealedKeyStore
from chinwag.adapters.relational.shared_allowances import SharedAllowances
from chinwag.assembly.accounts import account_rules
from chinwag.assembly.cluster.credentials import directory_url, messages_url, read_secret, shown
from chinwag.assembly.cluster.opened import cluster_of, connected_to_nats, reached
from chinwag.assembly.cluster.spoken import Say, spoken
from chinwag.assembly.cluster.told_later import ToldLater
from chinwag.config import Config
from chinwag.domain.ids import ConversationId, Snowflake
from chinwag.domain.index_status import IndexStatus
from chinwag.domain.tracing import Trace
from chinwag.flow.access.collaborators import Accounts, open_accounts
from chinwag.flow.clock import system_clock
from chinwag.flow.search.progress import Reading
from chinwag.flow.trace import Tracer
from chinwag.ports.bus import new_node
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.registry import Registry


@asynccontextmanager
async def operator_accounts(config: Config, say: Say) -> AsyncIterator[Accounts]:
    """The account verbs of a cluster. Its servers hear of what was done at the end; with NATS away they find it in the
    directory, within seconds. say: what is waited for. Raises a `Told` as a server's start does."""
    messages, accounts = messages_url(config), directory_url(config)
    async with AsyncExitStack() as opened:
        cluster = await _cluster(config, say)
        directory = await open_postgres_directory(accounts)
        opened.push_async_callback(directory.close)
        keys = FollowedKeys(SealedKeyStore(accounts, read_secret(config)))
        together = CountedTogether(accounts)
        opened.push_async_callback(together.close)
        registry = await registry_of(config, cluster, opened)
        ids = Snowflake(await reached(messages, registry.lease_worker()))
        bus = ToldLater()
        opened.push_async_callback(bus.tell, config, cluster, say)
        allowances = SharedAllowances(together, system_clock)
        yield open_accounts(directory, bus, ids, system_clock, keys, account_rules(config), allowances=allowances)


@asynccontextmanager
async def cluster_stores(config: Config, say: Say) -> AsyncIterator[tuple[Directory, MessageStore, MarkStore, Inbox]]:
    """All that lasts, to be read while its servers go on. It needs neither NATS nor the cluster's secret. say: what is
    waited for. Raises a `Told` as a server's start does."""
    accounts = directory_url(config)
    async with AsyncExitStack() as opened:
        cluster = await _cluster(config, say)
        directory = await open_postgres_directory(accounts)
        opened.push_async_callback(directory.close)
        stores = await stores_of(config, cluster, say, opened)
        yield directory, stores.message_store, stores.mark_store, stores.inbox


class Stores(NamedTuple):
    """What lasts on the way of a message. partitions: of the log."""

    message_store: MessageStore
    mark_store: MarkStore
    inbox: Inbox
    partitions: int


async def stores_of(config: Config, cluster: str, say: Say, opened: AsyncExitStack) -> Stores:
    """What lasts on the way of a message, as the profile has it; `opened` closes it again. Raises a `Told`."""
    if config.store.profile == "cassandra":
        from chinwag.assembly.cluster.opened_streams import open_reading  # its drivers are of that profile alone

        where = f"Cassandra at {', '.join(config.cassandra.hosts)}"
        return Stores(*await spoken(open_reading(config, cluster, opened), say, f"waiting for {where} …"))
    url = messages_url(config)
    stores = await reached(url, open_stores(url, connections=2))
    opened.push_async_callback(stores.close)
    return Stores(stores.message_store, stores.mark_store, stores.inbox, stores.partitions.count)


async def registry_of(config: Config, cluster: str, opened: AsyncExitStack) -> Registry:
    """Who lives, as the cluster knows it; `opened` closes it again. Raises a `Told`."""
    if config.store.profile == "cassandra":
        from chinwag.assembly.cluster.opened_streams import open_registry  # its drivers are of that profile alone

        return await open_registry(config, cluster, opened)
    url = messages_url(config)
    registry = await reached(url, PostgresRegistry.open(url))
    opened.push_async_callback(registry.close)
    return registry


async def _cluster(config: Config, say: Say) -> str:
    where = " and ".join(dict.fromkeys((shown(messages_url(config)), shown(directory_url(config)))))
    return await spoken(cluster_of(config), say, f"waiting for PostgreSQL at {where} …")


async def cluster_trace(config: Config, conversation: ConversationId, number: int, say: Say) -> Trace:
    """Where that event is for each member. say: what is waited for. Raises `Refused`, and a `Told` if the engines
    cannot be asked."""
    async with AsyncExitStack() as opened:
        cluster = await _cluster(config, say)
        stores = await stores_of(config, cluster, say, opened)
        registry = await registry_of(config, cluster, opened)
        where = ", ".join(config.nats.urls)
        asked = connected_to_nats(config, cluster, new_node("operator"))
        nats = await spoken(asked, say, f"asking the servers: waiting for NATS at {where} …")
        opened.push_async_callback(nats.close)
        tracer = Tracer(stores.message_store, stores.inbox, stores.mark_store, registry, NatsQuestions(nats))
        return await tracer.trace(conversation, number)


async def cluster_index(config: Config, say: Say, *, rebuild: bool) -> IndexStatus:
    """How the search index is; after it was told to be made anew, if that is wanted. say: what is waited for. Raises
    `Refused`, and a `Told` if the database cannot be asked."""
    url = messages_url(config)
    async with AsyncExitStack() as opened:
        stores = await stores_of(config, await _cluster(config, say), say, opened)
        index = await reached(url, PostgresSearchIndex.open(url, connections=1))
        opened.push_async_callback(index.close)
        reading = Reading(index, stores.inbox, stores.partitions)
        if rebuild:
            await reading.make_anew()
        return await reading.status()
