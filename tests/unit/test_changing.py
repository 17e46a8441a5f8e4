"""Messages that are edited and deleted: who may, until when, and which rows come of it."""

from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.body import Gone, Media, Text
from chinwag.domain.changing import EDITS, HOUR_MS
from chinwag.domain.command import Action, Command, Delete, Edit, Rules, Send, asked
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Position, Role, SendKey, Span
from chinwag.domain.decide import Decision, Numbered, Rejected, decide
from chinwag.domain.events import Deleted, Deletion, Edited, LastEdit, Message
from chinwag.domain.facts import Facts, Target, target_of
from chinwag.domain.ids import AccountId, ClientId, DeviceId, UploadId, direct_id, group_id
from chinwag.domain.refusal import Code

ANN, BEN, CAT, DAN = map(AccountId, "1234")
GROUP = group_id("9")
SENT = 1_000_000


def group(**ranks: Role) -> Conversation:
    roles = {ANN: Role.OWNER, BEN: Role.ADMIN, CAT: Role.MEMBER} | {AccountId(a[1:]): r for a, r in ranks.items()}
    return Conversation(
        id=GROUP,
        direct=False,
        members={account: Member(role) for account, role in roles.items()},
        head=20,
        ordinal=18,
        at=SENT,
        applied=Position(1, 20, 0),
        shown=19,
    )


def message(author: AccountId, number: int = 7) -> Message:
    return Message(
        conversation=GROUP,
        number=number,
        ordinal=6,
        sender=author,
        device=DeviceId("phone"),
        id=ClientId("said"),
        sent_at=SENT,
        body=Text("said"),
        reply_to=2,
    )


def facts_of(said: Message, **changes: object) -> Facts:
    return msgspec.structs.replace(Facts(target_of(said), said), **changes)


def ask(
    account: AccountId,
    action: Action,
    facts: Facts,
    state: Conversation | None = None,
    *,
    at: int = SENT + 1,
    rules: Rules | None = None,
    predecessor: SendKey | None = None,
) -> Decision:
    command = Command(
        GROUP, account, DeviceId("laptop"), ClientId("change"), at, action, Rules() if rules is None else rules
    )
    return decide(state or group(), command, Position(1, 21, 0), None, predecessor, facts)


def done(decision: Decision) -> Numbered:
    assert isinstance(decision, Numbered), decision
    return decision


def code(decision: Decision) -> Code:
    assert isinstance(decision, Rejected), decision
    return decision.code


def test_an_edit_is_an_event_and_changes_the_message() -> None:
    said = message(CAT)
    edit = done(ask(CAT, Edit(7, Text("better")), facts_of(said)))
    assert isinstance(edit.event, Edited)
    assert (edit.event.number, edit.event.ordinal, edit.event.target, edit.event.body) == (21, 18, 7, Text("better"))
    assert edit.audience == tuple(group().members)
    (row,) = edit.rewrites
    assert row.event == msgspec.structs.replace(said, body=Text("better"), edited=LastEdit(21, SENT + 1))
    assert row.target == msgspec.structs.replace(target_of(said), edits=(21,))
    assert edit.digests == ((said.device, said.id),)


def test_a_second_edit_takes_the_text_out_of_the_first() -> None:
    said = message(CAT)
    first = done(ask(CAT, Edit(7, Text("better")), facts_of(said)))
    (row,) = first.rewrites
    assert isinstance(row.event, Message)
    assert isinstance(first.event, Edited)
    second = done(ask(CAT, Edit(7, Text("best")), Facts(row.target, row.event, first.event), first.state, at=SENT + 2))
    before, after = second.rewrites
    assert before.event == msgspec.structs.replace(first.event, body=None, replaced=22)
    assert before.target is None
    assert isinstance(after.event, Message)
    assert after.target is not None
    assert (after.event.body, after.event.edited, after.target.edits) == (
        Text("best"),
        LastEdit(22, SENT + 2),
        (21, 22),
    )
    assert set(second.digests) == {(said.device, said.id), (first.event.device, first.event.id)}


def test_after_a_deletion_the_text_stands_nowhere() -> None:
    said = message(CAT)
    first = done(ask(CAT, Edit(7, Text("better")), facts_of(said)))
    (row,) = first.rewrites
    assert isinstance(row.event, Message)
    assert isinstance(first.event, Edited)
    deletion = done(ask(CAT, Delete(7), Facts(row.target, row.event, first.event), first.state, at=SENT + 2))
    assert isinstance(deletion.event, Deleted)
    assert (deletion.event.number, deletion.event.target) == (22, 7)
    before, after = deletion.rewrites
    assert before.event == msgspec.structs.replace(first.event, body=None, replaced=22)
    assert after.event == msgspec.structs.replace(said, body=Gone(), deleted=Deletion(22, CAT, SENT + 2))
    assert after.target == msgspec.structs.replace(target_of(said), edits=(21,), deleted=22)
    for action in (Edit(7, Text("again")), Delete(7)):
        facts = Facts(after.target, after.event)
        assert code(ask(CAT, action, facts, deletion.state)) is Code.MESSAGE_DELETED


@pytest.mark.parametrize("account", [ANN, BEN])
def test_only_its_author_edits(account: AccountId) -> None:
    assert code(ask(account, Edit(7, Text("x")), facts_of(message(CAT)))) is Code.NOT_ALLOWED


@pytest.mark.parametrize(
    ("account", "author", "allowed"),
    [
        (ANN, BEN, True),
        (ANN, CAT, True),
        (BEN, CAT, True),
        (BEN, ANN, False),
        (CAT, ANN, False),
        (ANN, DAN, True),  # who has gone
        (BEN, DAN, True),
        (CAT, DAN, False),
    ],
)
def test_who_deletes_what_others_said(account: AccountId, author: AccountId, allowed: bool) -> None:
    late = SENT + 1_000 * HOUR_MS
    decision = ask(account, Delete(7), facts_of(message(author)), at=late)
    if allowed:
        (row,) = done(decision).rewrites
        assert isinstance(row.event, Message)
        assert row.event.deleted == Deletion(21, account, late)
    else:
        assert code(decision) is Code.NOT_ALLOWED


def test_an_admin_deletes_nothing_of_another_one() -> None:
    state = group(_4=Role.ADMIN)
    assert code(ask(BEN, Delete(7), facts_of(message(DAN)), state)) is Code.NOT_ALLOWED
    assert done(ask(ANN, Delete(7), facts_of(message(DAN)), state))


@pytest.mark.parametrize(
    ("hours", "late", "allowed"),
    [(48, 48 * HOUR_MS, True), (48, 48 * HOUR_MS + 1, False), (0, 0, False), (-1, 10**12, True), (1, -5, True)],
)
@pytest.mark.parametrize("action", [Edit(7, Text("x")), Delete(7)], ids=lambda action: type(action).__name__)
def test_an_author_has_the_hours_that_were_stamped(action: Action, hours: int, late: int, allowed: bool) -> None:
    rules = Rules(edit_hours=hours, delete_hours=hours)
    decision = ask(CAT, action, facts_of(message(CAT)), at=SENT + late, rules=rules)
    if allowed:
        done(decision)
    else:
        assert code(decision) is Code.TOO_LATE


def test_a_message_is_edited_a_bounded_number_of_times() -> None:
    said = message(CAT)
    often = msgspec.structs.replace(target_of(said), edits=tuple(range(1, EDITS + 1)))
    state = msgspec.structs.replace(group(), head=200)
    assert code(ask(CAT, Edit(7, Text("x")), facts_of(said, target=often), state)) is Code.TOO_MANY_EDITS
    assert done(ask(CAT, Delete(7), facts_of(said, target=often), state))


def test_what_names_no_message_is_refused() -> None:
    notice = Facts(Target("notice", CAT, SENT))
    for action in (Edit(7, Text("x")), Delete(7)):
        assert code(ask(CAT, action, Facts())) is Code.NO_MESSAGE
        assert code(ask(CAT, action, notice)) is Code.NO_MESSAGE
    for number in (0, -1, 21):
        assert code(ask(CAT, Delete(number), facts_of(message(CAT, number)))) is Code.NO_MESSAGE


def test_who_may_not_read_a_message_is_told_nothing_of_it() -> None:
    state = group()
    came_late = state.members | {BEN: Member(Role.ADMIN, joined=9, reads_from=9)}
    state = msgspec.structs.replace(state, members=came_late)
    facts = facts_of(message(CAT))
    assert code(ask(BEN, Delete(7), facts, state)) is Code.NO_MESSAGE
    before = msgspec.structs.replace(facts, spans=(Span(BEN, GROUP, 3, 8),))
    assert done(ask(BEN, Delete(7), before, state))
    # One that a record which is not applied yet has closed says nothing.
    ahead = msgspec.structs.replace(facts, spans=(Span(BEN, GROUP, 3, 30),))
    assert code(ask(BEN, Delete(7), ahead, state)) is Code.NO_MESSAGE
    # What one has written one may take back, whatever one may read now.
    assert done(ask(BEN, Delete(7), facts_of(message(BEN)), state))


def test_nobody_who_came_later_is_told_the_new_text() -> None:
    state = group()
    came_late = state.members | {DAN: Member(Role.MEMBER, joined=9, reads_from=9)}
    edit = done(ask(CAT, Edit(7, Text("x")), facts_of(message(CAT)), msgspec.structs.replace(state, members=came_late)))
    assert isinstance(edit.event, Edited)
    assert edit.event.body is None
    assert not edit.event.replaced
    (row,) = edit.rewrites
    assert isinstance(row.event, Message)
    assert row.event.body == Text("x")


def test_nobody_who_may_yet_come_is_told_the_new_text() -> None:
    def told(history_from: int, history: Literal["all", "joined"] = "all") -> bool:
        state = msgspec.structs.replace(group(), settings=GroupSettings(history=history), history_from=history_from)
        edit = done(ask(CAT, Edit(7, Text("x")), facts_of(message(CAT)), state))
        assert isinstance(edit.event, Edited)
        return edit.event.body is not None

    assert not told(8)  # who joins reads from 8 on, and so the edit, but not the message
    assert told(7)
    # Who joins reads from there on; were history opened again, that would be after the edit.
    assert told(8, history="joined")


def test_a_body_keeps_its_type() -> None:
    picture = Media(UploadId("7"), "a.png", "image/png", 1)
    assert code(ask(CAT, Edit(7, picture), facts_of(message(CAT)))) is Code.UNSUPPORTED
    assert code(ask(CAT, Edit(7, Text("")), facts_of(message(CAT)))) is Code.TEXT_EMPTY


def test_who_is_no_member_changes_nothing() -> None:
    for action in (Edit(7, Text("x")), Delete(7)):
        assert code(ask(DAN, action, facts_of(message(DAN)))) is Code.NOT_MEMBER
        assert code(decide(None, Command(GROUP, DAN, DeviceId("d"), ClientId("c"), 1, action), Position(1, 1, 0))) is (
            Code.NO_CONVERSATION
        )


def test_a_partner_who_refuses_gets_no_edit_and_loses_nothing_to_a_deletion() -> None:
    pair = direct_id(ANN, BEN)
    state = Conversation(
        id=pair,
        direct=True,
        members={ANN: Member(Role.MEMBER), BEN: Member(Role.MEMBER)},
        head=9,
        ordinal=9,
        declining=(BEN,),
    )
    facts = facts_of(msgspec.structs.replace(message(ANN), conversation=pair))
    assert code(ask(ANN, Edit(7, Text("x")), facts, state)) is Code.RECIPIENT_REFUSES
    assert done(ask(ANN, Delete(7), facts, state))
    assert done(ask(BEN, Edit(7, Text("x")), facts_of(msgspec.structs.replace(message(BEN))), state))
    assert code(ask(BEN, Delete(7), facts, state)) is Code.NOT_ALLOWED


def test_a_change_waits_for_the_one_named_in_after() -> None:
    placed = SendKey(Position(1, 20, 0), 20, SENT)
    for action in (Edit(7, Text("x"), ClientId("before")), Delete(7, ClientId("before"))):
        assert code(ask(CAT, action, facts_of(message(CAT)))) is Code.OUT_OF_TURN
        assert done(ask(CAT, action, facts_of(message(CAT)), predecessor=placed))
        refused = msgspec.structs.replace(placed, number=0, refused=Code.TOO_LATE)
        assert code(ask(CAT, action, facts_of(message(CAT)), predecessor=refused)) is Code.OUT_OF_TURN


def test_what_was_asked_is_told_apart_and_not_by_what_it_followed() -> None:
    actions: list[Action] = [Edit(7, Text("x")), Edit(8, Text("x")), Edit(7, Text("y")), Delete(7), Delete(8)]
    actions.append(Send(Text("x")))
    assert len({asked(action) for action in actions}) == len(actions)
    assert asked(Edit(7, Text("x"), ClientId("a"))) == asked(Edit(7, Text("x")))
    assert asked(Delete(7, ClientId("a"))) == asked(Delete(7))


@given(st.lists(st.integers(1, 40), unique=True, max_size=10), st.integers(0, 40), st.integers(0, 40))
def test_a_change_above_the_head_is_not_there_yet(edits: list[int], deleted: int, head: int) -> None:
    target = Target("message", ANN, SENT, "text", tuple(sorted(edits)), deleted)
    seen = target.as_of(head)
    assert seen.edits == tuple(number for number in sorted(edits) if number <= head)
    assert seen.deleted == (deleted if deleted <= head else 0)
