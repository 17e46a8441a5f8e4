"""How fast one device, one account and one address may go, beside what sends have of their own (`flow/accept.py`)."""

import time
from typing import Final

import msgspec

from chinwag.domain.address import network_of
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code
from chinwag.flow.budget import Budget, Now, Shared

WRONG_TOKEN: Final = frozenset({Code.UNAUTHENTICATED, Code.TOKEN_EXPIRED, Code.REVOKED})
"""Refusals of a token that count against the address that shows it: each has cost a signature."""
TYPING: Final = Rate(2.0, 10)
"""Of one device."""


class BudgetRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rates. Those of a device count for its account as well, `account_share` times as large.

    `strangers` is one address's: requests without a token, and tokens that turn out to be wrong.
    """

    requests: Rate = Rate(50.0, 500)
    marks: Rate = Rate(20.0, 200)
    typing: Rate = TYPING
    strangers: Rate = Rate(50.0, 2_000)
    account_share: int = 4


class Budgets:
    """All budgets of one process; its gateway and its API share them."""

    def __init__(self, rules: BudgetRules | None = None, now: Now = time.monotonic) -> None:
        rules = rules or BudgetRules()
        self.requests: Final = Shared(rules.requests, rules.account_share, now)
        self.marks: Final = Shared(rules.marks, rules.account_share, now)
        self.typing: Final = Shared(rules.typing, rules.account_share, now)
        self._strangers = Budget(rules.strangers, now)

    def stranger(self, address: str) -> None:
        """Somebody unknown asks from `address`, or shows a wrong token. Raises `Refused(RATE_LIMITED)`."""
        self._strangers.take(network_of(address), "too much from this address")

    def stranger_short(self, address: str) -> float:
        """The seconds for which a stranger from `address` would be refused; 0 if it would not. Takes nothing."""
        return self._strangers.short(network_of(address))
