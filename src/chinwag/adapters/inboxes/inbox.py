"""The Inbox of a process whose postings go into streams: it posts to them, and reads the rows that their workers make.

What is posted is durable when the call returns, and readable soon after, in order.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.adapters.held_since import HeldSince
from chinwag.adapters.inboxes.epoch import InboxEpoch
from chinwag.adapters.inboxes.numbering import Told, floor_of
from chinwag.adapters.inboxes.publisher import Publisher
from chinwag.adapters.inboxes.records import inbox_partition
from chinwag.adapters.inboxes.rows import InboxRow, InboxRows, InboxState, Part
from chinwag.adapters.postgres.postings import Posted
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.ports.inbox import Arrival, Bounds, Inbox, Inline, Posting, Run, Slice

REWRITTEN: Final = 500
"""Entries that are looked at together for what is to be written anew."""
APPLIED_SECONDS: Final = 20.0
"""How long it may take until what was posted is applied, where somebody waits for that."""
_LOOK_SECONDS: Final = 0.05

_log = structlog.get_logger(__name__)


class StreamInbox(Inbox):
    """Of one process. Its feed tells of what this process's workers make readable; `on_posted` hears all of it."""

    def __init__(self, publisher: Publisher, rows: InboxRows, epoch: InboxEpoch, clock: Clock, kept_days: int) -> None:
        self.on_posted: list[Callable[[Sequence[Posted]], None]] = []
        self._publisher = publisher
        self._rows = rows
        self._epoch = epoch
        self._clock = clock
        self._kept_ms = kept_days * DAY_MS
        self._held: Counter[AccountId] = Counter()
        self._since = HeldSince(clock)
        self._handler: Callable[[Sequence[Arrival]], None] | None = None

    async def post(self, postings: Sequence[Posting]) -> None:
        if postings:
            await self._publisher.post(postings)

    async def read(self, account: AccountId, after: int, limit: int) -> Slice:
        epoch, (state,) = await asyncio.gather(self._epoch.value(), self._rows.states([account]))
        bounds = self._bounds(epoch, state)
        after = max(after, 0)
        if limit <= 0 or not bounds.floor <= after < bounds.head:
            return Slice([], bounds)
        entries: list[Run | Inline] = []
        left, following = limit, after + 1
        for row in await self._rows.rows(account, after, bounds.head, limit):
            begin = row.last - row.count + 1
            if begin > following:
                _log.error("an inbox has lost entries", account=account, position=following)
                break
            taken = min(row.last - following + 1, left)
            _unpack(entries, row, following - begin, taken)
            left, following = left - taken, following + taken
            if not left:
                break
        return Slice(entries, bounds)

    async def bounds(self, account: AccountId) -> Bounds:
        epoch, (state,) = await asyncio.gather(self._epoch.value(), self._rows.states([account]))
        return self._bounds(epoch, state)

    async def heads(self, accounts: Sequence[AccountId]) -> tuple[int, list[int]]:
        # The epoch first: heads of a later one are then told of by the next look.
        epoch = await self._epoch.value()
        return epoch, [state.head for state in await self._rows.states(accounts)]

    def hold(self, account: AccountId) -> None:
        self._held[account] += 1
        self._since.hold(account)

    def release(self, account: AccountId) -> None:
        if self._held[account] > 1:
            self._held[account] -= 1
        else:
            del self._held[account]
            self._since.release(account)

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        self._handler = handler

    async def rewrite(self, account: AccountId, rewriting: Callable[[bytes], bytes]) -> int:
        (state,) = await self._rows.states([account])
        after, end, changed = state.floor, state.head, 0
        while after < end and (found := await self._rows.rows(account, after, end, REWRITTEN)):
            after = found[-1].last
            written: list[InboxRow] = []
            for row in found:
                parts = [rewriting(part) if isinstance(part, bytes) else part for part in row.parts]
                changed += sum(new != old for new, old in zip(parts, row.parts, strict=True))
                if parts != list(row.parts):
                    written.append(msgspec.structs.replace(row, parts=parts))
            if written:
                await self._rows.replace(written)
        return changed

    async def forget(self, account: AccountId) -> None:
        (before,) = await self._rows.states([account])
        partition = inbox_partition(account, self._publisher.partitions)
        await self._until(partition, await self._publisher.forget(account))
        (state,) = await self._rows.states([account])
        # Unreadable by now; what is left is to take it away.
        after = before.floor
        while after < state.floor and (found := await self._rows.rows(account, after, state.floor, REWRITTEN)):
            after = found[-1].last
            await self._rows.replace([msgspec.structs.replace(row, parts=()) for row in found])

    async def trim(self, before_ms: int, limit: int) -> int:
        """Nothing is left to do: rows expire by themselves, and the floor follows from the day on which something was
        posted."""
        del before_ms, limit
        return 0

    async def settled(self) -> None:
        """All that this process has posted until now is readable. For those who must see it. Raises
        `Refused(UNAVAILABLE)` if that takes too long."""
        for partition, place in self._publisher.highest().items():
            await self._until(partition, place)

    def tell(self, epoch: int, told: Sequence[Told]) -> None:
        """A worker of this process has made this readable."""
        posted = [Posted(epoch, one.accounts, one.positions, one.events, one.at) for one in told]
        for hear in self.on_posted:
            try:
                hear(posted)
            except Exception:
                _log.exception("what was posted could not be told", posts=len(posted))
        held, since = self._held, self._since
        arrivals = [
            Arrival(account, position, one.events, epoch)
            if since.given(account, one.at)
            else Arrival(account, position + len(one.events), (), epoch)
            for one in told
            for account, position in zip(one.accounts, one.positions, strict=True)
            if account in held
        ]
        if arrivals and self._handler is not None:
            asyncio.get_running_loop().call_soon(self._give, arrivals)

    def _give(self, arrivals: Sequence[Arrival]) -> None:
        assert self._handler is not None
        try:
            self._handler(arrivals)
        except Exception:
            _log.exception("arrivals could not be told", arrivals=len(arrivals))

    def _bounds(self, epoch: int, state: InboxState) -> Bounds:
        return Bounds(epoch, floor_of(state, self._clock() - self._kept_ms), state.head)

    async def _until(self, partition: int, place: Position) -> None:
        try:
            async with asyncio.timeout(APPLIED_SECONDS):
                while (await self._rows.checkpoint(partition)).applied < place:  # noqa: ASYNC110 - a store tells nothing
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise Refused(Code.UNAVAILABLE, "what was posted is not readable yet", 1.0) from None


def _unpack(entries: list[Run | Inline], row: InboxRow, skip: int, taken: int) -> None:
    """Add `taken` entries of a row, after the first `skip`."""
    position = row.last - row.count + 1
    for part in row.parts:
        if taken <= 0:
            return
        count = 1 if isinstance(part, bytes) else part[2]
        if skip < count:
            some = min(count - skip, taken)
            _add(entries, part, position + skip, skip, some)
            taken -= some
            skip = 0
        else:
            skip -= count
        position += count


def _add(entries: list[Run | Inline], part: Part, position: int, skip: int, count: int) -> None:
    if isinstance(part, bytes):
        entries.append(Inline(position, part))
        return
    conversation, first, _ = part
    before = entries[-1] if entries else None
    if isinstance(before, Run) and before.conversation == conversation and before.first + before.count == first + skip:
        entries[-1] = Run(before.position, conversation, before.first, before.count + count)
    else:
        entries.append(Run(position, conversation, first + skip, count))
