"""What `chinwag cluster check` looks at in ZooKeeper. It changes nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Final

from chinwag.adapters.cassandra.schema import PARTITIONS as LOG_PARTITIONS
from chinwag.adapters.inboxes.records import PARTITIONS as INBOX_PARTITIONS
from chinwag.adapters.stream_epoch import EPOCH_MOST, EPOCH_WARNED
from chinwag.adapters.zookeeper import Epochs, ZooKeeperConnection
from chinwag.adapters.zookeeper.connection import MissingError
from chinwag.adapters.zookeeper.registry import VERSION
from chinwag.adapters.zookeeper.said import answer_of, by_name
from chinwag.assembly.cluster.credentials import zookeeper_servers
from chinwag.assembly.cluster.opened_streams import INBOX, LOG
from chinwag.assembly.cluster.version_finding import version_finding
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.told import Told

ZOOKEEPER_LEAST: Final = (3, 8)
"""The oldest on which all of this was tried."""
_ALONE: Final = "not currently serving requests"
_CLOSED: Final = "not in the whitelist"
_MEMBERS: Final = "the server.N lines in zoo.cfg must name all of them, the same on each, and myid its own number"


async def check_zookeeper(config: Config, cluster: str) -> AsyncIterator[Finding]:
    """One finding after another. Never raises for what it looks at. cluster: its name; empty if it is not known."""
    try:
        servers = zookeeper_servers(config, cluster or "check")
    except Told as told:
        yield fail("ZooKeeper", str(told), "correct the file, or name another one")
        return
    said = await asyncio.gather(*(asyncio.to_thread(answer_of, host, servers.tls_ca) for host in servers.hosts))
    for finding in servers_findings(servers.hosts, said):
        yield finding
    try:
        connection = await ZooKeeperConnection.open(servers)
    except Refused as refused:
        advice = "see that zookeeper.tls_ca names who vouches for it, and zookeeper.hosts its secureClientPort"
        encrypted = isinstance(refused.__cause__, ssl.SSLError)
        yield fail(
            "ZooKeeper",
            refused.detail.removeprefix("ZooKeeper: "),
            advice if encrypted else "see that most of its servers run",
        )
        return
    try:
        yield await _registry(connection, cluster)
        for kind, count in ((LOG, LOG_PARTITIONS), (INBOX, INBOX_PARTITIONS)):
            yield await epochs_finding(connection, kind, count)
    finally:
        await connection.close()


def servers_findings(hosts: Sequence[str], answers: Sequence[str]) -> list[Finding]:
    """What each server says of itself. answers: to `srvr`, empty for none, in the order of the hosts."""
    found: list[Finding] = []
    for host, answer in zip(hosts, answers, strict=True):
        subject, said = f"ZooKeeper at {host}", by_name(answer)
        if not answer:
            found.append(
                fail(
                    subject,
                    "it does not answer",
                    "see that it runs, and that zookeeper.hosts leads to it; a full disk ends it, which its log says: "
                    "make room and start it",
                )
            )
        elif _ALONE in answer:
            found.append(
                fail(
                    subject,
                    "it runs, and serves nobody, as it finds no majority of its servers",
                    f"start the others; {_MEMBERS}",
                )
            )
        elif _CLOSED in answer:
            found.append(
                fail(
                    subject,
                    "it does not tell of itself",
                    "set 4lw.commands.whitelist=srvr in its zoo.cfg, and restart it",
                )
            )
        elif said.get("Mode") == "standalone" and len(hosts) > 1:
            found.append(
                fail(
                    subject,
                    f"it works alone, and zookeeper.hosts names {len(hosts)}: each would number by itself",
                    f"stop all of them and make one ensemble of them: {_MEMBERS}",
                )
            )
        else:
            found.append(version_finding(subject, said.get("Zookeeper version", ""), ZOOKEEPER_LEAST))
    return found


async def _registry(connection: ZooKeeperConnection, cluster: str) -> Finding:
    subject = "ZooKeeper, registry"
    try:
        version, _ = await connection.get("version")
    except MissingError:
        return fail(
            subject,
            f"there is none of the cluster {cluster}" if cluster else "there is none of this cluster",
            "see that zookeeper.hosts leads to this cluster's servers; if it does, and what was there is lost, run "
            "`chinwag cluster init`",
        )
    except Exception as error:  # whatever it is, nobody can work with it
        why = error.detail if isinstance(error, Refused) else type(error).__name__
        return fail(
            subject, why, "see that zookeeper.user and zookeeper.password_file are those with which it was made"
        )
    if version != VERSION:
        return fail(subject, f"of version {version!r}", "use the Chinwag that made it")
    return ok(subject, "there")


async def epochs_finding(connection: ZooKeeperConnection, kind: str, count: int) -> Finding:
    """How many epochs the partitions of one kind have had: there is an end to them."""
    subject = f"ZooKeeper, epochs of the {kind}"
    try:
        counters = Epochs(connection, kind)
        highest = max(await asyncio.gather(*(counters.current(partition) for partition in range(count))))
    except Exception:  # whatever it is, they cannot be read
        return fail(subject, "they cannot be read", "correct what is said of its registry; then `chinwag cluster init`")
    if highest >= EPOCH_WARNED:
        return warn(
            subject,
            f"the highest is {highest:,} of {EPOCH_MOST:,}",
            "find out why streams are lost so often; before the last one, move to a new keyspace",
        )
    return ok(subject, f"the highest is {highest:,} of {EPOCH_MOST:,}")
