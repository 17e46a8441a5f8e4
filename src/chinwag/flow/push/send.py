"""Sends pushes that are due, and keeps what became of each.

A job is taken by a lease: whoever took it and is not heard of loses it, and it is sent again, which the newer push of
its tag replaces. What became of jobs is written together with the taking of the next ones.
"""

import asyncio
from collections import Counter
from typing import Final

import msgspec
import structlog

from chinwag.domain.account_change import PushGone
from chinwag.domain.push import ATTEMPTS, CLEAR_EVERY_MS, SUMMARY, again_at
from chinwag.domain.push_notice import (
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
from chinwag.flow.changes import post
from chinwag.flow.clock import Clock
from chinwag.flow.push.weigh import Weigh, Weighed, ended, later
from chinwag.ports.directory import PUSHES, Directory, PushJob, PushSubscription, PushWanted, Transaction
from chinwag.ports.push_service import PushService

POLL_SECONDS: Final = 0.25
"""How soon a job that is due is seen."""
LEASE_MS: Final = 30_000
"""How long a job is its taker's: longer than a push takes."""
UNDER_WAY: Final = 100
"""Jobs that one process has at once."""
AWAY_MS: Final = 1_000
"""From one look at a job to the next while a store is away."""

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
        self._freed = asyncio.Event()
        self.counts: Counter[str] = Counter()
        """What became of pushes: sent, cleared, failed, gone, gave_up, unwanted, rested."""

    @property
    def under_way(self) -> int:
        """Jobs that are being seen to."""
        return len(self._tasks)

    async def step(self) -> bool:
        """Write what became of jobs, and begin some that are due; whether there may be more. Raises `Refused`: nothing
        is begun, and what became of jobs is kept."""
        now = self._clock()
        if not self._done:
            async with self._directory.reading() as directory:
                due = await directory.push_jobs.next_due()
            if due is None or due > now:
                return False
        room = UNDER_WAY - len(self._tasks)
        done, self._done = self._done, []
        try:
            async with self._directory.transaction(account=PUSHES) as transaction:
                for one in done:
                    await _settle(transaction, one, now)
                taken = await transaction.push_jobs.take(now, now + LEASE_MS, room) if room > 0 else []
        except BaseException:
            self._done = done + self._done
            raise
        if taken:
            passing("push.taken")
        for job in taken:
            task = asyncio.create_task(self._see_to(job), name="push")
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        return len(taken) > 0 and len(self._tasks) < UNDER_WAY

    async def wait(self, seconds: float) -> None:
        """Until one of those under way has ended, at most so long."""
        self._freed.clear()
        if self._done:
            return
        try:
            async with asyncio.timeout(seconds):
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

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._freed.set()

    async def _see_to(self, job: PushJob) -> None:
        try:
            done = await self._done_with(job)
        except Refused:
            done = Weighed(later(job, self._clock() + AWAY_MS))
        except Exception:
            _log.exception("a push failed", device=job.device)
            done = Weighed(self._again(job, None))
        self._done.append(done)  # the list of now: a step takes the whole list away

    async def _done_with(self, job: PushJob) -> Weighed:
        if job.attempt > ATTEMPTS:  # whoever took it before was not heard of again
            return Weighed(self._again(job, None))
        weighed = await self._weigh(job)
        to, notice = weighed.to, weighed.notice
        if to is None or notice is None:
            return weighed
        if notice.kind is NoticeKind.CLEAR and not await self._may_clear(to):
            return Weighed(later(job, self._clock() + CLEAR_EVERY_MS))
        passing("push.sending")
        outcome = await self._sent(to, notice)
        passing("push.sent")
        match outcome:
            case Delivered():
                self.counts["cleared" if notice.kind is NoticeKind.CLEAR else "sent"] += 1
                return weighed
            case Ended(why=why):
                known = await self._forget(to, why)
                return Weighed(later(job, self._clock()) if known else ended(job))
            case Unwanted() | TooLarge():
                why = outcome.why if isinstance(outcome, Unwanted) else "it takes no push of this size"
                _log.warning("a push is not wanted", why=why)
                self.counts["unwanted"] += 1
                return Weighed(ended(job))
            case Failed(after=after):
                return Weighed(self._again(job, after))
            case Resting(seconds=seconds):
                self.counts["rested"] += 1
                return Weighed(later(job, self._clock() + round(seconds * 1000) + 1))

    async def _sent(self, to: PushSubscription, notice: PushNotice) -> PushOutcome:
        outcome = await self._service.send(to.address, notice)
        if isinstance(outcome, TooLarge):
            return await self._service.send(to.address, notice.ids_only())
        return outcome

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

    async def _forget(self, to: PushSubscription, why: str) -> bool:
        """The service does not know the device any more: the subscription goes, and the account's devices are told.
        True, and nothing is changed, if the device has another one by now."""
        now = self._clock()
        async with self._directory.transaction(account=to.account) as transaction:
            found = await transaction.push_subscriptions.of(to.device)
            if found is None:
                return False
            if (found.address, found.registered_at) != (to.address, to.registered_at):
                return True
            await transaction.push_subscriptions.remove(to.device)
            version = await transaction.accounts.touch(to.account)
            await post(transaction, PushGone(to.device, now, version), to.account)
        self.counts["gone"] += 1
        _log.info("a subscription is over", device=to.device, why=why)
        return False


async def _settle(transaction: Transaction, done: Weighed, now: int) -> None:
    job = done.job
    if not await transaction.push_jobs.settle(job, now):
        return
    if done.summary_at is not None:
        until = done.summary_at
        await transaction.push_jobs.add([PushWanted(job.device, job.account, SUMMARY, until)], now, until)
    if job.conversation == SUMMARY and job.due is None:
        await transaction.push_jobs.release(job.device)
