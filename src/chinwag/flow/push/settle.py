"""What is written once pushes were sent: what became of their jobs, and of subscriptions that are over."""

from collections.abc import Sequence
from typing import Literal

from chinwag.domain.account_change import PushGone
from chinwag.domain.push import SUMMARY
from chinwag.flow.changes import post
from chinwag.flow.push.weigh import Weighed
from chinwag.ports.directory import Directory, PushSubscription, PushWanted, Transaction


async def settle(transaction: Transaction, done: Sequence[Weighed], now: int) -> None:
    """Write what became of jobs that were taken; of those that are somebody else's by now, nothing."""
    if not done:
        return
    jobs = transaction.push_jobs
    settled = await jobs.settle([one.job for one in done], now)
    ours = [one for one, is_ours in zip(done, settled, strict=True) if is_ours]
    for one in ours:
        if (until := one.summary_at) is not None:
            await jobs.add([PushWanted(one.job.device, one.job.account, SUMMARY, until)], now, until)
    for one in ours:
        if one.job.conversation == SUMMARY and one.job.due is None:
            await jobs.release(one.job.device)


async def forget(directory: Directory, to: PushSubscription, now: int) -> Literal["forgotten", "none", "another"]:
    """A service does not know this subscription any more: it goes, and the account's devices are told. none, another:
    the device has none by now, or another one, and nothing is changed. Raises `unavailable`."""
    async with directory.transaction(account=to.account) as transaction:
        found = await transaction.push_subscriptions.of(to.device)
        if found is None:
            return "none"
        if (found.address, found.registered_at) != (to.address, to.registered_at):
            return "another"
        await transaction.push_subscriptions.remove(to.device)
        version = await transaction.accounts.touch(to.account)
        await post(transaction, PushGone(to.device, now, version), to.account)
    return "forgotten"
