"""A message: who may place one, and what it makes of the conversation."""

import msgspec

from chinwag.domain.body import Media, Sealed, check_body
from chinwag.domain.command import Command, Send
from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey, Span
from chinwag.domain.decision import Numbered
from chinwag.domain.events import Message
from chinwag.domain.facts import Facts
from chinwag.domain.ids import AccountId, ClientId, direct_members
from chinwag.domain.member_row import Wrote
from chinwag.domain.mentions import ALL, mentioned, spoken
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.wide import member_of, told, told_all

_replace = msgspec.structs.replace


def send(
    state: Conversation | None,
    command: Command,
    action: Send,
    position: Position,
    predecessor: SendKey | None,
    facts: Facts,
) -> Numbered:
    """Place a message. Raises `Refused`. The first one begins a direct conversation."""
    if state is None:
        state = _begin(command)
    elif state.head == 0 and not command.opening:
        raise Refused(Code.UNAVAILABLE, "the directory has not agreed yet")
    author = state.members.get(command.account)
    if author is None:
        author = member_of(state, command.account, facts.people)
        if author is None:
            raise Refused(Code.NOT_MEMBER)
    if state.declining:
        check_recipient(state, command.account)
    if state.settings.write == "admins" and author.role is Role.MEMBER:
        raise Refused(Code.NOT_ALLOWED, "only admins write here")
    if action.after is not None and (predecessor is None or predecessor.refused is not None):
        raise Refused(Code.OUT_OF_TURN)
    answered = _answered(state, author, action.reply_to, facts) if action.reply_to else None
    body = action.body
    check_body(body)
    if type(body) is Media and not body.media_type:
        raise Refused(Code.NO_UPLOAD)
    number, ordinal = state.head + 1, state.ordinal + 1
    members = state.members
    if not state.wide:
        members = members.copy()
        members[command.account] = _replace(author, wrote=number, wrote_ordinal=ordinal)
    # By name: a field that a message does not touch stays as it is, also one that is added later.
    after = _replace(
        state, members=members, head=number, ordinal=ordinal, at=command.at, applied=position, shown=number
    )
    # Most name nobody.
    speaks = answered is not None or (not isinstance(body, Sealed) and body.mentions)
    to = mentioned(state, command.account, body, answered, facts.people) if speaks else ()
    event = Message(
        conversation=state.id,
        number=number,
        ordinal=ordinal,
        sender=command.account,
        device=command.device,
        id=command.id,
        sent_at=command.at,
        body=body,
        reply_to=action.reply_to,
        mentioned=to,
    )
    if state.wide:
        return Numbered(
            after,
            event,
            told(state, command.account, *(one for one in to if one != ALL)),
            mentions=spoken(number, to),
            wrote=((command.account, Wrote(number, ordinal, command.at)),),
            everyone=told_all(state),
        )
    spans = tuple(Span(account, state.id, 1) for account in members) if number == 1 else ()
    if to:
        return Numbered(after, event, tuple(members), spans, mentions=spoken(number, to))
    return Numbered(after, event, tuple(members), spans)


def _answered(state: Conversation, author: Member, number: int, facts: Facts) -> AccountId:
    """Who wrote the message that is answered. Raises `Refused` unless it is one, and the author may read it."""
    if facts.target is None or facts.message is None or not 0 < number <= state.head:
        raise Refused(Code.BAD_REPLY)
    if not facts.readable(author, number, state.head):
        raise Refused(Code.BAD_REPLY)
    return facts.target.author


def next_between(state: Conversation, position: Position) -> Conversation:
    """The state after an event that is no message: nothing that people are shown of the whole moves."""
    return _replace(state, head=state.head + 1, applied=position, shown=state.last_shown)


def writer(state: Conversation | None, command: Command, facts: Facts) -> tuple[Conversation, Member]:
    """A conversation that has begun, and the member that the command's account is. Raises `Refused`."""
    if state is None:
        raise Refused(Code.NO_CONVERSATION)
    member = member_of(state, command.account, facts.people)
    if member is None:
        raise Refused(Code.NOT_MEMBER)
    return state, member


def check_recipient(state: Conversation, account: AccountId) -> None:
    """Raise `Refused` if the other one takes nothing from `account` now."""
    if state.declining and any(one != account for one in state.declining):
        raise Refused(Code.RECIPIENT_REFUSES)


def check_turn(after: ClientId | None, predecessor: SendKey | None) -> None:
    """Raise `Refused` unless the command named in `after`, if one is, is placed."""
    if after is not None and (predecessor is None or predecessor.refused is not None):
        raise Refused(Code.OUT_OF_TURN)


def direct_pair(command: Command) -> tuple[AccountId, AccountId]:
    """The two of a direct conversation, of whom the command's account is one. Raises `Refused`."""
    pair = direct_members(command.conversation)
    if pair is None or command.account not in pair:
        raise Refused(Code.NOT_MEMBER)
    return pair


def opened_by(command: Command, pair: tuple[AccountId, AccountId]) -> Conversation:
    """A direct conversation before its first event."""
    return Conversation(
        id=command.conversation, direct=True, members={account: Member(Role.MEMBER) for account in pair}
    )


def _begin(command: Command) -> Conversation:
    if direct_members(command.conversation) is None:
        raise Refused(Code.NO_CONVERSATION)
    pair = direct_pair(command)
    if not command.opening:
        raise Refused(Code.UNAVAILABLE, "the directory has not agreed yet")
    return opened_by(command, pair)
