"""What devices say that they have of their inboxes, as delivered marks of conversations.

What was given to them of late is remembered by the process that gave it, so mostly nothing is read for it.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Mark, Marks, merge
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock
from chinwag.ports.inbox import Inbox, Run
from chinwag.ports.mark_store import Advance, MarkStore

ENTRIES: Final = 2_000
"""Inbox entries of one account that one round goes through for its delivered marks."""
REMEMBERED: Final = 50_000
"""Accounts of which a process remembers up to where their inboxes are done with."""
INBOX: Final = ConversationId("inbox")
"""The name under which an account's mark says up to which inbox position its devices have everything."""

Key = tuple[ConversationId, AccountId]

_log = structlog.get_logger(__name__)


class InboxMarks:
    """Of one process."""

    def __init__(self, inbox: Inbox, marks: MarkStore, clock: Clock) -> None:
        self._inbox = inbox
        self._marks = marks
        self._clock = clock
        self._done: OrderedDict[AccountId, int] = OrderedDict()

    async def delivered(
        self, received: Mapping[AccountId, int], wanted: dict[Key, Marks]
    ) -> tuple[list[Advance], dict[AccountId, int]]:
        """Add to `wanted` what the newly received stretches of inboxes concern. received: up to where, of each account.
        The accounts' own advances, and what of `received` is left for another round. Raises `Refused(UNAVAILABLE)`."""
        # What is remembered may lie behind what another process has stored: then a stretch is gone through once more.
        unknown = [account for account in received if account not in self._done]
        held = await self._marks.marks([(INBOX, account) for account in unknown]) if unknown else []
        known = {account: marks.delivered.number for account, marks in zip(unknown, held, strict=True)}
        advances: list[Advance] = []
        rest: dict[AccountId, int] = {}
        for account, last in received.items():
            after = known[account] if account in known else self._done[account]
            if last <= after:
                continue
            if (given := self._inbox.given(account, after, last)) is not None:
                for run in given:
                    _come(wanted, account, run.conversation, run.first + run.count - 1)
                done = last
            else:
                done = await self._read(account, after, last, wanted)
            if done > after:
                own = Marks(delivered=Mark(done, 0, self._clock()))
                advances.append(Advance(INBOX, account, own, stepped=False))
                if done < last:
                    rest[account] = last
        return advances, rest

    def stored(self, advances: Sequence[Advance]) -> None:
        """These are stored: up to where inboxes are done with is remembered."""
        done = self._done
        for one in advances:
            if one.conversation == INBOX:
                done.pop(one.account, None)
                done[one.account] = one.marks.delivered.number
        while len(done) > REMEMBERED:
            done.popitem(last=False)

    async def _read(self, account: AccountId, after: int, last: int, wanted: dict[Key, Marks]) -> int:
        """As `delivered`, of one account, by what its inbox holds; up to where."""
        try:
            page = await self._inbox.read(account, after, min(last - after, ENTRIES))
        except Refused as refused:
            # One inbox that cannot be read keeps no other's marks back; its next position covers this one.
            _log.warning("an inbox's delivered marks wait", account=account, detail=refused.detail)
            return after
        if last > page.bounds.head:
            return after  # a cursor that this inbox never gave
        done = max(after, page.bounds.floor)
        for entry in page.entries:
            count = min(entry.count, last - entry.position + 1)
            if count <= 0:
                break
            done = entry.position + count - 1
            if isinstance(entry, Run):
                _come(wanted, account, entry.conversation, entry.first + count - 1)
        return done


def _come(wanted: dict[Key, Marks], account: AccountId, conversation: ConversationId, number: int) -> None:
    """An event has come to a device of `account`."""
    key = (conversation, account)
    wanted[key] = merge(wanted.get(key, Marks()), Marks(delivered=Mark(number)))
