"""What a server made wrong on purpose is."""

from collections.abc import Callable
from typing import Any

import msgspec


class Wrong(msgspec.Struct, frozen=True):
    """One thing made wrong in an otherwise right server.

    promises: those that it breaks; whoever judges a run against it must name one of them. needs: what must happen in
    the run for it to show, "" if people who chat are enough. test: if no storm looks for it, the test that must fail
    over it, as pytest names it, below `tests/engines`; of one that is wrong only in large groups, below `tests`.
    """

    name: str
    promises: tuple[str, ...]
    what: str
    plant: Callable[[], None]
    needs: str = ""
    test: str = ""


def replace(owner: Any, name: str, by: Callable[[Any], Any]) -> None:
    """Put `by(what stood there)` in the place of the attribute `name` of a class or module."""
    setattr(owner, name, by(getattr(owner, name)))


class Every:
    """True at each `count`th asking."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._asked = 0

    def __call__(self) -> bool:
        self._asked += 1
        return self._asked % self._count == 0
