"""Sets of whole numbers that mostly come in rising order without holes, kept as ranges: little, however many come."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

Range = tuple[int, int]
"""From the first to the last, both included."""

FOREVER = 1 << 62
"""The end of a range that has none."""


class Numbers:
    """A set. Its ranges rise, and neither touch nor overlap."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add_range(first, last)

    def add(self, number: int) -> bool:
        """Put it in; False if it was in already."""
        lasts = self._lasts
        if lasts and lasts[-1] + 1 == number:
            lasts[-1] = number
            return True
        if number in self:
            return False
        self.add_range(number, number)
        return True

    def add_range(self, first: int, last: int) -> None:
        """Put in all from `first` to `last`; none if `last` is below."""
        if last < first:
            return
        low, high = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def __contains__(self, number: int) -> bool:
        at = bisect_left(self._lasts, number)
        return at < len(self._lasts) and self._firsts[at] <= number

    def __bool__(self) -> bool:
        return bool(self._lasts)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges())

    @property
    def last(self) -> int:
        """The greatest, 0 if there is none."""
        return self._lasts[-1] if self._lasts else 0

    @property
    def first(self) -> int:
        """The smallest, 0 if there is none."""
        return self._firsts[0] if self._firsts else 0

    def ranges(self) -> Iterator[Range]:
        """The ranges, rising."""
        return zip(self._firsts, self._lasts, strict=True)


def without(ranges: Iterable[Range], taken: Numbers) -> list[Range]:
    """What of `ranges` (rising, apart) is not in `taken`, rising."""
    holes = list(taken.ranges())
    left: list[Range] = []
    at = 0
    for first, last in ranges:
        while at < len(holes) and holes[at][1] < first:
            at += 1
        here = at
        while here < len(holes) and holes[here][0] <= last:
            if holes[here][0] > first:
                left.append((first, holes[here][0] - 1))
            first = holes[here][1] + 1
            here += 1
        if first <= last:
            left.append((first, last))
    return left


def within(ranges: Iterable[Range], first: int, last: int) -> list[Range]:
    """What of `ranges` lies from `first` to `last`."""
    return [(max(low, first), min(high, last)) for low, high in ranges if high >= first and low <= last]


def written(ranges: Sequence[Range], most: int = 5) -> str:
    """For people: `3, 7-9, …`, the first `most` ranges."""
    parts = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:most]]
    return ", ".join([*parts, "…"] if len(ranges) > most else parts)
