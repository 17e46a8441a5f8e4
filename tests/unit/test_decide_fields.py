"""A command changes the fields that it is about, and no other: one that is added to the state later stays as it is."""

import msgspec
import pytest

from chinwag.domain.body import Text
from chinwag.domain.command import (
    Action,
    Add,
    Appoint,
    Command,
    Decline,
    Delete,
    Deliver,
    Edit,
    Enter,
    Heir,
    Join,
    Leave,
    Pin,
    React,
    Remove,
    Rules,
    Send,
    SetAvatar,
    SetRole,
    SetSettings,
    SetTitle,
)
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Position, Role
from chinwag.domain.decide import Noted, Numbered, decide
from chinwag.domain.events import Message
from chinwag.domain.facts import Facts, target_of
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId

ANN, BEN, CAT, DAN = map(AccountId, "1234")
DIRECT, GROUP, WIDE = ConversationId("d~1~2"), ConversationId("g~9"), ConversationId("g~99")
ALWAYS = {"applied", "at", "head", "shown"}
"""What a message or a notice changes."""
OF_WIDE = {"wide", "count", "large", "reads_most", "reacted"}
"""What only wide groups have."""
CHANGED = {"applied", "head"}
"""What an event changes that people are not shown by itself."""


def member(role: Role, joined: int) -> Member:
    return Member(role, joined=joined, joined_ordinal=2, reads_from=joined, wrote=5, wrote_ordinal=3)


def state_of(conversation: ConversationId) -> Conversation:
    """A state in which every field differs from its default."""
    return Conversation(
        id=conversation,
        direct=conversation == DIRECT,
        members={ANN: member(Role.OWNER, 2), BEN: member(Role.ADMIN if conversation == WIDE else Role.MEMBER, 3)},
        head=9,
        ordinal=7,
        at=1_000,
        title="Title",
        settings=GroupSettings(
            history="joined", join="open", invite="members", description="About it", pin="members", large=True
        ),
        declining=(DAN,) if conversation == GROUP else (ANN,),
        applied=Position(1, 9, 0),
        barred=(DAN,),
        history_from=4,
        heeded=((ANN, 3),),
        shown=8,
        pins=(5, 6),
        avatar="1",
        wide=conversation == WIDE,
        count=2 if conversation == WIDE else 0,
        large=conversation == WIDE,
        reads_most=3 if conversation == WIDE else 0,
        reacted=6 if conversation == WIDE else 0,
    )


@pytest.mark.parametrize("value", [state_of(DIRECT), state_of(WIDE), state_of(GROUP).members[BEN]], ids=repr)
def test_no_field_of_the_state_these_tests_use_is_at_its_default(value: msgspec.Struct) -> None:
    """Give a new field a value in `state_of`; then the tests below say who may change it."""
    excused = {"direct"} if getattr(value, "wide", False) else {"direct", *OF_WIDE}
    for field in msgspec.structs.fields(value):
        if not field.required:
            default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            assert getattr(value, field.name) != default or field.name in excused, field.name


def changed(before: msgspec.Struct, after: msgspec.Struct) -> set[str]:
    return {name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)}


def after_(state: Conversation, account: AccountId, action: Action) -> Conversation:
    rules = Rules(large_group_members=9)
    command = Command(state.id, account, DeviceId("d"), ClientId("i"), 2_000, action, rules)
    said = Message(
        conversation=state.id,
        number=5,
        ordinal=3,
        sender=account,
        device=DeviceId("d"),
        id=ClientId("said"),
        sent_at=1_000,
        body=Text("said"),
    )
    decision = decide(state, command, Position(1, 10, 0), facts=Facts(target_of(said), said))
    assert isinstance(decision, Numbered | Noted), decision
    return decision.state


CASES: list[tuple[ConversationId, AccountId, Action, set[str]]] = [
    (DIRECT, ANN, Send(Text("hi")), ALWAYS | {"members", "ordinal"}),
    (DIRECT, ANN, Edit(5, Text("hi")), CHANGED),
    (GROUP, ANN, Delete(5), CHANGED | {"pins"}),
    (GROUP, ANN, Delete(4), CHANGED),
    (DIRECT, ANN, React(5, "👍"), CHANGED),
    (GROUP, BEN, React(5, "👍", on=False), {"applied"}),
    (DIRECT, ANN, Pin(4), ALWAYS | {"pins"}),
    (DIRECT, BEN, Pin(5, on=False), ALWAYS | {"pins"}),
    (GROUP, BEN, Pin(5), {"applied"}),
    (GROUP, BEN, Pin(4, on=False), {"applied"}),
    (DIRECT, BEN, Decline(on=True), {"applied", "declining"}),
    (DIRECT, BEN, Decline(on=True, version=2), {"applied", "declining", "heeded"}),
    (DIRECT, ANN, Decline(on=False, version=2), {"applied"}),
    (GROUP, ANN, Add(CAT), ALWAYS | {"members"}),
    (GROUP, ANN, Add(DAN), ALWAYS | {"members", "barred"}),
    (GROUP, ANN, Remove(BEN), ALWAYS | {"members", "barred"}),
    (GROUP, ANN, Leave(), ALWAYS | {"members"}),
    (GROUP, CAT, Join(), ALWAYS | {"members"}),
    (GROUP, CAT, Enter(), ALWAYS | {"members"}),
    (GROUP, ANN, SetRole(BEN, Role.ADMIN), ALWAYS | {"members"}),
    (GROUP, BEN, Appoint(Role.ADMIN), ALWAYS | {"members"}),
    (GROUP, ANN, SetTitle("Other"), ALWAYS | {"title"}),
    (GROUP, ANN, SetAvatar("2"), ALWAYS | {"avatar"}),
    (WIDE, ANN, Send(Text("hi")), ALWAYS | {"ordinal"}),
    (WIDE, ANN, Edit(5, Text("hi")), CHANGED),
    (WIDE, ANN, React(5, "👍"), {"applied", "reacted"}),
    (WIDE, ANN, Add(CAT), CHANGED | {"count", "reads_most"}),
    (WIDE, BEN, Leave(), CHANGED | {"count", "members"}),
    (WIDE, ANN, SetTitle("Other"), ALWAYS | {"title"}),
    (WIDE, ANN, SetRole(BEN, Role.MEMBER), ALWAYS | {"members"}),
    (WIDE, ANN, Deliver(large=False), ALWAYS | {"large"}),
    (WIDE, ANN, Deliver(large=True), {"applied"}),
    (WIDE, ANN, Heir(ANN), {"applied"}),
    (GROUP, ANN, SetSettings(GroupSettings(history="joined")), ALWAYS | {"settings"}),
    (GROUP, ANN, SetSettings(GroupSettings(history="all")), ALWAYS | {"settings", "history_from"}),
]


def shown(value: object) -> str:
    """For a name that is the same in every process: sets have no order."""
    return ",".join(sorted(value)) if isinstance(value, set) else repr(value)


@pytest.mark.parametrize(("conversation", "account", "action", "expected"), CASES, ids=shown)
def test_a_command_changes_the_fields_that_it_is_about(
    conversation: ConversationId, account: AccountId, action: Action, expected: set[str]
) -> None:
    before = state_of(conversation)
    assert changed(before, after_(before, account, action)) == expected


def test_a_message_changes_of_its_author_only_what_it_wrote_last() -> None:
    before = state_of(DIRECT)
    after = after_(before, ANN, Send(Text("hi")))
    assert changed(before.members[ANN], after.members[ANN]) == {"wrote", "wrote_ordinal"}
    assert after.members[BEN] == before.members[BEN]


def test_a_role_changes_of_a_member_only_its_role() -> None:
    before = state_of(GROUP)
    after = after_(before, ANN, SetRole(BEN, Role.OWNER))
    for account in (ANN, BEN):
        assert changed(before.members[account], after.members[account]) == {"role"}
