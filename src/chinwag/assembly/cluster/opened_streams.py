"""Everything that a process of the cassandra profile holds open, whatever its roles."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from typing import Final, NamedTuple

from chinwag.adapters.cassandra import CassandraStores, SchemaError, open_driver, stores_on
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Driver, DriverError
from chinwag.adapters.cassandra.erasures import Erasures
from chinwag.adapters.cassandra.inbox_rows import CassandraInboxRows
from chinwag.adapters.cassandra.log_places import LogPlaces
from chinwag.adapters.cassandra.moves import refuse_half
from chinwag.adapters.cassandra.stream_tables import inbox_partitions
from chinwag.adapters.given import Given
from chinwag.adapters.inboxes.epoch import InboxEpoch
from chinwag.adapters.inboxes.inbox import StreamInbox
from chinwag.adapters.inboxes.poster import StreamPoster
from chinwag.adapters.inboxes.publisher import Publisher
from chinwag.adapters.inboxes.renewal import Renewal
from chinwag.adapters.inboxes.workers import InboxWorkers
from chinwag.adapters.nats import NatsBus, NatsConnection, NatsQuestions
from chinwag.adapters.nats.announcer import Announcer
from chinwag.adapters.nats.inbox import NatsInbox
from chinwag.adapters.nats.shared_look import SharedLook
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.adapters.nats.streams import Streams, StreamSettings
from chinwag.adapters.postgres.search_index import PostgresSearchIndex
from chinwag.adapters.relational.counted_together import CountedTogether
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import FollowedKeys, SealedKeyStore
from chinwag.adapters.relational.shared_allowances import SharedAllowances
from chinwag.adapters.relational.shared_shown_people import SharedShownPeople
from chinwag.adapters.zookeeper import Epochs, ZooKeeperConnection, ZooKeeperRegistry
from chinwag.assembly.cluster.clocks import CLOCK_ADVICE, CLOCK_SECONDS, ComparedClock, clock_words
from chinwag.assembly.cluster.credentials import (
    cassandra_servers,
    directory_url,
    messages_url,
    read_secret,
    zookeeper_servers,
)
from chinwag.assembly.cluster.erased_by_nodes import ErasedByNodes
from chinwag.assembly.cluster.opened import (
    ABOUT,
    EngineAwayError,
    Opened,
    WrongClockError,
    cluster_of,
    connected_to_nats,
    reached,
)
from chinwag.assembly.cluster.timed_log import TimedStreamLog
from chinwag.assembly.figures import Figures
from chinwag.assembly.media import media_store_of
from chinwag.assembly.media_store import opened_upload_store
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, NoAnswerError, Refused
from chinwag.flow.clock import system_clock
from chinwag.life.folder import MEDIA
from chinwag.ports import Ports
from chinwag.ports.bus import NodeId, new_node
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.registry import Registry
from chinwag.roles.observe import Check

LOG: Final = "log"
INBOX: Final = "inbox"
"""The kinds of streams."""
SERVERS: Final = "the NATS servers'"
"""Whose clock all go by."""


class Rows(NamedTuple):
    """A session with Cassandra, and what the log and the inboxes keep there. partitions: of both."""

    driver: Driver
    inbox: CassandraInboxRows
    places: LogPlaces
    log_partitions: int
    inbox_partitions: int


class _Streamed(NamedTuple):
    """The inboxes of a process. workers: None in one that has not the role. on_epoch: called when they are in another
    epoch. renewal: begins an epoch of the log."""

    stores: CassandraStores
    inbox: StreamInbox
    publisher: Publisher
    epochs: StreamEpochs
    streams: Streams
    workers: InboxWorkers | None
    on_epoch: list[Callable[[], None]]
    renewal: Renewal


async def open_streams(config: Config, node: NodeId, roles: Collection[str], opened: AsyncExitStack) -> Opened:
    """As `open_all`, for the cassandra profile."""
    messages, accounts, secret = messages_url(config), directory_url(config), read_secret(config)
    cluster = await cluster_of(config)
    keys = FollowedKeys(SealedKeyStore(accounts, secret))
    directory = await open_postgres_directory(accounts)
    opened.push_async_callback(directory.close)
    together = CountedTogether(accounts)
    opened.push_async_callback(together.close)
    index = await reached(messages, PostgresSearchIndex.open(messages))
    opened.push_async_callback(index.close)
    zookeeper = await connected_to_zookeeper(config, cluster)
    opened.push_async_callback(zookeeper.close)
    registry = await _registry(zookeeper)
    opened.push_async_callback(registry.close)
    nats = await connected_to_nats(config, cluster, node)
    opened.push_async_callback(nats.close)
    rows = await open_rows(config)
    opened.push_async_callback(rows.driver.close)
    delivers = node if "delivery" in roles else None
    streamed = _streamed(config, rows, nats, zookeeper, None if delivers is None else (registry, delivers))
    opened.push_async_callback(_close, streamed)
    log_streams = Streams(nats, stream_settings(config, LOG))

    async def servers_time() -> float:
        looked = await log_streams.look()
        if not looked.count:
            raise Refused(Code.UNAVAILABLE, "there are none: run `chinwag cluster init`", 1.0)
        if not looked.time:
            raise NoAnswerError("none of them has a leader")
        return looked.time

    look = SharedLook(nats, [log_streams, streamed.streams])
    opened.callback(look.close)
    clock = ComparedClock(servers_time, system_clock, whose=SERVERS)
    try:
        await clock.compare()
    except Refused as refused:
        raise EngineAwayError(f"NATS has no streams that can be used ({refused.detail}): {ABOUT}") from refused
    if abs(clock.apart) > CLOCK_SECONDS:
        raise WrongClockError(f"{clock_words(clock.apart, SERVERS)}: {CLOCK_ADVICE}")
    announcer = Announcer(nats, streamed.inbox.on_posted)
    opened.push_async_callback(announcer.close)
    inbox = NatsInbox(nats, streamed.inbox, announcer, Given())
    opened.push_async_callback(inbox.close)
    streamed.on_epoch.append(inbox.look_again)
    log = TimedStreamLog(
        nats,
        log_streams,
        Epochs(zookeeper, LOG),
        registry,
        rows.log_partitions,
        applied=rows.places.applied,
        node=delivers,
        claim=streamed.renewal.begin,
    )
    log.compared = clock
    erased = ErasedByNodes(Erasures(streamed.stores.database), system_clock, config.erasure.days)
    media = media_store_of(config)
    opened.push_async_callback(media.close)
    uploads = opened_upload_store(config, config.data.path.expanduser() / MEDIA)
    opened.callback(uploads.close)
    return Opened(
        cluster=cluster,
        stores=_stores_part(streamed.stores, rows.driver),
        directory=directory,
        together=together,
        keys=keys,
        registry=registry,
        nats=nats,
        clock=clock,
        log=log,
        announcer=announcer,
        inbox=inbox,
        beneath=[_zookeeper_part(zookeeper)],
        beside=[_streams_part(streamed, look, erased)],
        ports=Ports(
            log=log,
            message_store=streamed.stores.message_store,
            mark_store=streamed.stores.mark_store,
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
            scrubs=(directory, index),
            text_scrub=erased,
        ),
    )


async def open_registry(config: Config, cluster: str, opened: AsyncExitStack) -> Registry:
    """The registry, for a command. Raises `EngineAwayError`."""
    zookeeper = await connected_to_zookeeper(config, cluster)
    opened.push_async_callback(zookeeper.close)
    registry = await _registry(zookeeper)
    opened.push_async_callback(registry.close)
    return registry


async def open_reading(
    config: Config, cluster: str, opened: AsyncExitStack
) -> tuple[MessageStore, MarkStore, Inbox, int]:
    """What lasts on the way of a message, and how many partitions the log has, for a command. Raises a `Told`."""
    zookeeper = await connected_to_zookeeper(config, cluster)
    opened.push_async_callback(zookeeper.close)
    nats = await connected_to_nats(config, cluster, new_node("operator"))
    opened.push_async_callback(nats.close)
    rows = await open_rows(config)
    opened.push_async_callback(rows.driver.close)
    streamed = _streamed(config, rows, nats, zookeeper, None)
    opened.push_async_callback(_close, streamed)
    return streamed.stores.message_store, streamed.stores.mark_store, streamed.inbox, rows.log_partitions


async def connected_to_zookeeper(config: Config, cluster: str) -> ZooKeeperConnection:
    """A connection for the cluster of that name. Raises `EngineAwayError`."""
    try:
        return await ZooKeeperConnection.open(zookeeper_servers(config, cluster))
    except Refused as refused:
        where = ", ".join(config.zookeeper.hosts)
        raise EngineAwayError(f"ZooKeeper at {where} cannot be used ({refused.detail}): {ABOUT}") from refused


async def open_rows(config: Config, *, filling: bool = False) -> Rows:
    """A session with the keyspace. filling: whether it may be half filled. Raises `SchemaError`, and
    `EngineAwayError`."""
    try:
        driver, log_partitions = await open_driver(cassandra_servers(config))
        try:
            partitions = await _inbox_partitions(driver, filling=filling)
        except BaseException:
            await driver.close()
            raise
    except Refused as refused:
        where = ", ".join(config.cassandra.hosts)
        raise EngineAwayError(f"Cassandra at {where} cannot be used ({refused.detail}): {ABOUT}") from refused
    database = Database(driver)
    return Rows(
        driver,
        CassandraInboxRows(database, config.inbox.kept_days),
        LogPlaces(database),
        log_partitions,
        partitions,
    )


async def _inbox_partitions(driver: Driver, *, filling: bool) -> int:
    try:
        partitions = await inbox_partitions(driver)
        if not filling:
            await refuse_half(driver)
    except DriverError as error:
        raise error.refusal("Cassandra does not answer") from error
    return partitions


def stream_settings(config: Config, kind: str) -> StreamSettings:
    """Of the streams of one kind, as the settings say."""
    section = config.streams
    most = section.log_bytes if kind == LOG else section.inbox_bytes
    return StreamSettings(kind=kind, replicas=section.replicas, most=most)


def inbox_applied(rows: CassandraInboxRows) -> Callable[[int], Awaitable[Position]]:
    """What the store has seen of an inbox partition."""

    async def applied(partition: int) -> Position:
        return max((await rows.checkpoint(partition)).applied, await rows.acked(partition))

    return applied


def _streamed(
    config: Config,
    rows: Rows,
    nats: NatsConnection,
    zookeeper: ZooKeeperConnection,
    work: tuple[Registry, NodeId] | None,
) -> _Streamed:
    """work: where it stands what inbox partitions are whose, and whose those of this process are."""
    streams = Streams(nats, stream_settings(config, INBOX))
    working: list[InboxWorkers] = []
    on_epoch: list[Callable[[], None]] = []

    def begun(inbox_partition: int) -> None:
        for each in working:
            each.begun(inbox_partition)
        for told in on_epoch:
            told()

    epochs = StreamEpochs(Epochs(zookeeper, INBOX), streams, inbox_applied(rows.inbox), begun)
    epochs.learn_all(rows.inbox_partitions + 1)  # and of the renewals, which are counted behind them
    publisher = Publisher(streams, epochs, rows.inbox, rows.inbox_partitions, rows.log_partitions)
    poster = StreamPoster(publisher, rows.places, rows.log_partitions)
    stores = stores_on(rows.driver, poster, rows.log_partitions)
    kept_days = config.inbox.kept_days
    epoch = InboxEpoch(epochs, rows.inbox, rows.inbox_partitions)
    inbox = StreamInbox(publisher, rows.inbox, epoch, system_clock, kept_days)
    renewal = Renewal(stores.fences, publisher, rows.inbox, rows.places, epoch)
    if work is not None:
        registry, node = work
        working.append(
            InboxWorkers(
                nats, streams, epochs, rows.inbox, registry, node, rows.inbox_partitions, inbox.tell, kept_days
            )
        )
    workers = working[0] if working else None
    return _Streamed(stores, inbox, publisher, epochs, streams, workers, on_epoch, renewal)


async def _registry(zookeeper: ZooKeeperConnection) -> ZooKeeperRegistry:
    try:
        return await ZooKeeperRegistry.open(zookeeper)
    except Refused as refused:
        raise EngineAwayError(f"{refused.detail}: {ABOUT}") from refused


async def _close(streamed: _Streamed) -> None:
    """What rests on the connections first."""
    if streamed.workers is not None:
        await streamed.workers.close()
    await streamed.publisher.close()
    await streamed.epochs.close()


def _stores_part(stores: CassandraStores, driver: Driver) -> Part:
    asked = driver.asked
    counters: dict[str, tuple[str, Callable[[], float]]] = {
        "cassandra_reads": ("Statements that read something of Cassandra.", lambda: asked.reads),
        "cassandra_found": ("Rows that these found.", lambda: asked.found),
        "cassandra_writes": ("Requests that wrote to Cassandra.", lambda: asked.writes),
        "cassandra_rows": ("Rows that these wrote.", lambda: asked.rows),
    }
    return Part(
        name="store",
        opened=True,
        stop=stores.close,
        checks=[Check("store", stores.message_store.reached)],
        figures=Figures(counters=counters),
    )


def _zookeeper_part(zookeeper: ZooKeeperConnection) -> Part:
    """What was seen last holds while it is away, so nobody is sent elsewhere for that."""

    async def check() -> None:
        if zookeeper.away_since is not None:
            raise Refused(Code.UNAVAILABLE, "ZooKeeper is away", 1.0)

    return Part(name="zookeeper", opened=True, stop=zookeeper.close, checks=[Check("zookeeper", check, needed=False)])


def _streams_part(streamed: _Streamed, look: SharedLook, erased: ErasedByNodes) -> Part:
    """The inboxes' workers, whether all streams can be used, and what nodes owe."""
    workers = streamed.workers

    async def check() -> None:
        if workers is not None:
            await workers.check()
        await look.check()

    async def stop() -> None:
        await _close(streamed)

    counters: dict[str, tuple[str, Callable[[], float]]] = {}
    if workers is not None:
        done = workers.figures
        counters = {
            "inbox_records": ("Records of inbox streams that were applied.", lambda: done().records),
            "inbox_rows": ("Rows of inboxes that were made.", lambda: done().rows),
            "inbox_dropped": ("Postings that were dropped, as they had been posted before.", lambda: done().dropped),
            "inbox_set_aside": ("Records of inbox streams that nobody can read.", lambda: done().set_aside),
            "inbox_failed": (
                "Times that an inbox partition was begun again after a failure.",
                lambda: done().failed,
            ),
        }
    overdue = "Nodes of Cassandra that may hold what was erased longer than erasure.days ago, at the last daily look."
    figures = Figures(counters=counters, gauges={"erasure_overdue_nodes": (overdue, lambda: erased.overdue)})
    return Part(name="inboxes", opened=True, stop=stop, checks=[Check("streams", check)], figures=figures)


__all__ = ["INBOX", "LOG", "Rows", "SchemaError", "connected_to_zookeeper", "open_rows", "open_streams"]
