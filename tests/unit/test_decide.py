"""The rule of a conversation: dense numbers, retries, a device's own order, direct conversations."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.body import Text
from chinwag.domain.command import (
    Action,
    Add,
    Command,
    Create,
    Decline,
    Delete,
    Leave,
    React,
    Send,
    SetTitle,
    asked,
)
from chinwag.domain.conversation import Conversation, GroupSettings, Position, SendKey
from chinwag.domain.decide import Again, Decision, Noted, Numbered, Rejected, decide
from chinwag.domain.events import Message, Notice
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.domain.refusal import RETRYABLE, Code
from chinwag.wire.errors import CATALOGUE

ANN, BEN, CAT = AccountId("1"), AccountId("2"), AccountId("3")
DIRECT = direct_id(ANN, BEN)
GROUP = group_id("9")


def command(
    account: AccountId,
    action: Action,
    id: str = "x",  # noqa: A002 - the field's name
    *,
    conversation: ConversationId = DIRECT,
    at: int = 1000,
    opening: bool = True,
) -> Command:
    return Command(conversation, account, DeviceId("d" + account), ClientId(id), at, action, opening=opening)


def at(sequence: int) -> Position:
    return Position(1, sequence, 0)


def placed(decision: Decision) -> Numbered:
    assert type(decision) is Numbered, decision
    return decision


def send(state: Conversation | None, account: AccountId, sequence: int, text: str = "hi") -> Conversation:
    return placed(decide(state, command(account, Send(Text(text))), at(sequence))).state


def code(decision: Decision) -> Code:
    assert type(decision) is Rejected, decision
    return decision.code


def test_the_first_send_begins_a_direct_conversation() -> None:
    first = placed(decide(None, command(ANN, Send(Text("hi"))), at(1)))
    assert first.state.direct
    assert (first.state.head, first.state.ordinal, first.state.at, first.state.applied) == (1, 1, 1000, at(1))
    assert set(first.audience) == {ANN, BEN}
    assert {(span.account, span.first, span.last) for span in first.spans} == {(ANN, 1, None), (BEN, 1, None)}
    assert type(first.event) is Message
    assert (first.event.number, first.event.ordinal, first.event.sender, first.event.sent_at) == (1, 1, ANN, 1000)
    second = placed(decide(first.state, command(BEN, Send(Text("ho"))), at(2)))
    assert second.state.head == 2
    assert second.spans == ()


def test_a_direct_conversation_needs_the_directory_s_word() -> None:
    assert code(decide(None, command(ANN, Send(Text("hi")), opening=False), at(1))) is Code.UNAVAILABLE


@pytest.mark.parametrize(
    ("account", "conversation", "expected"),
    [
        (CAT, DIRECT, Code.NOT_MEMBER),
        (ANN, GROUP, Code.NO_CONVERSATION),
        (ANN, ConversationId("d~2~1"), Code.NO_CONVERSATION),
        (ANN, ConversationId("d~1~1"), Code.NO_CONVERSATION),
    ],
)
def test_only_one_of_the_two_can_begin_it(account: AccountId, conversation: ConversationId, expected: Code) -> None:
    assert code(decide(None, command(account, Send(Text("hi")), conversation=conversation), at(1))) is expected


def test_a_stranger_cannot_write() -> None:
    assert code(decide(send(None, ANN, 1), command(CAT, Send(Text("hi"))), at(2))) is Code.NOT_MEMBER


def test_a_retry_gives_the_first_answer_even_where_nothing_else_is_allowed() -> None:
    key = SendKey(at(1), 7, 500)
    assert decide(None, command(CAT, Send(Text(""))), at(9), earlier=key) == Again(key)


EVERYTHING: list[Action] = [
    Send(Text("one")),
    Send(Text("two")),
    Send(Text("one"), reply_to=1),
    Send(Text("one", (BEN,))),
    Add(BEN),
    Add(CAT),
    Leave(),
    SetTitle("one"),
    Create("one", (BEN,), GroupSettings()),
    Create("one", (CAT,), GroupSettings()),
]


@pytest.mark.parametrize("first", EVERYTHING, ids=repr)
def test_an_id_stands_for_one_thing_asked(first: Action) -> None:
    """Whatever else is asked under it is refused, and nothing of the first is changed (P6)."""
    key = SendKey(at(1), 7, 500, asked(first))
    for action in EVERYTHING:
        again = msgspec.structs.replace(command(CAT, action), digest=asked(action))
        expected = Again(key) if action == first else Rejected(Code.ID_REUSED)
        assert decide(None, again, at(9), earlier=key) == expected
        # A key of format 1 has no digest: it matches anything, as it did when it was written.
        old = SendKey(at(1), 7, 500)
        assert decide(None, again, at(9), earlier=old) == Again(old)


def test_a_retry_may_name_another_one_before_it() -> None:
    assert (
        asked(Send(Text("x"), after=ClientId("a")))
        == asked(Send(Text("x"), after=ClientId("b")))
        == asked(Send(Text("x")))
    )


def test_a_send_waits_for_the_one_named_in_after() -> None:
    state = send(None, ANN, 1)
    follows = command(ANN, Send(Text("two"), after=ClientId("one")))
    assert code(decide(state, follows, at(2))) is Code.OUT_OF_TURN
    assert placed(decide(state, follows, at(2), predecessor=SendKey(at(1), 1, 1000))).state.head == 2


def test_a_bad_text_is_refused_and_takes_no_number() -> None:
    assert code(decide(send(None, ANN, 1), command(ANN, Send(Text(""))), at(2))) is Code.TEXT_EMPTY


def test_a_message_moves_the_author_s_own_mark_only() -> None:
    state = send(send(None, ANN, 1), BEN, 2)
    assert (state.members[ANN].wrote, state.members[ANN].wrote_ordinal) == (1, 1)
    assert (state.members[BEN].wrote, state.members[BEN].wrote_ordinal) == (2, 2)


def test_who_refuses_gets_nothing_until_it_takes_messages_again() -> None:
    state = send(None, ANN, 1)
    refused = decide(state, command(ANN, Decline(on=True)), at(2))
    assert type(refused) is Noted
    assert (refused.state.head, refused.state.applied) == (1, at(2))
    assert code(decide(refused.state, command(BEN, Send(Text("hi"))), at(3))) is Code.RECIPIENT_REFUSES
    assert placed(decide(refused.state, command(ANN, Send(Text("hi"))), at(3))).state.declining == (ANN,)
    again = decide(refused.state, command(ANN, Decline(on=False)), at(3))
    assert type(again) is Noted
    assert placed(decide(again.state, command(BEN, Send(Text("hi"))), at(4))).state.head == 2


def test_declining_twice_is_declining_once() -> None:
    one = decide(send(None, ANN, 1), command(ANN, Decline(on=True)), at(2))
    assert type(one) is Noted
    two = decide(one.state, command(ANN, Decline(on=True)), at(3))
    assert type(two) is Noted
    assert two.state.declining == (ANN,)


def test_an_older_wish_never_overrides_a_newer_one() -> None:
    """A process that stood still with a command in its hands appends it after others have told what holds now."""
    on, off, late = Decline(True, 4), Decline(False, 5), Decline(True, 4)
    state, place = send(None, ANN, 1), 2
    for wish, declining in [(on, (ANN,)), (off, ()), (late, ()), (Decline(False, 5), ()), (Decline(True, 9), (ANN,))]:
        noted = decide(state, command(ANN, wish), at(place))
        assert type(noted) is Noted
        state, place = noted.state, place + 1
        assert state.declining == declining, wish
    assert state.applied == at(place - 1), "also what is passed over is applied"


def test_the_versions_of_two_accounts_have_nothing_to_do_with_one_another() -> None:
    state = send(None, ANN, 1)
    for place, (account, wish) in enumerate(
        [(ANN, Decline(True, 9)), (BEN, Decline(True, 2)), (ANN, Decline(False, 8))]
    ):
        noted = decide(state, command(account, wish), at(2 + place))
        assert type(noted) is Noted
        state = noted.state
    assert set(state.declining) == {ANN, BEN}
    assert dict(state.heeded) == {ANN: 9, BEN: 2}


def test_a_wish_of_an_older_process_counts_as_it_did() -> None:
    first = decide(send(None, ANN, 1), command(ANN, Decline(True, 9)), at(2))
    assert type(first) is Noted
    unversioned = decide(first.state, command(ANN, Decline(False)), at(3))
    assert type(unversioned) is Noted
    assert (unversioned.state.declining, unversioned.state.heeded) == ((), ((ANN, 9),))


def test_one_can_refuse_before_anything_was_said() -> None:
    noted = decide(None, command(BEN, Decline(on=True)), at(1))
    assert type(noted) is Noted
    assert noted.state.head == 0
    assert code(decide(noted.state, command(ANN, Send(Text("hi"))), at(2))) is Code.RECIPIENT_REFUSES
    first = placed(decide(noted.state, command(BEN, Send(Text("hi"))), at(3)))
    assert len(first.spans) == 2


def test_only_the_two_can_refuse() -> None:
    assert code(decide(None, command(CAT, Decline(on=True)), at(1))) is Code.NOT_MEMBER
    assert code(decide(None, command(ANN, Decline(on=True), conversation=GROUP), at(1))) is Code.NOT_MEMBER


def test_what_is_no_reaction_is_refused() -> None:
    assert code(decide(send(None, ANN, 1), command(ANN, React(1, "+")), at(2))) is Code.BAD_REACTION
    assert code(decide(send(None, ANN, 1), command(ANN, React(1, "👍")), at(2))) is Code.NO_MESSAGE, "nothing is known"


@pytest.mark.parametrize("action", [Add(CAT), Leave(), SetTitle("x")])
def test_a_direct_conversation_is_not_changed(action: Action) -> None:
    assert code(decide(send(None, ANN, 1), command(ANN, action), at(2))) is Code.NOT_ALLOWED
    assert code(decide(None, command(ANN, action), at(2))) is Code.NO_CONVERSATION


people = st.sampled_from([ANN, BEN, CAT])
actions = st.one_of(
    st.builds(Send, st.builds(Text, st.sampled_from(["", "hi"])), st.integers(-1, 9)),
    st.builds(Add, people),
    st.just(Leave()),
    st.builds(SetTitle, st.sampled_from(["", "new"])),
    st.just(Delete(1)),
)


@given(st.lists(st.tuples(people, actions), max_size=30))
def test_numbers_are_dense_and_ordinals_count_messages(wishes: list[tuple[AccountId, Action]]) -> None:
    made = decide(None, command(ANN, Create("us", (BEN,), GroupSettings()), conversation=GROUP), at(1))
    state, numbers, messages = placed(made).state, [1], 0
    for sequence, (account, action) in enumerate(wishes, start=2):
        before = msgspec.json.encode(state)
        wish = command(account, action, conversation=GROUP, at=sequence)
        decision = decide(state, wish, at(sequence))
        assert msgspec.json.encode(state) == before, "decide changed its argument"
        assert decide(state, wish, at(sequence)) == decision, "the same prefix gives the same rows"
        if type(decision) is Numbered:
            event = decision.event
            messages += type(event) is Message
            assert type(event) in (Message, Notice)
            assert (event.number, event.ordinal) == (decision.state.head, decision.state.ordinal)
            assert decision.state.ordinal == messages
            assert decision.state.applied == at(sequence)
            assert set(decision.state.members) <= set(decision.audience)
            numbers.append(event.number)
            state = decision.state
    assert numbers == list(range(1, len(numbers) + 1))


@given(st.lists(st.tuples(people, actions), max_size=15))
def test_a_state_read_back_from_storage_decides_alike(wishes: list[tuple[AccountId, Action]]) -> None:
    state = placed(decide(None, command(ANN, Create("us", (BEN,), GroupSettings()), conversation=GROUP), at(1))).state
    for sequence, (account, action) in enumerate(wishes, start=2):
        read = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Conversation)
        wish = command(account, action, conversation=GROUP)
        read_wish = msgspec.msgpack.decode(msgspec.msgpack.encode(wish), type=Command)
        decision = decide(state, wish, at(sequence))
        assert decide(read, read_wish, at(sequence)) == decision
        if type(decision) is Numbered:
            state = decision.state


def test_the_codes_that_are_final_are_those_that_the_catalogue_calls_so() -> None:
    assert {code for code, meaning in CATALOGUE.items() if meaning.retryable} == RETRYABLE
