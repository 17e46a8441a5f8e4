"""The checks find nothing in a right run, and in each damaged one what was done to it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from prove.facts import AnyFact, Told
from prove.right.run import RightRun
from prove.verdict import judge
from prove.violation import PROMISES
from tests.prove import (
    damages_of_changes,
    damages_of_delivery,
    damages_of_large,
    damages_of_order,
    damages_of_reactions,
)
from tests.prove.damage import DAMAGES, READINGS, Damage, change, drop, find
from tests.prove.runs import random_runs, rich

from prove import promises

CHECKS = Path(promises.__file__).parent
assert damages_of_order
assert damages_of_delivery
assert damages_of_changes
assert damages_of_large
assert damages_of_reactions


def test_a_right_run_breaks_nothing() -> None:
    assert judge(rich()).lines()[:-1] == []


@settings(max_examples=60, deadline=None)
@given(random_runs())
def test_no_right_run_breaks_anything(facts: list[AnyFact]) -> None:
    assert judge(facts).lines()[:-1] == []


def test_a_record_that_ends_early_is_not_said_to_have_lost_what_nobody_read() -> None:
    """What was acked and told of and came to no device yet: that the record is no whole one is P12's."""
    facts: list[AnyFact] = []
    run = RightRun(facts.append)
    ann, ben = run.phone("ann-phone", "ann"), run.phone("ben-phone", "ben")
    run.connect(ann)
    talk = run.direct("ann", "ben")
    sent = run.attempt(ann, talk, "asked for by its number")
    run.disconnect(ann)
    run.place(sent)
    run.ack(sent)
    assert sent.event is not None
    run.ask("page", "ben", talk, sent.event.number)
    run.edit(ann, talk, sent.event.number, "and edited")
    run.ask("page", "ben", talk, sent.event.number)
    assert judge(facts).broken == {"P12"}
    change(facts, find(facts, Told)[-1:], text="what nobody wrote")
    assert judge(facts).broken == {"P2", "P12"}
    run.connect(ben)
    run.finish()
    drop(facts, find(facts, READINGS, number=sent.event.number))
    assert "P1" in judge(facts).broken


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_each_damage_is_named_by_its_promise(damage: Damage) -> None:
    facts = rich()
    damage.do(facts)
    verdict = judge(facts)
    assert damage.promise in verdict.broken, verdict.lines()


def test_each_promise_is_broken_in_several_ways() -> None:
    ways = {promise: sum(damage.promise == promise for damage in DAMAGES) for promise in PROMISES}
    assert min(ways.values()) >= 4, ways


def test_each_kind_of_violation_is_reached_by_a_damage() -> None:
    """Every `yield` of every check: one that no damage reaches has never been seen to work."""
    reached: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(str(CHECKS)):
            return None
        if event == "line":
            reached.add((Path(name).name, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        for damage in DAMAGES:
            facts = rich()
            damage.do(facts)
            judge(facts)
    finally:
        sys.settrace(None)
    assert set(_yields()) - reached == set()


def _yields() -> Iterator[tuple[str, int]]:
    for path in CHECKS.glob("p*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Yield):
                yield path.name, node.lineno
