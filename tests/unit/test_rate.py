"""A rate that several processes grant together: the arithmetic, and which settings are divided."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.assembly.rates import own_share
from chinwag.config import Config
from chinwag.config.cluster_sections import Cluster, Store
from chinwag.domain.rate import Bucket, Rate


@given(st.floats(0.0001, 100_000), st.integers(1, 1_000_000), st.integers(1, 1_000))
def test_the_shares_of_all_processes_make_the_rate(per_second: float, burst: int, processes: int) -> None:
    share = Rate(per_second, burst).divided(processes)
    assert share.per_second * processes == pytest.approx(per_second)
    assert burst <= share.burst * processes < burst + processes
    assert Bucket(share, 0.0).take(0.0) == 0.0, "one at once is left to each"


def test_one_process_grants_all_of_it() -> None:
    rate = Rate(2.5, 7)
    assert rate.divided(1) is rate
    assert rate.divided(2) == Rate(1.25, 4)


def test_a_server_on_one_folder_shares_with_nobody() -> None:
    three = msgspec.structs.replace(Config(), cluster=Cluster(nodes=3))
    assert own_share(three, Rate(3.0, 30)) == Rate(3.0, 30)
    on_postgres = msgspec.structs.replace(three, store=Store(profile="postgres"))
    assert own_share(on_postgres, Rate(3.0, 30)) == Rate(1.0, 10)


@given(
    st.floats(0.01, 10_000),
    st.integers(1, 1_000),
    st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), min_size=1, max_size=50),
)
def test_a_bucket_grants_what_has_flowed_in(per_second: float, burst: int, takes: list[tuple[float, int]]) -> None:
    rate, now, left = Rate(per_second, burst), 1_000_000.0, float(burst)
    bucket = Bucket(rate, now)
    for passed, count in takes:
        now, left = now + passed, min(float(burst), left + passed * per_second)
        close = abs(left - count) < 1e-3 * (1 + per_second)
        wait = bucket.take(now, count)
        if close:  # sums of times are rounded: either answer will do
            left = left - count if wait == 0.0 else left
        elif left > count:
            assert wait == 0.0
            left -= count
        else:
            assert wait == pytest.approx((count - left) / per_second, rel=1e-3, abs=1e-3)
            assert bucket.short(now, count) == wait, "and looking takes nothing"


def test_all_of_a_burst_may_be_taken_one_by_one() -> None:
    bucket = Bucket(Rate(3.0, 700), 1_234_567.8)
    assert [bucket.take(1_234_567.8) for _ in range(700)] == [0.0] * 700
    assert bucket.take(1_234_567.8) == pytest.approx(1 / 3, abs=1e-6)
    bucket.change(1_234_567.8, 2)
    assert [bucket.take(1_234_567.8) > 0 for _ in range(3)] == [False, False, True]
