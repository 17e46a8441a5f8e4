"""Reactions and pins as rules: what counts as one, who may, and when it is nothing new."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.body import Text
from chinwag.domain.command import Action, Command, Delete, Pin, React
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Position, Role
from chinwag.domain.decide import Decision, Noted, Numbered, Rejected, decide
from chinwag.domain.emoji import reaction_of
from chinwag.domain.events import Message, Reaction
from chinwag.domain.facts import Facts, target_of
from chinwag.domain.ids import AccountId, ClientId, DeviceId, group_id
from chinwag.domain.pinning import PINS
from chinwag.domain.reactions import DIFFERENT, NOTHING_ON, STEPS, Reacted, Step, counted
from chinwag.domain.reactions import given as given_of
from chinwag.domain.refusal import Code, Refused

ANN, BEN, CAT = map(AccountId, "123")
GROUP = group_id("9")
SAID = Message(
    conversation=GROUP,
    number=7,
    ordinal=7,
    sender=ANN,
    device=DeviceId("d"),
    id=ClientId("said"),
    sent_at=1_000,
    body=Text("said"),
)
MANY = [chr(0x1F600 + number) for number in range(DIFFERENT + 1)]


def group(**fields: object) -> Conversation:
    members = {ANN: Member(Role.OWNER), BEN: Member(Role.MEMBER)}
    return msgspec.structs.replace(Conversation(GROUP, False, members, head=200, ordinal=9), **fields)


def ask(
    account: AccountId, action: Action, reacted: Reacted = NOTHING_ON, state: Conversation | None = None
) -> Decision:
    command = Command(GROUP, account, DeviceId("d"), ClientId("i"), 2_000, action)
    facts = Facts(target_of(SAID), SAID, reacted=reacted)
    return decide(state or group(), command, Position(1, 10, 0), facts=facts)


def code(decision: Decision) -> Code:
    assert isinstance(decision, Rejected), decision
    return decision.code


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("👍", "👍"),
        ("❤\ufe0f", "❤"),
        ("❤", "❤"),
        ("👍🏽", "👍🏽"),
        ("🇩🇪", "🇩🇪"),
        ("1\ufe0f\u20e3", "1\u20e3"),
        ("👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏿", "👩🏽\u200d❤\u200d💋\u200d👨🏿"),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",) * 2,
        ("\U0001faef", "\U0001faef"),  # newer than this Python knows
    ],
)
def test_one_emoji_is_a_reaction(text: str, stored: str) -> None:
    assert reaction_of(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1",
        "👍👍",
        "🇩",
        "🇩🇪🇫🇷",
        "👍\u0301",
        "\u200d👍",
        "👍\u200d",
        "👍\ufe0e",
        "\ufe0f",
        " 👍",
        "👍\n",
        "👍" * 40,
        "👍\U000e0067\U000e007f",  # nothing of it is seen but the thumb
        "👩\u200d❤\U000e0067\U000e007f",
        "🏴\U000e0067",
        "🏴🏽\U000e0067\U000e007f",
        *("🏽", "\ud83d", "👍\u20dd", "e\u20e3"),
    ],
)
def test_all_else_is_none(text: str) -> None:
    with pytest.raises(Refused) as refused:
        reaction_of(text)
    assert refused.value.code is Code.BAD_REACTION
    assert code(ask(BEN, React(7, text))) is Code.BAD_REACTION


def test_only_a_change_takes_a_number() -> None:
    put_on = ask(BEN, React(7, "❤\ufe0f"))
    assert isinstance(put_on, Numbered)
    assert isinstance(put_on.event, Reaction)
    assert (put_on.event.target, put_on.event.reaction, put_on.event.on) == (7, "❤", True)
    ((number, account, row),) = put_on.reactions
    assert (number, account, row) == (7, BEN, Reacted((Step(201, "❤", True),)))
    again = ask(BEN, React(7, "❤"), row, put_on.state)
    assert isinstance(again, Noted)
    assert again.state.head == 201
    back = ask(BEN, React(7, "❤", on=False), row, put_on.state)
    assert isinstance(back, Numbered)
    assert isinstance(ask(BEN, React(7, "❤", on=False), back.reactions[0][2], back.state), Noted)
    # What a row says of a number above the head is not there yet.
    assert ask(BEN, React(7, "❤"), row) == put_on


def test_what_one_account_may_put_on_one_message_is_bounded() -> None:
    row = Reacted(tuple(Step(number + 1, one, True) for number, one in enumerate(MANY[:DIFFERENT])))
    assert code(ask(BEN, React(7, MANY[DIFFERENT]), row)) is Code.TOO_MANY
    assert isinstance(ask(BEN, React(7, MANY[0]), row), Noted)
    assert isinstance(ask(BEN, React(7, MANY[0], on=False), row), Numbered)
    often = Reacted(tuple(Step(number + 1, "👍", number % 2 == 0) for number in range(STEPS)))
    assert code(ask(BEN, React(7, "👍"), often)) is Code.TOO_MANY
    assert isinstance(ask(BEN, React(7, "👍", on=False), often), Noted)


def test_what_is_no_message_of_theirs_takes_none() -> None:
    late = {ANN: Member(Role.OWNER), BEN: Member(Role.MEMBER, joined=9, reads_from=9)}
    assert code(ask(BEN, React(7, "👍"), state=group(members=late))) is Code.NO_MESSAGE
    assert code(ask(BEN, Pin(7), state=group(members=late, settings=GroupSettings(pin="members")))) is Code.NO_MESSAGE
    assert code(ask(CAT, React(7, "👍"))) is Code.NOT_MEMBER
    assert code(ask(CAT, Pin(7))) is Code.NOT_MEMBER


@given(st.lists(st.tuples(st.sampled_from([ANN, BEN, CAT]), st.sampled_from("👍🎉"), st.booleans()), max_size=20))
def test_each_event_is_one_more_or_one_less(asked: list[tuple[AccountId, str, bool]]) -> None:
    rows: dict[AccountId, Reacted] = {}
    state = group(members={one: Member(Role.MEMBER) for one in (ANN, BEN, CAT)})
    count = dict.fromkeys("👍🎉", 0)
    for account, reaction, on in asked:
        decision = ask(account, React(7, reaction, on), rows.get(account, Reacted()), state)
        assert isinstance(decision, Numbered | Noted)
        state = decision.state
        if isinstance(decision, Numbered):
            rows[account] = decision.reactions[0][2]
            count[reaction] += 1 if on else -1
    shown = counted(given_of(rows, lambda _: True), ANN)
    assert {one.reaction: one.count for one in shown} == {one: many for one, many in count.items() if many}
    for one in shown:
        assert list(one.by) == sorted(one.by, key=lambda account: rows[account].on()[one.reaction])
        assert one.mine == (ANN in one.by)


def test_a_reader_is_shown_what_it_was_told_of() -> None:
    row = Reacted((Step(3, "👍", True), Step(8, "👍", False), Step(12, "👍", True)))
    assert row.on(lambda number: number <= 6) == {"👍": 3}
    assert row.on(lambda number: not 7 <= number <= 9) == {"👍": 3}
    assert row.on(lambda number: number > 3) == row.on() == {"👍": 12}
    assert row.as_of(8).on() == {}


def test_pins_are_for_those_who_may_and_bounded() -> None:
    assert code(ask(BEN, Pin(7))) is Code.NOT_ALLOWED
    pinned = ask(BEN, Pin(7), state=group(settings=GroupSettings(pin="members"), pins=(3,)))
    assert isinstance(pinned, Numbered)
    assert pinned.state.pins == (3, 7)
    assert isinstance(ask(ANN, Pin(7), state=pinned.state), Noted)
    assert isinstance(ask(ANN, Pin(8, on=False), state=pinned.state), Noted)
    full = tuple(range(100, 100 + PINS))
    assert code(ask(ANN, Pin(7), state=group(pins=full))) is Code.TOO_MANY
    gone = ask(ANN, Delete(7), state=group(pins=(3, 7, 9)))
    assert isinstance(gone, Numbered)
    assert gone.state.pins == (3, 9)
    assert gone.cleared == (7,)
