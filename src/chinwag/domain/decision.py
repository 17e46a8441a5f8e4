"""What can become of a command."""

import msgspec

from chinwag.domain.conversation import Conversation, SendKey, Span
from chinwag.domain.events import NumberedEvent
from chinwag.domain.facts import Target
from chinwag.domain.ids import AccountId, ClientId, DeviceId
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.domain.mentions import Mention
from chinwag.domain.reaction_counts import Difference
from chinwag.domain.reactions import Reacted
from chinwag.domain.refusal import RETRYABLE, Code


class Rewrite(msgspec.Struct, frozen=True, gc=False):
    """An earlier event as it is from now on. target: what is kept of it beside its JSON, if that tells too little."""

    event: NumberedEvent
    target: Target | None = None


class Numbered(msgspec.Struct, frozen=True, gc=False):
    """The command took `state.head`: its event, who gets it, and the spans it opens or closes.

    rewrites: earlier events that it changes, what they refer to last. digests: the commands of this conversation, by
    device and id, whose keys lose their digest, as it would give away by trying what a text said that is gone.
    mentions: to whom a message speaks from now on, and to whom no more.
    reactions: message, account, and what that one has there from now on. counted: of a group, what that is to the
    counts of its message, which a wide one has. cleared: messages that have none any more.
    people, wrote, joinings: rows of members of a wide group; of the last the joining's number, the account, and the
    number with which it left or 0. widens: the group is wide from here on.
    everyone: it is for all who are members after it, besides `audience`: whoever has decided a wide group so far knows
    them.
    """

    state: Conversation
    event: NumberedEvent
    audience: tuple[AccountId, ...]
    spans: tuple[Span, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    digests: tuple[tuple[DeviceId, ClientId], ...] = ()
    mentions: tuple[Mention, ...] = ()
    reactions: tuple[tuple[int, AccountId, Reacted], ...] = ()
    counted: Difference | None = None
    cleared: tuple[int, ...] = ()
    people: tuple[tuple[AccountId, MemberRow], ...] = ()
    wrote: tuple[tuple[AccountId, Wrote], ...] = ()
    joinings: tuple[tuple[int, AccountId, int], ...] = ()
    widens: bool = False
    everyone: bool = False


class Noted(msgspec.Struct, frozen=True, gc=False):
    """The command changed the state without an event. reactions, counted: as in `Numbered`."""

    state: Conversation
    reactions: tuple[tuple[int, AccountId, Reacted], ...] = ()
    counted: Difference | None = None


class Passed(msgspec.Struct, frozen=True, gc=False):
    """The command asked for nothing; the conversation's last number."""

    number: int


class Again(msgspec.Struct, frozen=True, gc=False):
    """The command is a copy of one that is placed or noted: the answer is the first one's."""

    earlier: SendKey


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The command changes nothing, for this reason."""

    code: Code
    detail: str = ""

    @property
    def final(self) -> bool:
        """Whether no copy of it may ever be placed."""
        return self.code not in RETRYABLE


Decision = Numbered | Noted | Passed | Again | Rejected
