"""The ShownPeople: whom searches have shown to each account within its day, in one place for all servers."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from chinwag.domain.ids import AccountId

DAILY: Final = 200
"""Different people that searches show one account in a day: nobody shall read the whole directory out."""
DAY_SECONDS: Final = 86_400.0
"""A day begins with the first that is shown in it."""


class Shown(msgspec.Struct, frozen=True):
    """Those of the people asked about who may be shown, as they were given; and the seconds until the day ends."""

    people: tuple[AccountId, ...]
    seconds: float


class ShownPeople(Protocol):
    """At most `DAILY` different people for each account, between the first that it is shown and a day later.

    Atomicity: however many searches of one account there are at once, and wherever. Bounded: days that are over are
    forgotten, and where there are very many, those that end first. Durability: none is promised. Failures:
    `unavailable`.
    """

    async def show(self, account: AccountId, people: Sequence[AccountId]) -> Shown:
        """Show `people` to `account`: whom it has seen today, and new ones while there is room, the first first."""
        ...
