"""From the directory to direct conversations: who takes no messages of whom (blocks, disabled and closed accounts).

A change leaves a row in its own transaction, so the two cannot part. Here each row becomes `Decline` commands through
the conversations' logs, which say what the directory says now; it goes once they are answered and the directory still
says the same. A command holds the version of the account at which the directory said so, and a conversation passes over
one that is older than what it has heeded. So it agrees with the directory in the end, also after a crash at any step,
however many processes do this side by side, and however long one of them stood still with a command in its hands.
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from chinwag.domain.command import Command, Decline
from chinwag.domain.ids import AccountId, direct_id, direct_members
from chinwag.flow.clock import Clock
from chinwag.flow.own_commands import OwnCommands, acting_for
from chinwag.ports.bus import Bus, NodeId
from chinwag.ports.directory import DeclineDue, Directory, Transaction
from chinwag.ports.log import Log
from chinwag.ports.message_store import MessageStore

BATCH: Final = 100
"""Rows, or conversations of one account, that are seen to together."""
GONE: Final = (1 << 63) - 1
"""Stands for the version of an account that does not exist any more: higher than any, so that nothing overrides it."""
POLL_SECONDS: Final = 1.0
"""How often rows are looked for unasked: those of other processes, and after a lost signal."""

_log = structlog.get_logger(__name__)


class Declines:
    """Brings what accounts decline into their conversations. It takes answers while `listen` holds."""

    def __init__(
        self, directory: Directory, store: MessageStore, log: Log, bus: Bus, clock: Clock, node: NodeId
    ) -> None:
        """`node` is where its answers go, and nobody else's."""
        self._directory = directory
        self._store = store
        self._own = OwnCommands(log, bus, node)
        self._clock = clock

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        return self._own.listen()

    async def once(self) -> int:
        """See to the oldest rows, at most `BATCH`; how many there were. Raises `Refused` (`unavailable`, `overloaded`)
        if some could not be told; their rows stay."""
        async with self._directory.reading() as directory:
            rows = await directory.declines.pending(BATCH)
        pairs = [row for row in rows if row.other is not None]
        if pairs:
            said = await self._say([(row.account, row.other) for row in pairs if row.other is not None])
            async with self._directory.transaction() as transaction:
                for row in pairs:
                    await self._settle(transaction, row, said)
        for row in rows:
            if row.other is None:
                await self._everybody(row)
        return len(rows)

    async def _everybody(self, row: DeclineDue) -> None:
        """Every direct conversation of an account whose standing changed, some at a time."""
        spans = await self._store.memberships(row.account)
        others = [_other(row.account, pair) for span in spans if (pair := direct_members(span.conversation))]
        async with self._directory.reading() as directory:
            gone = await _gone(directory, row.account)
        for first in range(0, len(others), BATCH):
            await self._say([(row.account, other) for other in others[first : first + BATCH]])
        async with self._directory.transaction() as transaction:
            # A block that changed meanwhile has a row of its own.
            if await _gone(transaction, row.account) is gone:
                await transaction.declines.done(row)

    async def _say(self, pairs: Sequence[tuple[AccountId, AccountId]]) -> dict[tuple[AccountId, AccountId], bool]:
        """Tell the conversations of `pairs` what the directory says now, and return that once they have it."""
        async with self._directory.reading() as directory:
            truth = {(one, other): await _refuses(directory, one, other) for one, other in pairs}
            known = await directory.accounts.many(list(dict.fromkeys(one for one, _ in pairs)))
        versions = {one.id: one.version for one in known}
        answers = await self._own.ask(
            [self._command(one, other, on, versions.get(one, GONE)) for (one, other), on in truth.items()]
        )
        for pair, code in zip(truth, answers, strict=True):
            if code is not None:
                _log.error("a refusal is set aside", account=pair[0], other=pair[1], code=code)
        return truth

    def _command(self, one: AccountId, other: AccountId, on: bool, version: int) -> Command:
        id_ = self._own.new_id("refuse")
        return Command(direct_id(one, other), one, acting_for(one), id_, self._clock(), Decline(on, version))

    async def _settle(
        self, transaction: Transaction, row: DeclineDue, said: dict[tuple[AccountId, AccountId], bool]
    ) -> None:
        if row.other is None:
            return
        if await _refuses(transaction, row.account, row.other) is said[row.account, row.other]:
            await transaction.declines.done(row)
        else:
            # It may have been told and forgotten by another process, before what is said here was placed.
            await transaction.declines.add(row.account, row.other, self._clock())


async def _refuses(directory: Transaction, account: AccountId, other: AccountId) -> bool:
    return await _gone(directory, account) or await directory.blocks.has(account, other)


async def _gone(directory: Transaction, account: AccountId) -> bool:
    found = await directory.accounts.get(account)
    return found is None or found.disabled or found.closed


def _other(account: AccountId, pair: tuple[AccountId, AccountId]) -> AccountId:
    return pair[1] if pair[0] == account else pair[0]
