"""Ask whoever keeps presence: the owner of each account's, at whatever node that is."""

import asyncio
from collections.abc import Callable, Sequence

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.presence import DeviceAt, PresenceOf
from chinwag.ports.bus import NodeId
from chinwag.ports.questions import DevicesConnected, DevicesOnline, Questions, WhoIsOnline

Owner = Callable[[AccountId], NodeId]
"""The node that keeps an account's presence."""


class Online:
    """Presence, asked for by any role of any process."""

    def __init__(self, questions: Questions, owner: Owner) -> None:
        self._questions = questions
        self._owner = owner

    async def ask(self, asker: AccountId, accounts: Sequence[AccountId]) -> list[PresenceOf]:
        """As `AskPresence.ask`. Raises `unavailable` as well if one of their owners does not answer."""
        owners: dict[NodeId, list[AccountId]] = {}
        for account in accounts:
            owners.setdefault(self._owner(account), []).append(account)
        answers = await asyncio.gather(
            *(self._questions.ask(node, WhoIsOnline(asker, tuple(some))) for node, some in owners.items())
        )
        known = {one.account: one for answer in answers for one in answer}
        return [known[account] for account in dict.fromkeys(accounts) if account in known]

    async def devices(self, account: AccountId) -> list[DeviceAt]:
        """The devices of `account` that are online: for itself, and for operators. Raises `unavailable`."""
        return await self._questions.ask(self._owner(account), DevicesOnline(account))

    async def connected(self, account: AccountId) -> list[DeviceId]:
        """The devices of `account` that are connected now: for pushes. Raises `unavailable`."""
        return await self._questions.ask(self._owner(account), DevicesConnected(account))
