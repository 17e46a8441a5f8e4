"""What can become of a command."""

import msgspec

from chinwag.domain.conversation import Conversation, SendKey, Span
from chinwag.domain.events import NumberedEvent
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import RETRYABLE, Code


class Numbered(msgspec.Struct, frozen=True, gc=False):
    """The command took `state.head`: its event, who gets it, and the spans it opens or closes."""

    state: Conversation
    event: NumberedEvent
    audience: tuple[AccountId, ...]
    spans: tuple[Span, ...] = ()


class Noted(msgspec.Struct, frozen=True, gc=False):
    """The command changed the state without an event."""

    state: Conversation


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
