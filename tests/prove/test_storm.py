"""A short storm over a real server: every kind of fault once, every promise checked. `make prove` makes long ones."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from prove.faults.at_point import SERVING
from prove.faults.disk import NoDiskError
from prove.index.index import Index
from prove.storm.changes import FEWEST
from prove.storm.filers import GROUPS
from prove.storm.outcome import TURNS, large_undone, line, shortcomings, undone, wanted_points
from prove.storm.plan import ACKS, FULL, HITS, IN_FLIGHT, Trouble, in_flight, make_plan
from prove.storm.run import Outcome, Wanted, run
from prove.storm.tally import Tally, percentile
from prove.storm.tides import Sizes, sizes_of
from prove.verdict import Verdict

from chinwag.client.membership import Member, Mirrored
from chinwag.wire.values import AccountId, ConversationId, Role

ALL = frozenset(Trouble)
KILLS = 4


async def _storm(folder: Path, wanted: Wanted) -> Outcome:
    lines: list[str] = []
    try:
        outcome = await run(wanted, folder, lines.append)
    except NoDiskError as missing:
        lines.append(f"without a full disk: {missing}")
        kinds = wanted.kinds - {Trouble.DISK}
        outcome = await run(
            msgspec.structs.replace(wanted, kinds=kinds),
            folder,
            print,
        )
    print("\n".join([*lines, *outcome.table, *outcome.verdict.lines(), *outcome.short, outcome.stuck]))
    return outcome


async def test_a_short_storm_breaks_no_promise(tmp_path: Path) -> None:
    outcome = await _storm(tmp_path, Wanted(seed=1, kills=KILLS, accounts=24, groups=8, filers=GROUPS, large=True))
    assert outcome.stuck == ""
    assert outcome.verdict.lines()[:-1] == []
    # How much went on at each kill is the machine's; that it was done, and what is known of each, is the storm's.
    tally = outcome.tally
    assert list(undone(outcome.plan, tally, SERVING)) == list(large_undone(tally, True)) == []
    assert tally.kills == len(tally.in_flight) == len(tally.between) == len(tally.recovery) == len(tally.back) == KILLS
    assert sum(tally.between) <= tally.acked <= min(tally.attempted, tally.answers)
    there = outcome.verdict.index.counts
    assert all(there[kind] for kind in ("Sent", "MediaAsked", "Deleted", "Pushed")), there
    assert there["PushesWaited"] >= GROUPS


def test_a_seed_has_one_plan() -> None:
    assert make_plan(7, 200, ALL, SERVING) == make_plan(7, 200, ALL, SERVING)
    assert make_plan(7, 200, ALL, SERVING) != make_plan(8, 200, ALL, SERVING)


@pytest.mark.parametrize("seed", range(5))
def test_a_full_plan_comes_to_every_point_often_enough(seed: int) -> None:
    plan = make_plan(seed, 200, ALL, SERVING)
    kills = [trouble for trouble in plan.troubles if trouble.kind is Trouble.KILL]
    assert len(kills) == 200
    assert all(trouble.acks >= ACKS for trouble in kills)
    hits = Counter(trouble.point for trouble in plan.troubles)
    assert all(hits[point] > HITS for point in wanted_points(plan, SERVING))
    assert {trouble.kind for trouble in plan.troubles} == ALL


def test_before_a_kill_no_more_is_waited_for_than_devices_ever_send() -> None:
    for seed in range(20):
        assert in_flight(make_plan(seed, 1, ALL, SERVING).devices) == IN_FLIGHT
        few = make_plan(seed, 1, ALL, SERVING, accounts=8, groups=3).devices
        assert 10 < in_flight(few) < sum(device.window for device in few) / 2


def test_a_run_that_does_too_little_says_so() -> None:
    plan = make_plan(1, FULL, ALL, SERVING)
    tally = Tally(kills=FULL - 1, in_flight=[80, IN_FLIGHT - 1], between=[600, ACKS - 1])
    told = "\n".join(shortcomings(plan, tally, SERVING))
    assert f"{FULL - 1} of {FULL} kills" in told
    assert f"{IN_FLIGHT - 1} sends in flight" in told
    assert f"{ACKS - 1} acks" in told
    assert all(f"{point} was hit 0 times" in told for point in wanted_points(plan, SERVING))


def test_tides_lie_on_both_sides_of_what_makes_a_group_large() -> None:
    for accounts in (8, 12, 24, 40):
        sizes = sizes_of(accounts)
        ebb, flood, spring = sizes.levels
        assert FEWEST <= ebb < sizes.wide_above < flood <= sizes.large_above < spring <= accounts

        def turning(members: int, large: bool, sizes: Sizes = sizes) -> bool:
            own = {AccountId("owner"): Member(Role.OWNER)}
            return sizes.turning(
                Mirrored(
                    id=ConversationId("g~1"),
                    kind="group",
                    role=Role.OWNER,
                    members=own,
                    wide=True,
                    large=large,
                    count=members,
                )
            )

        assert [turning(members, large=True) for members in sizes.levels] == [True, False, False]
        assert [turning(members, large=False) for members in sizes.levels] == [False, True, True]


def test_a_storm_with_large_groups_that_met_none_says_so() -> None:
    assert list(large_undone(Tally(), large=False)) == []
    few = "\n".join(large_undone(Tally(turns={("g~1", 7)}), large=True))
    assert "1 switches" in few
    assert "no event was fed" in few
    assert "no large group was compared" in few
    met = Tally(turns={("g~1", number) for number in range(TURNS)}, fed=1, large_states=1)
    assert list(large_undone(met, large=True)) == []


def test_the_line_at_the_end() -> None:
    plan = make_plan(3, 2, ALL, SERVING)
    tally = Tally(attempted=9, acked=8, kills=2, recovery=[0.5, 1.5])
    assert line(plan, tally, Verdict(Index([]))) == (
        "prove: kills=2 attempted=9 acked=8 lost=0 doubled=0 reordered=0 gaps=0 "
        "recovery_p50_ms=1500 recovery_p99_ms=1500 seed=3"
    )


def test_percentiles_are_values_that_were_there() -> None:
    assert percentile([], 0.5) == 0.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(count) for count in range(100)], 0.99) == 99.0
