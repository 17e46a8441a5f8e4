"""What `cluster check` says of the engines of the cassandra profile: which setting of which, and what to type."""

from collections.abc import Sequence

import msgspec
import pytest

from chinwag.adapters.cassandra.schema import TABLES
from chinwag.adapters.cassandra.stream_tables import TABLES as STREAM_TABLES
from chinwag.adapters.nats.streams import Config, Kept
from chinwag.assembly.cluster.check_cassandra_nodes import disk_finding, settings_findings
from chinwag.assembly.cluster.check_cassandra_tables import columns_of, replicas_finding, tables_findings
from chinwag.assembly.cluster.check_kept_streams import Wanted, stream_findings
from chinwag.assembly.cluster.check_nats_servers import (
    Health,
    JetStreamSaid,
    ServerSaid,
    Synced,
    health_finding,
    server_findings,
)
from chinwag.assembly.cluster.check_zookeeper import servers_findings
from chinwag.assembly.cluster.version_finding import version_finding
from chinwag.life.doctor.finding import Finding, Level

GOOD = {
    "commitlog_sync": "batch",
    "maximum_timestamp_fail_threshold": "null",
    "maximum_timestamp_warn_threshold": "",
}
WANTED = Wanted("log", 2, 3, 1 << 20)
NO_JETSTREAM = "JetStream not enabled (10076)"
STREAM = Config(
    name="log-0-1",
    subjects=["log.0.1"],
    num_replicas=3,
    max_bytes=1 << 20,
    duplicate_window=30_000_000_000,
    retention="limits",
    storage="file",
    discard="new",
)
UNIFIED = {"class": "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy"}
RIGHT = ("BLOCKING", 864_000, UNIFIED, 0)
"""What a table is made with."""
ALL = TABLES | STREAM_TABLES
COLUMNS = [(table, column, kind) for table in ALL for column, kind in columns_of(ALL[table]).items()]


def failing(found: list[Finding]) -> list[str]:
    """The subjects that fail; each says what to type."""
    fails = [one for one in found if one.level is Level.FAIL]
    assert all(one.advice for one in fails)
    return [one.subject for one in fails]


def test_settings_that_refuse_our_timestamps_or_forget_acked_writes_fail() -> None:
    assert failing(settings_findings(GOOD)) == []
    for name in ("maximum_timestamp_fail_threshold", "maximum_timestamp_warn_threshold"):
        assert failing(settings_findings(GOOD | {name: "5m"})) == [f"Cassandra, {name}"]
    for value in ("periodic", ""):
        assert failing(settings_findings(GOOD | {"commitlog_sync": value})) == ["Cassandra, commitlog_sync"]


@pytest.mark.parametrize(
    ("replication", "level"),
    [
        ({"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "3"}, Level.OK),
        ({"class": "NetworkTopologyStrategy", "dc2": "3"}, Level.FAIL),
        ({"class": "NetworkTopologyStrategy", "dc1": "1"}, Level.FAIL),
        ({"class": "SimpleStrategy", "replication_factor": "3"}, Level.FAIL),
    ],
)
def test_copies_are_as_many_as_the_settings_say_in_the_datacenter_that_is_asked(
    replication: dict[str, str], level: Level
) -> None:
    found = replicas_finding("chinwag", replication, "dc1", 3)
    assert found.level is level
    if level is Level.FAIL:
        assert "ALTER KEYSPACE chinwag" in found.advice


def tables(changed: str = "", **options: object) -> list[Finding]:
    """What is found of tables as they were made, of which one was changed."""
    names = ("read_repair", "gc_grace_seconds", "compaction", "default_time_to_live")
    other = tuple((dict(zip(names, RIGHT, strict=True)) | options).values())
    return tables_findings("k", [(name, *(other if name == changed else RIGHT)) for name in ALL], COLUMNS)


def test_a_table_that_was_changed_fails_and_the_statement_stands_there() -> None:
    assert failing(tables()) == []
    (repair,) = tables("states", read_repair="NONE")
    assert (repair.subject, repair.advice) == (
        "Cassandra, k.states, read_repair",
        "ALTER TABLE k.states WITH read_repair = 'BLOCKING';",
    )
    assert failing(tables("inbox", gc_grace_seconds=0)) == ["Cassandra, k.inbox, gc_grace_seconds"]
    windows = {"class": "org.apache.cassandra.db.compaction.TimeWindowCompactionStrategy"}
    assert failing(tables("inbox", compaction=windows)) == ["Cassandra, k.inbox, compaction"]
    assert failing(tables("events", default_time_to_live=60)) == ["Cassandra, k.events, default_time_to_live"]


def test_tables_and_columns_that_are_not_there_or_hold_something_else_fail() -> None:
    all_tables = [(name, *RIGHT) for name in ALL]
    (lost,) = tables_findings("k", [one for one in all_tables if one[0] not in ("marks", "log_applied")], COLUMNS)
    assert failing([lost]) == ["Cassandra, keyspace k"]
    assert lost.found == f"2 of {len(ALL)} tables are not there: marks, log_applied"
    without = [one for one in COLUMNS if one[:2] != ("states", "ended")]
    assert failing(tables_findings("k", all_tables, without)) == ["Cassandra, k.states, column ended"]
    other = [*without, ("states", "ended", "text")]
    assert failing(tables_findings("k", all_tables, other)) == ["Cassandra, k.states, column ended"]


def test_a_node_whose_disk_is_about_to_be_full_is_said() -> None:
    found = [disk_finding("Cassandra", usage).level for usage in ("SPACIOUS", "STUFFED", "FULL", "NOT_AVAILABLE", "")]
    assert found == [Level.OK, Level.WARN, Level.FAIL, Level.WARN, Level.WARN]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"num_replicas": 1}, "replicas"),
        ({"discard": "old"}, "discard"),
        ({"max_age": 5}, "discard"),
        ({"max_msgs_per_subject": 1}, "discard"),
        ({"retention": "workqueue"}, "retention"),
        ({"retention": "interest"}, "retention"),
        ({"storage": "memory"}, "storage"),
        ({"persist_mode": "async"}, "storage"),
        ({"max_msgs": 10}, "limits"),
        ({"max_msg_size": 100}, "limits"),
        ({"duplicate_window": 1_000_000}, "copies"),
        ({"deny_purge": True}, "records"),
        ({"sealed": True}, "records"),
        ({"no_ack": True}, "records"),
    ],
)
def test_streams_that_forget_or_refuse_or_have_too_few_copies_fail(changes: dict[str, object], part: str) -> None:
    other = msgspec.structs.replace(STREAM, name="log-1-1", **changes)
    assert failing(streams(STREAM, other)) == [f"JetStream, streams of the log, {part}"]


def test_streams_that_are_not_there_or_have_no_leader_fail_and_other_bounds_are_watched() -> None:
    second = msgspec.structs.replace(STREAM, name="log-1-1")
    assert failing(streams(STREAM, second)) == []
    assert failing(streams()) == failing(streams(STREAM)) == ["JetStream, streams of the log"]
    assert streams(STREAM)[0].found == "1 of 2 partitions have none, such as partition 1"
    assert failing(streams(STREAM, leaderless=["log-1-1"])) == ["JetStream, streams of the log, leaders"]
    _, other = streams(STREAM, msgspec.structs.replace(second, max_bytes=5))
    assert (other.subject, other.level) == ("JetStream, streams of the log, bytes", Level.WARN)


def streams(*configs: Config, leaderless: Sequence[str] = ()) -> list[Finding]:
    return stream_findings(WANTED, list(map(Kept, configs)), leaderless, lambda name: int(name.split("-")[1]))


def test_a_zookeeper_server_that_serves_nobody_or_stands_alone_is_told_from_one_that_is_away() -> None:
    right = "Zookeeper version: 3.9.5-abc, built on 2025\nMode: follower\n"
    assert failing(servers_findings(["a:1", "b:1"], [right, right])) == []
    answers = [
        "",
        "This ZooKeeper instance is not currently serving requests\n",
        "srvr is not executed because it is not in the whitelist.\n",
        right.replace("follower", "standalone"),
    ]
    found = servers_findings(["a:1", "b:1", "c:1", "d:1"], answers)
    assert len(failing(found)) == 4
    for one, word in zip(found, ("full disk", "start the others", "4lw.commands.whitelist", "server.N"), strict=True):
        assert word in one.advice


def test_a_version_that_is_too_old_or_not_told_is_said() -> None:
    assert version_finding("Cassandra", "5.0.9", (5, 0)).level is Level.OK
    assert version_finding("Cassandra", "4.1.3", (5, 0)).level is Level.FAIL
    assert version_finding("ZooKeeper", "", (3, 8)).level is Level.WARN
    assert version_finding("ZooKeeper", "3.9.5-abc, built on 2025", (3, 8)).found == "version 3.9"


def test_a_nats_server_that_is_old_or_takes_short_messages_or_does_not_sync_fails() -> None:
    good = ServerSaid("2.12.0", 1 << 20, JetStreamSaid(Synced(sync_always=True)))
    assert failing(server_findings("JetStream at n1", good)) == []
    for changes, subject in (
        ({"version": "2.10.9"}, "JetStream at n1"),
        ({"max_payload": 1000}, "JetStream at n1, max_payload"),
        ({"jetstream": JetStreamSaid(Synced())}, "JetStream at n1, sync_interval"),
        ({"jetstream": JetStreamSaid()}, "JetStream at n1, sync_interval"),
    ):
        assert failing(server_findings("JetStream at n1", msgspec.structs.replace(good, **changes))) == [subject]


def test_a_nats_server_that_cannot_write_is_told_from_one_that_is_not_through_with_its_start() -> None:
    full = "JetStream stream '$G > log-1-1' write error: write /srv/nats/1.blk: no space left on device"
    found = [health_finding("n1", Health(error=error)) for error in ("", full, "write error: EIO", NO_JETSTREAM, "old")]
    assert [one.level for one in found] == [Level.OK, Level.FAIL, Level.FAIL, Level.FAIL, Level.WARN]
    assert "disk is full" in found[1].found
    assert "/srv/nats" in found[1].found
