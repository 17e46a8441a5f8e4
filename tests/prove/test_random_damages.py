"""Whatever a right run was: one thing of it made wrong, wherever, is named."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from prove.facts import (
    Acked,
    AnyFact,
    Attempt,
    HistoryMessage,
    InboxEnd,
    InboxRow,
    Refused,
    SeenAccount,
    SeenMark,
    SeenMessage,
    SeenNotice,
    State,
)
from prove.verdict import judge
from tests.prove.damage import Facts, change, find, trade
from tests.prove.runs import random_runs

SEEN = (SeenMessage, SeenNotice, SeenMark, SeenAccount)
Choose = Callable[[list[int]], int]


def lose_a_row(facts: Facts, choose: Choose) -> str:
    del facts[choose(find(facts, HistoryMessage))]
    return "P3"


def lose_an_acked_row(facts: Facts, choose: Choose) -> str:
    acked = {(fact.conversation, fact.id) for fact in facts if isinstance(fact, Acked)}
    rows = [
        at for at, one in enumerate(facts) if isinstance(one, HistoryMessage) and (one.conversation, one.id) in acked
    ]
    del facts[choose(rows)]
    return "P1"


def lose_an_event(facts: Facts, choose: Choose) -> str:
    """One that is followed by another in its session. The last before a cut may never have been sent."""
    last: dict[int, tuple[int, int]] = {}
    followed = []
    for at, fact in enumerate(facts):
        if isinstance(fact, SEEN):
            before, position = last.get(fact.session, (0, -1))
            if position + 1 == fact.position:
                followed.append(before)
            last[fact.session] = (at, fact.position)
    assume(followed)
    del facts[choose(followed)]
    return "P7"


def lose_an_entry(facts: Facts, choose: Choose) -> str:
    entries = [at for at, fact in enumerate(facts) if isinstance(fact, InboxRow)]
    assume(entries)
    del facts[choose(entries)]
    return "P7"


def garble_a_text(facts: Facts, choose: Choose) -> str:
    change(facts, [choose(find(facts, (HistoryMessage, SeenMessage)))], text="something that nobody wrote")
    return "P2"


def answer_differently(facts: Facts, choose: Choose) -> str:
    at = choose(find(facts, Acked))
    facts.insert(at + 1, facts[at])
    change(facts, [at + 1], number=facts[at].number + 1)  # type: ignore[union-attr]
    return "P6"


def never_answer(facts: Facts, choose: Choose) -> str:
    attempt = facts[choose(find(facts, Attempt))]
    assert isinstance(attempt, Attempt)
    facts[:] = [
        fact
        for fact in facts
        if not (isinstance(fact, Acked | Refused) and (fact.device, fact.id) == (attempt.device, attempt.id))
    ]
    return "P12"


def swap_two(facts: Facts, choose: Choose) -> str:
    """Two messages that one device had in flight together."""
    rows = {(one.conversation, one.number): one for one in facts if isinstance(one, HistoryMessage)}
    firsts = [place for place, row in rows.items() if row.text == "first of two"]
    assume(firsts)
    name, number = firsts[choose(list(range(len(firsts))))]
    trade(facts, rows[name, number], rows[name, number + 1])
    return "P4"


def post_to_a_stranger(facts: Facts, choose: Choose) -> str:
    """Cem gets what Ann and Ben say to each other."""
    row = facts[choose(find(facts, HistoryMessage, conversation="d~ann~ben"))]
    assert isinstance(row, HistoryMessage)
    at = find(facts, InboxEnd, account="cem")[0]
    end = facts[at]
    assert isinstance(end, InboxEnd)
    facts.insert(at, InboxRow("cem", end.head + 1, "message", row.conversation, row.number, ""))
    return "P10"


def hold_something_else(facts: Facts, choose: Choose) -> str:
    change(facts, [choose(find(facts, State))], kept="something else")
    return "P11"


@pytest.mark.parametrize(
    "damage",
    [
        lose_a_row,
        lose_an_acked_row,
        lose_an_event,
        lose_an_entry,
        garble_a_text,
        answer_differently,
        never_answer,
        swap_two,
        post_to_a_stranger,
        hold_something_else,
    ],
)
@settings(max_examples=20, deadline=None)
@given(random_runs(), st.data())
def test_a_random_damage_is_named(
    damage: Callable[[Facts, Choose], str], facts: list[AnyFact], data: st.DataObject
) -> None:
    promise = damage(facts, lambda places: data.draw(st.sampled_from(places)))
    assert promise in judge(facts).broken
