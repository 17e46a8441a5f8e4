"""This machine's clock beside the database's: stamps of all machines must agree within a second.

A machine whose clock is off would refuse what is in time and place what is not (P4 of docs/guarantees.md).
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from chinwag.adapters.postgres.database import Database
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import Clock

CLOCK_SECONDS: Final = 1.0
"""How far this machine's clock may be from the database's."""
COMPARE_SECONDS: Final = 10.0
"""From one comparison to the next."""
STALE_SECONDS: Final = 60.0
"""How long a comparison counts."""
CLOCK_ADVICE: Final = (
    f"at most {CLOCK_SECONDS:g} s will do: let both machines follow a time server (timedatectl set-ntp true)"
)
DATABASES: Final = "the database's"
QUESTION: Final = "SELECT extract(epoch FROM clock_timestamp())::float8"


async def apart_from(ask: Callable[[], Awaitable[float]], clock: Clock) -> float:
    """By how many seconds `clock` is ahead of what `ask` tells, which is read some time between question and answer:
    by so much at least."""
    before = clock() / 1000
    theirs = await ask()
    after = clock() / 1000
    return max(before - theirs, 0.0) or min(after - theirs, 0.0)


def clock_words(apart: float, whose: str = DATABASES) -> str:
    """What is wrong with a clock that is so far ahead of somebody's, for people."""
    return f"this machine's clock is {abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} {whose}"


class ComparedClock:
    """This machine's clock, compared now and then."""

    def __init__(
        self,
        asked: Callable[[], Awaitable[float]],
        clock: Clock,
        now: Callable[[], float] = time.monotonic,
        whose: str = DATABASES,
    ) -> None:
        """asked: the time that all agree on, in seconds since 1970; whose: of whom, in words."""
        self.apart = 0.0
        """By how many seconds it was ahead when it was compared last."""
        self._asked = asked
        self._whose = whose
        self._clock = clock
        self._now = now
        self._compared_at = now() - STALE_SECONDS

    async def compare(self) -> None:
        """Compare it. Raises `Refused(UNAVAILABLE)` if the database does not answer."""
        self.apart = await apart_from(self._asked, self._clock)
        self._compared_at = self._now()

    def require(self) -> None:
        """Raise `Refused(UNAVAILABLE)` unless it was right within the last minute."""
        if abs(self.apart) > CLOCK_SECONDS:
            raise Refused(Code.UNAVAILABLE, clock_words(self.apart, self._whose), COMPARE_SECONDS)
        if self._now() - self._compared_at >= STALE_SECONDS:
            raise Refused(Code.UNAVAILABLE, "this machine's clock could not be compared", COMPARE_SECONDS)


def database_time(database: Database) -> Callable[[], Awaitable[float]]:
    """Asks a database for its time."""

    async def ask() -> float:
        found = await database.row(QUESTION)
        assert found is not None
        return float(found[0])

    return ask
