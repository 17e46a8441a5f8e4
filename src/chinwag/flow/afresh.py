"""Where a device reads on that loads all afresh: at the head of its inbox, or before what no state holds yet.

A store may make postings readable before the states that say so (`MessageStore.posts_first`). What is below the head
when a device begins there, and comes to the states only after they were loaded, nobody would give to it.
"""

from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.as_read import sent_at
from chinwag.flow.clock import Clock, system_clock
from chinwag.ports.inbox import Bounds, Inbox, Run
from chinwag.ports.message_store import MessageStore

FIRST: Final = 100
"""Entries at the end of an inbox that are looked at in any case."""
FURTHER: Final = 1_000
"""And then at a time. A batch of the log has about so many events, and all of them may be one account's."""
MOST: Final = 10_000
"""And altogether: several batches of different partitions of the log that go to one account."""
SETTLED_MS: Final = 60_000
"""Before what was sent so long ago nothing is looked for: it was posted by then, and whatever became of the process
that posted it, another has its partition since and has stored the states."""


async def afresh(
    inbox: Inbox, store: MessageStore, account: AccountId, bounds: Bounds, clock: Clock = system_clock
) -> int:
    """After which position whoever loads all afresh reads on: the head, or before what is readable there already and
    is in no state that could be loaded. Raises `Refused(UNAVAILABLE)`."""
    if not store.posts_first:
        return bounds.head
    ahead = _Ahead(store)
    begin = high = bounds.head
    while high > bounds.floor and bounds.head - high < MOST:
        low = max(bounds.floor, high - (FIRST if high == bounds.head else FURTHER))
        page = await inbox.read(account, low, high - low)
        if page.bounds.epoch != bounds.epoch:  # of another epoch the next read tells
            break
        runs = [entry for entry in page.entries if isinstance(entry, Run)]
        first = await ahead.first(runs)
        if first is not None:
            begin = first - 1
        elif low > bounds.floor and runs and await _is_settled(store, runs[0], clock()):
            break
        high = low
    return begin


async def again(inbox: Inbox, store: MessageStore, account: AccountId, epoch: int, position: int) -> int:
    """As `afresh`, for a device that is at `position` of `epoch` and has missed nothing, but is to load all afresh: it
    goes back at most. Raises `Refused(UNAVAILABLE)`."""
    if not store.posts_first:
        return position
    bounds = await inbox.bounds(account)
    if bounds.epoch != epoch:  # which the next read tells
        return position
    return min(position, await afresh(inbox, store, account, bounds))


class _Ahead:
    """What is ahead of the states, as they are when it is first asked about a conversation."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._heads: dict[ConversationId, int] = {}
        """Up to which number nothing of it is ahead."""

    async def first(self, runs: Sequence[Run]) -> int | None:
        """The first position in these that is ahead, None if none is. Of several calls the later are for what is
        before."""
        await self._look(runs)
        return min(
            (
                run.position + max(0, head + 1 - run.first)
                for run in runs
                if run.first + run.count - 1 > (head := self._heads[run.conversation])
            ),
            default=None,
        )

    async def _look(self, runs: Sequence[Run]) -> None:
        newest: dict[ConversationId, int] = {}
        for run in runs:
            if run.conversation not in self._heads:
                newest[run.conversation] = max(newest.get(run.conversation, 0), run.first + run.count - 1)
        if not newest:
            return
        states = await self._store.states(list(newest))
        self._heads.update((one, state.head if state else 0) for one, state in zip(newest, states, strict=True))
        ahead = [(one, number) for one, number in newest.items() if number > self._heads[one]]
        if not ahead:
            return
        for (one, number), comes in zip(ahead, await self._store.under_way(ahead), strict=True):
            if not comes:  # its log has lost it, and no state will say it
                self._heads[one] = number


async def _is_settled(store: MessageStore, run: Run, now: int) -> bool:
    (row,) = await store.rows([(run.conversation, run.first)])
    return row is not None and sent_at(row) < now - SETTLED_MS
