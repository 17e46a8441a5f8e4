"""Read and delivered marks: cumulative, so that applying one twice or late changes nothing."""

from collections.abc import Iterable

import msgspec

from chinwag.domain.conversation import Member
from chinwag.domain.ids import AccountId


class Mark(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Everything up to `number` (whose ordinal is `ordinal`), since `at` (milliseconds since 1970)."""

    number: int = 0
    ordinal: int = 0
    at: int = 0


NONE = Mark()


class Marks(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One account's two marks in one conversation, as stored: each moves forward only.

    shown_read, shown_delivered: what others are shown of them while they are withheld (see `moved`); None: themselves.
    """

    read: Mark = NONE
    delivered: Mark = NONE
    shown_read: Mark | None = None
    shown_delivered: Mark | None = None


def later(one: Mark, other: Mark) -> Mark:
    """The mark that covers more; of two that cover the same, the first to say so."""
    return other if other.number > one.number else one


def merge(held: Marks, new: Marks) -> Marks:
    """Both marks moved forward where `new` is ahead. Reading implies having."""
    read = later(held.read, new.read)
    delivered = later(later(held.delivered, new.delivered), read)
    return held if read is held.read and delivered is held.delivered else Marks(read, delivered)


def moved(held: Marks, new: Marks, *, withheld: bool, read_withheld: bool = False) -> Marks:
    """As `merge`. withheld: others go on seeing what they saw before; otherwise they see each mark that moved as it is
    then. One that did not move stays withheld: that something came says nothing of what was read. read_withheld: others
    see what `new` says that came, and neither what was read nor that reading implies having."""
    merged = merge(held, new)
    shown = as_shown(held)
    if read_withheld and not withheld:
        shown = Marks(shown.read, later(shown.delivered, new.delivered))
        if merged is held and shown.delivered == as_shown(held).delivered:
            return held
    elif merged is held:
        return held
    elif not withheld:
        read = shown.read if merged.read is held.read else merged.read
        delivered = shown.delivered if merged.delivered is held.delivered else merged.delivered
        shown = Marks(read, later(delivered, read))
    if shown == Marks(merged.read, merged.delivered):
        return shown
    return Marks(merged.read, merged.delivered, shown.read, shown.delivered)


def as_shown(marks: Marks, *, read: bool = True) -> Marks:
    """The marks as others than their owner may see them. read: whether they are shown what anybody has read."""
    shown = marks
    if marks.shown_read is not None or marks.shown_delivered is not None:
        shown = Marks(marks.shown_read or NONE, marks.shown_delivered or NONE)
    return shown if read else Marks(NONE, shown.delivered)


def read_up_to(mark: Mark, member: Member) -> tuple[int, int]:
    """(number, ordinal) up to which a member has read: never below its joining notice or its own last message."""
    return max(
        (mark.number, mark.ordinal), (member.joined, member.joined_ordinal), (member.wrote, member.wrote_ordinal)
    )


def unread(ordinal: int, mark: Mark, member: Member) -> int:
    """Messages after the mark, when the conversation's last ordinal is `ordinal`."""
    return ordinal - read_up_to(mark, member)[1]


def newly_covered(authored: Iterable[tuple[int, AccountId]], after: int, up_to: int) -> dict[AccountId, int]:
    """For each author of a number in `after` < number <= `up_to`: the last of its own that the mark covers now.

    authored: (number, author) of messages, in rising order.
    """
    return {author: number for number, author in authored if after < number <= up_to}
