"""The message that a command names."""

from chinwag.domain.conversation import Conversation, Member
from chinwag.domain.events import Message
from chinwag.domain.facts import Facts, Target
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused


def message_named(
    state: Conversation, account: AccountId, member: Member, number: int, facts: Facts
) -> tuple[Target, Message]:
    """The message of that number, as of the state's head. Raises `Refused` if it is none, may not be read by its
    `account`, or is deleted."""
    if facts.target is None or facts.message is None or not 0 < number <= state.head:
        raise Refused(Code.NO_MESSAGE)
    target = facts.target.as_of(state.head)
    if target.author != account and not facts.readable(member, number, state.head):
        raise Refused(Code.NO_MESSAGE)
    if target.deleted:
        raise Refused(Code.MESSAGE_DELETED)
    return target, facts.message
