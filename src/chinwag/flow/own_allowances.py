"""The `Allowances` of one process, which counts alone."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from chinwag.domain.rate import Rate
from chinwag.flow.clock import Clock
from chinwag.ports.allowances import Allowance

TABLE: Final = 100_000
"""Levels kept per kind; the one longest unused goes first."""


class Levels:
    """What each key has left at one rate."""

    def __init__(self, rate: Rate, clock: Clock, table: int = TABLE) -> None:
        self._full = float(rate.burst)
        self._per_second = rate.per_second
        self._clock = clock
        self._table = table
        self._levels: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def short(self, key: str, count: int = 1) -> float:
        """Seconds until `key` may take so many; 0 if it may now."""
        return max(0.0, (count - self._level(key)) / self._per_second)

    def take(self, key: str, count: int = 1) -> None:
        """Take so many, or what there is."""
        self._put(key, max(0.0, self._level(key) - count))

    def give_back(self, key: str, count: int = 1) -> None:
        """Undo one `take`."""
        self._put(key, min(self._full, self._level(key) + count))

    def __len__(self) -> int:
        return len(self._levels)

    def _level(self, key: str) -> float:
        held = self._levels.get(key)
        if held is None:
            return self._full
        level, at = held
        return min(self._full, level + max(0, self._clock() - at) / 1000 * self._per_second)

    def _put(self, key: str, level: float) -> None:
        # A clock that stepped back gives nothing until it is where it was.
        held, now = self._levels.get(key), self._clock()
        self._levels[key] = (level, now if held is None else max(now, held[1]))
        self._levels.move_to_end(key)
        if len(self._levels) > self._table:
            self._levels.popitem(last=False)


class OwnAllowances:
    """`Allowances` in memory, a bounded table a kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tables: dict[tuple[str, Rate], Levels] = {}

    async def take(self, taken: Sequence[Allowance], also: Sequence[Allowance] = ()) -> float:
        wait = max((self._short(one) for one in (*taken, *also)), default=0.0)
        if not wait:
            await self.spend(taken)
        return wait

    async def short(self, wanted: Sequence[Allowance]) -> Sequence[float]:
        return [self._short(one) for one in wanted]

    async def give_back(self, given: Sequence[Allowance]) -> None:
        for one in given:
            self._table(one).give_back(one.key, one.count)

    async def spend(self, spent: Sequence[Allowance]) -> None:
        for one in spent:
            self._table(one).take(one.key, one.count)

    def _short(self, one: Allowance) -> float:
        return self._table(one).short(one.key, one.count)

    def _table(self, one: Allowance) -> Levels:
        """Kinds and rates are the server's own, and few."""
        kind = one.kind, one.rate
        if kind not in self._tables:
            self._tables[kind] = Levels(one.rate, self._clock)
        return self._tables[kind]
