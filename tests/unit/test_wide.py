"""The rules of groups that keep their members in rows: becoming wide and large, limits, roles, heirs, who is told."""

from collections.abc import Mapping

import msgspec
import pytest

from chinwag.domain import events
from chinwag.domain.body import Text
from chinwag.domain.command import (
    Action,
    Add,
    Appoint,
    Command,
    Create,
    Deliver,
    Heir,
    Join,
    Leave,
    Remove,
    Rules,
    Send,
    SetRole,
    SetSettings,
    SetTitle,
)
from chinwag.domain.conversation import ADMINS_MAX, Conversation, GroupSettings, Position, Role
from chinwag.domain.decide import Noted, Numbered, Rejected, decide
from chinwag.domain.events import Joined, Left, Notice
from chinwag.domain.facts import Facts
from chinwag.domain.ids import LISTING, AccountId, ClientId, DeviceId, group_id
from chinwag.domain.member_row import BEHIND, STAYS, MemberRow, Stay, Wrote
from chinwag.domain.refusal import Code
from chinwag.flow.wide_batch import WideBatch

GROUP = group_id("9")
OWNER = AccountId("1")
RULES = Rules(group_members=5, large_group_members=400, wide_above=10, large_above=20)
OPEN = GroupSettings(join="open", large=True)


def person(number: int) -> AccountId:
    return AccountId(str(number))


class Group:
    """A group, and the rows of its members, as a worker keeps them."""

    def __init__(self, members: int = 3, how: GroupSettings = OPEN, rules: Rules = RULES) -> None:
        self.rules = rules
        self.state: Conversation | None = None
        self.people: dict[AccountId, MemberRow] = {}
        self.placed(OWNER, Create("us", (person(2), person(3)), how))
        for number in range(4, members + 1):
            self.placed(person(number), Join())

    def decide(self, account: AccountId, action: Action, people: Mapping[AccountId, MemberRow] | None = None) -> object:
        sequence = 1 if self.state is None else self.state.applied.sequence + 1
        command = Command(GROUP, account, DeviceId("d"), ClientId(f"c{sequence}"), 1000 + sequence, action, self.rules)
        known = Facts(people=self.people if people is None else people)
        return decide(self.state, command, Position(1, sequence, 0), facts=known)

    def placed(self, account: AccountId, action: Action) -> Numbered:
        decision = self.decide(account, action)
        assert isinstance(decision, Numbered), decision
        self.state = decision.state
        self.people.update(decision.people)
        return decision

    def refusal(self, account: AccountId, action: Action) -> Code:
        decision = self.decide(account, action)
        assert isinstance(decision, Rejected), decision
        return decision.code

    @property
    def now(self) -> Conversation:
        assert self.state is not None
        return self.state


def change(decision: Numbered) -> events.Change:
    assert isinstance(decision.event, Notice)
    return decision.event.change


def test_the_joining_above_the_bound_moves_all_members_to_rows_in_its_own_commit() -> None:
    group = Group(10)
    group.placed(person(4), Send(Text("hi")))
    before = group.now
    assert not before.wide
    widening = group.placed(person(11), Join())
    assert change(widening) == Joined(person(11), wide=True)
    assert set(group.now.members) == {OWNER}
    assert (group.now.member_count, group.now.wide, group.now.large) == (11, True, False)
    assert dict(widening.people) == {
        one: MemberRow((Stay(held.joined, held.joined_ordinal, held.reads_from),))
        for one, held in before.members.items()
    } | {person(11): MemberRow((Stay(before.head + 1, 1, 1),))}
    assert widening.wrote == ((person(4), Wrote(before.head, 1, 0)),)
    assert sorted(widening.joinings) == sorted((row.stays[0].joined, one, 0) for one, row in widening.people)
    assert widening.widens
    assert set(widening.audience) - {LISTING} == {person(number) for number in range(1, 12)}
    assert not widening.everyone
    assert change(group.placed(person(12), Join())) == Joined(person(12))


def test_the_joining_above_the_next_bound_makes_it_large_and_is_the_last_that_all_get() -> None:
    group = Group(20)
    assert not group.now.large
    switch = group.placed(person(21), Join())
    assert change(switch) == Joined(person(21), large=True)
    assert switch.everyone
    assert group.now.large
    after = group.placed(person(7), Send(Text("hi", (person(8), person(99)))))
    assert (after.everyone, after.audience) == (False, (person(7), person(8)))
    assert after.wrote == ((person(7), Wrote(group.now.head, 1, after.event.sent_at)),)
    assert group.now.members.keys() == {OWNER}


def test_a_group_is_as_large_as_its_owner_and_the_server_let_it() -> None:
    group = Group(5, GroupSettings(join="open"))
    assert group.refusal(person(6), Join()) is Code.GROUP_FULL
    group.placed(OWNER, SetRole(person(2), Role.ADMIN))
    assert group.refusal(person(2), SetSettings(OPEN)) is Code.NOT_ALLOWED
    group.placed(person(2), SetSettings(GroupSettings(join="open", pin="members")))
    group.placed(OWNER, SetSettings(OPEN))
    group.placed(person(6), Join())
    group.rules = msgspec.structs.replace(RULES, large_group_members=0)
    assert group.refusal(person(7), Join()) is Code.GROUP_FULL
    group.rules = RULES
    group.placed(person(7), Join())
    group.placed(OWNER, SetSettings(GroupSettings(join="open")))
    assert group.now.member_count == 7, "nobody goes"
    assert group.refusal(person(8), Join()) is Code.GROUP_FULL


def test_rules_of_versions_before_ask_for_none_of_it() -> None:
    old = msgspec.msgpack.decode(msgspec.msgpack.encode([3, 100, 48, 48]), type=Rules)
    assert (old.large_group_members, old.wide_above, old.large_above) == (0, 500, 1000)


def test_delivery_changes_at_one_number_for_all_and_only_where_it_may() -> None:
    group = Group(10)
    assert group.refusal(OWNER, Deliver(large=True)) is Code.NOT_ALLOWED
    group.placed(person(11), Join())
    assert isinstance(group.decide(OWNER, Deliver(large=False)), Noted)
    for large in (True, False):
        switch = group.placed(OWNER, Deliver(large))
        assert change(switch) == events.DeliveryChanged(large)
        assert switch.everyone, "it is the last, or the first, that is copied to all"
        assert group.now.large is large
        assert isinstance(group.decide(OWNER, Deliver(large)), Noted)
    for number in range(12, 22):
        group.placed(person(number), Join())
    assert group.refusal(OWNER, Deliver(large=False)) is Code.NOT_ALLOWED, "so many are always large"


def test_coming_and_going_takes_numbers_and_is_not_shown() -> None:
    group = Group(11)
    said = group.placed(person(5), Send(Text("hi")))
    before = group.now
    asked: list[tuple[AccountId, Action]] = [
        (person(12), Join()),
        (person(4), Leave()),
        (OWNER, Remove(person(5))),
    ]
    for account, action in asked:
        group.placed(account, action)
        assert (group.now.shown, group.now.at) == (before.head, said.event.sent_at)
    assert group.now.head == before.head + 3
    group.placed(OWNER, SetTitle("we"))
    assert group.now.shown == group.now.head


def test_whoever_goes_is_told_and_stands_in_its_rows_as_gone() -> None:
    group = Group(21)
    gone = group.placed(OWNER, Remove(person(5)))
    number = group.now.head
    assert gone.audience == (OWNER, person(5))
    assert dict(gone.people)[person(5)].stays[-1].left == number
    assert gone.joinings == ((group.people[person(5)].stays[0].joined, person(5), number),)
    (span,) = gone.spans
    assert (span.account, span.last) == (person(5), number)
    assert group.refusal(person(5), Send(Text("hi"))) is Code.NOT_MEMBER
    assert group.refusal(person(5), Join()) is Code.GROUP_CLOSED
    again = group.placed(OWNER, Add(person(5)))
    assert len(group.people[person(5)].stays) == 2
    assert again.joinings == ((group.now.head, person(5), 0),)
    assert group.now.member_count == 21


def test_who_comes_and_goes_too_often_waits_until_that_is_long_ago() -> None:
    group = Group(11)
    for _ in range(STAYS):
        group.placed(person(12), Join())
        group.placed(person(12), Leave())
    assert group.refusal(person(12), Join()) is Code.TOO_MANY
    group.state = msgspec.structs.replace(group.now, head=group.people[person(12)].stays[0].left + BEHIND)
    joined = group.placed(person(12), Join())
    assert len(dict(joined.people)[person(12)].stays) == STAYS


def test_roles_are_in_the_state_and_admins_are_bounded() -> None:
    group = Group(ADMINS_MAX + 20)
    for number in range(2, ADMINS_MAX + 2):
        group.placed(OWNER, SetRole(person(number), Role.ADMIN))
    plain = person(ADMINS_MAX + 2)
    assert group.refusal(OWNER, SetRole(plain, Role.ADMIN)) is Code.TOO_MANY
    assert group.refusal(plain, Appoint(Role.ADMIN)) is Code.TOO_MANY
    assert group.refusal(OWNER, SetRole(plain, Role.OWNER)) is Code.TOO_MANY, "its giver would be an admin more"
    told = group.placed(OWNER, SetRole(person(2), Role.MEMBER))
    assert told.audience == (OWNER, person(2))
    assert person(2) not in group.now.members
    group.placed(OWNER, SetRole(plain, Role.OWNER))
    assert group.now.members[plain].role is Role.OWNER
    assert group.now.members[plain].joined == group.people[plain].stays[0].joined


def test_an_owner_is_followed_by_the_admin_who_is_there_longest() -> None:
    group = Group(21)
    group.placed(OWNER, SetRole(person(9), Role.ADMIN))
    group.placed(OWNER, SetRole(person(5), Role.ADMIN))
    left = group.placed(OWNER, Leave())
    assert change(left) == Left(OWNER, person(5))
    assert set(left.audience) - {LISTING} == {OWNER, person(5)}
    assert group.now.members[person(5)].role is Role.OWNER


def test_without_an_admin_there_is_no_owner_until_an_heir_is_named() -> None:
    group = Group(21)
    assert isinstance(group.decide(OWNER, Heir(person(4))), Noted), "there is an owner"
    left = group.placed(OWNER, Leave())
    assert change(left) == Left(OWNER)
    assert not group.now.members
    assert not group.now.abandoned
    assert group.refusal(person(4), SetTitle("x")) is Code.NOT_ALLOWED
    assert group.refusal(person(99), Heir(person(99))) is Code.NOT_MEMBER
    named = group.placed(person(4), Heir(person(4)))
    assert change(named) == events.RoleChanged(person(4), Role.OWNER)
    assert group.now.members[person(4)].role is Role.OWNER


def test_a_group_that_all_have_left_is_abandoned() -> None:
    group = Group(11)
    for number in range(11, 0, -1):
        group.placed(person(number), Leave())
    assert group.now.abandoned
    assert group.refusal(person(4), Join()) is Code.GROUP_CLOSED


def test_where_only_admins_write_members_do_not() -> None:
    group = Group(11, msgspec.structs.replace(OPEN, write="admins"))
    assert group.refusal(person(4), Send(Text("hi"))) is Code.NOT_ALLOWED
    group.placed(OWNER, Send(Text("hi")))
    small = Group(3, msgspec.structs.replace(OPEN, write="admins"))
    assert small.refusal(person(2), Send(Text("hi"))) is Code.NOT_ALLOWED
    small.placed(OWNER, Send(Text("hi")))


@pytest.mark.parametrize("slow", [-1, 3601])
def test_slowness_that_no_group_can_have_is_refused(slow: int) -> None:
    group = Group(3)
    wrong = SetSettings(msgspec.structs.replace(OPEN, slow=slow))
    assert group.refusal(OWNER, wrong) is Code.BAD_REQUEST
    group.placed(OWNER, SetSettings(msgspec.structs.replace(OPEN, slow=3600)))


def test_the_list_of_open_groups_is_told_of_each_hundredth_member_and_of_what_it_shows() -> None:
    group = Group(98)
    assert LISTING not in group.placed(person(99), Join()).audience
    assert LISTING in group.placed(person(100), Join()).audience
    assert LISTING not in group.placed(person(101), Join()).audience
    assert LISTING in group.placed(person(101), Leave()).audience
    assert LISTING in group.placed(OWNER, SetTitle("x")).audience
    assert LISTING not in group.placed(OWNER, SetRole(person(4), Role.ADMIN)).audience


def test_the_list_of_open_groups_is_told_of_the_joining_that_makes_one_wide_and_is_no_member_of_it() -> None:
    rules = Rules(group_members=200, large_group_members=400, wide_above=99, large_above=300)
    group, batch = Group(99, rules=rules), WideBatch({GROUP: {}}, {})
    assert LISTING in batch.placed(group.placed(person(100), Join())).audience
    said = batch.placed(group.placed(person(4), Send(Text("among us"))))
    assert set(said.audience) == {person(number) for number in range(1, 101)}


def test_rows_that_are_ahead_of_the_state_say_nothing_yet() -> None:
    group = Group(21)
    ahead = {person(30): MemberRow((Stay(group.now.head + 1, 0, 1),))}
    decision = group.decide(person(30), Send(Text("hi")), ahead)
    assert isinstance(decision, Rejected)
    assert decision.code is Code.NOT_MEMBER
    leaving = {person(4): group.people[person(4)].ended(group.now.head + 5)}
    assert isinstance(group.decide(person(4), Send(Text("hi")), leaving), Numbered)
    joined = group.decide(person(30), Join(), ahead)
    assert isinstance(joined, Numbered)
    assert dict(joined.people) == {person(30): MemberRow((Stay(group.now.head + 1, 0, 1),))}
