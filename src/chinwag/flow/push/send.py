"""Sends pushes that are due, and keeps what became of each.

A job is taken by a lease: whoever took it and is not heard of loses it, and it is sent again, which the newer push of
its tag replaces. Jobs that are taken together are weighed together, and what became of them is written together with
the taking of the next ones.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Final

import msgspec
import structlog

from chinwag.domain.ids import DeviceId
from chinwag.domain.push import ATTEMPTS, CLEAR_EVERY_MS, OLD_MS, again_at, clear_of
from chinwag.domain.push_notice import (
    ALSO_MOST,
    Delivered,
    Ended,
    Failed,
    NoticeKind,
    PushAddress,
    PushNotice,
    PushOutcome,
    Resting,
    TooLarge,
    Unwanted,
)
from chinwag.domain.refusal import Refused
from chinwag.fail_points import passing
from chinwag.flow.clock import Clock
from chinwag.flow.push.settle import forget, settle
from chinwag.flow.push.weigh import Weigh, Weighed, ended, later
from chinwag.ports.directory import PUSHES, Directory, PushJob, PushSubscription
from chinwag.ports.push_service import PushService

POLL_SECONDS: Final = 0.25
"""How soon a job that is due is seen."""
LEASE_MS: Final = 30_000
"""How long a job is its taker's: longer than a push takes."""
UNDER_WAY: Final = 100
"""Jobs that one process has at once."""
BACK_MS: Final = 5_000
"""How far the clock may go back from one look to the next: what waits by a clock that was set back would wait as much
longer."""
AWAY_MS: Final = 1_000
"""From one look at a job to the next while a store is away."""
GATHER_SECONDS: Final = 0.05
"""How long what became of jobs gathers before it is written, while others are under way."""

_log = structlog.get_logger(__name__)


class Sender:
    """Does the steps, and what they began. `close` it."""

    def __init__(self, directory: Directory, weigh: Weigh, service: PushService[PushAddress], clock: Clock) -> None:
        self._directory = directory
        self._weigh = weigh
        self._service = service
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[Weighed] = []
        self._under_way = 0
        self._looked_at = 0
        self._freed = asyncio.Event()
        self.counts: Counter[str] = Counter()
        """What became of pushes: sent, cleared, failed, gone, gave_up, unwanted, rested."""

    @property
    def under_way(self) -> int:
        """Jobs that are being seen to."""
        return self._under_way

    async def step(self) -> bool:
        """Write what became of jobs, and begin some that are due; whether there may be more. Raises `Refused`: nothing
        is begun, and what became of jobs is kept."""
        now = self._clock()
        back = now < self._looked_at - BACK_MS
        if not self._done and not back:
            self._looked_at = now
            async with self._directory.reading() as directory:
                due = await directory.push_jobs.next_due()
            if due is None or due > now:
                return False
        room = UNDER_WAY - self._under_way
        done, self._done = self._done, []
        try:
            async with self._directory.transaction(account=PUSHES) as transaction:
                await settle(transaction, done, now)
                if back:
                    await transaction.push_jobs.set_back(now, now + LEASE_MS)
                taken = await transaction.push_jobs.take(now, now + LEASE_MS, room) if room > 0 else []
        except BaseException:
            self._done = done + self._done
            raise
        self._looked_at = now
        if taken:
            passing("push.taken")
            self._under_way += len(taken)
            self._begin(self._see_to(taken))
        return len(taken) > 0 and self._under_way < UNDER_WAY

    async def wait(self, seconds: float) -> None:
        """Until something became of those under way, at most so long, and a moment longer for others."""
        self._freed.clear()
        try:
            async with asyncio.timeout(seconds):
                if not self._done:
                    await self._freed.wait()
            async with asyncio.timeout(GATHER_SECONDS):
                while self._under_way:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            pass

    def wake(self) -> None:
        """Something is due now."""
        self._freed.set()

    async def close(self) -> None:
        """End what is under way: it is done again, by whoever takes it next."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._service.close()

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="push")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _became(self, done: Weighed) -> None:
        """All is done that was to be done about a job."""
        self._done.append(done)  # the list of now: a step takes the whole list away
        self._under_way -= 1
        self._freed.set()

    async def _see_to(self, jobs: Sequence[PushJob]) -> None:
        """Weigh them, and begin to send what is to be sent."""
        clears: dict[DeviceId, list[_Sending]] = {}
        for job, weighed in zip(jobs, await self._weighed(jobs), strict=True):
            if weighed.to is None or weighed.notice is None:
                self._became(weighed)
            elif weighed.notice.kind is NoticeKind.CLEAR:
                clears.setdefault(job.device, []).append(_Sending(job, weighed, weighed.to, weighed.notice))
            else:
                self._begin(self._deliver([_Sending(job, weighed, weighed.to, weighed.notice)]))
        for of_device in clears.values():
            self._begin(self._deliver(of_device))

    async def _weighed(self, jobs: Sequence[PushJob]) -> list[Weighed]:
        # One that was begun too often: whoever took it before was not heard of again.
        fit = [job for job in jobs if job.attempt <= ATTEMPTS]
        found: dict[PushJob, Weighed] = {}
        try:
            found.update(await self._rested(fit))
            fit = [job for job in fit if job not in found]
            if fit:
                found.update(zip(fit, await self._weigh(fit), strict=True))
        except Refused:
            found.update((job, Weighed(later(job, self._clock() + AWAY_MS))) for job in fit)
        except Exception:
            if len(jobs) > 1:  # one that cannot be weighed keeps back no other
                return [(await self._weighed([job]))[0] for job in jobs]
            _log.exception("a push failed", device=jobs[0].device)
        return [found[job] if job in found else Weighed(self._again(job, None)) for job in jobs]

    async def _rested(self, jobs: Sequence[PushJob]) -> dict[PushJob, Weighed]:
        """Those whose services rest: while one is away, very many may be due there again and again. Not
        what is so old that it may be nobody's news any more."""
        async with self._directory.reading() as directory:
            places = await directory.push_subscriptions.of_many([job.device for job in jobs])
        seconds = {one.device: self._service.resting(one.address) for one in places}
        now = self._clock()
        return {
            job: Weighed(later(job, now + round(rest * 1000) + 1))
            for job in jobs
            if (rest := seconds.get(job.device, 0.0)) > 0 and job.since > now - OLD_MS
        }

    async def _deliver(self, sendings: Sequence["_Sending"]) -> None:
        """Send one push, which is for all of these: to one device, and several only if each takes something back."""
        try:
            done = await self._sent(sendings)
        except Refused:
            done = [Weighed(later(one.job, self._clock() + AWAY_MS)) for one in sendings]
        except Exception:
            _log.exception("a push failed", device=sendings[0].to.device)
            done = [Weighed(self._again(one.job, None)) for one in sendings]
        for one in done:
            self._became(one)

    async def _sent(self, sendings: Sequence["_Sending"]) -> list[Weighed]:
        to, notice = sendings[0].to, sendings[0].notice
        left: Sequence[_Sending] = ()
        if notice.kind is NoticeKind.CLEAR:
            if not await self._may_clear(to):
                return [Weighed(later(one.job, self._clock() + CLEAR_EVERY_MS)) for one in sendings]
            sendings, left = sendings[:ALSO_MOST], sendings[ALSO_MOST:]
            notice = clear_of([one.notice for one in sendings], self._clock())
        passing("push.sending")
        still = partial(self._is_still, sendings)
        outcome = await self._service.send(to.address, notice, still)
        if isinstance(outcome, TooLarge):
            outcome = await self._service.send(to.address, notice.ids_only(), still)
        passing("push.sent")
        known = isinstance(outcome, Ended) and not await self._gone(to, outcome.why)
        self._count(outcome, notice)
        done = [Weighed(later(one.job, self._clock() + CLEAR_EVERY_MS)) for one in left]
        return done + [self._after(one, outcome, known=known) for one in sendings]

    async def _is_still(self, sendings: Sequence["_Sending"]) -> bool:
        """Whether what was weighed is so now. Raises `Refused`."""
        one = sendings[0]
        if one.notice.kind is NoticeKind.CLEAR:  # tells nothing: it matters only whom it goes to
            async with self._directory.reading() as directory:
                to = await directory.push_subscriptions.of(one.job.device)
            return to is not None and to.address == one.to.address
        (again,) = await self._weigh([one.job])
        return again.notice is not None and again.to == one.to and again.notice.says == one.notice.says

    def _count(self, outcome: PushOutcome, notice: PushNotice) -> None:
        match outcome:
            case Delivered():
                self.counts["cleared" if notice.kind is NoticeKind.CLEAR else "sent"] += 1
            case Unwanted() | TooLarge():
                why = outcome.why if isinstance(outcome, Unwanted) else "it takes no push of this size"
                _log.warning("a push is not wanted", why=why)
                self.counts["unwanted"] += 1
            case Resting():
                self.counts["rested"] += 1
            case _:
                pass

    def _after(self, one: "_Sending", outcome: PushOutcome, *, known: bool) -> Weighed:
        """What becomes of a job. known: its device has another subscription by now."""
        match outcome:
            case Delivered():
                return one.weighed
            case Failed(after=after):
                return Weighed(self._again(one.job, after))
            case Resting(seconds=seconds):
                return Weighed(later(one.job, self._clock() + round(seconds * 1000) + 1))
            case Ended() if known:
                return Weighed(later(one.job, self._clock()))
            case _:
                return Weighed(ended(one.job))

    async def _gone(self, to: PushSubscription, why: str) -> bool:
        """The service does not know the device any more; whether it has no other subscription by now."""
        became = await forget(self._directory, to, self._clock())
        if became == "forgotten":
            self.counts["gone"] += 1
            _log.info("a subscription is over", device=to.device, why=why)
        return became != "another"

    async def _may_clear(self, to: PushSubscription) -> bool:
        """Browsers punish pushes that show nothing: once in a while a device, whoever sends."""
        async with self._directory.transaction(account=PUSHES) as transaction:
            now = self._clock()
            return await transaction.push_subscriptions.clears(to.device, now, now - CLEAR_EVERY_MS)

    def _again(self, job: PushJob, after: float | None) -> PushJob:
        """The job after an attempt that came to nothing."""
        self.counts["failed"] += 1
        now = self._clock()
        due = again_at(job.attempt, after, now)
        if due is None:
            self.counts["gave_up"] += 1
            return ended(job)
        return msgspec.structs.replace(job, due=due)


class _Sending(msgspec.Struct, frozen=True):
    """A job whose push is to be sent."""

    job: PushJob
    weighed: Weighed
    to: PushSubscription
    notice: PushNotice
