"""What a provider says for everybody, kept for a while: it is asked once, however many need it at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from chinwag.flow.clock import Clock
from chinwag.ports.web import AwayError

FAILED_MS: Final = 5_000
"""How long a failure to ask is believed without trying again."""

T = TypeVar("T")


class Kept(Generic[T]):
    """One thing, asked for when it is first needed. An old one is better than none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._value: T | None = None
        self._asked_at = 0
        self._failed_at: int | None = None
        self._failure = ""
        self._turn = asyncio.Lock()

    async def get(self, ask: Callable[[], Awaitable[T]], most: int) -> T:
        """It, at most `most` milliseconds old unless `ask` raises `AwayError`. Raises that if there never was one."""
        if (known := self._younger_than(most)) is not None:
            return known
        async with self._turn:  # whoever waited here finds it asked for, or that this failed just now
            if (known := self._younger_than(most)) is not None:
                return known
            if self._failed_at is None or not 0 <= self._clock() - self._failed_at < FAILED_MS:
                try:
                    self._value = await ask()
                    self._asked_at, self._failed_at = self._clock(), None
                except AwayError as away:
                    self._failed_at, self._failure = self._clock(), str(away)
        if self._value is None:
            raise AwayError(self._failure)
        return self._value

    def _younger_than(self, most: int) -> T | None:
        return self._value if 0 <= self._clock() - self._asked_at < most else None
