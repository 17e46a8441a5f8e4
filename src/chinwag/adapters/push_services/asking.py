"""One push to one service: what all kinds have in common."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from chinwag.adapters.outgoing.guarded import Answered, GuardedWeb, NoPlace, NotAllowed, Overtaken
from chinwag.adapters.push_services.breakers import Breakers
from chinwag.domain.push_notice import AFTER_MOST, Delivered, Failed, PushOutcome, Resting, Unwanted
from chinwag.flow.clock import Clock
from chinwag.ports.push_service import Still, always
from chinwag.ports.web import AwayError

BUSY_SECONDS: Final = 1.0
_DIGITS: Final = 6

Read = Callable[[Answered], PushOutcome | None]
"""What an answer means. None: we may not push there at all."""


def _delivered(_: Answered) -> PushOutcome:
    return Delivered()


class Asking:
    """Asks by one guarded web, and leaves those alone that rest."""

    def __init__(self, web: GuardedWeb, breakers: Breakers, clock: Clock) -> None:
        self.web = web
        self.breakers = breakers
        self.clock = clock

    async def ask(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        read: Read,
        taken: Read = _delivered,
        still: Still = always,
    ) -> PushOutcome:
        """One request, and what became of it: `taken` says it of a success, `read` of what is neither that nor trouble
        of the service. still: as `PushService.send`. Raises nothing but what cancels it."""
        try:
            host = self.web.host(url)
        except NotAllowed:
            return Unwanted("its address is none that this server pushes to")
        if (resting := self.breakers.ask(host)) is not None:
            return resting
        try:
            answered = await self.web.post(url, body, headers, still)
        except NoPlace:
            self.breakers.nothing(host)
            return Resting(f"{host} is busy", BUSY_SECONDS)
        except Overtaken:
            self.breakers.nothing(host)
            return Resting("it is not so any more", 0.0)
        except AwayError as error:
            return self.breakers.failed(host, str(error))
        except BaseException:
            self.breakers.nothing(host)
            raise
        return self._read(host, answered, read, taken)

    def resting(self, url: str) -> float:
        """For how many seconds `ask` would send nothing there; 0: it would."""
        try:
            return self.breakers.resting(self.web.host(url))
        except NotAllowed:
            return 0.0

    def _read(self, host: str, answered: Answered, read: Read, taken: Read) -> PushOutcome:
        status = answered.status
        if status >= 500 or status == 408:
            return self.breakers.failed(host, f"it answers {status}", self.after(answered))
        if 200 <= status < 300:
            outcome = taken(answered)
            if outcome is not None:
                self.breakers.proven(host)
        else:
            outcome = Failed("it wants fewer pushes", self.after(answered)) if status == 429 else read(answered)
        if outcome is None:
            return self.breakers.refused(host, status)
        self.breakers.answered(host)
        return outcome

    def after(self, answered: Answered) -> float | None:
        """The seconds that `Retry-After` asks for (RFC 9110, 10.2.3), at most `AFTER_MOST`; None without one that can
        be read."""
        return seconds_after(answered.headers.get("retry-after", ""), self.clock)


def seconds_after(given: str, clock: Clock) -> float | None:
    """A `Retry-After` in seconds from now: a number of them, or a date. None for anything else."""
    given = given.strip()
    if given.isascii() and given.isdigit():
        return min(AFTER_MOST, float(given[:_DIGITS])) if len(given) <= _DIGITS else AFTER_MOST
    try:
        at = parsedate_to_datetime(given)
        left = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.fromtimestamp(clock() / 1000, UTC)
    except (ValueError, OverflowError):
        return None
    return max(0.0, min(AFTER_MOST, left.total_seconds()))
