"""Groups: who may do what, who gets the notice, and which numbers each may read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain import events, membership
from chinwag.domain.body import Text
from chinwag.domain.command import (
    Action,
    Add,
    Appoint,
    Command,
    Create,
    Enter,
    Join,
    Leave,
    Remove,
    Rules,
    Send,
    SetAvatar,
    SetRole,
    SetSettings,
    SetTitle,
)
from chinwag.domain.conversation import BARRED_MAX, Conversation, GroupSettings, Position, Role, Span
from chinwag.domain.decide import Numbered, decide
from chinwag.domain.facts import NO_ROWS
from chinwag.domain.ids import LISTING, AccountId, ClientId, DeviceId, group_id
from chinwag.domain.outcome import Outcome
from chinwag.domain.refusal import Code, Refused

OWNER, ADMIN, MEMBER, OTHER, STRANGER = map(AccountId, ["1", "2", "3", "4", "5"])
GROUP = group_id("9")


def command(account: AccountId, action: Action, most: int = 100) -> Command:
    return Command(GROUP, account, DeviceId("d"), ClientId("x"), 1000, action, Rules(group_members=most))


CLOSED = GroupSettings()


def made(settings: GroupSettings = CLOSED) -> Conversation:
    """A group of an owner, an admin and two members, after three events."""
    maker = command(OWNER, Create("us", (ADMIN, MEMBER, OTHER), settings))
    state = membership.create(None, maker, maker.action).state  # type: ignore[arg-type]
    state = change(state, OWNER, SetRole(ADMIN, Role.ADMIN)).state
    return change(state, OWNER, SetTitle("we")).state


def change(state: Conversation, account: AccountId, action: Action, most: int = 100) -> Outcome:
    outcome = membership.change(state, command(account, action, most), NO_ROWS)
    assert outcome is not None
    return outcome


def refusal(state: Conversation, account: AccountId, action: Action, most: int = 100) -> Code:
    with pytest.raises(Refused) as refused:
        change(state, account, action, most)
    return refused.value.code


def test_a_group_begins_with_its_maker_as_owner() -> None:
    action = Create("us", (MEMBER, OWNER, MEMBER), GroupSettings())
    outcome = membership.create(None, command(OWNER, action), action)
    assert {account: member.role for account, member in outcome.state.members.items()} == {
        OWNER: Role.OWNER,
        MEMBER: Role.MEMBER,
    }
    assert outcome.state.head == 1
    assert outcome.spans == (Span(OWNER, GROUP, 1), Span(MEMBER, GROUP, 1))
    assert set(outcome.audience) == {OWNER, MEMBER}


def test_a_group_is_made_once_with_a_title_and_not_too_many() -> None:
    action = Create("us", (ADMIN, MEMBER), GroupSettings())
    for state, made_so, most, code in [
        (made(), action, 100, Code.CONVERSATION_EXISTS),
        (None, Create("", (), GroupSettings()), 100, Code.BAD_TITLE),
        (None, action, 2, Code.GROUP_FULL),
    ]:
        with pytest.raises(Refused) as refused:
            membership.create(state, command(OWNER, made_so, most), made_so)
        assert refused.value.code is code
    assert membership.create(None, command(OWNER, action, 3), action).state.head == 1


@pytest.mark.parametrize(
    ("account", "action", "code"),
    [
        (STRANGER, Add(STRANGER), Code.NOT_MEMBER),
        (MEMBER, Add(STRANGER), Code.NOT_ALLOWED),
        (ADMIN, Add(STRANGER), None),
        (OWNER, Add(MEMBER), Code.ALREADY_MEMBER),
        (STRANGER, Join(), Code.GROUP_CLOSED),
        (MEMBER, Join(), Code.ALREADY_MEMBER),
        (STRANGER, Remove(MEMBER), Code.NOT_MEMBER),
        (MEMBER, Remove(OTHER), Code.NOT_ALLOWED),
        (ADMIN, Remove(MEMBER), None),
        (ADMIN, Remove(OWNER), Code.NOT_ALLOWED),
        (ADMIN, Remove(ADMIN), Code.NOT_ALLOWED),
        (OWNER, Remove(ADMIN), None),
        (OWNER, Remove(OWNER), Code.NOT_ALLOWED),
        (OWNER, Remove(STRANGER), Code.NO_ACCOUNT),
        (STRANGER, Leave(), Code.NOT_MEMBER),
        (MEMBER, Leave(), None),
        (ADMIN, SetRole(MEMBER, Role.ADMIN), Code.NOT_ALLOWED),
        (OWNER, SetRole(OWNER, Role.MEMBER), Code.NOT_ALLOWED),
        (OWNER, SetRole(STRANGER, Role.ADMIN), Code.NO_ACCOUNT),
        (MEMBER, Appoint(Role.ADMIN), None),
        (ADMIN, Appoint(Role.MEMBER), None),
        (MEMBER, Appoint(Role.OWNER), Code.NOT_ALLOWED),
        (OWNER, Appoint(Role.MEMBER), Code.NOT_ALLOWED),
        (STRANGER, Appoint(Role.MEMBER), Code.NOT_MEMBER),
        (MEMBER, SetTitle("new"), Code.NOT_ALLOWED),
        (ADMIN, SetTitle("new"), None),
        (ADMIN, SetTitle("a\nb"), Code.BAD_TITLE),
        (MEMBER, SetAvatar("2"), Code.NOT_ALLOWED),
        (ADMIN, SetAvatar("2"), None),
        (ADMIN, SetAvatar(""), None),
        (MEMBER, SetSettings(GroupSettings()), Code.NOT_ALLOWED),
        (ADMIN, SetSettings(GroupSettings(join="open")), None),
    ],
)
def test_who_may_do_what(account: AccountId, action: Action, code: Code | None) -> None:
    state = made()
    if code is None:
        assert change(state, account, action).state.head == state.head + 1
    else:
        assert refusal(state, account, action) is code


def test_admins_do_not_remove_each_other() -> None:
    state = change(made(), OWNER, SetRole(MEMBER, Role.ADMIN)).state
    assert refusal(state, ADMIN, Remove(MEMBER)) is Code.NOT_ALLOWED


def test_settings_open_the_group() -> None:
    state = made(GroupSettings(join="open", invite="members"))
    assert STRANGER in change(state, STRANGER, Join()).state.members
    assert STRANGER in change(state, MEMBER, Add(STRANGER)).state.members


def test_a_group_has_room_for_so_many() -> None:
    assert refusal(made(), OWNER, Add(STRANGER), most=4) is Code.GROUP_FULL
    assert len(change(made(), OWNER, Add(STRANGER), most=5).state.members) == 5


@pytest.mark.parametrize(("history", "first"), [("all", 1), ("joined", 4)])
def test_who_joins_reads_as_the_group_says_and_gets_its_notice(history: str, first: int) -> None:
    state = made(msgspec.convert({"history": history}, GroupSettings))
    outcome = change(state, OWNER, Add(STRANGER))
    assert outcome.spans == (Span(STRANGER, GROUP, first),)
    joined = outcome.state.members[STRANGER]
    assert (joined.role, joined.joined, joined.joined_ordinal, joined.reads_from) == (Role.MEMBER, 4, 0, first)
    assert STRANGER in outcome.audience


@pytest.mark.parametrize(("account", "action"), [(OWNER, Remove(MEMBER)), (MEMBER, Leave())])
def test_who_goes_reads_up_to_its_notice_and_gets_it(account: AccountId, action: Action) -> None:
    outcome = change(made(), account, action)
    assert MEMBER not in outcome.state.members
    assert MEMBER in outcome.audience
    [span] = outcome.spans
    assert (span.account, span.conversation, span.first, span.last) == (MEMBER, GROUP, 1, 4)


def test_a_link_opens_a_closed_group_but_not_to_who_was_removed() -> None:
    assert refusal(made(), STRANGER, Join()) is Code.GROUP_CLOSED
    assert STRANGER in change(made(), STRANGER, Enter()).state.members
    assert refusal(made(), MEMBER, Enter()) is Code.ALREADY_MEMBER
    for settings in (CLOSED, GroupSettings(join="open")):
        state = change(made(settings), OWNER, Remove(MEMBER)).state
        assert state.barred == (MEMBER,)
        assert refusal(state, MEMBER, Join()) is Code.GROUP_CLOSED
        assert refusal(state, MEMBER, Enter()) is Code.GROUP_CLOSED
        state = change(state, OWNER, Add(MEMBER)).state
        assert state.barred == ()
        state = change(state, MEMBER, Leave()).state
        assert MEMBER in change(state, MEMBER, Enter()).state.members


def test_the_removed_who_are_remembered_are_bounded() -> None:
    state = made()
    for n in range(BARRED_MAX + 1):
        guest = AccountId(f"{n + 100}")
        state = change(change(state, OWNER, Add(guest)).state, OWNER, Remove(guest)).state
    assert len(state.barred) == BARRED_MAX
    assert refusal(state, AccountId("101"), Enter()) is Code.GROUP_CLOSED
    assert AccountId("100") in change(state, AccountId("100"), Enter()).state.members


def test_a_message_keeps_who_was_removed() -> None:
    state = change(made(), OWNER, Remove(MEMBER)).state
    placed = decide(state, command(OWNER, Send(Text("hi"))), Position(1, 9, 0))
    assert isinstance(placed, Numbered)
    assert placed.state.barred == (MEMBER,)


def test_a_description_is_text_of_bounded_length() -> None:
    for description in ("x" * 1001, "a\x00b", "\ud800"):
        assert refusal(made(), OWNER, SetSettings(GroupSettings(description=description))) is Code.BAD_DESCRIPTION
    assert change(made(), OWNER, SetSettings(GroupSettings(description="a\nb"))).state.settings.description == "a\nb"


def test_the_listing_is_told_of_open_groups_only() -> None:
    def told(settings: GroupSettings, action: Action) -> bool:
        placed = decide(made(settings), command(OWNER, action), Position(1, 9, 0))
        assert isinstance(placed, Numbered)
        return LISTING in placed.audience

    opened, closed = GroupSettings(join="open"), CLOSED
    assert not told(closed, SetTitle("x"))
    assert told(closed, SetSettings(opened))
    assert told(opened, SetTitle("x"))
    assert told(opened, Add(STRANGER))
    assert told(opened, SetSettings(closed))
    assert not told(opened, Send(Text("hi")))


def test_an_owner_who_leaves_hands_over_to_the_highest_then_the_oldest() -> None:
    first = change(made(), OWNER, Leave())
    assert first.change == events.Left(OWNER, ADMIN)
    assert first.state.members[ADMIN].role is Role.OWNER
    state = change(first.state, ADMIN, Add(STRANGER)).state
    second = change(state, ADMIN, Leave())
    assert second.change == events.Left(ADMIN, MEMBER)


def test_the_last_one_out_closes_the_group_for_ever() -> None:
    state = made(GroupSettings(join="open"))
    for account in (ADMIN, MEMBER, OTHER, OWNER):
        outcome = change(state, account, Leave())
        state = outcome.state
    assert outcome.change == events.Left(OWNER)
    assert not state.members
    assert state.abandoned
    for account in (STRANGER, OWNER):
        assert refusal(state, account, Join()) is Code.GROUP_CLOSED
        assert refusal(state, account, Enter(OWNER)) is Code.BAD_LINK
        assert refusal(state, account, Enter()) is Code.GROUP_CLOSED
        for action in (
            Add(STRANGER),
            Leave(),
            SetTitle("mine"),
            SetSettings(GroupSettings()),
            SetRole(OWNER, Role.OWNER),
        ):
            assert refusal(state, account, action) is Code.NOT_MEMBER


def test_history_is_opened_from_then_on_and_never_backwards() -> None:
    """Whoever may change the settings cannot give itself, by going and coming, what it was not there for."""
    state = made(GroupSettings(history="joined", join="open"))
    state = change(state, STRANGER, Join()).state
    state = change(state, OWNER, SetRole(STRANGER, Role.ADMIN)).state
    opened = change(state, STRANGER, SetSettings(GroupSettings(history="all", join="open"))).state
    assert opened.history_from == opened.head == 6
    again = change(change(opened, STRANGER, Leave()).state, STRANGER, Join())
    assert again.spans == (Span(STRANGER, GROUP, 6),)
    # Setting what is set already opens nothing more, and closes nothing.
    same = change(again.state, OWNER, SetSettings(GroupSettings(history="all", join="open", invite="members"))).state
    assert same.history_from == 6
    closed = change(same, OWNER, SetSettings(GroupSettings(history="joined", join="open"))).state
    reopened = change(closed, OWNER, SetSettings(GroupSettings(history="all", join="open"))).state
    assert reopened.history_from == reopened.head


def test_history_that_was_always_open_is_read_from_the_beginning() -> None:
    state = change(made(), OWNER, SetSettings(GroupSettings(history="all", join="open"))).state
    assert change(state, STRANGER, Join()).spans == (Span(STRANGER, GROUP, 1),)


@pytest.mark.parametrize("loss", ["removed", "made a member", "gone"])
def test_a_link_admits_as_long_as_its_maker_is_owner_or_admin(loss: str) -> None:
    state = made()
    assert change(state, STRANGER, Enter(ADMIN)).change == events.Joined(STRANGER)
    ends: dict[str, tuple[AccountId, Action]] = {
        "removed": (OWNER, Remove(ADMIN)),
        "made a member": (OWNER, SetRole(ADMIN, Role.MEMBER)),
        "gone": (ADMIN, Leave()),
    }
    state = change(state, *ends[loss]).state
    assert refusal(state, STRANGER, Enter(ADMIN)) is Code.BAD_LINK
    assert change(state, STRANGER, Enter(OWNER)).change == events.Joined(STRANGER)
    assert refusal(state, OTHER, Enter(ADMIN)) is Code.ALREADY_MEMBER


def test_an_owner_who_gives_the_group_away_becomes_an_admin() -> None:
    state = change(made(), OWNER, SetRole(MEMBER, Role.OWNER)).state
    assert (state.members[MEMBER].role, state.members[OWNER].role) == (Role.OWNER, Role.ADMIN)


people = st.sampled_from([OWNER, ADMIN, MEMBER, OTHER, STRANGER])
settings = st.builds(
    GroupSettings,
    history=st.sampled_from(["all", "joined"]),
    join=st.sampled_from(["open", "closed"]),
    invite=st.sampled_from(["admins", "members"]),
)
wishes = st.lists(
    st.tuples(
        people,
        st.one_of(
            st.builds(Add, people),
            st.builds(Remove, people),
            st.just(Leave()),
            st.just(Join()),
            st.builds(SetRole, people, st.sampled_from(Role)),
            st.builds(SetSettings, settings),
            st.just(Send(Text("hi"))),
        ),
    ),
    max_size=40,
)


# People who come and go while history is opened and closed: too rare among all other wishes.
coming_and_going = st.lists(
    st.one_of(
        st.tuples(
            st.just(OWNER),
            st.builds(SetSettings, st.builds(GroupSettings, st.sampled_from(["all", "joined"]), st.just("open"))),
        ),
        st.tuples(st.sampled_from([ADMIN, MEMBER, STRANGER]), st.sampled_from([Leave(), Join(), Send(Text("hi"))])),
    ),
    max_size=20,
)


@given(settings, wishes | coming_and_going)
def test_laws_of_groups(how: GroupSettings, wishes: list[tuple[AccountId, Action]]) -> None:
    """One owner while anyone is in, nobody ever after; nobody beyond the limit; spans give everybody what came to it,
    and besides only what was said while history was open."""
    action = Create("us", (ADMIN, MEMBER), how)
    state: Conversation | None = None
    rows: dict[tuple[AccountId, int], Span] = {}
    got: dict[AccountId, set[int]] = {}
    opened: set[int] = set()  # said since history was opened last
    allowed: dict[AccountId, set[int]] = {}
    for sequence, (account, wish) in enumerate([(OWNER, action), *wishes], start=1):
        decision = decide(state, command(account, wish, 4), Position(1, sequence, 0))
        if type(decision) is not Numbered:
            continue
        state = decision.state
        rows |= {(span.account, span.first): span for span in decision.spans}
        was_in, what = set(allowed), getattr(decision.event, "change", None)
        opened = opened | {state.head} if state.settings.history == "all" else set()
        newcomers = {what.account} if isinstance(what, events.Joined) else set(state.members) - was_in
        for one in newcomers:
            allowed[one] = allowed.get(one, set()) | (opened if state.settings.history == "all" else set())
        for one in {*decision.audience, *state.members} - {LISTING}:
            allowed[one] = allowed.get(one, set()) | {state.head}
        assert state.members or not isinstance(what, events.Joined), "nobody joins an abandoned group"
        for one in decision.audience:
            if one == LISTING:
                continue
            got.setdefault(one, set()).add(state.head)
        owners = [member for member in state.members.values() if member.role is Role.OWNER]
        assert len(owners) == (1 if state.members else 0)
        assert len(state.members) <= 4
        for one in got:
            spans = [span for (of, _), span in rows.items() if of == one]
            readable = {n for span in spans for n in range(span.first, (span.last or state.head) + 1)}
            assert readable <= allowed[one], "nobody reads what was closed to it"
            assert got[one] <= readable, "what came to an inbox can be read"
            assert any(span.last is None for span in spans) == (one in state.members), "an open span is a membership"
