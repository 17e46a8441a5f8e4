"""Who is in a group, in which role, from which number on: the rules behind every change but a message.

Each function gives the state after the change, the notice's content, who gets the notice (whoever goes still
does), and the spans of numbers that open or close with it. Raises `Refused` where the rules say no.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chinwag.domain import events
from chinwag.domain.body import check_description, check_title
from chinwag.domain.command import (
    Add,
    Appoint,
    Command,
    Create,
    Enter,
    Join,
    Leave,
    Remove,
    SetAvatar,
    SetRole,
    SetSettings,
    SetTitle,
)
from chinwag.domain.conversation import BARRED_MAX, Closing, Conversation, Member, Role, Span
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import NONE, read_up_to
from chinwag.domain.refusal import Code, Refused

_RANK: Final = {Role.MEMBER: 0, Role.ADMIN: 1, Role.OWNER: 2}


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The state with its new head, what changed, for whom, and the spans to write."""

    state: Conversation
    change: events.Change
    audience: tuple[AccountId, ...]
    spans: tuple[Span, ...] = ()


def create(state: Conversation | None, command: Command, action: Create) -> Outcome:
    """Begin a group: its maker owns it."""
    if state is not None:
        raise Refused(Code.CONVERSATION_EXISTS)
    check_title(action.title)
    check_description(action.settings.description)
    accounts = tuple(dict.fromkeys((command.account, *action.members)))
    _check_room(len(accounts), command)
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


def change(state: Conversation, command: Command) -> Outcome:
    """Any other change of a group."""
    if state.direct:
        raise Refused(Code.NOT_ALLOWED, "a direct conversation has no changes")
    return _RULES[type(command.action)](state, command, command.action)


def governs(state: Conversation, account: AccountId) -> bool:
    """Whether `account` is owner or admin: it may make join links, and those that it has made admit people."""
    member = state.members.get(account)
    return member is not None and member.role is not Role.MEMBER


def outranks(state: Conversation, account: AccountId, other: AccountId) -> bool:
    """Whether the member `account` is owner or admin, and `other` below it or gone."""
    if not governs(state, account):
        return False
    target = state.members.get(other)
    return target is None or _RANK[state.members[account].role] > _RANK[target.role]


def notice(state: Conversation, command: Command, what: events.Change) -> events.Notice:
    """The event of a change that made `state`."""
    return events.Notice(
        conversation=state.id,
        number=state.head,
        ordinal=state.ordinal,
        sender=command.account,
        device=command.device,
        id=command.id,
        sent_at=command.at,
        change=what,
    )


def _add(state: Conversation, command: Command, action: Add) -> Outcome:
    actor = _member(state, command.account)
    if actor.role is Role.MEMBER and state.settings.invite != "members":
        raise Refused(Code.NOT_ALLOWED)
    if action.account in state.barred:
        barred = tuple(account for account in state.barred if account != action.account)
        state = msgspec.structs.replace(state, barred=barred)
    return _enter(state, command, action.account)


def _join(state: Conversation, command: Command, _: Join) -> Outcome:
    if command.account not in state.members and state.settings.join != "open":
        raise Refused(Code.GROUP_CLOSED)
    return _enter(state, command, command.account)


def _enter_by_link(state: Conversation, command: Command, action: Enter) -> Outcome:
    if command.account not in state.members and action.by is not None and not governs(state, action.by):
        raise Refused(Code.BAD_LINK)
    return _enter(state, command, command.account)


def _enter(state: Conversation, command: Command, account: AccountId) -> Outcome:
    if state.abandoned:
        raise Refused(Code.GROUP_CLOSED, "its last member has left")
    if account in state.members:
        raise Refused(Code.ALREADY_MEMBER)
    if account in state.barred:
        raise Refused(Code.GROUP_CLOSED, "an account that was removed comes back by being added")
    _check_room(len(state.members) + 1, command)
    number = state.head + 1
    first = state.history_from if state.settings.history == "all" else number
    members = state.members | {account: Member(Role.MEMBER, number, state.ordinal, first)}
    after = _next(state, members)
    return Outcome(after, events.Joined(account), tuple(members), (Span(account, state.id, first),))


def _remove(state: Conversation, command: Command, action: Remove) -> Outcome:
    _member(state, command.account)
    _member(state, action.account, Code.NO_ACCOUNT)
    if action.account == command.account:
        raise Refused(Code.NOT_ALLOWED, "leave instead")
    if not outranks(state, command.account, action.account):
        raise Refused(Code.NOT_ALLOWED)
    state = msgspec.structs.replace(state, barred=(*state.barred, action.account)[-BARRED_MAX:])
    return _exit(state, command.at, action.account, events.Removed(action.account))


def _leave(state: Conversation, command: Command, _: Leave) -> Outcome:
    leaver = _member(state, command.account)
    heir = None
    if leaver.role is Role.OWNER and len(state.members) > 1:
        heir = _heir(state, command.account)
        state = _with_role(state, heir, Role.OWNER)
    return _exit(state, command.at, command.account, events.Left(command.account, heir))


def _exit(state: Conversation, at: int, account: AccountId, what: events.Change) -> Outcome:
    goes = state.members[account]
    members = state.members.copy()
    del members[account]
    after = _next(state, members)
    closing = Closing(state.title, state.ordinal, at, *read_up_to(NONE, goes), state.settings)
    span = Span(account, state.id, goes.reads_from, after.head, closing)
    return Outcome(after, what, tuple(state.members), (span,))


def _set_role(state: Conversation, command: Command, action: SetRole) -> Outcome:
    actor = _member(state, command.account)
    target = _member(state, action.account, Code.NO_ACCOUNT)
    if actor.role is not Role.OWNER or action.account == command.account:
        raise Refused(Code.NOT_ALLOWED)
    if target.role is not action.role:
        state = _with_role(state, action.account, action.role)
        if action.role is Role.OWNER:
            state = _with_role(state, command.account, Role.ADMIN)
    return _tell(state, events.RoleChanged(action.account, action.role))


def _appoint(state: Conversation, command: Command, action: Appoint) -> Outcome:
    if _member(state, command.account).role is Role.OWNER or action.role is Role.OWNER:
        raise Refused(Code.NOT_ALLOWED)
    return _tell(_with_role(state, command.account, action.role), events.RoleChanged(command.account, action.role))


def _set_title(state: Conversation, command: Command, action: SetTitle) -> Outcome:
    if _member(state, command.account).role is Role.MEMBER:
        raise Refused(Code.NOT_ALLOWED)
    check_title(action.title)
    return _tell(msgspec.structs.replace(state, title=action.title), events.Retitled(action.title))


def _set_avatar(state: Conversation, command: Command, action: SetAvatar) -> Outcome:
    if _member(state, command.account).role is Role.MEMBER:
        raise Refused(Code.NOT_ALLOWED)
    return _tell(msgspec.structs.replace(state, avatar=action.avatar), events.AvatarChanged(action.avatar))


def _set_settings(state: Conversation, command: Command, action: SetSettings) -> Outcome:
    if _member(state, command.account).role is Role.MEMBER:
        raise Refused(Code.NOT_ALLOWED)
    check_description(action.settings.description)
    opens = state.settings.history != "all" and action.settings.history == "all"
    # What was said before stays with those who were there: nobody can open it afterwards.
    history_from = state.head + 1 if opens else state.history_from
    after = msgspec.structs.replace(state, settings=action.settings, history_from=history_from)
    return _tell(after, events.GroupSettingsChanged(action.settings))


# Each rule takes the action that its key names.
_RULES: Final[dict[type, Callable[[Conversation, Command, Any], Outcome]]] = {
    Add: _add,
    Remove: _remove,
    Leave: _leave,
    Join: _join,
    Enter: _enter_by_link,
    Appoint: _appoint,
    SetRole: _set_role,
    SetTitle: _set_title,
    SetAvatar: _set_avatar,
    SetSettings: _set_settings,
}


def _member(state: Conversation, account: AccountId, otherwise: Code = Code.NOT_MEMBER) -> Member:
    member = state.members.get(account)
    if member is None:
        raise Refused(otherwise)
    return member


def _check_room(members: int, command: Command) -> None:
    if members > command.rules.group_members:
        raise Refused(Code.GROUP_FULL, f"at most {command.rules.group_members} members")


def _heir(state: Conversation, leaver: AccountId) -> AccountId:
    """Who owns the group after `leaver`: the highest role, then the longest membership."""
    others = (account for account in state.members if account != leaver)
    return min(others, key=lambda account: (-_RANK[state.members[account].role], state.members[account].joined))


def _with_role(state: Conversation, account: AccountId, role: Role) -> Conversation:
    member = msgspec.structs.replace(state.members[account], role=role)
    return msgspec.structs.replace(state, members=state.members | {account: member})


def _next(state: Conversation, members: dict[AccountId, Member]) -> Conversation:
    return msgspec.structs.replace(state, members=members, head=state.head + 1)


def _tell(state: Conversation, what: events.Change) -> Outcome:
    return Outcome(_next(state, state.members), what, tuple(state.members))
