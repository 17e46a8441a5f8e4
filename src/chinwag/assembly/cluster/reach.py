"""Whether this process reaches what it needs. One that does not for a while sends its people elsewhere, and comes back
by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from chinwag.assembly.part import Part
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.standing import Job, StandingWork
from chinwag.roles.observe import Check

LOOK_SECONDS: Final = 1.0
"""From one look to the next."""
ABOUT: Final = "`chinwag cluster check` says what it is"
AWAY_SECONDS: Final = 5.0
"""How long something may be away before the process counts as away itself."""
PROBE_SECONDS: Final = 3.0
"""How long one look may take."""

_log = structlog.get_logger(__name__)


class Reach:
    """Looks each second. went, came: what to do when it is away, and when it is back.

    probes: each raises if what it looks at cannot be reached; by name.
    """

    def __init__(
        self,
        probes: Sequence[Check],
        went: Callable[[], Awaitable[None]],
        came: Callable[[], Awaitable[None]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.away = False
        self._probes = probes
        self._went = went
        self._came = came
        self._now = now
        self._since: float | None = None

    async def look(self) -> None:
        """Look once, and do what follows."""
        missing = [name for name in await asyncio.gather(*map(_missing, self._probes)) if name]
        if not missing:
            self._since = None
            if self.away:
                self.away = False
                _log.info("all that is needed is back")
                await self._came()
            return
        if self._since is None:
            self._since = self._now()
        if not self.away and self._now() - self._since >= AWAY_SECONDS:
            self.away = True
            _log.warning("what is needed is away: people are sent elsewhere", missing=missing, why=ABOUT)
            await self._went()

    async def check(self) -> None:
        """For readiness: raise while it is away."""
        if self.away:
            raise Refused(Code.UNAVAILABLE, "what is needed is away", LOOK_SECONDS)

    def part(self) -> Part:
        """Looks for as long as it is started."""

        async def step() -> bool:
            await self.look()
            return False

        job = Job(name="reach", step=step, poll_seconds=LOOK_SECONDS, failing="it could not be told who is away")
        tasks: list[asyncio.Task[None]] = []

        async def start() -> None:
            tasks.append(asyncio.create_task(StandingWork(job).run(), name=job.name))

        async def drain() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        return Part(name="reach", start=start, drain=drain, stop=drain, checks=[Check("reach", self.check)])


async def _missing(probe: Check) -> str:
    """The name of what does not answer; empty if it does."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe.probe()
    except Exception:  # whatever it is, it is not there
        return probe.name
    return ""
