"""The rule of a conversation: what a command makes of it.

`decide` is a pure function of (state, command, what is known of earlier sends). Two workers that see the same
prefix of the log give the same rows, which is why order needs no lock. A refusal takes no number.
"""

import msgspec

from chinwag.domain import membership
from chinwag.domain.body import check_body
from chinwag.domain.command import Command, Create, Delete, Edit, React, Refuse, Send
from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey, Span
from chinwag.domain.events import Message, NumberedEvent
from chinwag.domain.ids import LISTING, AccountId, direct_members
from chinwag.domain.refusal import Code, Refused


class Placed(msgspec.Struct, frozen=True, gc=False):
    """The command took `state.head`: its event, who gets it, and the spans it opens or closes."""

    state: Conversation
    event: NumberedEvent
    audience: tuple[AccountId, ...]
    spans: tuple[Span, ...] = ()


class Noted(msgspec.Struct, frozen=True, gc=False):
    """The command changed the state without an event."""

    state: Conversation


class Again(msgspec.Struct, frozen=True, gc=False):
    """The command is a retry of one that is placed: the answer is the first one's."""

    earlier: SendKey


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The command changes nothing, for this reason."""

    code: Code
    detail: str = ""


Decision = Placed | Noted | Again | Refusal


def decide(
    state: Conversation | None,
    command: Command,
    position: Position,
    earlier: SendKey | None = None,
    predecessor: SendKey | None = None,
) -> Decision:
    """What becomes of `command`, at `position` of the log, in a conversation that is at `state` (None: not begun).

    earlier: the send key of the same (conversation, device, id), predecessor: that of the send named in `after`;
    each only if its own position is below `position`, so that a replay never takes its own for a copy.
    """
    if earlier is not None:
        return Again(earlier)
    action = command.action
    try:
        if type(action) is Send:
            return _send(state, command, action, position, predecessor)
        if type(action) is Create:
            return _place(None, membership.create(state, command, action), command, position)
        if type(action) is Refuse:
            return _refuse(state, command, action, position)
        if type(action) in (Edit, Delete, React):
            return Refusal(Code.UNSUPPORTED)
        if state is None:
            return Refusal(Code.NO_CONVERSATION)
        return _place(state, membership.change(state, command), command, position)
    except Refused as refused:
        return Refusal(refused.code, refused.detail)


def _send(
    state: Conversation | None, command: Command, send: Send, position: Position, predecessor: SendKey | None
) -> Decision:
    if state is None:
        state = _begin(command)
    elif state.head == 0 and not command.opening:
        return Refusal(Code.UNAVAILABLE, "the directory has not agreed yet")
    author = state.members.get(command.account)
    if author is None:
        return Refusal(Code.NOT_MEMBER)
    if state.refusing and any(account != command.account for account in state.refusing):
        return Refusal(Code.RECIPIENT_REFUSES)
    if send.after is not None and predecessor is None:
        return Refusal(Code.OUT_OF_TURN)
    if not 0 <= send.reply_to <= state.head:
        return Refusal(Code.BAD_REPLY)
    check_body(send.body)
    number, ordinal = state.head + 1, state.ordinal + 1
    members = state.members.copy()
    members[command.account] = Member(
        author.role, author.joined, author.joined_ordinal, author.reads_from, number, ordinal
    )
    after = Conversation(
        state.id,
        state.direct,
        members,
        number,
        ordinal,
        command.at,
        state.title,
        state.settings,
        state.refusing,
        position,
        state.barred,
    )
    event = Message(
        conversation=state.id,
        number=number,
        ordinal=ordinal,
        sender=command.account,
        device=command.device,
        id=command.id,
        sent_at=command.at,
        body=send.body,
        reply_to=send.reply_to,
    )
    spans: tuple[Span, ...] = ()
    if number == 1:
        spans = tuple(Span(account, state.id, 1) for account in members)
    return Placed(after, event, tuple(members), spans)


def _begin(command: Command) -> Conversation:
    """A direct conversation before its first event. Raises `Refused` if this command cannot begin one."""
    pair = direct_members(command.conversation)
    if pair is None:
        raise Refused(Code.NO_CONVERSATION)
    if command.account not in pair:
        raise Refused(Code.NOT_MEMBER)
    if not command.opening:
        raise Refused(Code.UNAVAILABLE, "the directory has not agreed yet")
    return Conversation(id=command.conversation, direct=True, members={a: Member(Role.MEMBER) for a in pair})


def _refuse(state: Conversation | None, command: Command, action: Refuse, position: Position) -> Decision:
    pair = direct_members(command.conversation)
    if pair is None or command.account not in pair:
        return Refusal(Code.NOT_MEMBER)
    if state is None:
        state = Conversation(id=command.conversation, direct=True, members={a: Member(Role.MEMBER) for a in pair})
    others = tuple(account for account in state.refusing if account != command.account)
    refusing = (*others, command.account) if action.on else others
    return Noted(msgspec.structs.replace(state, refusing=refusing, applied=position))


def _place(before: Conversation | None, outcome: membership.Outcome, command: Command, position: Position) -> Placed:
    """Give a change of membership its number and its notice. Of an open group the listing is told as well."""
    state = outcome.state
    after = msgspec.structs.replace(state, at=command.at, applied=position)
    listed = state.settings.join == "open" or (before is not None and before.settings.join == "open")
    audience = (*outcome.audience, LISTING) if listed else outcome.audience
    return Placed(after, membership.notice(after, command, outcome.change), audience, outcome.spans)
