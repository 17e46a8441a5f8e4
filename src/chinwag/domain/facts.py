"""What a worker read of the event that a command names: facts for `decide`, which reads nothing itself.

A crash may have left rows that are ahead of the state: a change whose number is above the state's head is not there
yet, whatever a row shows. So what is kept of an event is either what never changes or says which number made it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from chinwag.domain.body import kind_of
from chinwag.domain.command import Command, Delete, Edit, Pin, React, Send
from chinwag.domain.conversation import Member, Span
from chinwag.domain.events import Edited, Message, NumberedEvent
from chinwag.domain.ids import AccountId
from chinwag.domain.member_row import MemberRow
from chinwag.domain.reactions import NOTHING_ON, Reacted

NO_ROWS: Final[Mapping[AccountId, MemberRow]] = MappingProxyType({})
"""Of a group that is not wide."""


TOLD: Final = 300
"""Accounts of which it is kept that a message spoke to them once."""


class Target(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is kept of an event beside its JSON, and given to nobody: it outlives what the event said.

    kind, body: of the event and of its body, as they are called on the wire; body is empty where there is none.
    edits: the numbers of the events that changed it, rising. deleted: of the one that deleted it, 0 for none.
    mentioned: whom it spoke to last, as decided. told: of a message that was edited in a wide group, the first `TOLD`
    of those whom it ever spoke to, each with the number of the event since when.
    """

    kind: str
    author: AccountId
    sent_at: int
    body: str = ""
    edits: tuple[int, ...] = ()
    deleted: int = 0
    mentioned: tuple[AccountId, ...] = ()
    told: tuple[tuple[int, AccountId], ...] = ()

    def as_of(self, head: int) -> "Target":
        """Without the changes above `head`."""
        if not self.edits and not self.deleted:
            return self
        edits = tuple(number for number in self.edits if number <= head)
        told = tuple(one for one in self.told if one[0] <= head)
        deleted = self.deleted if self.deleted <= head else 0
        # Whom it speaks to only since then, it has never spoken to yet.
        mentioned = () if self.told and not told else self.mentioned
        return msgspec.structs.replace(self, edits=edits, deleted=deleted, mentioned=mentioned, told=told)

    def spoken_to(self, number: int) -> tuple[tuple[int, AccountId], ...]:
        """As `told`, of message `number`, also of one that was not edited yet."""
        return self.told or tuple((number, one) for one in self.mentioned)


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What is known of the event that a command names. None: there is none of that number, or it is of another kind.

    target, message: it. edit: the last event up to the state's head that changed it. spans: what the command's account
    may read, for a number below what its present membership lets it read. answered: who wrote the message that this one
    answers. reacted: what the command's account has done with the message. people: of a wide group, the rows of those
    whom the command concerns.
    """

    target: Target | None = None
    message: Message | None = None
    edit: Edited | None = None
    spans: tuple[Span, ...] = ()
    answered: AccountId | None = None
    reacted: Reacted = NOTHING_ON
    people: Mapping[AccountId, MemberRow] = NO_ROWS

    def readable(self, member: Member, number: int, head: int) -> bool:
        """Whether a present member may read `number`: by this membership, or by one that had ended at `head`."""
        if number >= member.reads_from:
            return True
        return any(span.last is not None and span.first <= number <= span.last <= head for span in self.spans)


NOTHING: Final = Facts()
"""Of a command that names no event."""


def named(command: Command) -> int:
    """The number of the event that a command names, 0 for none."""
    action = command.action
    if type(action) is Send:
        return action.reply_to
    return action.number if isinstance(action, Edit | Delete | React | Pin) else 0


def target_of(event: NumberedEvent) -> Target:
    """What there is to keep of an event that is as it was placed."""
    if type(event) is not Message:
        return Target(_tag(event), event.sender, event.sent_at)
    body = kind_of(event.body)
    return Target(_tag(event), event.sender, event.sent_at, body, mentioned=event.mentioned)


def _tag(event: NumberedEvent) -> str:
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag
