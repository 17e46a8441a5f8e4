"""Leaving a service alone that is away, or that refuses all that we send: one circuit breaker a host."""

import random
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from chinwag.domain.push_notice import AFTER_MOST, Failed, PushOutcome, Resting

FAILURES: Final = 5
"""In a row, after which a host rests."""
REST_SECONDS: Final = 15.0
"""The first rest after failures; each further one, without a success between, is twice as long."""
REST_MOST: Final = 600.0
REFUSED_SECONDS: Final = 600.0
"""The rest of a host that says that we may not push at all."""
PROVEN_SECONDS: Final = 3_600.0
"""How long a host that has taken a push is not believed when it says so: it is the fault of single subscriptions, and
anybody can make as many of those as he likes, by keys that are not ours."""
REFUSALS: Final = 5
"""In a row by a host that has taken pushes, until that is said in the log."""
TRYING_SECONDS: Final = 1.0
"""How long the others wait for the one push that goes after a rest, until they look again."""
HOSTS: Final = 1_000
_WHAT: Final = "it refuses what this server pushes: keys, contact or clock are wrong"
_ALONE: Final = "it refuses this subscription"

_log = structlog.get_logger(__name__)


class _Host:
    __slots__ = ("failures", "proven", "refusals", "rests", "trying", "until")

    def __init__(self) -> None:
        self.until = 0.0
        self.failures = 0
        self.refusals = 0
        self.rests = 0
        self.proven: float | None = None
        """When it last took a push of this process."""
        self.trying = False
        """One push is on its way to see whether a rest is over."""


class Breakers:
    """The state of each host, at most `HOSTS` of them: that asked longest ago is forgotten first. clock: seconds that
    only rise. Bounded by itself: nothing waits here."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def ask(self, host: str) -> Resting | None:
        """Why no push may go there now; None if one may: then `answered`, `nothing`, `failed` or `refused` must follow,
        whatever happens. After a rest one goes alone, and the others wait for what becomes of it."""
        kept = self._host(host)
        if (left := kept.until - self._clock()) > 0:
            return Resting(f"{host} rests", left)
        if kept.rests:
            if kept.trying:
                return Resting(f"{host} is being tried", TRYING_SECONDS)
            kept.trying = True
        return None

    def resting(self, host: str) -> float:
        """For how many seconds `ask` would refuse; 0: it would not. Nothing need follow."""
        kept = self._hosts.get(host)
        if kept is None:
            return 0.0
        trying = TRYING_SECONDS if kept.rests and kept.trying else 0.0
        return max(kept.until - self._clock(), trying)

    def answered(self, host: str) -> None:
        """It answered as one that works: it has the push, or says what is wrong with this one."""
        kept = self._host(host)
        if kept.rests:
            _log.info("push service is back", host=host)
        kept.failures = kept.refusals = kept.rests = 0
        kept.trying = False

    def proven(self, host: str) -> None:
        """It has taken a push; `answered` follows."""
        self._host(host).proven = self._clock()

    def nothing(self, host: str) -> None:
        """Nothing was sent after all."""
        self._host(host).trying = False

    def failed(self, host: str, why: str, after: float | None = None) -> PushOutcome:
        """It is away, or says that it cannot at the moment. after: the seconds that it asked for."""
        kept = self._host(host)
        if kept.until > self._clock():  # it was on its way when the rest began
            return Failed(why, after)
        kept.failures += 1
        if kept.failures >= FAILURES or kept.trying:
            rest = min(REST_MOST, REST_SECONDS * 2 ** min(kept.rests, 10))
            # not all processes at once
            self._rest(host, kept, max(after or 0.0, rest * random.uniform(0.8, 1.0)))  # noqa: S311
            _log.warning("push service is away", host=host, why=why, seconds=round(kept.until - self._clock()))
        kept.trying = False
        return Failed(why, after)

    def refused(self, host: str, status: int) -> PushOutcome:
        """It says that we may not push (401, 403). The host rests, which is logged. One that took a push within
        `PROVEN_SECONDS` goes on, and this push alone rests; one that took any before that rests as after failures, so
        that what it takes is soon seen."""
        kept = self._host(host)
        if (left := kept.until - self._clock()) > 0:  # likewise: a rest is logged once
            return Resting(_WHAT, left)
        kept.refusals += 1
        kept.trying = False
        if kept.proven is not None and self._clock() - kept.proven < PROVEN_SECONDS:
            if kept.refusals == REFUSALS:
                _log.error("push service refuses several pushes in a row", host=host, status=status)
            return Resting(_ALONE, REFUSED_SECONDS)
        growing = REST_SECONDS * 2 ** min(kept.rests, 10)
        rest = REFUSED_SECONDS if kept.proven is None else min(REFUSED_SECONDS, growing)
        self._rest(host, kept, rest)
        _log.error("push service refuses this server", host=host, status=status, seconds=round(rest))
        # The others come first then: if it is this subscription that is refused, they are not.
        return Resting(_WHAT, rest + REST_SECONDS)

    def _rest(self, host: str, kept: _Host, seconds: float) -> None:
        kept.rests += 1
        kept.failures = kept.refusals = 0
        kept.until = max(kept.until, self._clock() + min(seconds, AFTER_MOST))

    def _host(self, host: str) -> _Host:
        kept = self._hosts.get(host)
        if kept is None:
            kept = self._hosts[host] = _Host()
            if len(self._hosts) > HOSTS:
                self._hosts.popitem(last=False)
        self._hosts.move_to_end(host)
        return kept
