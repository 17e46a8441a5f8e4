"""Whose upload is looked at next: each account in its turn, so that who brings many, or such as take long, holds up
nobody else's."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.ports.directory import Upload

KNOWN: Final = 10_000
"""Accounts whose last turn is remembered."""


class Turns:
    """The accounts of which something was looked at here, by how long ago that is."""

    def __init__(self) -> None:
        self._last: OrderedDict[AccountId, int] = OrderedDict()
        self._count = 0

    def next(self, due: Sequence[Upload]) -> Upload | None:
        """Of those that wait, the one whose account had its turn longest ago, and of its uploads the first."""
        return min(due, key=lambda upload: self._last.get(upload.account, 0), default=None)

    def took(self, account: AccountId) -> None:
        """The account has its turn now."""
        self._count += 1
        self._last[account] = self._count
        self._last.move_to_end(account)
        if len(self._last) > KNOWN:
            self._last.popitem(last=False)
