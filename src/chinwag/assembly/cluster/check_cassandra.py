"""What `chinwag cluster check` looks at in Cassandra: what would break a promise, or refuse our writes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Driver, DriverError
from chinwag.adapters.cassandra.erasures import Erasures
from chinwag.adapters.cassandra.moves import HalfMovedError, refuse_half
from chinwag.adapters.cassandra.schema import SchemaError, verify
from chinwag.adapters.cassandra.statements import Read
from chinwag.adapters.cassandra.stream_tables import inbox_partitions
from chinwag.assembly.cluster.check_cassandra_nodes import check_nodes
from chinwag.assembly.cluster.credentials import cassandra_servers
from chinwag.assembly.cluster.erased_by_nodes import erasure_findings
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock, system_clock
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.told import Told

GRACE_LEAST: Final = 86_400
"""Seconds for which Cassandra keeps that something was removed: within them each node must be repaired."""
PATIENCE: Final = 5.0
"""Seconds for which a question to several nodes is asked again."""
_REPLICATION: Final = Read("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?")
_TABLES: Final = Read(
    "SELECT table_name, read_repair, gc_grace_seconds, compaction FROM system_schema.tables WHERE keyspace_name = ?"
)


async def check_cassandra(config: Config, clock: Clock) -> AsyncIterator[Finding]:
    """One finding after another. Never raises for what it looks at. clock: this machine's."""
    where = ", ".join(config.cassandra.hosts)
    try:
        servers = cassandra_servers(config)
        driver = await Driver.connect(servers, keyspace=False)
    except Told as told:
        yield fail("Cassandra", str(told), "correct the file, or name another one")
        return
    except DriverError as error:
        yield fail(
            "Cassandra",
            f"{where}: {error}",
            "see that it runs, that cassandra.hosts and cassandra.port lead to it, that cassandra.user and "
            "cassandra.password_file are its, and that cassandra.tls_ca, if given, vouches for it",
        )
        return
    try:
        async for finding in check_nodes(driver, servers, clock):
            yield finding
        name = servers.keyspace.encode().decode()
        replication = await driver.rows(_REPLICATION, (name,))  # type: ignore[arg-type]
        if not replication:
            yield fail(
                f"Cassandra, keyspace {name}",
                "it is not there",
                "chinwag cluster init, if this is to be a new cluster's",
            )
            return
        yield replicas_finding(name, dict(replication[0][0]), servers.datacenter, config.cassandra.replicas)
        for finding in tables_findings(name, await driver.rows(_TABLES, (name,))):  # type: ignore[arg-type]
            yield finding
    except DriverError as error:
        yield fail("Cassandra", str(error), "see to its nodes: a quorum of them must answer")
        return
    finally:
        await driver.close()
    for finding in await _in_keyspace(config):
        yield finding


async def _in_keyspace(config: Config) -> list[Finding]:
    """What its rows say: how many partitions there are, and when each node erased."""
    subject = "Cassandra, partitions"
    try:
        driver = await Driver.connect(cassandra_servers(config))
        try:
            log, inboxes = await verify(driver), await inbox_partitions(driver)
            await refuse_half(driver)
            erasures = Erasures(Database(driver, patience=PATIENCE))
            nodes, begun = await erasures.nodes(), await erasures.begun()
        finally:
            await driver.close()
    except HalfMovedError as half:
        return [fail(subject, str(half), "until then no server starts on it")]
    except SchemaError as schema:
        return [fail(subject, str(schema), "what is missing is made by `chinwag cluster init`")]
    except (DriverError, Refused) as error:
        return [
            fail(subject, str(error), "see to its nodes: a quorum of them must answer; then `chinwag cluster init`")
        ]
    counts = ok(subject, f"{log} of the log, {inboxes} of the inboxes")
    return [counts, *erasure_findings(nodes, begun, system_clock(), config.erasure.days)]


def replicas_finding(keyspace: str, replication: Mapping[str, str], datacenter: str, wanted: int) -> Finding:
    """How many copies there are of each row."""
    subject = f"Cassandra, keyspace {keyspace}, replicas"
    there = replication.get(datacenter, replication.get("replication_factor", ""))
    replication_wanted = f"{{'class': 'NetworkTopologyStrategy', '{datacenter}': {wanted}}}"
    words = (
        f"ALTER KEYSPACE {keyspace} WITH replication = {replication_wanted}; then nodetool repair --full {keyspace} on "
        "each node"
    )
    if "NetworkTopologyStrategy" not in replication.get("class", "") or not there.isdigit():
        return fail(subject, f"none in {datacenter}", words)
    if int(there) != wanted:
        return fail(subject, f"{there}, and cassandra.replicas says {wanted}", words)
    if int(there) < 3:
        return warn(subject, there, "losing a node stops everything or loses rows: 3 is what bears the loss of one")
    return ok(subject, there)


def tables_findings(keyspace: str, tables: Sequence[tuple[object, ...]]) -> list[Finding]:
    """Whether the tables still are as they were made."""
    found: list[Finding] = []
    for table, repair, grace, compaction in tables:
        name = f"{keyspace}.{table}"
        if str(repair).upper() != "BLOCKING":
            found.append(
                fail(
                    f"Cassandra, {name}, read_repair",
                    f"{repair}: one reader may see what the next one does not",
                    f"ALTER TABLE {name} WITH read_repair = 'BLOCKING';",
                )
            )
        if int(str(grace)) < GRACE_LEAST:
            found.append(
                fail(
                    f"Cassandra, {name}, gc_grace_seconds",
                    f"{grace}: what was erased may come back from a node that was away",
                    f"ALTER TABLE {name} WITH gc_grace_seconds = 864000;",
                )
            )
        kind = dict(compaction).get("class", "") if isinstance(compaction, Mapping) else str(compaction)
        if "TimeWindow" in kind:
            found.append(
                fail(
                    f"Cassandra, {name}, compaction",
                    "windows of time go by timestamps, and ours are no times: nothing ever expires",
                    f"ALTER TABLE {name} WITH compaction = {{'class': 'UnifiedCompactionStrategy'}};",
                )
            )
    return found or [ok(f"Cassandra, keyspace {keyspace}", f"{len(tables)} tables as they were made")]
