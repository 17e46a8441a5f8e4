"""What several generators saw at one time, as one outcome."""

from hypothesis import given
from hypothesis import strategies as st

from chinwag.load.figures import Outcome, merged, milliseconds, quantile, spread

delays = st.lists(st.floats(min_value=0, max_value=10), min_size=1, max_size=50)


def outcome(samples: list[float], rate: float, share: float = 0.5) -> Outcome:
    return Outcome({"acked_s": rate, "p50_ms": 0.0, "p99_ms": 0.0}, share, (), spread(samples), len(samples))


@given(delays, delays)
def test_rates_add_up_and_delays_are_those_of_all(one: list[float], other: list[float]) -> None:
    both = merged([outcome(one, 10), outcome(other, 5, share=0.9)])
    assert both.figures["acked_s"] == 15
    assert both.figures["p50_ms"] == milliseconds(quantile([*one, *other], 0.5))
    assert both.figures["p99_ms"] == milliseconds(quantile([*one, *other], 0.99))
    assert both.lower_bound, "the busiest generator may have been the limit"


def test_a_few_of_many_delays_stand_for_all() -> None:
    many = [place / 100_000 for place in range(100_000)]
    few = spread(reversed(many))
    assert len(few) == 2_000
    assert list(few) == sorted(few)
    assert abs(quantile(few, 0.99) - quantile(many, 0.99)) < 0.001
