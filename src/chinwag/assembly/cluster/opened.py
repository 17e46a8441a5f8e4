"""Everything that a process of the postgres profile holds open, whatever its roles."""

from collections.abc import Awaitable, Collection, Sequence
from contextlib import AsyncExitStack
from typing import Final, TypeVar

import msgspec

from chinwag.adapters.nats import NatsBus, NatsConnection, NatsQuestions
from chinwag.adapters.nats.announcer import Announcer
from chinwag.adapters.nats.connection import ShortPayloadError
from chinwag.adapters.nats.inbox import NatsInbox
from chinwag.adapters.postgres import open_stores
from chinwag.adapters.postgres.halves import check_halves
from chinwag.adapters.postgres.identity import identity_of
from chinwag.adapters.postgres.registry import PostgresRegistry
from chinwag.adapters.postgres.scrub import PostgresScrub
from chinwag.adapters.postgres.search_index import PostgresSearchIndex
from chinwag.adapters.relational.counted_together import CountedTogether
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import FollowedKeys, SealedKeyStore
from chinwag.adapters.relational.shared_allowances import SharedAllowances
from chinwag.adapters.relational.shared_shown_people import SharedShownPeople
from chinwag.assembly.cluster.clocks import CLOCK_ADVICE, CLOCK_SECONDS, ComparedClock, clock_words, database_time
from chinwag.assembly.cluster.credentials import directory_url, messages_url, nats_servers, read_secret, shown
from chinwag.assembly.cluster.timed_log import TimedLog, VersionedLog
from chinwag.assembly.media import media_store_of
from chinwag.assembly.media_store import opened_upload_store
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import system_clock
from chinwag.life.folder import MEDIA
from chinwag.ports import Ports
from chinwag.ports.bus import NodeId
from chinwag.ports.directory import Directory
from chinwag.ports.registry import Registry
from chinwag.roles.observe import Check
from chinwag.told import Told

ABOUT: Final = "run `chinwag cluster check`, which looks at everything"

Done = TypeVar("Done")


class EngineAwayError(Told):
    """An engine does not take us; the message says which one, and why."""


class WrongClockError(Told):
    """This machine's clock is too far from the database's; the message says by how much, and what to do."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, whatever the profile. Each is closed by a part of the process (`parts.py`).

    stores: the part of what lasts on the way of a message. beneath, beside: further parts of a profile's own, on which
    the others rest, and which rest on the stores, the registry and NATS.
    """

    cluster: str
    stores: Part
    directory: Directory
    together: CountedTogether
    keys: FollowedKeys
    registry: Registry
    nats: NatsConnection
    clock: ComparedClock
    log: VersionedLog
    announcer: Announcer
    inbox: NatsInbox
    ports: Ports
    beneath: Sequence[Part] = ()
    beside: Sequence[Part] = ()


async def open_all(config: Config, node: NodeId, roles: Collection[str], opened: AsyncExitStack) -> Opened:
    """Open everything that `roles` need, and let `opened` close it again. node: the process's own name.

    Raises a `Told` that says what is wrong, and what to type: a database without tables or with those of another
    version or cluster, keys that are not there or sealed with another secret, an engine that does not answer.
    """
    messages, accounts, secret = messages_url(config), directory_url(config), read_secret(config)
    cluster = await cluster_of(config)
    keys = FollowedKeys(SealedKeyStore(accounts, secret))
    directory = await open_postgres_directory(accounts)
    opened.push_async_callback(directory.close)
    together = CountedTogether(accounts)
    opened.push_async_callback(together.close)
    stores = await reached(messages, open_stores(messages, connections=config.postgres.connections))
    opened.push_async_callback(stores.close)
    index = await reached(messages, PostgresSearchIndex.open(messages))
    opened.push_async_callback(index.close)
    registry = await reached(messages, PostgresRegistry.open(messages))
    opened.push_async_callback(registry.close)
    nats = await connected_to_nats(config, cluster, node)
    opened.push_async_callback(nats.close)
    clock = ComparedClock(database_time(stores.database), system_clock)
    await reached(messages, clock.compare())
    if abs(clock.apart) > CLOCK_SECONDS:
        raise WrongClockError(f"{clock_words(clock.apart)}: {CLOCK_ADVICE}")
    announcer = Announcer(nats, stores.arrivals.on_posted)
    opened.push_async_callback(announcer.close)
    inbox = NatsInbox(nats, stores.inbox, announcer)
    opened.push_async_callback(inbox.close)
    log = TimedLog(
        nats,
        registry,
        stores.partitions.count,
        node=node if "delivery" in roles else None,
        claims=stores.partitions if "delivery" in roles else None,
    )
    log.compared = clock
    scrub = PostgresScrub(messages)
    media = media_store_of(config)
    opened.push_async_callback(media.close)
    uploads = opened_upload_store(config, config.data.path.expanduser() / MEDIA)
    opened.callback(uploads.close)
    return Opened(
        cluster=cluster,
        stores=Part(
            name="store",
            opened=True,
            stop=stores.close,
            checks=[Check("store", stores.message_store.reached)],
        ),
        directory=directory,
        together=together,
        keys=keys,
        registry=registry,
        nats=nats,
        clock=clock,
        log=log,
        announcer=announcer,
        inbox=inbox,
        ports=Ports(
            log=log,
            message_store=stores.message_store,
            mark_store=stores.mark_store,
            inbox=inbox,
            directory=directory,
            media_store=media,
            upload_store=uploads,
            key_store=keys,
            allowances=SharedAllowances(together, system_clock),
            shown_people=SharedShownPeople(together, system_clock),
            bus=NatsBus(nats),
            registry=registry,
            questions=NatsQuestions(nats),
            search_index=index,
            scrubs=(scrub, directory, index),
            text_scrub=scrub,
        ),
    )


async def cluster_of(config: Config) -> str:
    """The name of the cluster whose both databases are. Raises a `Told` if they are no cluster's, or not the same's."""
    messages, accounts = messages_url(config), directory_url(config)
    cluster = await reached(messages, identity_of(messages, config.cluster.id))
    await reached(accounts, check_halves(messages, accounts))
    if accounts != messages:
        await reached(accounts, identity_of(accounts, cluster))
    return cluster


async def reached(url: str, work: Awaitable[Done]) -> Done:
    """What `work` on the database at `url` gives; that it is away, in words."""
    try:
        return await work
    except Refused as refused:
        raise EngineAwayError(f"PostgreSQL at {shown(url)} cannot be used ({_cause(refused)}): {ABOUT}") from refused


async def connected_to_nats(config: Config, cluster: str, node: NodeId) -> NatsConnection:
    """A connection for `node`. Raises `EngineAwayError`."""
    try:
        return await NatsConnection.open(nats_servers(config, cluster), node)
    except ShortPayloadError as short:
        raise EngineAwayError(f"{short.detail}: {short.advice}") from short
    except Refused as refused:
        where = ", ".join(config.nats.urls)
        why = refused.detail.removeprefix("NATS: ")
        raise EngineAwayError(f"NATS at {where} cannot be used ({why}): {ABOUT}") from refused


def _cause(refused: Refused) -> str:
    cause = refused.__cause__
    return str(cause or "") or (type(cause).__name__ if cause is not None else refused.detail)
