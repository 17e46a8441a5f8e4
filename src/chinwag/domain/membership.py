"""Who is in a group, in which role, from which number on: the rules behind every change but a message.

Each function gives the state after the change, the notice's content, who gets the notice (whoever goes still
does), and the spans of numbers that open or close with it. Raises `Refused` where the rules say no.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chinwag.domain import events
from chinwag.domain.body import check_title
from chinwag.domain.command import (
    Add,
    Appoint,
    Command,
    Create,
    Deliver,
    Enter,
    Heir,
    Join,
    Leave,
    Remove,
    SetAvatar,
    SetRole,
    SetSettings,
    SetTitle,
)
from chinwag.domain.conversation import BARRED_MAX, Closing, Conversation, Member, Role, Span
from chinwag.domain.group_settings import check_settings, set_avatar, set_settings, set_title
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import NONE, read_up_to
from chinwag.domain.outcome import Outcome
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.roles import appoint, governs, heir, inherit, outranks, present, set_role, with_role
from chinwag.domain.wide import NO_CHANGE, People, joined, left, member_of, room, told, told_all


def create(state: Conversation | None, command: Command, action: Create) -> Outcome:
    """Begin a group: its maker owns it."""
    if state is not None:
        raise Refused(Code.CONVERSATION_EXISTS)
    check_title(action.title)
    check_settings(action.settings)
    accounts = tuple(dict.fromkeys((command.account, *action.members)))
    _check_room(len(accounts), command.rules.group_members)
    roles = dict.fromkeys(accounts, Role.MEMBER) | {command.account: Role.OWNER}
    after = Conversation(
        id=command.conversation,
        direct=False,
        members={account: Member(role, joined=1) for account, role in roles.items()},
        head=1,
        title=action.title,
        settings=action.settings,
    )
    spans = tuple(Span(account, command.conversation, 1) for account in accounts)
    return Outcome(after, events.Created(action.title, roles, action.settings), accounts, spans)


def change(state: Conversation, command: Command, people: People) -> Outcome | None:
    """Any other change of a group; None for one that is so already. people: the rows of whom it concerns."""
    if state.direct:
        raise Refused(Code.NOT_ALLOWED, "a direct conversation has no changes")
    return _RULES[type(command.action)](state, command, command.action, people)


def notice(state: Conversation, command: Command, what: events.Change) -> events.Notice:
    """The event of a change that made `state`, which knows whether it is shown."""
    return events.Notice(
        conversation=state.id,
        number=state.head,
        ordinal=state.ordinal,
        sender=command.account,
        device=command.device,
        id=command.id,
        sent_at=command.at,
        change=what,
        shown=0 if state.last_shown == state.head else state.last_shown,
    )


def _add(state: Conversation, command: Command, action: Add, people: People) -> Outcome:
    actor = present(state, command.account, people)
    if actor.role is Role.MEMBER and state.settings.invite != "members":
        raise Refused(Code.NOT_ALLOWED)
    if action.account in state.barred:
        barred = tuple(account for account in state.barred if account != action.account)
        state = msgspec.structs.replace(state, barred=barred)
    return _enter(state, command, action.account, people)


def _join(state: Conversation, command: Command, _: Join, people: People) -> Outcome:
    if state.settings.join != "open" and member_of(state, command.account, people) is None:
        raise Refused(Code.GROUP_CLOSED)
    return _enter(state, command, command.account, people)


def _enter_by_link(state: Conversation, command: Command, action: Enter, people: People) -> Outcome:
    admitted = action.by is None or governs(state, action.by)
    if not admitted and member_of(state, command.account, people) is None:
        raise Refused(Code.BAD_LINK)
    return _enter(state, command, command.account, people)


def _enter(state: Conversation, command: Command, account: AccountId, people: People) -> Outcome:
    if state.abandoned:
        raise Refused(Code.GROUP_CLOSED, "its last member has left")
    if member_of(state, account, people) is not None:
        raise Refused(Code.ALREADY_MEMBER)
    if account in state.barred:
        raise Refused(Code.GROUP_CLOSED, "an account that was removed comes back by being added")
    rules, count = command.rules, state.member_count + 1
    _check_room(count, room(state, rules))
    number = state.head + 1
    first = state.history_from if state.settings.history == "all" else number
    member, spans = Member(Role.MEMBER, number, state.ordinal, first), (Span(account, state.id, first),)
    if not state.wide and count <= rules.wide_above:
        members = state.members | {account: member}
        return Outcome(_next(state, members), events.Joined(account), tuple(members), spans)
    after, rows = joined(state, rules, account, member, people)
    change = events.Joined(account, rows.widens, after.large and not state.large)
    # Before it was wide, the state knew them all.
    audience = told(state, command.account, account) if state.wide else (*state.members, account)
    return Outcome(after, change, audience, spans, rows, told_all(state))


def _remove(state: Conversation, command: Command, action: Remove, people: People) -> Outcome:
    present(state, command.account, people)
    present(state, action.account, people, Code.NO_ACCOUNT)
    if action.account == command.account:
        raise Refused(Code.NOT_ALLOWED, "leave instead")
    if not outranks(state, command.account, action.account):
        raise Refused(Code.NOT_ALLOWED)
    state = msgspec.structs.replace(state, barred=(*state.barred, action.account)[-BARRED_MAX:])
    return _exit(state, command, action.account, events.Removed(action.account), people)


def _leave(state: Conversation, command: Command, _: Leave, people: People) -> Outcome:
    leaver = present(state, command.account, people)
    after = None
    # Of a wide group the state knows admins alone: without any it has no owner for a while.
    if leaver.role is Role.OWNER and len(state.members) > 1:
        after = heir(state, command.account)
        state = with_role(state, after, state.members[after], Role.OWNER)
    return _exit(state, command, command.account, events.Left(command.account, after), people, after)


def _exit(
    state: Conversation,
    command: Command,
    account: AccountId,
    what: events.Change,
    people: People,
    to: AccountId | None = None,
) -> Outcome:
    goes = present(state, account, people)
    if state.wide:
        after, rows = left(state, account, goes, people)
        concerned = (command.account, account) if to is None else (account, to)
        audience = told(state, *concerned) or (account,)
    else:
        members = state.members.copy()
        del members[account]
        after, rows, audience = _next(state, members), NO_CHANGE, tuple(state.members)
    closing = Closing(state.title, state.ordinal, command.at, *read_up_to(NONE, goes), state.settings)
    span = Span(account, state.id, goes.reads_from, after.head, closing)
    return Outcome(after, what, audience, (span,), rows, told_all(state))


def _deliver(state: Conversation, command: Command, action: Deliver, _: People) -> Outcome | None:
    if not state.wide or (not action.large and state.count > command.rules.large_above):
        raise Refused(Code.NOT_ALLOWED)
    if state.large == action.large:
        return None
    after = msgspec.structs.replace(state, head=state.head + 1, large=action.large)
    return Outcome(after, events.DeliveryChanged(action.large), (), everyone=True)


# Each rule takes the action that its key names.
_RULES: Final[dict[type, Callable[[Conversation, Command, Any, People], Outcome | None]]] = {
    Add: _add,
    Remove: _remove,
    Leave: _leave,
    Join: _join,
    Enter: _enter_by_link,
    Appoint: appoint,
    SetRole: set_role,
    SetTitle: set_title,
    SetAvatar: set_avatar,
    SetSettings: set_settings,
    Deliver: _deliver,
    Heir: inherit,
}


def _check_room(members: int, most: int) -> None:
    if members > most:
        raise Refused(Code.GROUP_FULL, f"at most {most} members")


def _next(state: Conversation, members: dict[AccountId, Member]) -> Conversation:
    return msgspec.structs.replace(state, members=members, head=state.head + 1)
