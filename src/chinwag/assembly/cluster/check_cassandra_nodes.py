"""What `chinwag cluster check` asks each node of Cassandra: a node tells its own version, settings and clock alone."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from chinwag.adapters.cassandra.driver import CassandraServers, Driver, DriverError
from chinwag.adapters.cassandra.erasures import in_ring
from chinwag.adapters.cassandra.statements import Read
from chinwag.assembly.cluster.clocks import CLOCK_ADVICE, CLOCK_SECONDS, apart_from, clock_words
from chinwag.assembly.cluster.version_finding import version_finding
from chinwag.flow.clock import Clock
from chinwag.life.doctor.finding import Finding, fail, ok, warn

CASSANDRA_LEAST: Final = (5, 0)
"""The oldest on which all of this was tried."""
_RELEASE: Final = Read("SELECT release_version FROM system.local")
_NODES: Final = Read("SELECT address, rpc_address, disk_usage, status, status_with_port FROM system_views.gossip_info")
"""Of all, the one that is asked as well: two questions may come to two nodes, each of which leaves itself out of its
peers."""
_SETTINGS: Final = Read("SELECT name, value FROM system_views.settings")
_TIME: Final = Read("SELECT toUnixTimestamp(now()) FROM system.local")
_OFF: Final = frozenset({"", "null", "none"})


async def check_nodes(driver: Driver, servers: CassandraServers, clock: Clock) -> AsyncIterator[Finding]:
    """Of each node that the one knows at which `driver` asks. Raises `DriverError` if that one does not answer."""
    rows = await driver.rows(_NODES, ())
    disks = {str(clients or address): str(disk or "") for address, clients, disk, *state in rows if in_ring(*state)}
    for host, disk in sorted(disks.items()):
        subject = f"Cassandra at {host}" if len(disks) > 1 else "Cassandra"
        try:
            for finding in await _node(msgspec.structs.replace(servers, hosts=(host,)), subject, clock):
                yield finding
        except DriverError as error:
            yield warn(
                subject,
                f"it does not answer: {error.words}",
                "start it, or see in its log what keeps it, such as a full disk: make room, and restart it. One node "
                "may be away",
            )
        else:
            yield disk_finding(subject, disk)


async def _node(servers: CassandraServers, subject: str, clock: Clock) -> list[Finding]:
    driver = await Driver.connect(servers, keyspace=False, alone=True)
    try:
        (release,) = (await driver.rows(_RELEASE, ()))[0]
        settings = {str(name): str(value) for name, value in await driver.rows(_SETTINGS, ())}

        async def time() -> float:
            (row,) = await driver.rows(_TIME, ())
            return float(row[0]) / 1000

        apart = await apart_from(time, clock)
    finally:
        await driver.close()
    found = [version_finding(subject, str(release), CASSANDRA_LEAST), *settings_findings(settings, subject)]
    if abs(apart) > CLOCK_SECONDS:
        found.append(warn(f"{subject}, clock", clock_words(apart, "that node's"), CLOCK_ADVICE))
    return found


def disk_finding(subject: str, usage: str) -> Finding:
    """How full a node's disk is, as it tells all of them."""
    subject = f"{subject}, disk"
    match usage:
        case "SPACIOUS":
            return ok(subject, "it has room")
        case "STUFFED":
            return warn(
                subject,
                "it is fuller than its data_disk_usage_percentage_warn_threshold",
                "give it more room, or add a node, before it is full: then the node takes nothing, and ends or answers "
                "nobody (docs/operations.md, A full disk)",
            )
        case "FULL":
            return fail(
                subject,
                "it is fuller than its data_disk_usage_percentage_fail_threshold: writes that concern it are refused",
                "give it more room, or add a node; and take that setting out, as one full node of three makes sends "
                "`unavailable`",
            )
        case _:
            return warn(
                subject,
                "it does not tell how full it is",
                "set data_disk_usage_percentage_warn_threshold: 70 in cassandra.yaml, and restart it: then this says "
                "so before it is full",
            )


def settings_findings(settings: Mapping[str, str], node: str = "Cassandra") -> list[Finding]:
    """What a node's settings say. node: as people are told of it."""
    found: list[Finding] = []
    for level in ("fail", "warn"):
        name = f"maximum_timestamp_{level}_threshold"
        value = settings.get(name, "")
        if value.lower() not in _OFF:
            words = "every write of ours is refused" if level == "fail" else "every write of ours is warned of"
            found.append(
                fail(
                    f"{node}, {name}",
                    f"{value}: {words}, as their timestamps lie above any clock",
                    f"take {name} out of cassandra.yaml on every node, and restart it",
                )
            )
    sync = settings.get("commitlog_sync", "")
    subject = f"{node}, commitlog_sync"
    if sync in ("batch", "group"):
        found.append(ok(subject, sync))
    else:
        found.append(
            fail(
                subject,
                sync or "not known",
                "a cut of power of all nodes takes what was acked: set commitlog_sync: batch (or group) in "
                "cassandra.yaml, without commitlog_sync_period, and restart it",
            )
        )
    return found
