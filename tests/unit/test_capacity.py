"""The arithmetic of docs/capacity.md: cases by hand, what more people may not make less, and slips that are found."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tools.capacity.cases import CASES, B, C, scaled
from tools.capacity.costs import COSTS, CostError, read, values
from tools.capacity.limits import LIMITS, used_up_at
from tools.capacity.model import loads_of, need, touched
from tools.capacity.simulation import World, most, owners_of, play

from chinwag.adapters.cassandra.schema import PARTITIONS
from chinwag.adapters.inboxes import keeping, records
from chinwag.domain.presence import PARTS

ROOT = Path(__file__).parents[2]
HAND: dict[str, Any] = {"group_share": 0.1, "group_members": 20, "marks_share": 0.5}


@pytest.fixture(scope="module")
def costs() -> dict[str, float]:
    return dict(values(read()))


def test_the_page_is_fresh() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "tools.capacity", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_loads_by_hand(costs: dict[str, float]) -> None:
    """A billion messages a day are 11,574 a second, four times that at the peak; 0.9 x 2 + 0.1 x 20 inboxes."""
    loads = loads_of(B, {**costs, **HAND})
    assert loads.messages == pytest.approx(46_296.3, abs=0.1)
    assert loads.audience == pytest.approx(3.8)
    assert loads.connected == pytest.approx(39e6)
    assert loads.marks == pytest.approx(46_296.3 * 2.8 / 2, rel=1e-5)
    assert loads.postings == pytest.approx(46_296.3 * (3.8 + 2.8), rel=1e-5)


def test_the_largest_case_is_the_one_that_was_asked_for(costs: dict[str, float]) -> None:
    """A billion clients, 30 messages an hour for 12 hours: 33.3M/s, 11,952 gateways, 3,334 nodes of one write each."""
    found = need(C, costs)
    assert found.loads.messages == pytest.approx(33.33e6, rel=1e-3)
    assert found.mission_nodes == 3_334
    assert found.gateway == 11_952
    assert C.daily * C.messages * C.text == 360e12


def test_rows_and_nodes_by_hand(costs: dict[str, float]) -> None:
    """Without marks, groups and bookkeeping: three rows a message and two for each of its two inboxes, three times."""
    plain = {**costs, "group_share": 0.0, "marks_share": 1e-12, "checkpoint_seconds": 1e12}
    found = need(B, plain)
    seven = found.loads.messages * 7
    assert found.row_writes - found.parts.inbox_records == pytest.approx(seven, rel=1e-6)
    assert found.cassandra_by_writes == pytest.approx(found.row_writes * 3 / 10_000, abs=1)


def test_disk_by_hand(costs: dict[str, float]) -> None:
    """A billion messages, an event and a key each, three times; a longer text by what it takes compressed."""
    plain = {**costs, "event_disk": 170, "key_disk": 130, "compression": 0.5}
    assert need(B, plain).disk_a_day == pytest.approx(1e9 * 300 * 3)
    longer = msgspec.structs.replace(B, text=300.0)
    assert need(longer, plain).disk_a_day == pytest.approx(1e9 * 400 * 3)


@pytest.mark.parametrize(("parts", "postings", "hit"), [(1, 5, 1.0), (2, 1, 1.0), (2, 2, 1.5), (16, 1e6, 16.0)])
def test_postings_fall_on_partitions(parts: int, postings: float, hit: float) -> None:
    assert touched(parts, postings) == pytest.approx(hit)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_more_people_never_need_less(case: Any, costs: dict[str, float]) -> None:
    found = [msgspec.to_builtins(need(scaled(case, users), costs)) for users in (1e5, 1e6, 1e7, 1e8, 1e9)]
    for less, more in pairwise(found):
        fallen = [name for name, value in less.items() if not isinstance(value, dict) and value > more[name]]
        assert fallen == []


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name.split(":")[0])
def test_a_limit_is_used_up_where_its_share_is_all(limit: Any, costs: dict[str, float]) -> None:
    at = used_up_at(limit, B, costs)
    if at != float("inf"):
        assert limit.share(need(scaled(B, at), costs), costs) >= 1
        assert limit.share(need(scaled(B, at / 1.2), costs), costs) < 1.05


def test_what_is_said_of_the_code_is_so(costs: dict[str, float]) -> None:
    assert costs["log_partitions"] == PARTITIONS
    assert costs["inbox_partitions"] == records.PARTITIONS
    assert costs["presence_parts"] == PARTS
    assert costs["checkpoint_seconds"] == keeping.CHECKPOINT_SECONDS


def test_every_figure_counts(costs: dict[str, float]) -> None:
    """One that nothing is reckoned from says more than is known."""
    used = "".join(path.read_text() for path in COSTS.parent.glob("*.py"))
    assert [name for name in costs if f'"{name}"' not in used] == []


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (("value = 48.0", "value = -48.0"), "above 0"),
        (('name = "group_members"', 'name = "group_share"'), "twice"),
        (('kind = "mission"', 'kind = "hearsay"'), "cannot be read"),
        (("2026-11-25", "some day"), "the day"),
    ],
)
def test_a_slip_in_the_costs_is_told(slip: tuple[str, str], said: str) -> None:
    text = COSTS.read_text(encoding="utf-8")
    assert slip[0] in text
    with pytest.raises(CostError, match=said):
        read(text.replace(*slip))


def test_a_game_is_the_same_each_time() -> None:
    world = World(6, 64, 0.5, 500.0, 60.0, lost_at=10.0, seconds=30.0)
    assert play(world) == play(world)


def test_a_quiet_game_makes_nobody_wait_and_too_much_is_refused() -> None:
    assert play(World(6, 64, 0.2, 500.0, 60.0, seconds=20.0)).longest <= 0.5
    full = play(World(6, 64, 1.5, 500.0, 60.0, seconds=60.0))
    assert full.busiest > 1.5
    assert full.refused > 0.02


def test_a_lost_zone_is_seen_and_got_over_where_there_is_room() -> None:
    found = play(World(6, 64, 0.3, 500.0, 60.0, lost_at=10.0, seconds=60.0))
    assert 4.0 <= found.longest <= 20.0
    assert found.refused == 0
    assert found.recovered < 30
    assert play(World(6, 64, 0.8, 500.0, 60.0, lost_at=10.0, seconds=60.0)).recovered == float("inf")


def test_partitions_have_owners_and_more_of_them_fall_more_evenly() -> None:
    assert set(owners_of(64, ["one", "other"]).values()) == {"one", "other"}
    assert most(1024, 12) < most(64, 12)
