"""What `chinwag cluster check` says of the keyspace on Cassandra and its tables: whether they are as they were made."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from chinwag.adapters.cassandra.schema import TABLES
from chinwag.adapters.cassandra.stream_tables import TABLES as STREAM_TABLES
from chinwag.life.doctor.finding import Finding, fail, ok, warn

GRACE_LEAST: Final = 86_400
"""Seconds for which Cassandra keeps that something was removed: within them each node must be repaired."""

Row = tuple[object, ...]


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


def tables_findings(keyspace: str, tables: Sequence[Row], columns: Sequence[Row]) -> list[Finding]:
    """Whether the tables still are as they were made. tables: of each its name, read repair, grace, compaction and time
    to live; columns: of each its table's name, its own, and its type."""
    found: list[Finding] = []
    kept: dict[str, dict[str, str]] = defaultdict(dict)
    for of, column, kind in columns:
        kept[str(of)][str(column)] = str(kind)
    options = {str(table): rest for table, *rest in tables}
    wanted = TABLES | STREAM_TABLES
    missing = [table for table in wanted if table not in options]
    if missing:
        found.append(
            fail(
                f"Cassandra, keyspace {keyspace}",
                f"{len(missing)} of {len(wanted)} tables are not there: {', '.join(missing)}",
                "`chinwag cluster init` makes them, where they are new since an update, or were never made. If "
                "somebody has dropped them: stop all processes, run it, then bring back on each node what Cassandra "
                "has kept of them (`nodetool listsnapshots`, `nodetool import`: docs/backup.md)",
            )
        )
    for table, definition in wanted.items():
        if table in missing:
            continue
        name = f"{keyspace}.{table}"
        found += _columns(name, columns_of(definition), kept[table])
        found += _options(name, *options[table])
    return found or [ok(f"Cassandra, keyspace {keyspace}", f"{len(tables)} tables as they were made")]


def columns_of(definition: str) -> dict[str, str]:
    """The columns that a table is defined with, and their types."""
    words = definition.partition(", PRIMARY KEY")[0].replace(" PRIMARY KEY", "").split(", ")
    pairs = (word.partition(" ") for word in words)
    return {name: kind for name, _, kind in pairs}


def _columns(name: str, wanted: Mapping[str, str], kept: Mapping[str, str]) -> list[Finding]:
    found: list[Finding] = []
    for column, kind in wanted.items():
        if column not in kept:
            found.append(
                fail(
                    f"Cassandra, {name}, column {column}",
                    "it is not there",
                    f"ALTER TABLE {name} ADD {column} {kind}; what it held is there again then",
                )
            )
        elif kept[column] != kind:
            found.append(
                fail(
                    f"Cassandra, {name}, column {column}",
                    f"it holds {kept[column]}, and not {kind}",
                    "another program has made this table: name a keyspace of Chinwag's own in cassandra.keyspace",
                )
            )
    return found


def _options(name: str, repair: object, grace: object, compaction: object, living: object) -> list[Finding]:
    found: list[Finding] = []
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
    if int(str(living)):
        found.append(
            fail(
                f"Cassandra, {name}, default_time_to_live",
                f"{living}: what is written from now on is gone after so many seconds",
                f"ALTER TABLE {name} WITH default_time_to_live = 0; what was written meanwhile still goes",
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
    return found
