"""What a device knows of the reactions to one message: what a page says of them, and then one more or one less."""

from collections.abc import Iterable

import msgspec

from chinwag.wire.frames import CountedReaction
from chinwag.wire.values import LISTED, AccountId, Reaction, ReactionCount

Counted = dict[str, tuple[int, bool]]
"""How many have a reaction on, and whether one is among them oneself: in this two devices must agree."""


class OnMessage(msgspec.Struct):
    """The reactions to a message as of event `number`. `by` of one may be shorter than it could be, as nobody is told
    who comes after the first ten: then the message is to be asked for again.

    turn: in a large group, as of which turn; above 0 all that events tell of is in it.
    """

    number: int
    on: dict[str, ReactionCount] = msgspec.field(default_factory=dict)
    turn: int = 0

    def counted(self) -> Counted:
        """What is compared."""
        return {one.reaction: (one.count, one.mine) for one in self.on.values()}

    def take(self, event: Reaction, me: AccountId) -> None:
        """One more or one less, unless that is known already."""
        if event.number <= self.number or self.turn:
            return
        self.number = event.number
        before = self.on.get(event.reaction) or ReactionCount(event.reaction, 0, ())
        whole = len(before.by) == before.count
        others = tuple(one for one in before.by if one != event.sender)
        if event.on:
            if event.sender in before.by:
                return  # it was taken back at a time of which one was told nothing
            by = (*before.by, event.sender) if whole and before.count < LISTED else before.by
            count = before.count + 1
        else:
            if whole and event.sender not in before.by:
                return  # it was put on at such a time
            by, count = others, before.count - 1
        mine = event.on if event.sender == me else before.mine
        if count > 0:
            self.on[event.reaction] = ReactionCount(event.reaction, count, by, mine)
        else:
            self.on.pop(event.reaction, None)

    def load(self, counts: Iterable[ReactionCount], turn: int) -> None:
        """What is on it as of a turn, as one asked. Whether one is among them oneself is told by answers alone, so of
        an older one that is taken."""
        given = {one.reaction: one for one in counts}
        if turn >= self.turn:
            self.on, self.turn = given, turn
            return
        for name, one in self.on.items():
            mine = name in given and given[name].mine
            self.on[name] = msgspec.structs.replace(one, mine=mine)

    def tell(self, counts: Iterable[CountedReaction], turn: int) -> None:
        """What is on it as of a turn, as all are told."""
        if turn <= self.turn:
            return
        mine = {name for name, one in self.on.items() if one.mine}
        self.on = {one.reaction: ReactionCount(one.reaction, one.count, (), one.reaction in mine) for one in counts}
        self.turn = turn
