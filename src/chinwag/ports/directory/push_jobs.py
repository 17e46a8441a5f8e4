"""Pushes that wait, and what devices show of those that were sent."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.ports.follower import Reached

PUSHES: Final = AccountId("~push")
"""For whom transactions run that change jobs (`Directory.transaction`): one at a time, beside those of people."""
WAITING_MAX: Final = 100_000
"""Jobs that wait at once; with more, those go that wait longest."""


class PushWanted(msgspec.Struct, frozen=True, gc=False):
    """Message `number` is to be pushed to a device."""

    device: DeviceId
    account: AccountId
    conversation: ConversationId
    number: int


class PushJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is due for one device and one conversation. Times are milliseconds since 1970.

    number: the newest message. since: when something began to wait. due: when it is looked at, None: nothing waits.
    attempt: how often it was begun to send it. shown: the number of the message that the device was sent last and that
    was not taken back, at `shown_at`; 0: none. held: quiet hours have held it back, and its device gets a summary.
    lease: whose it is while it is being sent.
    """

    device: DeviceId
    account: AccountId
    conversation: ConversationId
    number: int
    since: int
    due: int | None
    attempt: int = 0
    shown: int = 0
    shown_at: int = 0
    held: bool = False
    lease: int = 0


class PushJobRepository(Protocol):
    """One row for a device and a conversation.

    `Directory.transaction(account=PUSHES)` keeps those who take and settle from one another; a device that is revoked
    meanwhile loses its rows, and what was taken of them is settled by nobody.
    """

    async def reached(self) -> Reached | None:
        """How far all that is placed has been read for pushes."""
        ...

    async def reach(self, place: Reached) -> None:
        """Note that."""
        ...

    async def add(self, wanted: Sequence[PushWanted], now: int, due: int) -> None:
        """Let these wait: of a device and a conversation the newest number counts. What is being sent, or has failed,
        keeps its time; anything else is due at `due` or before. Each pair comes once."""
        ...

    async def shorten(self, most: int) -> int:
        """Let those go that wait longest, until at most `most` wait; how many went."""
        ...

    async def take(self, now: int, until: int, limit: int) -> list[PushJob]:
        """Up to `limit` of those that are due, the first due first, as this caller's until `until`: then they are due
        again, should nobody settle them. Each counts one attempt more."""
        ...

    async def settle(self, jobs: Sequence[PushJob], now: int) -> list[bool]:
        """Write what became of taken jobs: all but `number` and `lease`. If a newer message came meanwhile, that one
        waits from `now` on if nothing waits by its job, and is due in a moment if the job was only put off. Of each
        whether it was the caller's still; if not, nothing of it is changed."""
        ...

    async def next_due(self) -> int | None:
        """When the first is due; None: none waits."""
        ...

    async def overdue(self, now: int, most: int) -> int:
        """How many are due and nobody's, counted up to `most`."""
        ...

    async def hasten(self, device: DeviceId, now: int) -> None:
        """What waits for a device is due, as if it had not been tried: it is reached elsewhere now. What is being sent
        is nobody's any more."""
        ...

    async def set_back(self, now: int, until: int) -> None:
        """The clock was set back, and `now` it is again: what waits for a time after `until` is due now, and what is
        being sent at `until`, attempts counting as before; what is shown is looked at within a minute. What began to
        wait by the clock before began now."""
        ...

    async def release(self, device: DeviceId) -> None:
        """What quiet hours held back for a device is held no more: its summary has said it."""
        ...

    async def of_device(self, device: DeviceId) -> list[PushJob]:
        """All rows of a device, at most `PAGE_MAX`."""
        ...

    async def undo(self, conversation: ConversationId, numbers: Sequence[int], now: int) -> None:
        """Those messages are no more: devices that show one of them are due, unless something waits for them anyway."""
        ...

    async def pushed(self, pairs: Sequence[tuple[AccountId, ConversationId]]) -> list[tuple[AccountId, ConversationId]]:
        """Those of which a device shows something, or is being sent something."""
        ...

    async def read(self, pairs: Sequence[tuple[AccountId, ConversationId]], now: int) -> None:
        """These may have been read: devices of the account that show something of the conversation are due, unless
        something waits for them anyway."""
        ...

    async def shown(self, now: int, again: int, limit: int) -> list[PushJob]:
        """Up to `limit` rows of which a device shows something, of which nothing waits, and which nobody has looked at
        since their time came; they are given again at `again` at the earliest."""
        ...

    async def anything_shown(self, now: int) -> bool:
        """Whether `shown` would give any row."""
        ...

    async def waiting(self) -> int:
        """How many wait."""
        ...
