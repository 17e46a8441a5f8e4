"""Ask for the presence of people: the way to know in large groups, at the start, and when a signal was lost."""

from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.presence import DeviceAt, PresenceOf
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.presence import Presences
from chinwag.flow.presence_audience import Audience

ASKED_MAX: Final = 100
"""Accounts asked for at once."""


class AskPresence:
    """Answers who asks, about those of whom it may know."""

    def __init__(self, presences: Presences, audience: Audience) -> None:
        self._presences = presences
        self._audience = audience

    async def ask(self, asker: AccountId, accounts: Sequence[AccountId]) -> list[PresenceOf]:
        """The presence of those of `accounts` who are friends of `asker` or share a conversation with it, or are it.

        In the order asked for, each once; others are left out, whether they exist or not. Raises `too_many` for
        more than `ASKED_MAX`, `unavailable` with the store away.
        """
        if len(accounts) > ASKED_MAX:
            raise Refused(Code.TOO_MANY, f"at most {ASKED_MAX} accounts at once")
        allowed = await self._audience.may_ask(asker, accounts)
        return await self._presences.read([account for account in dict.fromkeys(accounts) if account in allowed])

    def devices(self, account: AccountId) -> list[DeviceAt]:
        """The devices of `account` that are online: for itself, and for operators."""
        return self._presences.devices(account)

    def connected(self, account: AccountId) -> list[DeviceId]:
        """The devices of `account` that are connected now: for pushes."""
        return self._presences.connected(account)
