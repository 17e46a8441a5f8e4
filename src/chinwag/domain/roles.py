"""Who may do more than a member of a group: the rules behind roles, and behind who comes next when an owner goes."""

from typing import Final

import msgspec

from chinwag.domain import events, wide
from chinwag.domain.command import Appoint, Command, Heir, SetRole
from chinwag.domain.conversation import Conversation, Member, Role
from chinwag.domain.ids import AccountId
from chinwag.domain.outcome import Outcome, tell
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.wide import People, check_admins, member_of

_RANK: Final = {Role.MEMBER: 0, Role.ADMIN: 1, Role.OWNER: 2}


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


def present(state: Conversation, account: AccountId, people: People, otherwise: Code = Code.NOT_MEMBER) -> Member:
    """The membership of `account`. Raises `Refused` (`otherwise`) if it is no member."""
    found = member_of(state, account, people)
    if found is None:
        raise Refused(otherwise)
    return found


def set_role(state: Conversation, command: Command, action: SetRole, people: People) -> Outcome:
    """Give a member a role. Raises `Refused`, as all here."""
    actor = present(state, command.account, people)
    target = present(state, action.account, people, Code.NO_ACCOUNT)
    if actor.role is not Role.OWNER or action.account == command.account:
        raise Refused(Code.NOT_ALLOWED)
    before = state
    if target.role is not action.role:
        state = with_role(state, action.account, target, action.role)
        if action.role is Role.OWNER:
            state = with_role(state, command.account, actor, Role.ADMIN)
        check_admins(before, state)
    return tell(state, events.RoleChanged(action.account, action.role), command.account, action.account)


def appoint(state: Conversation, command: Command, action: Appoint, people: People) -> Outcome:
    """Have the role that whoever runs the server gives."""
    member = present(state, command.account, people)
    if member.role is Role.OWNER or action.role is Role.OWNER:
        raise Refused(Code.NOT_ALLOWED)
    after = with_role(state, command.account, member, action.role)
    check_admins(state, after)
    return tell(after, events.RoleChanged(command.account, action.role), command.account)


def inherit(state: Conversation, _: Command, action: Heir, people: People) -> Outcome | None:
    """Own a group that has no owner; None if it has one."""
    if any(one.role is Role.OWNER for one in state.members.values()):
        return None
    member = present(state, action.account, people)
    after = with_role(state, action.account, member, Role.OWNER)
    return tell(after, events.RoleChanged(action.account, Role.OWNER), action.account)


def heir(state: Conversation, leaver: AccountId) -> AccountId:
    """Who owns the group after `leaver`: the highest role, then the longest membership."""
    others = (account for account in state.members if account != leaver)
    return min(others, key=lambda account: (-_RANK[state.members[account].role], state.members[account].joined))


def with_role(state: Conversation, account: AccountId, member: Member, role: Role) -> Conversation:
    """The group in which `member` has another role."""
    if state.wide:
        return wide.with_role(state, account, member, role)
    changed = msgspec.structs.replace(member, role=role)
    return msgspec.structs.replace(state, members=state.members | {account: changed})
