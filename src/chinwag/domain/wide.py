"""Wide groups: who is a member of one, and what becomes of its rows when somebody comes or goes.

Of a wide group the state knows the owner and the admins; everybody else, and when each came, stands in rows. What is
decided there is what would be decided of a group whose state knows all.
"""

from collections.abc import Mapping

import msgspec

from chinwag.domain.command import Rules
from chinwag.domain.conversation import ADMINS_MAX, Conversation, Member, Role
from chinwag.domain.facts import NO_ROWS
from chinwag.domain.ids import AccountId
from chinwag.domain.member_row import NOBODY, MemberRow, Stay, Wrote
from chinwag.domain.refusal import Code, Refused

People = Mapping[AccountId, MemberRow]


class Rows(msgspec.Struct, frozen=True, gc=False):
    """The rows of members that one event writes (see `Numbered`)."""

    people: tuple[tuple[AccountId, MemberRow], ...] = ()
    wrote: tuple[tuple[AccountId, Wrote], ...] = ()
    joinings: tuple[tuple[int, AccountId, int], ...] = ()
    widens: bool = False


NO_CHANGE = Rows()
"""Of an event with which nobody comes or goes, or of a group that is not wide."""


def member_of(state: Conversation, account: AccountId, people: People = NO_ROWS) -> Member | None:
    """The present membership of `account`; of somebody whom the state of a wide group does not know by its row."""
    member = state.members.get(account)
    if member is not None or not state.wide:
        return member
    row = people.get(account)
    stay = None if row is None else row.present(state.head)
    return None if stay is None else Member(Role.MEMBER, stay.joined, stay.joined_ordinal, stay.reads_from)


def told(state: Conversation, *concerned: AccountId) -> tuple[AccountId, ...]:
    """The audience of an event: all members, or of a large group whom it concerns. Of a wide group that is not large
    nobody here: it is for everyone (`told_all`)."""
    if not state.wide:
        return tuple(state.members)
    return tuple(dict.fromkeys(concerned)) if state.large else ()


def told_all(state: Conversation) -> bool:
    """Whether an event is for all members of a wide group, whom the state does not know."""
    return state.wide and not state.large


def room(state: Conversation, rules: Rules) -> int:
    """How many members the group may have."""
    return max(rules.group_members, rules.large_group_members) if state.settings.large else rules.group_members


def joined(
    state: Conversation, rules: Rules, account: AccountId, member: Member, people: People
) -> tuple[Conversation, Rows]:
    """The group with one more member, whose joining takes its number; wide from then on, if it was not.

    Raises `Refused` for one that came and went too often of late.
    """
    row = people.get(account, NOBODY).as_of(state.head) if state.wide else NOBODY
    if row.full(state.head):
        raise Refused(Code.TOO_MANY, "it came and went too often of late")
    count = state.member_count + 1
    after = msgspec.structs.replace(
        state,
        head=member.joined,
        wide=True,
        count=count,
        large=state.large or count > rules.large_above,
        reads_most=max(state.reads_most, member.reads_from),
    )
    if state.wide:
        return after, Rows(((account, row.begun(_stay(member))),), joinings=((member.joined, account, 0),))
    everybody = state.members | {account: member}
    after = msgspec.structs.replace(
        after,
        members={one: held for one, held in everybody.items() if held.role is not Role.MEMBER},
        reads_most=max(held.reads_from for held in everybody.values()),
    )
    return after, Rows(
        tuple((one, MemberRow((_stay(held),))) for one, held in everybody.items()),
        tuple((one, Wrote(held.wrote, held.wrote_ordinal, 0)) for one, held in everybody.items() if held.wrote),
        tuple((held.joined, one, 0) for one, held in everybody.items()),
        widens=True,
    )


def left(state: Conversation, account: AccountId, member: Member, people: People) -> tuple[Conversation, Rows]:
    """A wide group without one of its members, whose leaving takes the next number."""
    number = state.head + 1
    row = people.get(account, NOBODY).as_of(state.head)
    if row.present(state.head) is None:  # nobody has looked for the row of one whom the state knows
        row = MemberRow((_stay(member),))
    members = {one: held for one, held in state.members.items() if one != account}
    after = msgspec.structs.replace(state, members=members, head=number, count=state.count - 1)
    return after, Rows(((account, row.ended(number)),), joinings=((member.joined, account, number),))


def with_role(state: Conversation, account: AccountId, member: Member, role: Role) -> Conversation:
    """A wide group in which `member` has another role: only those who may do more than others are in the state."""
    members = {one: held for one, held in state.members.items() if one != account or role is not Role.MEMBER}
    if role is not Role.MEMBER:
        members[account] = msgspec.structs.replace(member, role=role)
    return msgspec.structs.replace(state, members=members)


def check_admins(before: Conversation, after: Conversation) -> None:
    """Raise `Refused` if a wide group has got one admin too many."""
    if after.wide and ADMINS_MAX < _admins(after) > _admins(before):
        raise Refused(Code.TOO_MANY, f"at most {ADMINS_MAX} admins")


def _admins(state: Conversation) -> int:
    return sum(one.role is Role.ADMIN for one in state.members.values())


def _stay(member: Member) -> Stay:
    return Stay(member.joined, member.joined_ordinal, member.reads_from)
