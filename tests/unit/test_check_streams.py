"""What `cluster check` says of the engines of the cassandra profile: which setting of which, and what to type."""

import msgspec
import pytest

from chinwag.adapters.nats.streams import Config, Kept
from chinwag.assembly.cluster.check_cassandra import replicas_finding, tables_findings
from chinwag.assembly.cluster.check_cassandra_nodes import settings_findings
from chinwag.assembly.cluster.check_streams import JetStreamSaid, ServerSaid, Synced, server_findings, stream_findings
from chinwag.assembly.cluster.version_finding import version_finding
from chinwag.life.doctor.finding import Finding, Level

GOOD = {
    "commitlog_sync": "batch",
    "maximum_timestamp_fail_threshold": "null",
    "maximum_timestamp_warn_threshold": "",
}
STREAM = Config(name="log-1-1", subjects=["log.1.1"], num_replicas=3, retention="limits", storage="file", discard="new")


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


def test_a_table_that_was_changed_fails_and_the_statement_stands_there() -> None:
    good = ("events", "BLOCKING", 864_000, {"class": "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy"})
    assert failing(tables_findings("k", [good])) == []
    (repair,) = tables_findings("k", [good, ("states", "NONE", 864_000, good[3])])
    assert (repair.subject, repair.advice) == (
        "Cassandra, k.states, read_repair",
        "ALTER TABLE k.states WITH read_repair = 'BLOCKING';",
    )
    assert failing(tables_findings("k", [("inbox", "BLOCKING", 0, good[3])])) == [
        "Cassandra, k.inbox, gc_grace_seconds"
    ]
    windows = {"class": "org.apache.cassandra.db.compaction.TimeWindowCompactionStrategy"}
    assert failing(tables_findings("k", [("inbox", "BLOCKING", 864_000, windows)])) == [
        "Cassandra, k.inbox, compaction"
    ]


def test_streams_that_forget_or_have_too_few_copies_fail() -> None:
    def found(**changes: object) -> list[str]:
        return failing(stream_findings("log", [Kept(STREAM), Kept(msgspec.structs.replace(STREAM, **changes))], 3))

    assert found() == []
    assert found(num_replicas=1) == ["JetStream, streams of the log, replicas"]
    assert found(discard="old") == ["JetStream, streams of the log, discard"]
    assert found(max_age=5) == ["JetStream, streams of the log, discard"]
    assert found(storage="memory") == ["JetStream, streams of the log, storage"]
    assert failing(stream_findings("log", [], 3)) == ["JetStream, streams of the log"]


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
