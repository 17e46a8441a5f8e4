"""Take what was edited away or deleted out of the files, and say so when that takes longer than was promised."""

from collections.abc import Awaitable, Callable

import structlog

from chinwag.flow.clock import DAY_MS, Clock

_log = structlog.get_logger(__name__)


class EraseTexts:
    """The steps of one store's scrubbing."""

    def __init__(self, scrub: Callable[[], Awaitable[bool]], store: str, clock: Clock, days: int) -> None:
        """scrub: True if there is more to do. store: which, as the log calls it. days: what is promised."""
        self._scrub = scrub
        self._store = store
        self._clock = clock
        self._days = days
        # What was replaced earlier was for the process before this one, which has complained about it.
        self._clean_at = clock()

    async def step(self) -> bool:
        """Scrub; True if there is more to do. One that fails, and nothing older than `days` may be left any more, is an
        error in the log. Raises what the store raises."""
        begun = self._clock()
        try:
            more = await self._scrub()
        except BaseException:
            self._complain()
            raise
        if more:
            self._complain()
        else:
            self._clean_at = begun
        return more

    def _complain(self) -> None:
        # What was replaced right after the last look is as old as that.
        if self._clean_at < self._clock() - self._days * DAY_MS:
            _log.error("the erasure of texts is overdue", store=self._store, days=self._days)
