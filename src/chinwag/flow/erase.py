"""Erase closed accounts. What is left of one, where, and for how long stands in `docs/erasure.md`.

Closing leaves a row in its own transaction, so the two cannot part; the row says how far the erasure is and goes when
nothing is left. Each step can be done again: a crash at any of them, and the next start goes on.

- **Empty**, at once: the account leaves its groups, its inbox and marks go, and others' inboxes show its profile no
  more. Its direct conversations refuse by `flow/declines.py`, which is waited for.
- **Forget**, at the housekeeping: empty once more, as something may have been on its way at the closing, then delete
  all rows. Only now do the spans go, by which conversations are found.
- **Scrub**: take what was deleted out of the files.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain.account_change import ProfileChanged
from chinwag.domain.command import Command, Leave
from chinwag.domain.conversation import Span
from chinwag.domain.events import AccountEvent
from chinwag.domain.ids import AccountId, is_direct
from chinwag.domain.refusal import Code
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.flow.own_commands import OwnCommands, acting_for
from chinwag.ports.directory import PAGE_MAX, Directory, Erasure, ErasureStage
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.scrub import Scrub

BATCH: Final = 100
"""Groups that are left together."""
POLL_SECONDS: Final = 1.0
"""How often closed accounts are looked for unasked."""
HOUSEKEEPING_SECONDS: Final = 86_400.0
"""From one housekeeping to the next."""
HOUSEKEEPING_MOST: Final = 43_200.0
"""How long one may take: the stores are written anew."""
COLLECTIONS: Final = 1_000
"""Pieces in which media are collected at one housekeeping, at most."""
QUIET_MS: Final = 600_000
"""An account closed less than this ago waits for the next housekeeping: something may be on its way to it."""

_DONE: Final = frozenset({None, Code.NOT_MEMBER, Code.NO_CONVERSATION})
_log = structlog.get_logger(__name__)
_event: Final = msgspec.json.Decoder(AccountEvent)


class ErasePorts(msgspec.Struct, frozen=True, kw_only=True):
    """Where anything of an account may lie. scrubs: the stores, each with its files. collect: takes away the media that
    nobody needs; True if there is more to do."""

    directory: Directory
    store: MessageStore
    marks: MarkStore
    inbox: Inbox
    scrubs: Sequence[Scrub]
    collect: Callable[[], Awaitable[bool]]


class Erase:
    """Erases closed accounts. Made at the start of its process; it takes answers while `listen` holds."""

    def __init__(self, ports: ErasePorts, own: OwnCommands, clock: Clock, days: int) -> None:
        """days: what is promised; an erasure that takes longer is an error in the log."""
        self._ports = ports
        self._own = own
        self._clock = clock
        self._days = days
        self._began_at = clock()
        self._emptying = asyncio.Lock()

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        return self._own.listen()

    async def daily(self) -> None:
        """Empty and keep house. At a start nothing can be on its way from before it, so all that was closed by then
        may go. Raises `Refused`."""
        await self.empty_some()
        await self.keep_house(max(self._began_at, self._clock() - QUIET_MS))

    async def empty_some(self) -> int:
        """Empty the accounts just closed, as far as nothing must be waited for; how many. Raises `Refused`."""
        emptied = 0
        # Whoever comes second must not set back what the first has brought further.
        async with self._emptying:
            for erasure in await self._at(ErasureStage.CLOSED):
                if await self._empty(erasure.account):
                    async with self._ports.directory.transaction() as transaction:
                        await transaction.erasures.reached(erasure.account, ErasureStage.EMPTIED)
                    _log.info("a closed account is emptied", account=erasure.account)
                    emptied += 1
        return emptied

    async def keep_house(self, closed_before: int) -> int:
        """Delete all that is left of accounts closed up to `closed_before` (milliseconds since 1970), and take it out
        of the files; how many accounts. Raises `Refused`: what is done stays done."""
        self._complain(await self._at(ErasureStage.CLOSED))
        for erasure in await self._at(ErasureStage.EMPTIED):
            if erasure.closed_at <= closed_before and await self._empty(erasure.account):
                await self._forget(erasure.account)
            else:
                self._complain([erasure])
        gone = [erasure.account for erasure in await self._at(ErasureStage.FORGOTTEN)]
        if gone:
            for _ in range(COLLECTIONS):  # its picture, which no row names any more
                if not await self._ports.collect():
                    break
            _log.info("scrubbing the stores", accounts=len(gone))
            for scrub in self._ports.scrubs:
                await scrub.scrub()
            async with self._ports.directory.transaction() as transaction:
                for account in gone:
                    await transaction.erasures.done(account)
            _log.info("closed accounts are erased", accounts=len(gone))
        return len(gone)

    async def _at(self, stage: ErasureStage) -> list[Erasure]:
        """All erasures at a stage: about 100 bytes each."""
        found: list[Erasure] = []
        while True:
            after = found[-1].account if found else None
            async with self._ports.directory.reading() as directory:
                page = await directory.erasures.page(stage, after, PAGE_MAX)
            found += page
            if len(page) < PAGE_MAX:
                return found

    async def _empty(self, account: AccountId) -> bool:
        """Let nothing of the account be readable; False if that must wait for somebody else."""
        ports = self._ports
        async with ports.directory.reading() as directory:
            if await directory.erasures.waits(account):
                return False
        spans = await ports.store.memberships(account)
        if not await self._refuses(account, spans):
            return False
        await self._leave(account, spans)
        await self._hide_profile(account)
        await ports.marks.forget(account, list(dict.fromkeys(span.conversation for span in spans)))
        await ports.inbox.forget(account)
        return True

    async def _refuses(self, account: AccountId, spans: Sequence[Span]) -> bool:
        """Whether all its direct conversations refuse; one that began while it was closed is told again."""
        direct = [span.conversation for span in spans if is_direct(span.conversation)]
        for first in range(0, len(direct), BATCH):
            for state in await self._ports.store.states(direct[first : first + BATCH]):
                if state is not None and account not in state.declining:
                    async with self._ports.directory.transaction() as transaction:
                        await transaction.declines.add(account, None, self._clock())
                    return False
        return True

    async def _leave(self, account: AccountId, spans: Sequence[Span]) -> None:
        groups = [span.conversation for span in spans if span.last is None and not is_direct(span.conversation)]
        for first in range(0, len(groups), BATCH):
            some, now = groups[first : first + BATCH], self._clock()
            # Each time another id: who was added again after leaving leaves again.
            device = acting_for(account)
            commands = [Command(one, account, device, self._own.new_id("close"), now, Leave()) for one in some]
            for command, code in zip(commands, await self._own.ask(commands), strict=True):
                if code not in _DONE:
                    _log.error("a closed account stays in a group", conversation=command.conversation, code=code)
            left = first + len(some)
            _log.info("a closed account leaves its groups", account=account, left=left, groups=len(groups))

    async def _hide_profile(self, account: AccountId) -> None:
        """Its former profiles lie in the inboxes of those who were its friends."""
        after: AccountId | None = None
        while True:
            async with self._ports.directory.reading() as directory:
                others = await directory.erasures.known_to(account, after, PAGE_MAX)
            for other in others:
                await self._ports.inbox.rewrite(other, lambda event: without_profile(event, account))
            if len(others) < PAGE_MAX:
                return
            after = others[-1]

    async def _forget(self, account: AccountId) -> None:
        async with self._ports.directory.reading() as directory:
            devices = await directory.erasures.devices(account)
        await self._ports.store.forget(account, [*devices, acting_for(account)])
        async with self._ports.directory.transaction() as transaction:
            await transaction.erasures.forget(account)
            await transaction.erasures.reached(account, ErasureStage.FORGOTTEN)
        _log.info("a closed account is forgotten", account=account)

    def _complain(self, erasures: Sequence[Erasure]) -> None:
        late = self._clock() - self._days * DAY_MS
        for erasure in erasures:
            if erasure.closed_at < late:
                _log.error("an erasure is overdue", account=erasure.account, days=self._days)


def without_profile(event: bytes, account: AccountId) -> bytes:
    """An inbox's event as it is once `account` is closed: its profile is empty. Its version stays, so that devices
    that had the event already and those that read it now end alike."""
    if b'"profile_changed"' not in event:
        return event
    change = _event.decode(event).change
    if not isinstance(change, ProfileChanged) or change.account != account:
        return event
    return msgspec.json.encode(AccountEvent(change=ProfileChanged(account, "", "", "", change.version)))
