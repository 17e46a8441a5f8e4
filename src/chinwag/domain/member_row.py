"""What is kept of each member of a wide group in a row of its own: numbers only, so that it can be read as of any.

A row may be ahead of the state of its conversation, as a crash or another worker may have left it: whatever has a
number above the state's head is not there yet.
"""

from typing import Final

import msgspec

STAYS: Final = 64
"""Joinings of which a row keeps something."""
BEHIND: Final = 10_000
"""Numbers by which the state that a worker decides upon may lie behind the rows, by far at most: a stay that ended
longer ago is looked for by nobody any more."""


class Stay(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One membership from its beginning to its end.

    joined, joined_ordinal, reads_from: as in `Member`. left: the number of the notice that ended it; 0: none has.
    """

    joined: int
    joined_ordinal: int
    reads_from: int
    left: int = 0


class MemberRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The last stays of one account in one wide group, rising."""

    stays: tuple[Stay, ...] = ()

    @property
    def turns(self) -> tuple[int, ...]:
        """The numbers at which it came and went, also of what is ahead."""
        return tuple(number for stay in self.stays for number in (stay.joined, stay.left) if number)

    def as_of(self, head: int) -> "MemberRow":
        """Without what lies above `head`."""
        if not self.stays or max(self.stays[-1].joined, self.stays[-1].left) <= head:
            return self
        stays = (one for one in self.stays if one.joined <= head)
        return MemberRow(tuple(one if one.left <= head else msgspec.structs.replace(one, left=0) for one in stays))

    def present(self, head: int) -> Stay | None:
        """The stay of whoever is a member at `head`: the last joining at or below it has no leaving at or below it."""
        for one in reversed(self.stays):
            if one.joined <= head:
                return None if 0 < one.left <= head else one
        return None

    def full(self, head: int) -> bool:
        """Whether there is no room for one more joining after `head`: it keeps so many that ended of late."""
        return len(self.stays) >= STAYS and self.stays[-STAYS].left > head - BEHIND

    def begun(self, stay: Stay) -> "MemberRow":
        """With one more."""
        return MemberRow((*self.stays[1 - STAYS :], stay))

    def ended(self, left: int) -> "MemberRow":
        """With the last one's end."""
        return MemberRow((*self.stays[:-1], msgspec.structs.replace(self.stays[-1], left=left)))


class Wrote(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A member's own last message in a wide group: its number and ordinal, and when it was sent (milliseconds; 0 for
    one from before the group was wide). No decision reads it, so it is written over, and the older one is gone."""

    number: int
    ordinal: int
    at: int


NOBODY: Final = MemberRow()
"""Of an account that never was a member while the group was wide."""
