"""Lines of the log about failures of PostgreSQL, one in so many seconds: while it is away every call fails."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from chinwag.adapters.postgres.said import said

COMPLAINT_SECONDS: Final = 1.0
"""Between two lines of the log about calls that failed in one way."""


class Complaints:
    """Of one kind of failure. words: what went wrong. log: to which it is told."""

    def __init__(
        self, words: str, log: structlog.typing.FilteringBoundLogger, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._words = words
        self._log = log
        self._now = now
        self._told_at: float | None = None
        self._untold = 0

    def tell(self, error: BaseException) -> None:
        """It has happened again. What the server said is told, without the values in it."""
        now = self._now()
        if self._told_at is not None and now - self._told_at < COMPLAINT_SECONDS:
            self._untold += 1
            return
        self._log.warning(self._words, error=said(error), others_since=self._untold)
        self._told_at, self._untold = now, 0
