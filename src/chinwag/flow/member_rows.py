"""What a batch makes of the rows in which wide groups keep their members."""

import msgspec

from chinwag.domain.decision import Numbered
from chinwag.domain.ids import AccountId
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.ports.message_store import Commit


class MemberRows:
    """Of one conversation. Of two of one name the later holds."""

    __slots__ = ("joinings", "people", "widens", "wrote")

    def __init__(self) -> None:
        self.people: dict[AccountId, MemberRow] = {}
        self.wrote: dict[AccountId, Wrote] = {}
        self.joinings: dict[tuple[int, AccountId], int] = {}
        self.widens = False

    def place(self, placed: Numbered) -> None:
        """Add those of one placement."""
        self.wrote.update(placed.wrote)
        self.people.update(placed.people)
        self.joinings.update(((joined, account), left) for joined, account, left in placed.joinings)
        self.widens |= placed.widens

    def with_rows(self, commit: Commit) -> Commit:
        """`commit` with them."""
        return msgspec.structs.replace(
            commit,
            people=list(self.people.items()),
            wrote=list(self.wrote.items()),
            joinings=[(joined, account, left) for (joined, account), left in self.joinings.items()],
            widens=self.widens,
        )
