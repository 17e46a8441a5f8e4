"""What `chinwag cluster check` looks at in Cassandra: what would break a promise, or refuse our writes."""

from collections.abc import AsyncIterator
from typing import Final

from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Driver, DriverError
from chinwag.adapters.cassandra.erasures import Erasures
from chinwag.adapters.cassandra.moves import HalfMovedError, refuse_half
from chinwag.adapters.cassandra.schema import SchemaError, verify
from chinwag.adapters.cassandra.statements import Read
from chinwag.adapters.cassandra.stream_tables import inbox_partitions
from chinwag.assembly.cluster.check_cassandra_nodes import check_nodes
from chinwag.assembly.cluster.check_cassandra_tables import replicas_finding, tables_findings
from chinwag.assembly.cluster.credentials import cassandra_servers
from chinwag.assembly.cluster.erased_by_nodes import erasure_findings
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock, system_clock
from chinwag.life.doctor.finding import Finding, fail, ok
from chinwag.told import Told

PATIENCE: Final = 5.0
"""Seconds for which a question to several nodes is asked again."""
_REPLICATION: Final = Read("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?")
_TABLES: Final = Read(
    "SELECT table_name, read_repair, gc_grace_seconds, compaction, default_time_to_live FROM system_schema.tables "
    "WHERE keyspace_name = ?"
)
_COLUMNS: Final = Read("SELECT table_name, column_name, type FROM system_schema.columns WHERE keyspace_name = ?")


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
            f"{where}: {error.words}",
            "see that it runs, that cassandra.hosts and cassandra.port lead to it, that cassandra.user and "
            "cassandra.password_file are its, and that cassandra.tls_ca, if given, vouches for it; a full disk ends "
            "it, or lets it answer nobody, which its log says: make room, and restart it",
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
        tables, columns = [await driver.rows(asked, (name,)) for asked in (_TABLES, _COLUMNS)]  # type: ignore[arg-type]
        for finding in tables_findings(name, tables, columns):
            yield finding
    except DriverError as error:
        yield fail("Cassandra", error.words, "see to its nodes: a quorum of them must answer")
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
        why = error.words if isinstance(error, DriverError) else error.detail
        if isinstance(error, DriverError) and error.no:
            return [fail(subject, why, "see what is said of the keyspace and its tables")]
        return [fail(subject, why, "see to its nodes: a quorum of them must answer")]
    counts = ok(subject, f"{log} of the log, {inboxes} of the inboxes")
    return [counts, *erasure_findings(nodes, begun, system_clock(), config.erasure.days)]
