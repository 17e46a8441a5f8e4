"""The `Allowances` of one process, which counts alone."""

from collections.abc import Sequence

from chinwag.domain.rate import Rate
from chinwag.flow.budget import Budget
from chinwag.flow.clock import Clock
from chinwag.ports.allowances import Allowance


class OwnAllowances:
    """`Allowances` in memory: a budget, whose table is bounded, for each kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock()
        self._budgets: dict[tuple[str, Rate], Budget] = {}

    async def take(self, taken: Sequence[Allowance], also: Sequence[Allowance] = ()) -> float:
        wait = max((self._short(one) for one in (*taken, *also)), default=0.0)
        if not wait:
            await self.spend(taken)
        return wait

    async def short(self, wanted: Sequence[Allowance]) -> Sequence[float]:
        return [self._short(one) for one in wanted]

    async def give_back(self, given: Sequence[Allowance]) -> None:
        for one in given:
            self._budget(one).change(one.key, one.count)

    async def spend(self, spent: Sequence[Allowance]) -> None:
        for one in spent:
            self._budget(one).change(one.key, -one.count)

    def _short(self, one: Allowance) -> float:
        return self._budget(one).short(one.key, one.count)

    def _budget(self, one: Allowance) -> Budget:
        """Kinds and rates are the server's own, and few."""
        kind = one.kind, one.rate
        if kind not in self._budgets:
            self._budgets[kind] = Budget(one.rate, self._seconds)
        return self._budgets[kind]

    def _seconds(self) -> float:
        # From a start of its own: seconds since 1970 have too few places left for what one rate gives in a millisecond.
        return (self._clock() - self._start) / 1000
