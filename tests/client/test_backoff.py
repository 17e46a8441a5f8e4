"""Delays are bounded, spread, and never shorter than asked."""

import random

from hypothesis import given
from hypothesis import strategies as st

from chinwag.client.backoff import Backoff


@given(st.integers(), st.integers(0, 200), st.floats(0, 100))
def test_delays_stay_in_their_bounds(seed: int, failures: int, asked: float) -> None:
    backoff = Backoff(first=0.25, most=30.0, rng=random.Random(seed))
    for n in range(failures):
        assert 0.0 <= backoff.next() <= min(30.0, 0.25 * 2.0**n)
    assert asked <= backoff.next(asked) <= asked + 30.0
    backoff.reset()
    assert backoff.next() <= 0.25


def test_delays_use_the_whole_span() -> None:
    backoff = Backoff(first=1.0, most=1.0, rng=random.Random(1))
    delays = [backoff.next() for _ in range(1000)]
    assert min(delays) < 0.05
    assert max(delays) > 0.95
