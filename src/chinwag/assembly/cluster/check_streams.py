"""What `chinwag cluster check` looks at for the cassandra profile besides. It changes nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from http.client import HTTPConnection, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

import msgspec

from chinwag.adapters.cassandra.schema import PARTITIONS as LOG_PARTITIONS
from chinwag.adapters.inboxes.records import PARTITIONS as INBOX_PARTITIONS
from chinwag.adapters.nats.connection import PAYLOAD_LEAST, NatsConnection
from chinwag.adapters.nats.streams import Kept, Streams
from chinwag.adapters.stream_epoch import EPOCH_MOST, EPOCH_WARNED
from chinwag.adapters.zookeeper import Epochs, ZooKeeperConnection
from chinwag.adapters.zookeeper.registry import VERSION
from chinwag.adapters.zookeeper.said import said_by
from chinwag.assembly.cluster.check_cassandra import check_cassandra
from chinwag.assembly.cluster.clocks import CLOCK_ADVICE, CLOCK_SECONDS, apart_from, clock_words
from chinwag.assembly.cluster.credentials import nats_servers, zookeeper_servers
from chinwag.assembly.cluster.opened_streams import INBOX, LOG, SERVERS, stream_settings
from chinwag.assembly.cluster.version_finding import version_finding
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.told import Told

ZOOKEEPER_LEAST: Final = (3, 8)
NATS_LEAST: Final = (2, 11)
"""The oldest on which all of this was tried, or that have what is needed."""

_SYNC: Final = (
    "set sync_interval: always in the jetstream block of each server, and restart it: the default syncs every two "
    "minutes, and a cut of power takes what was acked since"
)


async def check_streams(config: Config, cluster: str, clock: Clock) -> AsyncIterator[Finding]:
    """One finding after another. Never raises for what it looks at. cluster: its name; empty if it is not known."""
    async for finding in check_cassandra(config, clock):
        yield finding
    async for finding in _zookeeper(config, cluster or "check"):
        yield finding
    async for finding in _jetstream(config, cluster or "check", clock):
        yield finding


async def _zookeeper(config: Config, cluster: str) -> AsyncIterator[Finding]:
    try:
        servers = zookeeper_servers(config, cluster)
    except Told as told:
        yield fail("ZooKeeper", str(told), "correct the file, or name another one")
        return
    for host in servers.hosts:
        said = await asyncio.to_thread(said_by, host, servers.tls_ca)
        if not said:
            yield fail(
                f"ZooKeeper at {host}",
                "it does not answer",
                "see that it runs, that zookeeper.hosts leads to it, and that 4lw.commands.whitelist names srvr",
            )
            continue
        yield version_finding(f"ZooKeeper at {host}", said.get("Zookeeper version", ""), ZOOKEEPER_LEAST)
    try:
        connection = await ZooKeeperConnection.open(servers)
    except Refused as refused:
        advice = "see that zookeeper.tls_ca names who vouches for it, and zookeeper.hosts its secureClientPort"
        encrypted = isinstance(refused.__cause__, ssl.SSLError)
        yield fail("ZooKeeper", refused.detail, advice if encrypted else "see that most of its servers run")
        return
    try:
        yield await _registry(connection)
        for kind, count in ((LOG, LOG_PARTITIONS), (INBOX, INBOX_PARTITIONS)):
            yield await epochs_finding(connection, kind, count)
    finally:
        await connection.close()


async def _registry(connection: ZooKeeperConnection) -> Finding:
    try:
        version, _ = await connection.get("version")
    except Exception:  # whatever it is, nobody can work with it
        return fail("ZooKeeper, registry", "there is none that this user may read", "run `chinwag cluster init`")
    if version != VERSION:
        return fail("ZooKeeper, registry", f"of version {version!r}", "use the Chinwag that made it")
    return ok("ZooKeeper, registry", "there")


async def epochs_finding(connection: ZooKeeperConnection, kind: str, count: int) -> Finding:
    """How many epochs the partitions of one kind have had: there is an end to them."""
    subject = f"ZooKeeper, epochs of the {kind}"
    try:
        counters = Epochs(connection, kind)
        highest = max(await asyncio.gather(*(counters.current(partition) for partition in range(count))))
    except Exception:  # whatever it is, they cannot be read
        return fail(subject, "they cannot be read", "run `chinwag cluster init`")
    if highest >= EPOCH_WARNED:
        return warn(
            subject,
            f"the highest is {highest:,} of {EPOCH_MOST:,}",
            "find out why streams are lost so often; before the last one, move to a new keyspace",
        )
    return ok(subject, f"the highest is {highest:,} of {EPOCH_MOST:,}")


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
                kept = await streams.kept()
            except Refused as refused:
                yield fail(
                    "JetStream",
                    refused.detail,
                    "start NATS with a jetstream block: store_dir, max_file_store and sync_interval: always",
                )
                return
            for finding in stream_findings(kind, kept, config.streams.replicas):
                yield finding
            if kind == LOG and kept:
                yield await _clock(streams, clock)
        async for finding in _servers(config):
            yield finding
    finally:
        await connection.close()


def stream_findings(kind: str, kept: list[Kept], replicas: int) -> list[Finding]:
    """Whether the streams of a kind are as they were made."""
    subject = f"JetStream, streams of the {kind}"
    if not kept:
        return [fail(subject, "there are none", "chinwag cluster init")]
    found: list[Finding] = []
    fewer = [each.config.name for each in kept if each.config.num_replicas != replicas]
    if fewer:
        found.append(
            fail(
                f"{subject}, replicas",
                f"{len(fewer)} have another number than streams.replicas says ({replicas}), such as {fewer[0]}",
                f"nats stream edit NAME --replicas={replicas}, for each of them",
            )
        )
    wrong = [each.config.name for each in kept if each.config.discard != "new" or each.config.max_age]
    if wrong:
        found.append(
            fail(
                f"{subject}, discard",
                f"{len(wrong)} forget what nobody has read, such as {wrong[0]}",
                "nats stream edit NAME --discard=new --max-age=0, for each of them",
            )
        )
    slow = [each.config.name for each in kept if each.config.storage != "file"]
    if slow:
        found.append(
            fail(f"{subject}, storage", f"{slow[0]} is in memory", "delete it while no process runs: it is made anew")
        )
    if replicas < 3:
        found.append(
            warn(
                f"{subject}, replicas",
                str(replicas),
                "losing that server loses what was sent and not stored, and devices load afresh: 3 is what bears it",
            )
        )
    return found if any(each.level == "fail" for each in found) else [ok(subject, f"{len(kept)}"), *found]


async def _servers(config: Config) -> AsyncIterator[Finding]:
    """What each server says where it is monitored: whether each record is on disk before it is acked, its version, and
    the longest message that it takes. Of the first its clients are told nothing, of the others by one server alone."""
    if not config.streams.monitor_urls:
        yield warn("JetStream, sync_interval", "streams.monitor_urls names no server that could be asked", _SYNC)
    for url in config.streams.monitor_urls:
        subject = f"JetStream at {url}"
        try:
            said = await asyncio.to_thread(_varz, url)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            yield fail(
                f"{subject}, sync_interval",
                f"it does not answer: {error}",
                "see that http_port is set there, or name another address",
            )
            continue
        for finding in server_findings(subject, said):
            yield finding


def server_findings(subject: str, said: "ServerSaid") -> list[Finding]:
    """What a server's monitoring says of it."""
    found = [version_finding(subject, said.version, NATS_LEAST)]
    if said.max_payload < PAYLOAD_LEAST:
        found.append(
            fail(
                f"{subject}, max_payload",
                f"messages of {said.max_payload:,} bytes at most",
                f"set `max_payload: {PAYLOAD_LEAST}`, or more, in its configuration, and restart it",
            )
        )
    kept = said.jetstream.config
    if kept is None:
        found.append(fail(f"{subject}, sync_interval", "it has no JetStream", "give it a jetstream block"))
    elif kept.sync_always:
        found.append(ok(f"{subject}, sync_interval", "always"))
    else:
        found.append(fail(f"{subject}, sync_interval", "not always", _SYNC))
    return found


class Synced(msgspec.Struct, frozen=True):
    sync_always: bool = False


class JetStreamSaid(msgspec.Struct, frozen=True):
    config: Synced | None = None


class ServerSaid(msgspec.Struct, frozen=True):
    """What a server's monitoring says, as far as it is looked at. max_payload: bytes."""

    version: str = ""
    max_payload: int = 0
    jetstream: JetStreamSaid = JetStreamSaid()


def _varz(url: str) -> ServerSaid:
    at = urlsplit(url)
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    connection = kind(at.hostname or "", at.port, timeout=3.0)
    try:
        connection.request("GET", "/varz")
        return msgspec.json.decode(connection.getresponse().read(1 << 20), type=ServerSaid)
    finally:
        connection.close()


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
