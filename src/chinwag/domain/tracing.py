"""What operators are told of one message: where it is for each member. Never its text."""

import msgspec

from chinwag.domain.ids import AccountId, ConversationId


class SessionAt(msgspec.Struct, frozen=True):
    """A connected session of a member, and the inbox position up to which it has been given events."""

    session: str
    device: str
    position: int


class MemberTrace(msgspec.Struct, frozen=True):
    """One member. position: of the message in its inbox, None: not among its newest entries.

    sessions: its connected ones that were given the message. read, delivered: whether its marks cover it;
    the times (milliseconds since 1970) are those at which the marks came to where they are now.
    """

    account: AccountId
    position: int | None
    sessions: list[SessionAt]
    behind: list[SessionAt]
    delivered: bool
    delivered_at: int
    read: bool
    read_at: int


class Trace(msgspec.Struct, frozen=True):
    """One message. head: the conversation's last number. kind, sent_at and sender are the event's own.

    large: the group's events are asked for, and posted only to whom they concern; followers: the sessions that follow
    it now, None of any other conversation.
    """

    conversation: ConversationId
    number: int
    head: int
    kind: str
    sender: AccountId
    sent_at: int
    members: list[MemberTrace]
    large: bool = False
    followers: int | None = None
