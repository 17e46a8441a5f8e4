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
    """One account's two marks in one conversation, as stored: each moves forward only."""

    read: Mark = NONE
    delivered: Mark = NONE


def later(one: Mark, other: Mark) -> Mark:
    """The mark that covers more; of two that cover the same, the first to say so."""
    return other if other.number > one.number else one


def merge(held: Marks, new: Marks) -> Marks:
    """Both marks moved forward where `new` is ahead. Reading implies having."""
    read = later(held.read, new.read)
    delivered = later(later(held.delivered, new.delivered), read)
    return held if read is held.read and delivered is held.delivered else Marks(read, delivered)


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
