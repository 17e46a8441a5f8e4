"""What `chinwag cluster check` looks at for the cassandra profile besides. It changes nothing."""

from collections.abc import AsyncIterator
from typing import Final

from chinwag.adapters.cassandra.schema import PARTITIONS as LOG_PARTITIONS
from chinwag.adapters.inboxes.records import PARTITIONS as INBOX_PARTITIONS
from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.streams import Streams
from chinwag.assembly.cluster.check_cassandra import check_cassandra
from chinwag.assembly.cluster.check_kept_streams import Wanted, stream_findings
from chinwag.assembly.cluster.check_nats_servers import NATS_LEAST, check_nats_servers
from chinwag.assembly.cluster.check_zookeeper import check_zookeeper
from chinwag.assembly.cluster.clocks import CLOCK_ADVICE, CLOCK_SECONDS, apart_from, clock_words
from chinwag.assembly.cluster.credentials import nats_servers
from chinwag.assembly.cluster.opened_streams import INBOX, LOG, SERVERS, stream_settings
from chinwag.assembly.cluster.version_finding import version_finding
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock
from chinwag.life.doctor.finding import Finding, fail, ok
from chinwag.told import Told

_PARTITIONS: Final = {LOG: LOG_PARTITIONS, INBOX: INBOX_PARTITIONS}
_AWAY: Final = (
    "see that most of its servers run, each with a jetstream block (store_dir, max_file_store and sync_interval: "
    "always); one whose disk was full works without JetStream from then on, which its log says: make room, and "
    "restart it"
)


async def check_streams(config: Config, cluster: str, clock: Clock) -> AsyncIterator[Finding]:
    """One finding after another. Never raises for what it looks at. cluster: its name; empty if it is not known."""
    async for finding in check_cassandra(config, clock):
        yield finding
    async for finding in check_zookeeper(config, cluster):
        yield finding
    async for finding in _jetstream(config, cluster or "check", clock):
        yield finding


async def _jetstream(config: Config, cluster: str, clock: Clock) -> AsyncIterator[Finding]:
    try:
        connection = await NatsConnection.open(nats_servers(config, cluster), "chinwag-check")
    except (Told, Refused):
        return  # that was said
    try:
        yield version_finding("JetStream", connection.version, NATS_LEAST)
        for kind in (LOG, INBOX):
            streams = Streams(connection, stream_settings(config, kind))
            try:
                kept, leaderless = await streams.kept()
            except Refused as refused:
                yield fail("JetStream", refused.detail, _AWAY)
                break
            settings = stream_settings(config, kind)
            wanted = Wanted(kind, _PARTITIONS[kind], settings.replicas, settings.most)
            for finding in stream_findings(wanted, kept, leaderless, streams.partition):
                yield finding
            if kind == LOG and kept:
                yield await _clock(streams, clock)
        async for finding in check_nats_servers(config.streams.monitor_urls):
            yield finding
    finally:
        await connection.close()


async def _clock(streams: Streams, clock: Clock) -> Finding:
    async def asked() -> float:
        return (await streams.look()).time

    try:
        apart = await apart_from(asked, clock)
    except Refused as refused:
        return fail("JetStream, clock", refused.detail, "see to its servers")
    if abs(apart) > CLOCK_SECONDS:
        return fail("JetStream, clock", clock_words(apart, SERVERS), CLOCK_ADVICE)
    return ok("JetStream, clock", "as this machine's")
