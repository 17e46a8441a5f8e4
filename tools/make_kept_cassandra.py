"""Keep what a past commit wrote to Cassandra, to be opened by a test in every later version.

    python -m tools.make_kept_cassandra COMMIT

As `tools.make_kept_data`, for the profile cassandra: into `tests/kept/COMMIT/` go all rows of the keyspace with their
timestamps, the dump of the directory's database and the cluster's secret, which are what a backup holds, media aside,
and what must be found in them. What JetStream and ZooKeeper held is not kept, as no backup has it.
"""

import asyncio
import json
import lzma
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from prove.cluster.engines import HOST, ProofEngines
from tests.support.clusters import Cluster
from tests.support.kept_rows import keep_rows
from tests.support.own_cassandra import OwnCassandra, own_cassandra
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper
from tools.make_kept_data import ROOT, Old, live, settings_of

from chinwag.adapters.cassandra import CassandraServers
from chinwag.engines.programs import cache_folder, fetch

LEAST: Final = str(64 << 20)
LOOK_SECONDS: Final = 0.5
PATIENCE: Final = 300.0


def main(commit: str) -> None:
    """Make the parts of `tests/kept/COMMIT/` that are of this profile."""
    target = ROOT / "tests/kept" / commit
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(work / "source"), commit], check=True)  # noqa: S603 - our own
        try:
            target.mkdir(parents=True, exist_ok=True)
            asyncio.run(_kept(work, target))
        finally:
            subprocess.run([*git, "remove", "--force", str(work / "source")], check=True)  # noqa: S603 - our own


async def _kept(work: Path, target: Path) -> None:
    with ExitStack() as held:
        [node] = held.enter_context(own_cassandra())
        [nats] = held.enter_context(own_nats_with_streams(most=8 << 30))
        zookeeper = held.enter_context(own_zookeeper())
        async with ProofEngines.running() as engines:
            at = f"postgresql://chinwag:{engines.postgres.password}@{HOST}:{engines.postgres.port}"
            cluster = Cluster(work, f"{at}/chinwag", nats.url)
            more = cluster.environment | settings_of(work / "source") | wide_environment(node, zookeeper.hosts)
            old = Old(work / "source", cluster.data, more)
            old.run("cluster", "init")
            with old.serving():
                expected = live(old, work / "source")
                expected |= read_on(old, expected)
            await keep_rows(CassandraServers(hosts=(node.host,), port=node.port), target / "wide.rows.xz")
            program = fetch(cache_folder(), print).postgres / "pg_dump"
            dump = [str(program), "--format=custom", "--compress=0", "--no-owner", cluster.database]
            made = subprocess.run(dump, check=True, capture_output=True)  # noqa: ASYNC221, S603 - our own, and nobody waits
            (target / "wide.dump.xz").write_bytes(lzma.compress(made.stdout, preset=9))
    (target / "wide.json").write_text(json.dumps(expected, indent=1, ensure_ascii=True) + "\n")
    (target / "wide.secret").write_bytes((cluster.data / "cluster.secret").read_bytes())


def wide_environment(node: OwnCassandra, zookeeper: tuple[str, ...]) -> dict[str, str]:
    """The settings that lead there, but for PostgreSQL and NATS."""
    return {
        "CHINWAG_STORE_PROFILE": "cassandra",
        "CHINWAG_CASSANDRA_HOSTS": node.host,
        "CHINWAG_CASSANDRA_PORT": str(node.port),
        "CHINWAG_CASSANDRA_REPLICAS": "1",
        "CHINWAG_ZOOKEEPER_HOSTS": ",".join(zookeeper),
        "CHINWAG_STREAMS_REPLICAS": "1",
        "CHINWAG_STREAMS_LOG_BYTES": LEAST,
        "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
    }


def read_on(old: Old, expected: dict[str, Any]) -> dict[str, Any]:
    """The second reads the group up to its end. As what must be found besides: how each sees the group, who has read
    its last message, and what the second's device is given after its first cursor. Returns once all of it is there."""
    group, tokens = expected["group"], [one["access_token"] for one in expected["people"]]
    where, last = f"/v1/conversations/{group}", expected["history"][group][-1]["number"]
    inbox = f"/v1/sync?after={expected['begun']}&limit=100"
    deadline = time.monotonic() + PATIENCE
    while True:
        old.ask("POST", f"{where}/read", {"number": last}, tokens[1])
        synced = old.ask("GET", inbox, token=tokens[1])["events"]
        if any(one["event"]["kind"] == "read" and one["event"].get("number") == last for one in synced):
            break
        assert time.monotonic() < deadline, synced[-3:]
        time.sleep(LOOK_SECONDS)
    numbers = [event["number"] for event in expected["history"][group] if event["kind"] == "message"]
    return {
        "views": [old.ask("GET", where, token=token) for token in tokens],
        "receipts": {
            str(numbers[0]): old.ask("GET", f"{where}/messages/{numbers[0]}/receipts", token=tokens[0]),
        },
        "synced": [one["event"] for one in synced],
    }


if __name__ == "__main__":
    main(sys.argv[1])
