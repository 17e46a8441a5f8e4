"""Counting how long things take: what is counted together is counted as what comes one by one."""

from chinwag.flow.measure import BOUNDS, Distribution


def test_values_count_together_as_one_by_one() -> None:
    values = (0.0, BOUNDS[0], BOUNDS[0] * 1.5, 0.01, 0.01, BOUNDS[-1], 100.0)
    together, single = Distribution(), Distribution()
    together.observe_all(values)
    together.observe_all(())
    for value in values:
        single.observe(value)
    assert together.counts == single.counts
    assert together.cumulative()[-1] == ("+Inf", len(values))
    assert abs(together.total - single.total) < 1e-9
