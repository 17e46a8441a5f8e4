"""Who is told of a mark that moves: what a move may newly cover, and the authors of that."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.domain.conversation import Conversation
from chinwag.domain.events import Delivered, Read
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import Marks, as_shown, newly_covered
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance

_encode: Final = msgspec.json.Encoder().encode


class Kind(msgspec.Struct, frozen=True, gc=False):
    """Of any event what is looked at."""

    kind: str
    number: int
    ordinal: int
    sent_at: int
    sender: AccountId = msgspec.field(name="from")


kind_of: Final = msgspec.json.Decoder(Kind).decode
"""Of an event's JSON."""


class PassedOver(NamedTuple):
    """Authors who are not told that `reader` has moved a mark, as they are no members by `state`.

    authors: None where all members were to be told. delivered: which of the two marks.
    """

    state: Conversation
    reader: AccountId
    authors: frozenset[AccountId] | None
    delivered: bool


class Move(NamedTuple):
    """From where to where a reader's marks move.

    received: what its devices say has come, whatever it has read. known: from where on others are told. hidden: they
    are not told what it has read.
    """

    account: AccountId
    old: Marks
    new: Marks
    received: int
    known: Marks
    hidden: bool

    @property
    def reads(self) -> bool:
        """Whether it is the read mark that moves."""
        return self.new.read.number > self.old.read.number

    def begin(self) -> int:
        """The first number that it may newly cover for somebody who is told of it."""
        read, delivered = self.known.read.number, self.known.delivered.number
        return (delivered if self.hidden else min(read, delivered)) + 1


class Covered(NamedTuple):
    """The moves in one conversation, and all messages and notices from number `first` on that they may newly cover."""

    state: Conversation
    moves: Sequence[Move]
    first: int
    heads: Sequence[Kind]

    def authors(self) -> set[AccountId]:
        """Members who may have to be told: in a wide group none."""
        if self.state.wide:
            return set()
        members = self.state.members
        if any(one.begin() < self.first for one in self.moves):
            return set(members)
        return {head.sender for head in self.heads if head.kind == "message" and head.sender in members}

    def kept(self) -> "Covered":
        """The same, with each reader keeping for now what it has read: others are told of it by the next mark."""
        return self._replace(moves=[one._replace(hidden=not self.state.declining) for one in self.moves])


def told_still(one: PassedOver, told: Sequence[AccountId], marks: Marks) -> Advance:
    """Tells these what others are shown of the marks, if they are these."""
    place, reader, shown = one.state.id, one.reader, as_shown(marks)
    event: Delivered | Read
    if one.delivered:
        event = Delivered(conversation=place, account=reader, number=shown.delivered.number, at=shown.delivered.at)
    else:
        read = shown.read
        event = Read(conversation=place, account=reader, number=read.number, at=read.at, ordinal=read.ordinal)
    encoded = _encode(event)
    return Advance(place, reader, marks, False, told=[Posting(each, encoded) for each in told], still=True)


def authors_of(
    state: Conversation,
    authored: Sequence[tuple[int, AccountId]],
    after: int,
    up_to: int,
    scanned_from: int,
    reader: AccountId,
) -> tuple[list[AccountId], frozenset[AccountId] | None]:
    """Present members who wrote something that the mark newly covers, and those who wrote and are no members; all
    members, and None, if too much was passed over."""
    if after + 1 < scanned_from:
        return [one for one in state.members if one != reader], frozenset() if state.direct else None
    covered = newly_covered(authored, after, up_to)
    told = [author for author in covered if author != reader and author in state.members]
    return told, frozenset(author for author in covered if author not in state.members)
