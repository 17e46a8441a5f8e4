"""What commands need of a cluster beside its servers: the account verbs, and where one message is."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.nats import NatsBus, NatsConnection, NatsQuestions
from chinwag.adapters.postgres import open_stores
from chinwag.adapters.postgres.halves import check_halves
from chinwag.adapters.postgres.identity import identity_of
from chinwag.adapters.postgres.registry import PostgresRegistry
from chinwag.adapters.relational.counted_together import CountedTogether
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import FollowedKeys, SealedKeyStore
from chinwag.adapters.relational.shared_allowances import SharedAllowances
from chinwag.assembly.accounts import account_rules
from chinwag.assembly.cluster.credentials import directory_url, messages_url, nats_servers, read_secret
from chinwag.assembly.cluster.opened import connected_to_nats, reached
from chinwag.config import Config
from chinwag.domain.ids import ConversationId, Snowflake
from chinwag.domain.refusal import Refused
from chinwag.domain.tracing import Trace
from chinwag.flow.access.collaborators import Accounts, open_accounts
from chinwag.flow.clock import system_clock
from chinwag.flow.trace import Tracer
from chinwag.ports.bus import Bus, new_node
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore


@asynccontextmanager
async def operator_accounts(config: Config) -> AsyncIterator[Accounts]:
    """The account verbs of a cluster. Its servers hear at once what was done; with NATS away they find it in the
    directory, within seconds. Raises a `Told` as a server's start does."""
    messages, accounts = messages_url(config), directory_url(config)
    async with AsyncExitStack() as opened:
        cluster = await reached(messages, identity_of(messages, config.cluster.id))
        await reached(accounts, check_halves(messages, accounts))
        keys = FollowedKeys(SealedKeyStore(accounts, read_secret(config)))
        directory = await open_postgres_directory(accounts)
        opened.push_async_callback(directory.close)
        together = CountedTogether(accounts)
        opened.push_async_callback(together.close)
        registry = await reached(messages, PostgresRegistry.open(messages))
        opened.push_async_callback(registry.close)
        ids = Snowflake(await reached(messages, registry.lease_worker()))
        bus: Bus = EmbeddedBus()
        try:
            nats = await NatsConnection.open(nats_servers(config, cluster), new_node("operator"))
        except Refused:
            pass
        else:
            opened.push_async_callback(nats.close)
            bus = NatsBus(nats)
        allowances = SharedAllowances(together, system_clock)
        yield open_accounts(directory, bus, ids, system_clock, keys, account_rules(config), allowances=allowances)


@asynccontextmanager
async def cluster_stores(config: Config) -> AsyncIterator[tuple[Directory, MessageStore, MarkStore, Inbox]]:
    """All that lasts, to be read while its servers go on. It needs neither NATS nor the cluster's secret. Raises a
    `Told` as a server's start does."""
    messages, accounts = messages_url(config), directory_url(config)
    async with AsyncExitStack() as opened:
        cluster = await reached(messages, identity_of(messages, config.cluster.id))
        await reached(accounts, check_halves(messages, accounts))
        if accounts != messages:
            await reached(accounts, identity_of(accounts, cluster))
        directory = await open_postgres_directory(accounts)
        opened.push_async_callback(directory.close)
        stores = await reached(messages, open_stores(messages, connections=2))
        opened.push_async_callback(stores.close)
        yield directory, stores.message_store, stores.mark_store, stores.inbox


async def cluster_trace(config: Config, conversation: ConversationId, number: int) -> Trace:
    """Where that event is for each member. Raises `Refused`, and a `Told` if the engines cannot be asked."""
    url = messages_url(config)
    async with AsyncExitStack() as opened:
        cluster = await reached(url, identity_of(url, config.cluster.id))
        stores = await reached(url, open_stores(url, connections=2))
        opened.push_async_callback(stores.close)
        registry = await reached(url, PostgresRegistry.open(url))
        opened.push_async_callback(registry.close)
        nats = await connected_to_nats(config, cluster, new_node("operator"))
        opened.push_async_callback(nats.close)
        tracer = Tracer(stores.message_store, stores.inbox, stores.mark_store, registry, NatsQuestions(nats))
        return await tracer.trace(conversation, number)
