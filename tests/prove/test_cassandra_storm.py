"""A short storm over the cassandra profile, one node of each engine. `make prove-cluster PROFILE=cassandra` makes long
ones, over three nodes of each, which are killed and stopped alone and in pairs."""

from collections import Counter
from pathlib import Path

import pytest
from prove.cluster.plan import KINDS, NODES, PAIRS, Harm, make_harms
from prove.cluster.processes import EVERY
from prove.cluster.run import CLUSTER, Wanted, run
from prove.cluster.wide import engine_nodes, engine_pairs


async def test_a_short_storm_over_cassandra_breaks_no_promise(tmp_path: Path) -> None:
    lines: list[str] = []
    kinds = frozenset({Harm.KILL, Harm.NODE_STOPPED})
    wanted = Wanted(seed=3, harms=len(kinds), kinds=kinds, accounts=6, groups=3, roles=(EVERY, EVERY), nodes=1)
    outcome = await run(wanted, tmp_path, lines.append)
    print("\n".join([*lines, *outcome.table, *outcome.verdict.lines(), *outcome.short, outcome.stuck]))
    assert outcome.stuck == ""
    assert outcome.verdict.lines()[:-1] == []
    assert list(outcome.short) == []
    assert {*outcome.tally.troubles} == kinds


@pytest.mark.parametrize("seed", range(3))
def test_a_full_plan_meets_every_node_and_every_pair_that_a_quorum_allows(seed: int) -> None:
    harms = make_harms(seed, 300, KINDS["cassandra"], len(CLUSTER), 3)
    assert harms == make_harms(seed, 300, KINDS["cassandra"], len(CLUSTER), 3)
    met = Counter((harm.kind, harm.engines) for harm in harms if harm.engines)
    assert {kind for kind, _ in met} == NODES | PAIRS
    assert all(met[kind, (node,)] for kind in NODES for node in engine_nodes(3))
    pairs = engine_pairs(3)
    assert all(one.partition("-")[0] != other.partition("-")[0] for one, other in pairs)
    assert {engines for kind, engines in met if kind in PAIRS} <= {*pairs}


def test_a_plan_for_postgres_meets_no_node() -> None:
    assert not any(harm.engines for harm in make_harms(1, 200, KINDS["postgres"], len(CLUSTER)))
