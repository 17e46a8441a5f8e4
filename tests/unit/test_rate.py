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
