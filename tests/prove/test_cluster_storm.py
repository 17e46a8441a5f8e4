"""A short storm over a real cluster, every promise checked. `make prove-cluster` makes long ones, over processes of one
role each, and does more to them."""

from collections import Counter
from pathlib import Path

import pytest
from prove.cluster.pauses import CALM, pauses, staying
from prove.cluster.pauses import table as pauses_table
from prove.cluster.plan import KINDS, ONE, Harm, make_harms
from prove.cluster.processes import EVERY
from prove.cluster.run import CLUSTER, Outcome, Wanted, run
from prove.facts import Acked, Attempt, Fault, Up
from prove.storm.plan import Character, make_plan
from prove.storm.tally import Tally
from prove.verdict import judge

ALL = KINDS["postgres"]


async def test_a_short_storm_over_a_cluster_breaks_no_promise(tmp_path: Path) -> None:
    lines: list[str] = []
    kinds = frozenset({Harm.KILL, Harm.STOP, Harm.DATABASE_KILLED, Harm.BUS_KILLED})
    wanted = Wanted(seed=3, harms=len(kinds), kinds=kinds, accounts=12, groups=5, roles=(EVERY, EVERY))
    outcome = await run(wanted, tmp_path, lines.append)
    print("\n".join([*lines, *outcome.table, *outcome.verdict.lines(), *outcome.short, outcome.stuck]))
    assert outcome.stuck == ""
    assert outcome.verdict.lines()[:-1] == []
    assert list(outcome.short) == []
    assert {*outcome.tally.troubles} == kinds


@pytest.mark.parametrize("seed", range(5))
def test_a_full_plan_does_everything_to_every_process(seed: int) -> None:
    harms = make_harms(seed, 200, ALL, len(CLUSTER))
    assert harms == make_harms(seed, 200, ALL, len(CLUSTER))
    met = Counter((harm.kind, CLUSTER[harm.node]) for harm in harms if harm.node >= 0)
    assert all(met[kind, role] for kind in (Harm.KILL, Harm.STOP) for role in CLUSTER)
    assert {harm.kind for harm in harms} == ALL
    assert {harm.kind for harm in harms if harm.node >= 0} == ONE


def outcome(done: int, left: int) -> Outcome:
    tally = Tally()
    tally.troubles[Harm.KILL] = done
    plan, harms = make_plan(1, 4, frozenset(), (), 2, 1), make_harms(1, 4, frozenset({Harm.KILL}), 2)
    return Outcome(plan, harms, tally, judge([]), [], left=left)


def test_what_was_left_out_for_want_of_time_is_not_counted_as_failed_and_nothing_done_is() -> None:
    assert list(outcome(4, 0).short) == []
    assert list(outcome(3, 1).short) == []
    assert list(outcome(2, 1).short) == ["2 of 3 harms were done and overcome"]
    assert list(outcome(0, 4).short) == ["0 of 0 harms were done and overcome"]


def test_a_wait_belongs_to_what_was_done_last_before_it_ended() -> None:
    found = pauses(
        [
            Attempt("d", "a", "c", "m1", "one", "", 100),
            Acked("d", "c", "m1", 1, 0, 1, 130),
            Attempt("d", "a", "c", "m2", "two", "", 200),
            Fault("kill", "gateway", 1, 0, 300),
            Up(400),
            Acked("d", "c", "m2", 2, 0, 2, 900),
            Acked("d", "c", "m2", 2, 0, 2, 950),
            Attempt("e", "a", "c", "m3", "three", "", 960),
            Acked("e", "c", "m3", 3, 0, 3, 970),
        ],
        stay={"e"},
    )
    assert [(one.kind, one.times, one.waits, one.stayed) for one in found] == [
        (CALM, 0, [30], []),
        ("kill gateway", 1, [700, 10], [10]),
    ]
    assert [line.split() for line in pauses_table(found)][1:] == [
        ["calm", "0", "1", "30", "30", "30", "0", "0", "0", "0"],
        ["kill", "gateway", "1", "2", "700", "700", "700", "1", "10", "10", "10"],
    ]


def test_who_stays_never_leaves_by_itself() -> None:
    plan = make_plan(1, 3, frozenset(), ())
    names = [str(number) for number in range(len(plan.devices))]
    stay = staying(plan, names)
    assert {plan.devices[int(name)].character for name in stay} == {Character.STEADY, Character.BURSTY}
