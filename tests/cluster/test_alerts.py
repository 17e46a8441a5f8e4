"""The alert rules of docs/cluster.md watch what is there: each metric is shown by the processes that its rule names."""

import re
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from tests.support.clusters import Cluster
from tests.unit.test_documents import ROOT

from chinwag.assembly.cluster.server import begin_cluster_server
from chinwag.assembly.roles import ROLES
from chinwag.config import load

RULE = re.compile(r"^\| (.*chinwag_.*) \| (.*) \| .* \|$", re.MULTILINE)
METRIC = re.compile(r"\bchinwag_[a-z_]+")
ON_CASSANDRA = re.compile(
    r"chinwag_(cassandra_\w+|inbox_(records|rows|dropped|set_aside|failed)_total|erasure_overdue_nodes)$"
)


def _told(page: str) -> str:
    return Path(ROOT / "docs" / page).read_text(encoding="utf-8")


async def _shown(cluster: Cluster, role: str) -> set[str]:
    """The metrics of a process with that role alone."""
    variables = {"CHINWAG_OBSERVE_PORT": "0", "CHINWAG_SERVER_PORT": "0"}
    server = await begin_cluster_server(load({}, cluster.environment | variables, None).config, roles=[role])
    try:
        async with await anyio.connect_tcp("127.0.0.1", server.observe.port) as stream:
            await stream.send(b"GET /metrics HTTP/1.1\r\n\r\n")
            answer = b"".join([part async for part in stream]).decode()
    finally:
        await server.stop()
    return set(re.findall(r"^(chinwag_\w+)", answer, re.MULTILINE))


@pytest.fixture
async def shown(cluster: Cluster) -> Mapping[str, set[str]]:
    """The metrics that a process of each role shows."""
    await cluster.init()
    return {role: await _shown(cluster, role) for role in ROLES}


async def test_alert_rules_watch_what_is_there(shown: Mapping[str, set[str]]) -> None:
    rules = RULE.findall(_told("cluster.md"))
    assert len(rules) >= 5
    for rule, of in rules:
        roles = ROLES if of == "every process" else re.findall(r"`(\w+)`", of)
        assert roles, rule
        for role in roles:
            assert set(METRIC.findall(rule)) <= shown[role], (rule, role)
    # What the pages name, the processes show, and the other way round; a histogram's parts are named together.
    # What the cassandra profile alone shows is compared in `tests/unit/test_metrics_told.py`.
    named = {
        *METRIC.findall("".join(rule for rule, _ in rules)),
        *re.findall(r"`(chinwag_\w+)`", _told("operations.md")),
    }
    assert set().union(*shown.values()) == {one for one in named if not ON_CASSANDRA.match(one)}
