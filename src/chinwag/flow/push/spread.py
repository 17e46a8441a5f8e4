"""Pushes of large groups to many: jobs are made for a few accounts at a time, so that nothing else has to wait for it.

To whom that is, is looked up here; whether each is pushed at all is decided when its job is due, as of any.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId
from chinwag.flow.clock import Clock
from chinwag.ports.directory import PUSHES, WAITING_MAX, Directory, PushWanted, Spread, Transaction
from chinwag.ports.directory.push_spreads import EVERY_MS
from chinwag.ports.message_store import MessageStore

POLL_SECONDS: Final = 0.25
"""From one step to the next."""
TOGETHER: Final = 500
"""Accounts that have their turn in one step."""
BEHIND: Final = 500
"""While so many jobs are due, nobody of a large group gets a turn. So a push to a few people waits behind these jobs
and those of one step at most, however much is said in large groups."""
MOST: Final = 10_000
"""Accounts that have their turn in one round through a group: the first in the order in which rounds go."""


class Spreading:
    """Does the steps. Of several at once one gets on, and the others see that it did."""

    def __init__(self, directory: Directory, store: MessageStore, clock: Clock, most: int = WAITING_MAX) -> None:
        """most: jobs that wait at once, half of which are left to what is pushed to a few people."""
        self._directory = directory
        self._store = store
        self._clock = clock
        self._most = most // 2
        self.turns = 0
        """Accounts that had their turn here."""

    async def step(self) -> bool:
        """Let some accounts of the group that is due first have their turn. Never says that there is more to do: the
        rest comes at the next step. Raises `Refused`: nothing is changed."""
        now = self._clock()
        async with self._directory.reading() as directory:
            found = await directory.push_spreads.next(now)
            if found is None or not await self._room(directory, now):
                return False
        accounts, after = await self._some(found)
        wanted: list[PushWanted] = []
        async with self._directory.reading() as directory:
            for account, device in await directory.push_subscriptions.devices_of(accounts):
                wanted.append(PushWanted(device, account, found.conversation, found.number))
        async with self._directory.transaction(account=PUSHES) as transaction:
            spreads = transaction.push_spreads
            held = await spreads.next(now)
            if held is None or msgspec.structs.replace(held, number=found.number) != found:
                return False  # another was faster
            if wanted:
                await transaction.push_jobs.add(wanted, now, now)
            await spreads.put(_gone_on(held, after, len(accounts), now))
        self.turns += len(accounts)
        return False

    async def _room(self, directory: Transaction, now: int) -> bool:
        """Whether more may wait. While push services are away, what is not due for that counts as well."""
        jobs = directory.push_jobs
        return await jobs.overdue(now, BEHIND) < BEHIND and await jobs.waiting() < self._most

    async def _some(self, spread: Spread) -> tuple[Sequence[AccountId], str]:
        """Those whose turn it is, and what names the place behind them; empty: there is nobody behind."""
        if not spread.everyone:
            async with self._directory.reading() as directory:
                last = AccountId(spread.after) if spread.after else None
                found = await directory.preferences.who_wants_every(spread.conversation, last, TOGETHER)
            return found, found[-1] if len(found) == TOGETHER else ""
        joined, _, name = spread.after.partition(".")
        place = (int(joined), AccountId(name)) if name else None
        page = await self._store.joinings(spread.conversation, place, TOGETHER)
        # Whoever came or went meanwhile is seen when its job is due.
        present = list(dict.fromkeys(one for _, one, left in page if not left))
        return present, f"{page[-1][0]}.{page[-1][1]}" if len(page) == TOGETHER else ""


def _gone_on(spread: Spread, after: str, told: int, now: int) -> Spread:
    """What becomes of a spread with `told` more of its accounts told."""
    begins = not spread.after
    begun_at, covered = (now, spread.number) if begins else (spread.begun_at, spread.covered)
    told += 0 if begins else spread.told
    if after and told < MOST:
        due: int | None = now
    else:
        # The round is over. What was said since it began is for the next one.
        after = ""
        due = begun_at + EVERY_MS if spread.number > covered else None
    return msgspec.structs.replace(spread, covered=covered, begun_at=begun_at, due=due, after=after, told=told)
