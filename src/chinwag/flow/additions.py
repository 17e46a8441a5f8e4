"""How often people are put into groups: by one who adds, and of one who is added by others than friends.

Whoever comes in by itself, by a link or into an open group, is not counted: that was its own will.
"""

import time
from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.budget import Budget, Now

ADDING: Final = Rate(0.5, 500)
"""Accounts that one may add: as many at once as the largest group has members."""
ADDED: Final = Rate(0.003, 50)
"""Times that one may be added by others than friends: fifty at once, and about ten an hour."""


class Additions:
    """Both budgets of one process."""

    def __init__(self, adding: Rate = ADDING, added: Rate = ADDED, now: Now = time.monotonic) -> None:
        self._adding = Budget(adding, now)
        self._most = adding.burst
        self._added = Budget(added, now)

    def check(self, by: AccountId, count: int, strangers: Sequence[AccountId]) -> None:
        """Whether `by` may add `count` accounts, `strangers` among them. Takes nothing. Raises `rate_limited`."""
        if count and (wait := self._adding.short(by, min(count, self._most))) > 0:
            raise Refused(Code.RATE_LIMITED, "so many were added to groups of late", wait)
        for one in strangers:
            if (wait := self._added.short(one)) > 0:
                raise Refused(Code.RATE_LIMITED, f"{one} was added to many groups of late", wait)

    def take(self, by: AccountId, count: int, strangers: Sequence[AccountId]) -> None:
        """It adds them. Call it after `check`, in the same turn."""
        self._adding.wait(by, min(count, self._most))  # more than there ever are at once cost all that there are
        for one in strangers:
            self._added.wait(one)
